using System.Globalization;

namespace Archon.Features.Scanning;

/// <summary>Whether scans run.</summary>
public abstract record ScanState
{
    /// <summary>A watch that was not scanned for so many of its intervals is late.</summary>
    public const int LateIntervals = 3;

    private ScanState() { }

    /// <summary>Nothing is to be scanned, or the console has just started.</summary>
    public sealed record Unknown : ScanState;

    public sealed record Running(DateTimeOffset NewestAt) : ScanState;

    /// <param name="At">When the newest scan was; null where there was none, or its time cannot be right.</param>
    /// <param name="Reason">A sentence.</param>
    /// <param name="NextStep">What to do, a sentence.</param>
    public sealed record Stopped(DateTimeOffset? At, string Reason, string NextStep) : ScanState
    {
        /// <summary>All of it for programs and logs, such as <c>Scans stopped at 02:51:07 UTC. No process takes jobs. ...</c></summary>
        public string Describe(DateTimeOffset now)
        {
            if (At is not { } at)
                return $"Scans stopped. {Reason} {NextStep}";
            var format = at.UtcDateTime.Date == now.UtcDateTime.Date ? "HH:mm:ss" : "yyyy-MM-dd HH:mm:ss";
            return $"Scans stopped at {at.UtcDateTime.ToString(format, CultureInfo.InvariantCulture)} UTC. {Reason} {NextStep}";
        }
    }

    /// <summary>One watch that is to be scanned.</summary>
    internal sealed record WatchScan(int EnvironmentId, DateTimeOffset CreatedAt, DateTimeOffset? LastScanAt, TimeSpan Step);

    /// <summary>Scans stopped when every watch is late: one alone may be slow, or have a long interval.</summary>
    /// <param name="watches">Those that are to be scanned.</param>
    /// <param name="since">Since when scans could run: a console that comes back after a weekend has the first intervals to begin.</param>
    internal static ScanState Judge(IReadOnlyCollection<WatchScan> watches, DateTimeOffset now, DateTimeOffset since)
    {
        if (watches.Count == 0)
            return new Unknown();
        var inTime = watches
            .Where(watch => Later(watch.LastScanAt ?? watch.CreatedAt, since) + (LateIntervals * watch.Step) >= now)
            .ToList();
        // A scan that is dated in the future was noted by a clock that has been set back: it says nothing of now.
        var past = watches.Where(watch => watch.LastScanAt <= now + watch.Step).Max(watch => watch.LastScanAt);
        if (inTime.Exists(watch => !(watch.LastScanAt > now + (LateIntervals * watch.Step))))
        {
            return past is { } newest ? new Running(newest) : new Unknown();
        }
        return since + (LateIntervals * watches.Max(watch => watch.Step)) >= now ? new Unknown() : new Stopped(past, "", "");
    }

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;
}
