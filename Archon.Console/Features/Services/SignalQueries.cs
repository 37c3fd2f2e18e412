using Archon.Analysis.Detection;
using Archon.Analysis.Series;
using Archon.Data;
using Archon.Data.Catalogue;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Archon.Live;
using Archon.Ui.Health;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Services;

/// <summary>One line of a chart. <see cref="Values"/> has a value per time of its picture, NaN where there was no sample.</summary>
public sealed record SignalLine(long? SeriesId, string Name, IReadOnlyDictionary<string, string> Labels, double[] Values)
{
    /// <summary>The newest value, an infinite one too.</summary>
    public double? Last => Values.LastOrDefault(value => !double.IsNaN(value), double.NaN) is var last && !double.IsNaN(last) ? last : null;
}

/// <summary>An anomaly on a chart; without an end it goes on.</summary>
public sealed record AnomalySpan(long Id, DateTimeOffset From, DateTimeOffset? To, HealthState State);

/// <summary>A stretch of a chart without knowledge, and why.</summary>
public sealed record GapSpan(DateTimeOffset From, DateTimeOffset To, string Words);

/// <summary>The samples of one watch for some series, with what was expected of the first one.</summary>
/// <param name="Times">Unix seconds, evenly spaced.</param>
/// <param name="Lower">Lower end of the expected band per time; null without a model.</param>
/// <param name="Query">What was asked, ready to paste into Prometheus.</param>
/// <param name="Missing">Times of the range at which the first series had no sample.</param>
public sealed record SignalPicture(
    int WatchId,
    string Watch,
    WatchSignal Signal,
    string Unit,
    string Query,
    TimeRange Range,
    TimeSpan Step,
    double[] Times,
    IReadOnlyList<SignalLine> Lines,
    double[]? Lower,
    double[]? Upper,
    IReadOnlyList<AnomalySpan> Anomalies,
    IReadOnlyList<GapSpan> Gaps,
    int SeriesInAll,
    int Missing
)
{
    /// <summary>What Prometheus thinks may be wrong with the query or its data.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Its remarks, which are less.</summary>
    public IReadOnlyList<string> Infos { get; init; } = [];
}

/// <summary>The times of a chart: a range rounded to steps that are multiples of one grid, so that all who look within one step ask the same.</summary>
public readonly record struct ChartGrid
{
    private ChartGrid(TimeRange range, TimeSpan step) => (Range, Step) = (range, step);

    public TimeRange Range { get; }
    public TimeSpan Step { get; }

    /// <param name="least">Between two samples: steps are a multiple of it.</param>
    /// <param name="points">As many as the chart is wide.</param>
    public static ChartGrid Of(TimeRange range, TimeSpan least, int points)
    {
        var step = StepFor(range, least, points);
        var stepMs = (long)step.TotalMilliseconds;
        var start = range.Start.ToUnixTimeMilliseconds() / stepMs * stepMs;
        var end = range.End.ToUnixTimeMilliseconds() / stepMs * stepMs;
        return new ChartGrid(
            new TimeRange(DateTimeOffset.FromUnixTimeMilliseconds(start), DateTimeOffset.FromUnixTimeMilliseconds(Math.Max(start, end))),
            step
        );
    }

    /// <summary>A chart takes at most as many points as it is wide, and never finer ones than there are.</summary>
    private static TimeSpan StepFor(TimeRange range, TimeSpan least, int points)
    {
        var wanted = range.Length / Math.Max(points, 1);
        return wanted <= least ? least : least * Math.Ceiling(wanted / least);
    }

    /// <returns>Unix seconds, from the start to the end of the range.</returns>
    internal double[] Times()
    {
        var times = new double[(int)(Range.Length / Step) + 1];
        for (var i = 0; i < times.Length; i++)
            times[i] = (Range.Start + (Step * i)).ToUnixTimeMilliseconds() / 1000.0;
        return times;
    }
}

/// <summary>What the watches of one chart answered, in their order; null for one that is gone or has no series any more.</summary>
public sealed record SignalAnswers(IReadOnlyList<Fetch<SignalPicture>?> Answers) : ISharedPicture
{
    public long Bytes =>
        Answers.Sum(answer =>
            answer is Fetch<SignalPicture>.Ok { Value: var picture }
                ? 2000 + (8L * picture.Times.Length * (picture.Lines.Count + 3)) + (200L * (picture.Anomalies.Count + picture.Gaps.Count))
                : 500
        );
}

public sealed class SignalQueries(IDbContextFactory<ArchonDbContext> contexts, Upstreams upstreams)
{
    /// <summary>More lines than this cannot be told apart.</summary>
    public const int LineLimit = 8;

    /// <summary>Steps without a sample before a break is worth hatching.</summary>
    private const int BreakSteps = 4;

    /// <summary>One series over a range: the chart of an anomaly.</summary>
    /// <returns>Null when the watch or the series is gone.</returns>
    public Task<Fetch<SignalPicture>?> SeriesAsync(
        int watchId,
        long seriesId,
        TimeRange range,
        int points,
        CancellationToken cancellationToken
    ) =>
        PictureAsync(
            watchId,
            series => series.Where(one => one.Id == seriesId),
            watch => ChartGrid.Of(range, watch.Step, points),
            cancellationToken
        );

    /// <summary>The series that each watch has for a service, those with open anomalies first.</summary>
    public async Task<SignalAnswers> ServiceAsync(
        IReadOnlyList<int> watchIds,
        int serviceId,
        ChartGrid grid,
        CancellationToken cancellationToken
    ) =>
        new(
            await Task.WhenAll(
                watchIds.Select(id =>
                    PictureAsync(id, series => series.Where(one => one.ServiceId == serviceId), _ => grid, cancellationToken)
                )
            )
        );

    private async Task<Fetch<SignalPicture>?> PictureAsync(
        int watchId,
        Func<IQueryable<WatchedSeries>, IQueryable<WatchedSeries>> which,
        Func<Watch, ChartGrid> gridFor,
        CancellationToken cancellationToken
    )
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var watch = await db.Watches.AsNoTracking().FirstOrDefaultAsync(one => one.Id == watchId, cancellationToken);
        if (watch is null)
            return null;
        var grid = gridFor(watch);
        var (range, step) = (grid.Range, grid.Step);
        // What began within the step that is not over yet is news too.
        var until = range.End + step;

        var candidates = which(db.WatchedSeries.AsNoTracking().Where(one => one.WatchId == watchId));
        var inAll = await candidates.CountAsync(cancellationToken);
        var chosen = await candidates
            .OrderByDescending(one => db.Anomalies.Any(anomaly => anomaly.SeriesId == one.Id && anomaly.EndedAt == null))
            .ThenByDescending(one => one.LastSampleAt)
            .ThenBy(one => one.Id)
            .Take(LineLimit)
            .Select(one => new
            {
                one.Id,
                one.LabelsKey,
                one.Labels,
            })
            .ToListAsync(cancellationToken);
        if (chosen.Count == 0)
            return null;

        var ids = chosen.ConvertAll(one => one.Id);
        var first = ids[0];
        var model = await db
            .WatchedSeries.AsNoTracking()
            .Where(one => one.Id == first)
            .Select(one => one.Model)
            .FirstOrDefaultAsync(cancellationToken);
        var anomalies = await db
            .Anomalies.AsNoTracking()
            .Where(anomaly =>
                anomaly.WatchId == watchId
                && ids.Contains(anomaly.SeriesId)
                && anomaly.StartedAt <= until
                && (anomaly.EndedAt == null || anomaly.EndedAt >= range.Start)
            )
            .OrderBy(anomaly => anomaly.StartedAt)
            .Select(anomaly => new
            {
                anomaly.Id,
                anomaly.StartedAt,
                anomaly.EndedAt,
                anomaly.Severity,
                anomaly.Verdict,
            })
            .ToListAsync(cancellationToken);
        var spans = await db
            .UncheckedSpans.AsNoTracking()
            .Where(span => span.WatchId == watchId && span.CaughtUpAt == null && span.From <= until && span.To >= range.Start)
            .OrderBy(span => span.From)
            .Select(span => new GapSpan(span.From, span.To, span.Reason))
            .ToListAsync(cancellationToken);

        var query = NarrowQuery.To(watch.Query, [.. chosen.Select(one => one.Labels)]);
        // People read and paste it, so it has matchers where it can.
        var readable = NarrowedExpression.To(watch.Query, [.. chosen.Select(one => one.Labels)]) ?? query;
        var answer = await upstreams.For(watch.EnvironmentId).Prometheus.QueryRangeAsync(query, range, step, cancellationToken);
        if (answer is not Fetch<MatrixResult>.Ok { Value: var matrix })
        {
            return answer is Fetch<MatrixResult>.Rejected rejected
                ? new Fetch<SignalPicture>.Rejected(rejected.Reason)
                : new Fetch<SignalPicture>.Unavailable(((Fetch<MatrixResult>.Unavailable)answer).Reason);
        }

        var times = grid.Times();
        var byKey = chosen.ToDictionary(one => Nameless(one.Labels), one => one.Id);
        var varying = Varying([.. matrix.Series.Select(series => series.Labels.Values)]);
        var lines = matrix
            .Series.Select(series => new SignalLine(
                byKey.TryGetValue(Nameless(series.Labels.Values), out var id) ? id : null,
                NameOf(series.Labels.Values, varying, watch.Name),
                series.Labels.Values,
                OnGrid(series, range.Start, step, times.Length)
            ))
            .OrderBy(line => line.SeriesId is { } id ? ids.IndexOf(id) : int.MaxValue)
            .ToList();
        var (lower, upper) = Band(model, watch, times);
        var (gaps, missing) = lines.Count == 0 || lines[0].SeriesId != first ? ([], times.Length) : Breaks(lines[0].Values, times, step);
        return new Fetch<SignalPicture>.Ok(
            new SignalPicture(
                watch.Id,
                watch.Name,
                watch.Signal,
                watch.Unit,
                readable,
                range,
                step,
                times,
                lines,
                lower,
                upper,
                [
                    .. anomalies.Select(one => new AnomalySpan(
                        one.Id,
                        one.StartedAt,
                        one.EndedAt,
                        HealthStates.Of(one.Severity, one.Verdict)
                    )),
                ],
                [.. spans, .. gaps.Where(gap => !spans.Any(span => span.From <= gap.To && span.To >= gap.From))],
                inAll,
                missing
            )
            {
                Warnings = matrix.Warnings,
                Infos = matrix.Infos,
            }
        );
    }

    private static double[] OnGrid(MetricSeries series, DateTimeOffset start, TimeSpan step, int count)
    {
        var values = new double[count];
        Array.Fill(values, double.NaN);
        var times = series.Times.Span;
        var samples = series.Values.Span;
        for (var i = 0; i < times.Length; i++)
        {
            var place = (int)Math.Round((times[i] - start.ToUnixTimeMilliseconds()) / step.TotalMilliseconds);
            if (place >= 0 && place < count)
                values[place] = samples[i];
        }
        return values;
    }

    private static (double[]? Lower, double[]? Upper) Band(byte[]? model, Watch watch, double[] times)
    {
        if (model is null || !SeriesModel.TryRead(model, out var learnt))
            return (null, null);
        var (lower, upper) = (new double[times.Length], new double[times.Length]);
        for (var i = 0; i < times.Length; i++)
        {
            var expected = learnt.ExpectedAt((long)(times[i] * 1000), watch.Sensitivity, watch.Step);
            (lower[i], upper[i]) = (expected.Lower, expected.Upper);
        }
        return (lower, upper);
    }

    private static (List<GapSpan> Gaps, int Missing) Breaks(double[] values, double[] times, TimeSpan step)
    {
        var gaps = new List<GapSpan>();
        var missing = 0;
        for (var i = 0; i < values.Length; i++)
        {
            if (!double.IsNaN(values[i]))
                continue;
            var from = i;
            while (i < values.Length && double.IsNaN(values[i]))
                i++;
            missing += i - from;
            // The newest step or two are often not there yet; that is no break.
            if (i - from >= BreakSteps)
                gaps.Add(new GapSpan(At(times[from]), At(times[i - 1]) + step, "no samples"));
        }
        return (gaps, missing);
    }

    private static DateTimeOffset At(double seconds) => DateTimeOffset.FromUnixTimeMilliseconds((long)(seconds * 1000));

    private static string Nameless(IReadOnlyDictionary<string, string> labels) =>
        new SeriesLabels(labels.Where(label => label.Key != "__name__" && label.Value.Length > 0)).Key;

    private static HashSet<string> Varying(IReadOnlyList<IReadOnlyDictionary<string, string>> series) =>
        [
            .. series
                .SelectMany(labels => labels.Keys)
                .Distinct()
                .Where(name => series.Select(labels => labels.GetValueOrDefault(name)).Distinct().Count() > 1),
        ];

    private static string NameOf(IReadOnlyDictionary<string, string> labels, HashSet<string> varying, string watch)
    {
        var own = labels
            .Where(label => varying.Contains(label.Key))
            .OrderBy(label => label.Key, StringComparer.Ordinal)
            .Select(label => label.Value)
            .ToList();
        return own.Count == 0 ? watch : string.Join(" ", own);
    }
}
