namespace Archon.Analysis.Series;

/// <summary>A stretch of time in UTC, both ends included.</summary>
public readonly record struct TimeRange
{
    /// <exception cref="ArgumentException">The end is before the start.</exception>
    public TimeRange(DateTimeOffset start, DateTimeOffset end)
    {
        if (end < start)
            throw new ArgumentException($"The end {end:O} is before the start {start:O}.", nameof(end));
        (Start, End) = (start.ToUniversalTime(), end.ToUniversalTime());
    }

    public DateTimeOffset Start { get; }
    public DateTimeOffset End { get; }
    public TimeSpan Length => End - Start;
}
