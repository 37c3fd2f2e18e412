using Archon.Analysis.Detection;
using Archon.Data.Catalogue;

namespace Archon.Features.Scanning;

/// <summary>
/// Where a watch's values cannot get any worse: a limit that is reached, every request that fails, a target that is down, a ratio at its end. To stay there is
/// a finding whatever is usual, and before anything is learnt.
/// </summary>
/// <param name="Direction">From which side it is reached.</param>
/// <param name="After">How long values have to stay there.</param>
/// <param name="Words">What it means to stay there.</param>
/// <param name="Tolerance">Values so close are at the end: 99.9 % of a CPU is all of it.</param>
/// <param name="IsLimit">Values may lie beyond it. One beyond any other end shows that this is no ratio: load per CPU passes 1.</param>
internal readonly record struct BadEnd(
    double Value,
    AnomalyDirection Direction,
    TimeSpan After,
    string Words,
    double Tolerance,
    bool IsLimit = false
)
{
    private const double OfRatio = 0.001;

    private static readonly TimeSpan Soon = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Later = TimeSpan.FromMinutes(5);

    /// <returns>Null where values of the watch know no worst.</returns>
    public static BadEnd? Of(Watch watch)
    {
        var (up, down) = (AnomalyDirection.Up, AnomalyDirection.Down);
        BadEnd? end = watch switch
        {
            // Limits of latencies and error shares are objectives: to miss one for a minute is no end.
            { Limit: { } limit, Signal: WatchSignal.Saturation or WatchSignal.Availability or WatchSignal.Quality } => new BadEnd(
                limit,
                watch.LimitSide == LimitSide.Ceiling ? up : down,
                Soon,
                "At its limit",
                watch.Unit == "1" ? OfRatio : 0,
                IsLimit: true
            ),
            { Unit: not "1" } => null,
            { Signal: WatchSignal.Errors } => new BadEnd(1, up, Soon, "All requests failed", OfRatio),
            { Signal: WatchSignal.Availability } => new BadEnd(0, down, Soon, "Down", OfRatio),
            { Signal: WatchSignal.Quality } => new BadEnd(0, down, Later, "At its worst", OfRatio),
            { Signal: WatchSignal.Saturation, Interesting: AnomalyDirection.Down } => new BadEnd(0, down, Later, "At its worst", OfRatio),
            { Signal: WatchSignal.Saturation } => new BadEnd(1, up, Later, "At its worst", OfRatio),
            _ => null,
        };
        return end is { } found && (watch.Interesting == AnomalyDirection.Both || watch.Interesting == found.Direction) ? end : null;
    }

    public bool IsAt(double value) =>
        Direction == AnomalyDirection.Up
            ? value >= Value - Tolerance && (IsLimit || value <= SeriesModelSettings.MostShare || double.IsPositiveInfinity(value))
            : value <= Value + Tolerance && (IsLimit || value >= -Tolerance || double.IsNegativeInfinity(value));
}
