using Archon.Analysis.Forecasting;
using Xunit;

namespace Archon.Tests.Analysis.Forecasting;

public sealed class ForecasterTests
{
    private static readonly ForecastSettings Days = new() { Horizon = 48, Period = 24 };

    [Fact]
    public void A_week_that_repeats_is_continued_and_its_weekend_is_known()
    {
        var values = Shop(24 * 42, seed: 1);

        var forecast = Ok(Forecaster.Forecast(values.AsSpan(0, 24 * 40), Days));

        for (var step = 0; step < 48; step++)
        {
            Assert.InRange(forecast.Median(step), values[(24 * 40) + step] - 20, values[(24 * 40) + step] + 20);
        }
        Assert.InRange(forecast.Error.Relative, 0.001, 0.1);
        Assert.Equal(10, forecast.Error.Origins);
    }

    [Fact]
    public void Limits_keep_about_as_often_as_they_say()
    {
        int within = 0,
            all = 0;
        for (var seed = 1; seed <= 40; seed++)
        {
            var values = Shop(24 * 32, seed);
            var forecast = Ok(Forecaster.Forecast(values.AsSpan(0, 24 * 30), Days));
            for (var step = 0; step < 48; step++, all++)
            {
                var (lower, upper) = forecast.Interval(step, 0.8);
                within += values[(24 * 30) + step] >= lower && values[(24 * 30) + step] <= upper ? 1 : 0;
            }
        }

        Assert.InRange((double)within / all, 0.72, 0.9);
    }

    [Fact]
    public void As_far_ahead_as_history_goes_back_limits_do_not_draw_together()
    {
        int within = 0,
            all = 0;
        for (var seed = 1; seed <= 20; seed++)
        {
            var values = Shop(24 * 28, seed);
            var forecast = Ok(Forecaster.Forecast(values.AsSpan(0, 24 * 14), Days with { Horizon = 24 * 14 }));
            double WidthOfDay(int day) =>
                Enumerable.Range(24 * day, 24).Average(step => forecast.Interval(step, 0.8) is var (lower, upper) ? upper - lower : 0);

            Assert.True(
                WidthOfDay(13) >= 0.9 * WidthOfDay(1),
                $"Seed {seed}: {WidthOfDay(1)} wide tomorrow, {WidthOfDay(13)} in a fortnight."
            );
            for (var step = 24 * 7; step < 24 * 14; step++, all++)
            {
                var (lower, upper) = forecast.Interval(step, 0.8);
                within += values[(24 * 14) + step] >= lower && values[(24 * 14) + step] <= upper ? 1 : 0;
            }
        }
        Assert.InRange((double)within / all, 0.7, 0.99);
    }

    [Fact]
    public void Wider_levels_have_wider_limits_around_the_median()
    {
        var forecast = Ok(Forecaster.Forecast(Shop(24 * 30, seed: 2), Days));

        for (var step = 0; step < 48; step++)
        {
            var (narrow, wide) = (forecast.Interval(step, 0.5), forecast.Interval(step, 0.99));
            Assert.InRange(forecast.Median(step), narrow.Lower, narrow.Upper);
            Assert.True(wide.Lower <= narrow.Lower && narrow.Upper <= wide.Upper);
            Assert.Equal(narrow.Upper, forecast.Quantile(step, 0.75), 9);
            Assert.InRange(forecast.ProbabilityAbove(step, wide.Upper), 0.002, 0.01);
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => forecast.Interval(0, 0.999));
    }

    [Theory]
    [InlineData(1e-9)]
    [InlineData(3)]
    [InlineData(1e12)]
    public void Another_unit_gives_the_same_forecast_in_that_unit(double factor)
    {
        var values = Shop(24 * 30, seed: 3);
        var plain = Ok(Forecaster.Forecast(values, Days));
        var scaled = Ok(Forecaster.Forecast(values.Select(value => factor * value).ToArray(), Days));

        for (var step = 0; step < 48; step++)
        {
            Assert.Equal(1, scaled.Median(step) / (factor * plain.Median(step)), 1e-6);
            Assert.Equal(1, scaled.Interval(step, 0.9).Upper / (factor * plain.Interval(step, 0.9).Upper), 1e-6);
        }
    }

    [Fact]
    public void A_series_below_zero_is_forecast_as_well_as_one_above()
    {
        var values = Shop(24 * 42, seed: 4).Select(value => value - 1000).ToArray();

        var forecast = Ok(Forecaster.Forecast(values.AsSpan(0, 24 * 40), Days));

        for (var step = 0; step < 48; step++)
        {
            Assert.InRange(forecast.Median(step), values[(24 * 40) + step] - 20, values[(24 * 40) + step] + 20);
        }
    }

    [Fact]
    public void The_same_history_gives_the_same_forecast()
    {
        var values = Shop(24 * 30, seed: 5);

        Assert.Equal(Ok(Forecaster.Forecast(values, Days)).ToBytes(), Ok(Forecaster.Forecast(values, Days)).ToBytes());
    }

    [Fact]
    public void Gaps_and_infinities_are_stepped_over_and_a_spike_bends_nothing()
    {
        var values = Shop(24 * 42, seed: 6);
        var holed = values.ToArray();
        for (var at = 100; at < 130; at++)
            holed[at] = double.NaN;
        holed[500] = holed[501] = double.NaN;
        holed[700] = double.PositiveInfinity;
        holed[800] = 5000;

        var forecast = Ok(Forecaster.Forecast(holed.AsSpan(0, 24 * 40), Days));

        for (var step = 0; step < 48; step++)
        {
            Assert.InRange(forecast.Median(step), values[(24 * 40) + step] - 25, values[(24 * 40) + step] + 25);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7.25)]
    [InlineData(-3e15)]
    public void A_constant_stays_what_it_is_without_doubt(double constant)
    {
        var forecast = Ok(Forecaster.Forecast(Enumerable.Repeat(constant, 100).ToArray(), Days));

        Assert.Equal((constant, constant), forecast.Interval(47, 0.95));
        Assert.Equal(constant, forecast.Median(0));
    }

    [Fact]
    public void Any_length_from_one_value_on_is_either_too_short_or_finite()
    {
        var noise = SeriesText.Noise(7);
        var values = Enumerable.Range(0, 200).Select(_ => 10 + noise()).ToArray();
        foreach (var period in new[] { 1, 2, 7, 24, 288 })
        {
            for (var length = 0; length <= values.Length; length += length < 40 ? 1 : 7)
            {
                var result = Forecaster.Forecast(values.AsSpan(0, length), new ForecastSettings { Horizon = 30, Period = period });

                if (length < Forecaster.LeastValues)
                {
                    Assert.Contains($"{length} values", Assert.IsType<ForecastResult.TooShort>(result).Reason, StringComparison.Ordinal);
                    continue;
                }
                var forecast = Ok(result);
                for (var step = 0; step < 30; step++)
                {
                    var (lower, upper) = forecast.Interval(step, 0.95);
                    Assert.True(double.IsFinite(lower) && double.IsFinite(upper));
                    Assert.InRange(forecast.Median(step), lower, upper);
                    Assert.InRange(forecast.Median(step), 0, 40);
                }
            }
        }
    }

    [Fact]
    public void What_cannot_be_negative_has_no_negative_limit()
    {
        var noise = SeriesText.Noise(8);
        var values = Enumerable.Range(0, 600).Select(_ => Math.Max(0, 2 * noise())).ToArray();

        var forecast = Ok(Forecaster.Forecast(values, Days));

        for (var step = 0; step < 48; step++)
            Assert.InRange(forecast.Interval(step, 0.99).Lower, 0, forecast.Median(step));
    }

    [Fact]
    public void A_ramp_goes_on_rising()
    {
        var noise = SeriesText.Noise(9);
        var values = Enumerable.Range(0, 400).Select(at => 100 + at + noise()).ToArray();

        var forecast = Ok(Forecaster.Forecast(values, new ForecastSettings { Horizon = 24, Period = 1 }));

        Assert.InRange(forecast.Median(23), 505, 540);
    }

    [Fact]
    public void What_is_stored_comes_back_the_same_and_another_version_is_refused()
    {
        var forecast = Ok(Forecaster.Forecast(Shop(24 * 30, seed: 10), Days));
        var stored = forecast.ToBytes();

        Assert.True(Archon.Analysis.Forecasting.Forecast.TryRead(stored, out var read));
        Assert.Equal(forecast.Interval(11, 0.8), read.Interval(11, 0.8));
        Assert.Equal(forecast.Error, read.Error);
        Assert.True(stored.Length < 1000);
        stored[0]++;
        Assert.False(Archon.Analysis.Forecasting.Forecast.TryRead(stored, out _));
        Assert.False(Archon.Analysis.Forecasting.Forecast.TryRead(forecast.ToBytes().AsSpan(0, 500), out _));
        Assert.False(Archon.Analysis.Forecasting.Forecast.TryRead([], out _));
    }

    [Fact]
    public void Horizon_and_period_outside_their_range_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new ForecastSettings { Horizon = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new ForecastSettings { Period = 2000 });
    }

    /// <summary>Busy by day, quiet at night and on two days of seven, with correlated noise.</summary>
    private static double[] Shop(int hours, int seed)
    {
        var noise = SeriesText.Noise(seed);
        double wander = 0;
        return Enumerable
            .Range(0, hours)
            .Select(hour =>
            {
                wander = (0.6 * wander) + (2 * noise());
                return (hour / 24 % 7 >= 5 ? 60 : 120) + (40 * Math.Sin(2 * Math.PI * (hour % 24) / 24)) + wander;
            })
            .ToArray();
    }

    private static Forecast Ok(ForecastResult result) => Assert.IsType<ForecastResult.Ok>(result).Forecast;
}
