using Archon.Analysis.Series;

namespace Archon.Analysis.RootCause;

/// <summary>Finds when many series at once left their course.</summary>
/// <remarks>
/// Per series the mean of the rows after a point less the mean of those before, in units of how much that difference usually varies over
/// the stretch, so that waves and slow drift weigh little; summed over series by the logarithm, so that no single loud series decides. A
/// change point scan in the manner of Page, "Continuous inspection schemes", Biometrika 41, 1954, made robust and multivariate.
/// </remarks>
public static class ChangePoint
{
    /// <summary>Fewer rows than this say nothing of a change.</summary>
    public const int MinimumRows = 12;

    private const double MovedDeviations = 4;

    /// <param name="series">Series on one clock, of one length; NaN and infinities are gaps.</param>
    /// <returns>The row in which the change began; null when there are too few rows or nothing stands out.</returns>
    /// <exception cref="ArgumentException">The series differ in length.</exception>
    public static Change? Find(IReadOnlyList<ReadOnlyMemory<double>> series)
    {
        if (series.Count == 0)
            return null;
        var rows = series[0].Length;
        foreach (var one in series)
        {
            if (one.Length != rows)
                throw new ArgumentException($"Series of {rows} and {one.Length} rows share no clock.", nameof(series));
        }
        if (rows < MinimumRows)
            return null;
        var clean = series.Select(one => Clean(one.Span)).ToList();
        var wide = Math.Max(4, rows / 8);
        var all = Scan(clean, wide, wide / 2, rows - (wide / 4));
        if (all.Moved == 0)
            return null;
        // Steep over a long stretch is a ramp, whose beginning no narrow look sees.
        if (all.Row - all.Start > wide / 2)
            return new Change(Math.Max(1, all.Start - (wide / 4)), all.Moved);
        // The wide look finds the change, a narrow one at what moved finds its row.
        var moved = clean.Where((_, i) => all.Peaks[i] > MovedDeviations).ToList();
        var narrow = Math.Max(3, wide / 4);
        var near = Scan(moved, narrow, Math.Max(narrow / 2, all.Start - wide), Math.Min(rows - 1, all.Start + (wide / 2)));
        return new Change(Onset(moved, near.Row, wide), all.Moved);
    }

    /// <summary>What ramps up is steepest after it began: goes back to where the earlier quarter of what moved left its range.</summary>
    private static int Onset(List<double[]> moved, int row, int width)
    {
        var sorted = new double[width];
        var firsts = new List<int>();
        foreach (var values in moved)
        {
            var (from, to) = (Math.Max(0, row - (2 * width)), row - (width / 2));
            if (to - from < 4)
                return row;
            var before = sorted.AsSpan(0, Robust.Sort(values.AsSpan(from, Math.Min(to - from, width)), sorted));
            var (low, middle, high) = (Robust.Quantile(before, 0.25), Robust.Quantile(before, 0.5), Robust.Quantile(before, 0.75));
            var reach = 3 * Math.Max(high - low, 1e-12);
            var first = row;
            while (first > to && Math.Abs(values[first - 1] - middle) > reach)
                first--;
            firsts.Add(first);
        }
        firsts.Sort();
        return firsts[firsts.Count / 4];
    }

    private static (int Row, int Start, int Moved, double[] Peaks) Scan(List<double[]> series, int width, int first, int last)
    {
        var rows = series[0].Length;
        var sum = new double[rows];
        var deviations = new double[series.Count][];
        var scratch = new double[rows];
        for (var i = 0; i < series.Count; i++)
        {
            var prefix = new double[rows + 1];
            for (var row = 0; row < rows; row++)
                prefix[row + 1] = prefix[row] + series[i][row];
            var steps = new double[rows];
            for (var row = 1; row < rows; row++)
            {
                var (from, to) = (Math.Max(0, row - width), Math.Min(rows, row + width));
                var (before, after) = (row - from, to - row);
                // A shorter side is noisier by the root of its length.
                var step = ((prefix[to] - prefix[row]) / after) - ((prefix[row] - prefix[from]) / before);
                steps[row] = step / Math.Sqrt(0.5 * width * ((1.0 / before) + (1.0 / after)));
            }
            for (var row = 0; row < rows; row++)
                scratch[row] = Math.Abs(steps[row]);
            scratch.AsSpan().Sort();
            // The lower third: a slow ramp may fill more than half of the stretch.
            var scale = Robust.Quantile(scratch, 0.3) / 0.385;
            if (scale <= 0)
                scale = scratch[^1] / 10;
            deviations[i] = steps;
            if (scale <= 0)
                continue;
            for (var row = 0; row < rows; row++)
            {
                steps[row] = Math.Abs(steps[row]) / scale;
                sum[row] += Math.Log(Math.Max(1, steps[row] / MovedDeviations));
            }
        }
        var best = first;
        for (var row = first; row <= last; row++)
        {
            if (sum[row] > sum[best])
                best = row;
        }
        var peaks = Array.ConvertAll(deviations, steps => steps[best]);
        // A slow ramp is as steep all along: its beginning is where the steepness is first nearly reached.
        var start = best;
        while (start > first && sum[start - 1] >= 0.8 * sum[best])
            start--;
        return (best, start, peaks.Count(peak => peak > MovedDeviations), peaks);
    }

    /// <summary>Gaps hold the last value; what lies far out is pulled in, so that one spike is no step.</summary>
    private static double[] Clean(ReadOnlySpan<double> values)
    {
        var clean = new double[values.Length];
        for (var row = 0; row < values.Length; row++)
            clean[row] = SampleValue.IsUsable(values[row]) ? values[row] : double.NaN;
        var sorted = new double[values.Length];
        var count = Robust.Sort(clean, sorted);
        if (count == 0)
            return new double[values.Length];
        var known = sorted.AsSpan(0, count);
        var (low, middle, high) = (Robust.Quantile(known, 0.1), Robust.Quantile(known, 0.5), Robust.Quantile(known, 0.9));
        var reach = 3 * (high - low);
        var before = middle;
        for (var row = 0; row < clean.Length; row++)
        {
            before =
                double.IsNaN(clean[row]) ? before
                : reach > 0 ? Math.Clamp(clean[row], middle - reach, middle + reach)
                : clean[row];
            clean[row] = before;
        }
        return clean;
    }

    /// <param name="Row">The first row after the change.</param>
    /// <param name="Moved">How many series moved there.</param>
    public sealed record Change(int Row, int Moved);
}
