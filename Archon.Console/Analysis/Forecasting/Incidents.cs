namespace Archon.Analysis.Forecasting;

/// <summary>Values unlike any other at their time of day. Left in, a spike of last week would be forecast for this week by all who look
/// there.</summary>
internal static class Incidents
{
    // Times the usual distance to the nearest neighbour in season. So far out, it is no tail of anything.
    private const double Odd = 10;

    /// <summary>
    /// Puts the median of the neighbours in season, one period and one season before and after, in place of what is unlike all of them.
    /// What is
    /// new since the last period stays: it may be here to stay.
    /// </summary>
    /// <param name="working">In working units.</param>
    /// <param name="plain">The same rows on another scale, or empty.</param>
    /// <param name="isLearnt">Cleared where a value was replaced.</param>
    public static void Repair(Span<double> working, Span<double> plain, int period, int season, Span<bool> isLearnt)
    {
        if (period == 1)
            return;
        var distances = new double[working.Length - period];
        double sum = 0;
        for (var at = 0; at < distances.Length; at++)
        {
            var value = working[at];
            var nearest = Math.Abs(value - working[at + period]);
            if (at >= period)
                nearest = Math.Min(nearest, Math.Abs(value - working[at - period]));
            if (at >= season)
                nearest = Math.Min(nearest, Math.Abs(value - working[at - season]));
            if (at + season < working.Length)
                nearest = Math.Min(nearest, Math.Abs(value - working[at + season]));
            distances[at] = nearest;
            sum += nearest;
        }
        var most = Odd * sum / distances.Length;
        for (var at = 0; at < distances.Length; at++)
        {
            if (distances[at] <= most || !isLearnt[at])
                continue;
            working[at] = OfNeighbours(working, at, period, season);
            if (!plain.IsEmpty)
                plain[at] = OfNeighbours(plain, at, period, season);
            isLearnt[at] = false;
        }
    }

    private static double OfNeighbours(ReadOnlySpan<double> series, int at, int period, int season)
    {
        var neighbours = new List<double>(4);
        foreach (var other in (ReadOnlySpan<int>)[at - season, at - period, at + period, at + season])
        {
            if (other >= 0 && other < series.Length)
                neighbours.Add(series[other]);
        }
        return Resets.Median(neighbours);
    }
}
