using System.Security.Cryptography;
using System.Text;
using Archon.Analysis.Promql;
using Archon.Analysis.Series;

namespace Archon.Features.Rules.Noise;

/// <summary>A stretch in which one alert fired.</summary>
/// <param name="Labels">Of the alert, with its name.</param>
/// <param name="From">Unix milliseconds of the first sample that saw it.</param>
/// <param name="To">Unix milliseconds of the last.</param>
public sealed record AlertFiring(SeriesLabels Labels, long From, long To)
{
    public const string NameLabel = "alertname";

    public string Name => Labels[NameLabel];

    /// <summary>As responses are kept by: SHA-256 of the labels' canonical text, in lower-case hex.</summary>
    public string Fingerprint => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Labels.Key)));
}

/// <summary>Folds samples of <c>ALERTS</c> into firings, slice by slice, so that a month of samples is never held at once.</summary>
/// <param name="step">Distance of two samples.</param>
public sealed class FiringHistory(TimeSpan step)
{
    /// <summary>More firings than this are not kept: nobody could read them, and the rule behind them is plain by then.</summary>
    public const int MostFirings = 50_000;

    private const string StateLabel = "alertstate";

    private readonly Dictionary<SeriesLabels, Open> open = [];
    private readonly List<AlertFiring> ended = [];

    /// <summary>Whether firings were left out for their number.</summary>
    public bool IsCut { get; private set; }

    /// <summary>Moments at which the server recorded anything at all.</summary>
    public int Seen { get; private set; }

    /// <summary>Unix milliseconds of the first of them; null where there is none.</summary>
    public long? FirstSeen { get; private set; }

    /// <param name="alerts">Series of <c>ALERTS</c> over the slice, which begins after the one before.</param>
    /// <param name="recorded">Unix milliseconds, rising, at which the server recorded anything; empty where that cannot be told.</param>
    public void Add(IReadOnlyList<MetricSeries> alerts, IReadOnlyList<long> recorded)
    {
        Seen += recorded.Count;
        if (recorded.Count > 0)
            FirstSeen ??= recorded[0];
        var times = recorded.ToArray();
        foreach (var series in alerts)
        {
            var labels = new SeriesLabels(series.Labels.Values.Where(one => one.Key is not (PromqlMatcher.Name or StateLabel)));
            for (var i = 0; i < series.Count; i++)
                Add(labels, series.Times.Span[i], times);
        }
        if (times.Length == 0)
            return;
        // What was recorded after the last sample of an alert says that it ended, also when the next slice begins blind.
        foreach (var one in open.Values)
        {
            one.WasMissed |= Between(times, one.To, long.MaxValue);
        }
    }

    /// <returns>In the order of their starts.</returns>
    public IReadOnlyList<AlertFiring> Close()
    {
        ended.AddRange(open.Select(one => new AlertFiring(one.Key, one.Value.From, one.Value.To)));
        open.Clear();
        return [.. ended.OrderBy(one => one.From).ThenBy(one => one.Labels.Key, StringComparer.Ordinal)];
    }

    private void Add(SeriesLabels labels, long at, long[] recorded)
    {
        if (open.TryGetValue(labels, out var known))
        {
            // While the server itself was away nobody knows that an alert had ended.
            if (at - known.To <= step.TotalMilliseconds || (recorded.Length > 0 && !known.WasMissed && !Between(recorded, known.To, at)))
            {
                (known.To, known.WasMissed) = (at, false);
                return;
            }
            ended.Add(new AlertFiring(labels, known.From, known.To));
            open.Remove(labels);
        }
        if (ended.Count + open.Count >= MostFirings)
        {
            IsCut = true;
            return;
        }
        open[labels] = new Open { From = at, To = at };
    }

    private static bool Between(long[] times, long after, long before)
    {
        var place = Array.BinarySearch(times, after);
        place = place >= 0 ? place + 1 : ~place;
        return place < times.Length && times[place] < before;
    }

    private sealed class Open
    {
        public required long From { get; init; }
        public required long To { get; set; }
        public bool WasMissed { get; set; }
    }
}
