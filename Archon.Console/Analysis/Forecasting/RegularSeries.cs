using Archon.Analysis.Series;

namespace Archon.Analysis.Forecasting;

/// <summary>A series on a grid: a value per step, NaN where there was no sample.</summary>
public sealed class RegularSeries
{
    private const int MostRows = 100_000;
    private const int LongestPeriod = 1_500;

    private readonly long startUnixMs;

    private RegularSeries(long startUnixMs, TimeSpan step, double[] values) =>
        (this.startUnixMs, Step, Values) = (startUnixMs, step, values);

    public TimeSpan Step { get; }

    /// <summary>Oldest first. The first and the last are never NaN; there are none when there was no sample.</summary>
    public ReadOnlyMemory<double> Values { get; }

    /// <summary>Steps in a day where they are 2 to 1,500 and whole, else 1.</summary>
    public int Period
    {
        get
        {
            var perDay = TimeSpan.TicksPerDay / Step.Ticks;
            return TimeSpan.TicksPerDay % Step.Ticks == 0 && perDay is >= 2 and <= LongestPeriod ? (int)perDay : 1;
        }
    }

    /// <summary>When a step begins, in UTC; those after the last row lie ahead.</summary>
    public DateTimeOffset At(int row) => DateTimeOffset.FromUnixTimeMilliseconds(startUnixMs) + (Step * row);

    /// <summary>Puts a series on a grid: the mean of the samples within each step. Steps begin at multiples of their length since
    /// 1970.</summary>
    /// <param name="series">Order and doubles do not matter; NaN and infinities are no samples.</param>
    /// <param name="step">A whole number of milliseconds, at least one. The last 100,000 steps are kept.</param>
    /// <exception cref="ArgumentOutOfRangeException">The step is not.</exception>
    public static RegularSeries Resample(MetricSeries series, TimeSpan step)
    {
        if (step < TimeSpan.FromMilliseconds(1) || step.Ticks % TimeSpan.TicksPerMillisecond != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(step), step, "A step is a whole number of milliseconds.");
        }
        var (times, values) = (series.Times, series.Values);
        var stepMs = step.Ticks / TimeSpan.TicksPerMillisecond;
        long first = long.MaxValue,
            last = long.MinValue;
        for (var at = 0; at < times.Length; at++)
        {
            if (!SampleValue.IsUsable(values.Span[at]))
                continue;
            var row = Math.DivRem(times.Span[at], stepMs).Quotient - (times.Span[at] % stepMs < 0 ? 1 : 0);
            (first, last) = (Math.Min(first, row), Math.Max(last, row));
        }
        if (last < first)
            return new RegularSeries(0, step, []);
        first = Math.Max(first, last - MostRows + 1);
        var sums = new double[last - first + 1];
        var counts = new int[sums.Length];
        for (var at = 0; at < times.Length; at++)
        {
            var row = Math.DivRem(times.Span[at], stepMs).Quotient - (times.Span[at] % stepMs < 0 ? 1 : 0) - first;
            if (row < 0 || !SampleValue.IsUsable(values.Span[at]))
                continue;
            counts[row]++;
            // A running mean: a sum of huge values would overflow.
            sums[row] += (values.Span[at] - sums[row]) / counts[row];
        }
        for (var row = 0; row < sums.Length; row++)
        {
            if (counts[row] == 0)
                sums[row] = double.NaN;
        }
        return new RegularSeries(first * stepMs, step, sums);
    }
}
