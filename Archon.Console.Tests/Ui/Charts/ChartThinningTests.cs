using Archon.Ui.Charts;
using Xunit;

namespace Archon.Tests.Ui.Charts;

public sealed class ChartThinningTests
{
    [Fact]
    public void A_chart_that_is_small_enough_stays_as_it_is()
    {
        var data = Chart(Enumerable.Repeat(1.0, 500));

        Assert.Same(data, ChartThinning.Thin(data, 500));
    }

    [Fact]
    public void A_single_peak_and_a_single_dip_among_ten_thousand_points_stay()
    {
        var values = Enumerable.Range(0, 10_000).Select(i => 10 + Math.Sin(i / 50.0)).ToArray();
        values[3333] = 99;
        values[7777] = -50;

        var thin = ChartThinning.Thin(Chart(values), 1200);

        Assert.InRange(thin.X.Length, 600, 1200);
        Assert.Equal(thin.X.Length, thin.Lines[0].Values.Length);
        Assert.Contains(99, thin.Lines[0].Values);
        Assert.Contains(-50, thin.Lines[0].Values);
        Assert.Equal(thin.X.Order(), thin.X);
        Assert.Equal(0, thin.X[0]);
        Assert.Equal(9999, thin.X[^1]);
    }

    [Fact]
    public void A_gap_of_one_sample_still_breaks_the_line()
    {
        var values = Enumerable.Repeat(5.0, 10_000).ToArray();
        values[4321] = double.NaN;

        var thin = ChartThinning.Thin(Chart(values), 1000);

        Assert.Single(thin.Lines[0].Values, double.IsNaN);
    }

    [Fact]
    public void The_band_keeps_its_outermost_edges_and_ends_where_nothing_was_expected()
    {
        var lower = Enumerable
            .Range(0, 9000)
            .Select(i =>
                i >= 6000 ? double.NaN
                : i == 1234 ? -3
                : 1.0
            )
            .ToArray();
        var upper = Enumerable
            .Range(0, 9000)
            .Select(i =>
                i >= 6000 ? double.NaN
                : i == 2345 ? 30
                : 2.0
            )
            .ToArray();

        var thin = ChartThinning.Thin(Chart(Enumerable.Repeat(1.5, 9000)) with { Band = new ChartBand(lower, upper) }, 900);

        Assert.Equal(-3, thin.Band!.Lower.Where(double.IsFinite).Min());
        Assert.Equal(30, thin.Band.Upper.Where(double.IsFinite).Max());
        Assert.True(double.IsNaN(thin.Band.Lower[^1]));
        Assert.Equal(thin.X.Length, thin.Band.Upper.Length);
    }

    private static ChartData Chart(IEnumerable<double> values)
    {
        var kept = values.ToArray();
        return new ChartData([.. Enumerable.Range(0, kept.Length).Select(i => (double)i)], [new ChartLine("p95", "s", kept, 1)]);
    }
}
