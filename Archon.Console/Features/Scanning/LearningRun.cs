using Archon.Analysis.Detection;
using Archon.Analysis.Series;

namespace Archon.Features.Scanning;

/// <summary>How much of its time a series has samples of.</summary>
/// <param name="Fresh">Since the last fit looked.</param>
internal readonly record struct Coverage(TimeSpan All, TimeSpan Fresh)
{
    public static Coverage operator +(Coverage one, Coverage other) => new(one.All + other.All, one.Fresh + other.Fresh);

    /// <param name="step">From one sample to the next.</param>
    public static Coverage Of(MetricSeries? history, TimeSpan step, DateTimeOffset? since)
    {
        if (history is null)
            return default;
        var times = history.Times.Span;
        var values = history.Values.Span;
        var (sinceMs, all, fresh) = (since?.ToUnixTimeMilliseconds() ?? long.MaxValue, 0, 0);
        for (var i = 0; i < times.Length; i++)
        {
            if (!SampleValue.IsUsable(values[i]))
                continue;
            all++;
            fresh += times[i] > sinceMs ? 1 : 0;
        }
        return new Coverage(all * step, fresh * step);
    }
}

/// <summary>One run of a fit: which series there are, what was learnt, and how much history the others lack.</summary>
internal sealed class LearningRun(
    DateTimeOffset now,
    DateTimeOffset? lookedAt,
    TimeSpan least,
    Dictionary<string, LearningRun.Row> rows,
    Predicate<string> isUnsettled
)
{
    /// <summary>What is stored of a series.</summary>
    internal sealed record Row(string LabelsKey, DateTimeOffset? FittedAt, int FittedSamples, int ModelVersion, DateTimeOffset? ReadyAt);

    private static readonly TimeSpan Soon = TimeSpan.FromMinutes(1);
    private readonly Dictionary<string, TimeSpan> missing = new(StringComparer.Ordinal);

    public DateTimeOffset Now => now;
    public DateTimeOffset? LookedAt => lookedAt;
    public Dictionary<string, Row> Rows => rows;
    public HashSet<SeriesLabels> Seen { get; } = [];
    public Dictionary<SeriesLabels, SeriesModel> Models { get; } = [];
    public Dictionary<SeriesLabels, MetricSeries> Recent { get; } = [];

    public bool Sees(SeriesLabels labels, int limit)
    {
        if (Seen.Count < limit)
            Seen.Add(labels);
        return Seen.Contains(labels);
    }

    public bool Wants(SeriesLabels labels) => !Models.ContainsKey(labels) && isUnsettled(labels.Key);

    /// <summary>Whether a series has history enough and no model yet.</summary>
    public bool IsAnyLeft => Left.Any(one => one.Value <= TimeSpan.Zero);

    /// <summary>Whether this is history enough; what is missing otherwise is kept.</summary>
    public bool IsEnough(SeriesLabels labels, Coverage covered)
    {
        var lacks = least - covered.All;
        // A server that keeps less than what is needed is waited for: what was seen before counts, less what was missed since.
        if (rows.GetValueOrDefault(labels.Key)?.ReadyAt is { } readyAt && lookedAt is { } looked)
        {
            var missed = now - looked - covered.Fresh;
            // Points do not begin and end where a stretch does.
            var before = readyAt - now + (missed > 2 * FitModelsJob.LongStep ? missed : TimeSpan.Zero);
            lacks = before < lacks ? before : lacks;
        }
        if (!missing.TryGetValue(labels.Key, out var known) || lacks < known)
            missing[labels.Key] = lacks;
        return lacks <= TimeSpan.Zero;
    }

    private IEnumerable<KeyValuePair<string, TimeSpan>> Left
    {
        get
        {
            var learnt = Models.Keys.Select(labels => labels.Key).ToHashSet(StringComparer.Ordinal);
            return missing.Where(one => !learnt.Contains(one.Key));
        }
    }

    /// <summary>When those without a model will have history enough.</summary>
    public IEnumerable<(string Key, DateTimeOffset At)> ReadyTimes() =>
        // Some have time enough, and still too few values among their samples.
        Left.Select(one => (one.Key, now + (one.Value > Soon ? one.Value : Soon)));
}
