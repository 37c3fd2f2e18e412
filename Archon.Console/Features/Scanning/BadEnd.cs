using Archon.Data.Catalogue;

namespace Archon.Features.Scanning;

/// <summary>
/// Where a watch's values cannot get any worse: a limit that is reached, every request that fails, a target that is down, a ratio at its end. To stay there is
/// a finding whatever is usual, and before anything is learnt.
/// </summary>
/// <param name="Direction">From which side it is reached.</param>
/// <param name="After">How long values have to stay there.</param>
/// <param name="IsRatio">Values just beyond it show that this is no ratio: load per CPU passes 1.</param>
internal readonly record struct BadEnd(double Value, AnomalyDirection Direction, TimeSpan After, bool IsRatio)
{
    // 99.9 % of a CPU is all of it.
    private const double RatioTolerance = 0.001;

    private static readonly TimeSpan Soon = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Later = TimeSpan.FromMinutes(5);

    /// <returns>Null where values of the watch know no worst.</returns>
    public static BadEnd? Of(Watch watch)
    {
        BadEnd? end = watch switch
        {
            // Limits of latencies and error shares are objectives: to miss one for a minute is no end.
            { Limit: { } limit, Signal: WatchSignal.Saturation or WatchSignal.Availability or WatchSignal.Quality } => new BadEnd(
                limit,
                watch.LimitSide == LimitSide.Ceiling ? AnomalyDirection.Up : AnomalyDirection.Down,
                Soon,
                IsRatio: false
            ),
            { Unit: not "1" } => null,
            { Signal: WatchSignal.Errors } => new BadEnd(1, AnomalyDirection.Up, Soon, IsRatio: true),
            { Signal: WatchSignal.Availability } => new BadEnd(0, AnomalyDirection.Down, Soon, IsRatio: true),
            { Signal: WatchSignal.Quality } => new BadEnd(0, AnomalyDirection.Down, Later, IsRatio: true),
            { Signal: WatchSignal.Saturation, Interesting: AnomalyDirection.Down } => new BadEnd(
                0,
                AnomalyDirection.Down,
                Later,
                IsRatio: true
            ),
            { Signal: WatchSignal.Saturation } => new BadEnd(1, AnomalyDirection.Up, Later, IsRatio: true),
            _ => null,
        };
        return end is { } found && (watch.Interesting == AnomalyDirection.Both || watch.Interesting == found.Direction) ? end : null;
    }

    public bool IsAt(double value)
    {
        var tolerance = IsRatio ? RatioTolerance : 0;
        return Direction == AnomalyDirection.Up
            ? value >= Value - tolerance && (!IsRatio || value <= Value + tolerance || double.IsPositiveInfinity(value))
            : value <= Value + tolerance && (!IsRatio || value >= Value - tolerance || double.IsNegativeInfinity(value));
    }
}
