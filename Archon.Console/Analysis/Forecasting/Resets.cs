namespace Archon.Analysis.Forecasting;

/// <summary>Times at which a resource that fills was cleared: falls within one step that the noise does not explain.</summary>
internal static class Resets
{
    private const double Significant = 5;
    private const int Neighbours = 6;

    /// <returns>Times ascending, and the usual time between two.</returns>
    public static double[] Find(ReadOnlySpan<double> times, ReadOnlySpan<double> values)
    {
        if (values.Length < (2 * Neighbours) + 4)
            return [];
        var steps = new double[values.Length - 1];
        for (var at = 0; at < steps.Length; at++)
            steps[at] = values[at + 1] - values[at];
        var noise = 1.4826 * Median(steps.Select(step => Math.Abs(step - Median(steps)))) / Math.Sqrt(2);
        if (!(noise > 0))
            noise = 1e-9;
        var falls = new double[values.Length];
        for (var at = 2; at + 1 < values.Length; at++)
        {
            var before = steps.AsSpan(Math.Max(0, at - 2 - Neighbours), Math.Min(Neighbours, at - 2));
            var after = steps.AsSpan(at + 1, Math.Min(Neighbours, steps.Length - at - 1));
            var slope = Median([.. before, .. after]);
            falls[at] = (((values[at] + values[at + 1]) / 2) - ((values[at - 1] + values[at - 2]) / 2) - (2 * slope)) / noise;
        }
        var resets = new List<double>();
        for (var at = 2; at + 1 < values.Length; at++)
        {
            var isLowest = falls[at] <= falls.AsSpan(Math.Max(0, at - 2), Math.Min(5, values.Length - Math.Max(0, at - 2))).ToArray().Min();
            if (falls[at] < -Significant && isLowest)
                resets.Add((times[at - 1] + times[at]) / 2);
        }
        return [.. resets];
    }

    internal static double Median(IEnumerable<double> values)
    {
        var sorted = values.ToArray();
        if (sorted.Length == 0)
            return 0;
        Array.Sort(sorted);
        var half = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }
}
