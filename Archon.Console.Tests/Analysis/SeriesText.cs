using Archon.Analysis.Series;

namespace Archon.Tests.Analysis;

/// <summary>Series for tests: from a formula, at a steady step from a Monday midnight on.</summary>
internal static class SeriesText
{
    public static readonly DateTimeOffset Monday = new(2026, 11, 2, 0, 0, 0, TimeSpan.Zero);

    /// <param name="value">From the number of the sample and its time.</param>
    public static MetricSeries Of(int count, TimeSpan step, Func<int, DateTimeOffset, double> value, DateTimeOffset? start = null)
    {
        var first = start ?? Monday;
        var (times, values) = (new long[count], new double[count]);
        for (var i = 0; i < count; i++)
        {
            var at = first + (step * i);
            (times[i], values[i]) = (at.ToUnixTimeMilliseconds(), value(i, at));
        }
        return new MetricSeries(SeriesLabels.None, times, values);
    }

    /// <summary>The same noise on every run: normal, mean 0, deviation 1.</summary>
    public static Func<double> Noise(int seed)
    {
        var random = new Random(seed);
        return () => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
    }
}
