namespace Archon.Analysis.Detection;

/// <summary>What a zone's clocks show.</summary>
internal static class WallClock
{
    private const long QuarterMs = 15 * 60_000L;

    /// <returns>Minutes the clocks are ahead of UTC, and the Unix milliseconds for which that holds; clocks change at quarters of an hour
    /// at most.</returns>
    public static (double OffsetMinutes, long FromMs, long UntilMs) At(TimeZoneInfo zone, long unixMs)
    {
        if (zone.BaseUtcOffset == TimeSpan.Zero && !zone.SupportsDaylightSavingTime)
            return (0, long.MinValue, long.MaxValue);
        var from = (long)Math.Floor(unixMs / (double)QuarterMs) * QuarterMs;
        return (zone.GetUtcOffset(DateTimeOffset.FromUnixTimeMilliseconds(unixMs)).TotalMinutes, from, from + QuarterMs);
    }
}
