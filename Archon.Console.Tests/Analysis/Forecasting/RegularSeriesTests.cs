using Archon.Analysis.Forecasting;
using Archon.Analysis.Series;
using Xunit;

namespace Archon.Tests.Analysis.Forecasting;

public sealed class RegularSeriesTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    [Fact]
    public void Samples_of_a_step_are_averaged_and_a_step_without_one_is_a_gap()
    {
        var series = Series((0, 1), (600, 3), (7200, 5), (7300, double.NaN), (3 * 3600, double.PositiveInfinity));

        var grid = RegularSeries.Resample(series, Hour);

        Assert.Equal([2, double.NaN, 5], grid.Values.ToArray());
        Assert.Equal(DateTimeOffset.UnixEpoch.AddHours(3), grid.At(3));
    }

    [Fact]
    public void Order_and_doubles_do_not_matter()
    {
        var (sorted, shuffled) = (Series((0, 1), (3600, 2), (3600, 4)), Series((3600, 4), (0, 1), (3600, 2)));

        Assert.Equal(RegularSeries.Resample(sorted, Hour).Values.ToArray(), RegularSeries.Resample(shuffled, Hour).Values.ToArray());
    }

    [Fact]
    public void Times_before_1970_fall_into_the_step_that_they_are_in()
    {
        var grid = RegularSeries.Resample(Series((-1, 1), (0, 2)), Hour);

        Assert.Equal([1, 2], grid.Values.ToArray());
        Assert.Equal(DateTimeOffset.UnixEpoch.AddHours(-1), grid.At(0));
    }

    [Theory]
    [InlineData(60, 24)]
    [InlineData(5, 288)]
    [InlineData(7, 1)]
    [InlineData(1440, 1)]
    public void The_day_is_the_period_where_the_step_divides_it(int minutes, int period) =>
        Assert.Equal(period, RegularSeries.Resample(Series((0, 1)), TimeSpan.FromMinutes(minutes)).Period);

    [Fact]
    public void Nothing_gives_nothing_and_no_step_is_refused()
    {
        Assert.True(RegularSeries.Resample(Series(), Hour).Values.IsEmpty);
        Assert.Throws<ArgumentOutOfRangeException>(() => RegularSeries.Resample(Series(), TimeSpan.Zero));
    }

    [Fact]
    public void A_series_is_forecast_on_its_grid()
    {
        var history = SeriesText.Of(4032, TimeSpan.FromMinutes(10), (_, at) => at.Hour < 12 ? 10 : 20);

        var forecast = Assert
            .IsType<ForecastResult.Ok>(Forecaster.Forecast(RegularSeries.Resample(history, Hour), TimeSpan.FromHours(24)))
            .Forecast;

        Assert.Equal((10, 20, 24), (Math.Round(forecast.Median(3)), Math.Round(forecast.Median(15)), forecast.Horizon));
    }

    private static MetricSeries Series(params (int Seconds, double Value)[] samples) =>
        new(SeriesLabels.None, samples.Select(one => one.Seconds * 1000L).ToArray(), samples.Select(one => one.Value).ToArray());
}
