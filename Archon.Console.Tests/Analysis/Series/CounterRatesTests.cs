using Archon.Analysis.Series;
using Xunit;

namespace Archon.Tests.Analysis.Series;

public sealed class CounterRatesTests
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(10);

    [Fact]
    public void Growth_becomes_a_rate_per_second() => Assert.Equal([double.NaN, 2, 0, 5], Rates(100, 120, 120, 170));

    [Fact]
    public void A_restart_counts_from_zero_and_is_no_negative_rate() => Assert.Equal([double.NaN, 10, 3, 1], Rates(1000, 1100, 30, 40));

    [Fact]
    public void Over_a_short_gap_the_mean_is_reported_and_over_a_long_one_nothing()
    {
        Assert.Equal([double.NaN, double.NaN, double.NaN, 1, 1], Rates(0, double.NaN, double.NaN, 30, 40));
        Assert.Equal(
            [double.NaN, double.NaN, double.NaN, double.NaN, double.NaN, 1],
            Rates(0, double.NaN, -5, double.PositiveInfinity, 40, 50)
        );
    }

    [Fact]
    public void Too_little_is_no_rate()
    {
        Assert.Empty(Rates());
        Assert.Equal([double.NaN], Rates(5));
    }

    [Fact]
    public void Samples_out_of_order_are_refused_and_named()
    {
        var broken = new MetricSeries(SeriesLabels.None, new long[] { 2, 1 }, new double[2]);

        Assert.Contains("Sample 1", Assert.Throws<ArgumentException>(() => CounterRates.Of(broken)).Message, StringComparison.Ordinal);
    }

    private static double[] Rates(params double[] counter) =>
        CounterRates.Of(SeriesText.Of(counter.Length, Step, (i, _) => counter[i])).Values.ToArray();
}
