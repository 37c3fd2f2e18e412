namespace Archon.Analysis.RootCause;

/// <summary>How far a signal went beyond its own quartiles, or beyond where it wanders by itself in as much time.</summary>
internal sealed class Excursion(IncidentFrame frame)
{
    private const double Far = 0.9;

    // What hardly ever moved has no width to count in: going beyond all that was seen, all the time, counts for this many.
    private const double FirstMove = 50;

    private readonly double[] scratch = new double[frame.Rows];

    /// <param name="values">A value per row; NaN is a gap.</param>
    public (double Far, double Lasting) Of(Signal signal, double[] values)
    {
        var reference = values.AsSpan(0, frame.Window);
        var before = scratch.AsSpan(0, Robust.Sort(reference, scratch)).ToArray();
        var after = scratch.AsSpan(0, Robust.Sort(values.AsSpan(frame.Window), scratch)).ToArray();
        if (before.Length < 2 || after.Length == 0)
            return (0, 0);
        var (median, upper) = (Robust.Quantile(before, 0.5), Robust.Quantile(before, 0.75));
        // Quartiles of a normal law lie 1.349 deviations apart, its outer fortieth 1.96 from the middle: heavy tails widen what is usual.
        var width = Math.Max(upper - Robust.Quantile(before, 0.25), (Robust.Quantile(before, 0.975) - median) * 1.349 / 1.96);
        width = Math.Max(width, Wander(reference));
        var (far, lasting) = (Robust.Quantile(after, Far) - median, Robust.Quantile(after, 0.6) - upper);
        var level = Math.Abs(double.IsNaN(signal.Median) ? median : signal.Median);
        if (width > 1e-3 * level)
            return (far / width, 1.349 * lasting / width);
        var beyond = FirstMove * after.Count(value => value > before[^1] + (0.01 * level)) / after.Length;
        return (beyond, beyond);
    }

    /// <summary>How far the series usually gets in the length of the window, or in half of what is known: memory in use drifts without a
    /// cause.</summary>
    private double Wander(ReadOnlySpan<double> reference)
    {
        var lag = Math.Min(frame.Rows - frame.Window, reference.Length / 2);
        var count = 0;
        for (var row = lag; row < reference.Length; row++)
        {
            var step = Math.Abs(reference[row] - reference[row - lag]);
            if (!double.IsNaN(step))
                scratch[count++] = step;
        }
        if (count == 0)
            return 0;
        var steps = scratch.AsSpan(0, count);
        steps.Sort();
        return 1.4 * Robust.Quantile(steps, 0.5);
    }
}
