using Archon.Analysis.Detection;
using Archon.Analysis.Promql;
using Archon.Data.Catalogue;

namespace Archon.Features.Scanning;

/// <summary>What scorers know of the watch that their series belong to.</summary>
/// <param name="Step">Between two samples.</param>
/// <param name="Impact">What the size of a deviation is measured by.</param>
/// <param name="Guard">Which values say nothing because too few requests are behind them; null for what is not computed from requests.</param>
/// <param name="Window">The longest stretch that the watch's expression computes a value over; zero where it takes samples as they are.</param>
internal readonly record struct ScanSettings(
    TimeSpan Step,
    TimeSpan Window,
    ImpactSignal Impact,
    BadEnd? End = null,
    LowTrafficGuard? Guard = null
)
{
    private const double AbsentSteps = 2.5;

    /// <summary>A series that was away for longer begins anew: a rate needs its whole window again.</summary>
    public TimeSpan Absence => AbsentSteps * Step;

    /// <summary>So long an anomaly stays open while samples come and none of them can be judged.</summary>
    public TimeSpan MostUnjudged => TimeSpan.FromTicks(Math.Max(TimeSpan.FromMinutes(10).Ticks, 4 * Step.Ticks));

    public static ScanSettings Of(Watch watch) =>
        new(watch.Step, WindowOf(watch.Query), AnomalySeverities.SignalOf(watch), BadEnd.Of(watch), WatchGuards.For(watch));

    /// <summary>The longest stretch that an expression computes over; zero where it takes samples as they are.</summary>
    public static TimeSpan WindowOf(string query)
    {
        var window = TimeSpan.Zero;
        foreach (var part in PromqlParser.Parse(query, out _)?.All() ?? [])
        {
            var length = part switch
            {
                PromqlRange range => range.Length,
                PromqlSubquery subquery => subquery.Length,
                _ => null,
            };
            if (length > window)
                window = length.Value;
        }
        return window;
    }
}
