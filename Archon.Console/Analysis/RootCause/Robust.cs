namespace Archon.Analysis.RootCause;

/// <summary>What a stretch of a series is like, skipping gaps.</summary>
internal static class Robust
{
    /// <param name="scratch">As long as the values or longer; overwritten.</param>
    /// <returns>NaN when there is no value.</returns>
    public static double Median(ReadOnlySpan<double> values, Span<double> scratch) => Quantile(scratch[..Sort(values, scratch)], 0.5);

    /// <summary>Copies what is no gap, in ascending order.</summary>
    /// <returns>How many there are.</returns>
    public static int Sort(ReadOnlySpan<double> values, Span<double> sorted)
    {
        var count = 0;
        foreach (var value in values)
        {
            if (!double.IsNaN(value))
                sorted[count++] = value;
        }
        sorted[..count].Sort();
        return count;
    }

    public static double Quantile(ReadOnlySpan<double> sorted, double share)
    {
        if (sorted.Length == 0)
            return double.NaN;
        var at = share * (sorted.Length - 1);
        var below = (int)at;
        return below + 1 < sorted.Length ? sorted[below] + ((at - below) * (sorted[below + 1] - sorted[below])) : sorted[below];
    }

    /// <returns>NaN and 0 when there is no value.</returns>
    public static (double Mean, int Count) Mean(ReadOnlySpan<double> values)
    {
        var (sum, count) = (0.0, 0);
        foreach (var value in values)
        {
            if (double.IsNaN(value))
                continue;
            sum += value;
            count++;
        }
        return (count == 0 ? double.NaN : sum / count, count);
    }

    /// <summary>Mean, deviation and memory of a stretch, with its outer twentieths pulled in so that one bad spell in the past hides no
    /// later one.</summary>
    public static NoiseFigures Noise(ReadOnlySpan<double> values, Span<double> scratch)
    {
        var count = Sort(values, scratch);
        if (count == 0)
            return new NoiseFigures(double.NaN, 0, 1, 0);
        var (low, high) = (Quantile(scratch[..count], 0.025), Quantile(scratch[..count], 0.975));
        var center = 0.0;
        foreach (var value in values)
        {
            if (!double.IsNaN(value))
                center += Math.Clamp(value, low, high);
        }
        center /= count;
        var (variance, lagged, pairs, before) = (0.0, 0.0, 0, double.NaN);
        foreach (var value in values)
        {
            var deviation = double.IsNaN(value) ? double.NaN : Math.Clamp(value, low, high) - center;
            if (!double.IsNaN(deviation))
                variance += deviation * deviation;
            if (!double.IsNaN(deviation) && !double.IsNaN(before))
            {
                lagged += deviation * before;
                pairs++;
            }
            before = deviation;
        }
        variance /= count;
        var memory = variance > 0 && pairs > 0 ? Math.Clamp(lagged / pairs / variance, 0, 0.9) : 0;
        return new NoiseFigures(center, Math.Sqrt(variance), (1 + memory) / (1 - memory), count);
    }
}

/// <param name="Inflation">How many samples in a row tell as much as one independent one, 1 or more: (1 + r) / (1 - r) at lag-1
/// correlation r.</param>
internal readonly record struct NoiseFigures(double Mean, double Deviation, double Inflation, int Count);
