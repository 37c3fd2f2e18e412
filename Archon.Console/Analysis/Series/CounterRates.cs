namespace Archon.Analysis.Series;

/// <summary>Turns a counter, which only grows until its process starts anew, into what it grew by per second.</summary>
/// <remarks>A fall is a restart from zero, as in PromQL's <c>rate</c> (Prometheus documentation, "Query functions"); unlike that, nothing
/// is extrapolated beyond the two samples that a rate lies between.</remarks>
public static class CounterRates
{
    private const double MostSteps = 3;

    /// <param name="counter">Samples of the counter, oldest first; NaN, infinities and negative values count as missing.</param>
    /// <returns>A value per sample, at its time: growth per second since the sample before. NaN for the first one, for a missing one, and
    /// after a gap of more than three usual steps, because growth over a gap says nothing of its parts.</returns>
    /// <exception cref="ArgumentException">Two samples have the same time, or they are out of order.</exception>
    public static MetricSeries Of(MetricSeries counter)
    {
        var times = counter.Times.Span;
        var values = counter.Values.Span;
        var rates = new double[values.Length];
        var widest = MostSteps * UsualStep(times);
        var last = -1;
        for (var i = 0; i < values.Length; i++)
        {
            if (i > 0 && times[i] <= times[i - 1])
            {
                throw new ArgumentException(
                    $"Sample {i} of {counter.Labels} at {times[i]} ms does not come after the one before it at {times[i - 1]} ms.",
                    nameof(counter)
                );
            }
            rates[i] = double.NaN;
            if (!double.IsFinite(values[i]) || values[i] < 0)
                continue;
            if (last >= 0 && times[i] - times[last] <= widest)
            {
                var grown = values[i] >= values[last] ? values[i] - values[last] : values[i];
                rates[i] = grown / ((times[i] - times[last]) / 1000.0);
            }
            last = i;
        }
        return new MetricSeries(counter.Labels, counter.Times, rates);
    }

    private static double UsualStep(ReadOnlySpan<long> times)
    {
        if (times.Length < 2)
            return 0;
        var steps = new long[times.Length - 1];
        for (var i = 1; i < times.Length; i++)
            steps[i - 1] = times[i] - times[i - 1];
        Array.Sort(steps);
        return steps[steps.Length / 2];
    }
}
