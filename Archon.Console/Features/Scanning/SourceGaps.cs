using Archon.Analysis.Series;

namespace Archon.Features.Scanning;

/// <summary>When a server took no samples. What its lookback repeats then, and what rates make of the half-empty windows after it, says nothing of a series.</summary>
/// <remarks>
/// Read from the times of the samples of <c>up</c>, which Prometheus writes at every scrape, whether the target answers or not. A scrape counts as left out when the
/// newest sample of a job is older than one and a half times the distance that two usually have.
/// </remarks>
internal sealed class SourceGaps
{
    /// <summary>The newest sample of each job, in Unix seconds, at each step.</summary>
    public const string Query = "max by (job) (timestamp(up))";

    /// <summary>Nothing is known of the server's samples: all of them count.</summary>
    public static readonly SourceGaps None = new([], []);

    private const double LateFactor = 1.5;

    // Of many targets the newest sample moves unevenly, and one gap must not count as usual.
    private const double UsualQuantile = 0.9;

    // Some servers show samples half a minute late. Until then it is not known whether there is a gap.
    private static readonly TimeSpan MostDelay = TimeSpan.FromMinutes(1);

    // A rate over an hour hardly changes where a minute of it is missing.
    private const double LeastShareOfWindow = 0.1;

    private readonly IReadOnlyList<Gap> ofServer;
    private readonly Dictionary<string, IReadOnlyList<Gap>> ofJobs;

    private SourceGaps(IReadOnlyList<Gap> ofServer, Dictionary<string, IReadOnlyList<Gap>> ofJobs) =>
        (this.ofServer, this.ofJobs) = (ofServer, ofJobs);

    /// <param name="newest">What <see cref="Query"/> gave over the range.</param>
    public static SourceGaps Of(IReadOnlyList<MetricSeries> newest, TimeRange range, TimeSpan step)
    {
        if (newest.Count == 0)
            return None;
        var (fromMs, stepMs) = (range.Start.ToUnixTimeMilliseconds(), (long)step.TotalMilliseconds);
        var steps = (int)((range.End.ToUnixTimeMilliseconds() - fromMs) / stepMs) + 1;
        var server = Enumerable.Repeat(double.NaN, steps).ToArray();
        var jobs = new Dictionary<string, IReadOnlyList<Gap>>(StringComparer.Ordinal);
        foreach (var series in newest)
        {
            var own = Enumerable.Repeat(double.NaN, steps).ToArray();
            var times = series.Times.Span;
            var values = series.Values.Span;
            for (var i = 0; i < times.Length; i++)
            {
                var at = (int)((times[i] - fromMs) / stepMs);
                if (at < 0 || at >= steps)
                    continue;
                own[at] = values[i] * 1000;
                server[at] = double.IsNaN(server[at]) ? own[at] : Math.Max(server[at], own[at]);
            }
            jobs[series.Labels["job"]] = Find(own, fromMs, stepMs);
        }
        return new SourceGaps(Find(server, fromMs, stepMs), jobs);
    }

    /// <summary>Why a value of that moment says nothing; null where it does.</summary>
    /// <param name="window">The longest stretch that the value was computed over; zero where it is a sample itself.</param>
    public string? Reason(SeriesLabels labels, long unixMs, TimeSpan window)
    {
        var gaps = labels["job"] is { Length: > 0 } job && ofJobs.TryGetValue(job, out var own) ? own : ofServer;
        var windowMs = (long)window.TotalMilliseconds;
        foreach (var gap in gaps)
        {
            if (unixMs <= gap.FromMs)
                continue;
            if (unixMs < gap.ToMs)
                return "Not judged: Prometheus took no samples.";
            if (unixMs < gap.ToMs + windowMs && gap.ToMs - gap.FromMs >= LeastShareOfWindow * windowMs)
                return NotWhole;
        }
        return null;
    }

    /// <summary>Part of a stretch in which the server took samples of anything.</summary>
    public TimeSpan Answered(DateTimeOffset from, DateTimeOffset to)
    {
        var (fromMs, toMs) = (from.ToUnixTimeMilliseconds(), to.ToUnixTimeMilliseconds());
        var left = toMs - fromMs;
        foreach (var gap in ofServer)
            left -= Math.Max(0, Math.Min(toMs, gap.ToMs) - Math.Max(fromMs, gap.FromMs));
        return TimeSpan.FromMilliseconds(Math.Max(0, left));
    }

    /// <summary>Why a rate is not judged whose window has samples at its end alone.</summary>
    public const string NotWhole = "Not judged: samples are missing in the window of the rate.";

    /// <param name="newest">Unix milliseconds of the newest sample at each step; NaN where there is none.</param>
    private static List<Gap> Find(double[] newest, long fromMs, long stepMs)
    {
        var late = LateFactor * Math.Max(stepMs, UsualDistance(newest));
        var gaps = new List<Gap>();
        Gap? open = null;
        for (var i = 0; i < newest.Length; i++)
        {
            var at = fromMs + (i * stepMs);
            var isThere = at - newest[i] <= late;
            if (!isThere)
            {
                open ??= new Gap(double.IsNaN(newest[i]) ? at - stepMs : (long)newest[i], long.MaxValue);
            }
            else if (open is { } begun)
            {
                gaps.Add(begun with { ToMs = (long)newest[i] });
                open = null;
            }
        }
        if (open is { } lasting && fromMs + ((newest.Length - 1) * stepMs) - lasting.FromMs > MostDelay.TotalMilliseconds)
            gaps.Add(lasting);
        return gaps;
    }

    /// <summary>Distance of two samples that few are above, as far as the steps show it; 0 where they show none.</summary>
    private static double UsualDistance(double[] newest)
    {
        var distances = new List<double>();
        for (var i = 1; i < newest.Length; i++)
        {
            if (newest[i] > newest[i - 1])
                distances.Add(newest[i] - newest[i - 1]);
        }
        if (distances.Count == 0)
            return 0;
        distances.Sort();
        return distances[(int)(UsualQuantile * (distances.Count - 1))];
    }

    /// <summary>Unix milliseconds of the last sample before it and of the first one after it.</summary>
    private readonly record struct Gap(long FromMs, long ToMs);
}
