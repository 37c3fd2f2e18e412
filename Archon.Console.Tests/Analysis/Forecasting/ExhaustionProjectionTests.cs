using Archon.Analysis.Forecasting;
using Archon.Analysis.Series;
using Xunit;

namespace Archon.Tests.Analysis.Forecasting;

public sealed class ExhaustionProjectionTests
{
    private static readonly TimeSpan Step = TimeSpan.FromMinutes(10);
    private static readonly ExhaustionSettings Full = new();

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(40)]
    public void What_is_at_its_limit_is_reached_however_short_its_history_is(int count)
    {
        Assert.IsType<ExhaustionResult.Reached>(ExhaustionProjection.Project(SeriesText.Of(count, Step, (_, _) => 1), Full));
        Assert.IsType<ExhaustionResult.Reached>(
            ExhaustionProjection.Project(SeriesText.Of(count, Step, (_, _) => 0), Full with { Limit = 0, Direction = LimitDirection.Floor })
        );
    }

    [Fact]
    public void A_disk_that_fills_steadily_is_reported_to_the_hour()
    {
        // 0.4 now, 0.004 an hour more: 150 hours.
        var series = Gauge(7, hour => 0.4 + (0.004 * hour), seed: 1);

        var projected = Projected(series, Full);

        Assert.InRange(HoursAhead(series, projected.At), 142, 158);
        Assert.InRange(projected.ChangePerDay, 0.09, 0.1);
        Assert.True(projected.Earliest <= projected.At && projected.At <= projected.Latest);
        Assert.True(projected.Probability > 0.99);
    }

    [Fact]
    public void Something_that_falls_to_a_floor_is_the_same_upside_down()
    {
        // A certificate: 20 days left a week ago, 13 now, and a limit of 3.
        var series = SeriesText.Of(7 * 24, TimeSpan.FromHours(1), (at, _) => 20 - (at / 24.0));

        var projected = Projected(series, new ExhaustionSettings { Limit = 3, Direction = LimitDirection.Floor });

        Assert.InRange(HoursAhead(series, projected.At), 238, 244);
        Assert.InRange(projected.ChangePerDay, -1.01, -0.99);
    }

    [Fact]
    public void A_rate_that_changed_yesterday_counts_and_not_the_mean_of_the_week()
    {
        var series = Gauge(7, hour => hour < -20 ? 0.4 : 0.4 + (0.01 * (hour + 20)), seed: 2);

        Assert.InRange(HoursAhead(series, Projected(series, Full).At), 36, 44);
    }

    [Theory]
    [InlineData(NoExhaustionReason.NotTrending)]
    [InlineData(NoExhaustionReason.Wave)]
    [InlineData(NoExhaustionReason.Saturating)]
    [InlineData(NoExhaustionReason.Sawtooth)]
    [InlineData(NoExhaustionReason.FarAhead)]
    public void What_never_fills_is_not_reported_and_the_reason_is(NoExhaustionReason reason)
    {
        var series = Gauge(
            10,
            hour =>
                reason switch
                {
                    NoExhaustionReason.NotTrending => 0.7,
                    NoExhaustionReason.Wave => 0.7 + (0.1 * Math.Sin(2 * Math.PI * hour / 24)),
                    NoExhaustionReason.Saturating => 0.9 - (0.1 * Math.Exp(-(hour + 100) / 60.0)),
                    // Cleared every 30 hours at 0.9.
                    NoExhaustionReason.Sawtooth => 0.3 + (0.6 * (((hour + 600) % 30) / 30.0)),
                    _ => 0.3 + (0.0005 * hour),
                },
            seed: 3
        );

        var result = ExhaustionProjection.Project(series, Full);

        Assert.Equal(reason, Assert.IsType<ExhaustionResult.NotExpected>(result).Reason);
    }

    [Fact]
    public void Clean_ups_that_free_less_and_less_do_not_hide_that_it_fills()
    {
        var series = Gauge(10, hour => 0.85 + (0.001 * hour) + (0.1 * (((hour + 600) % 30) / 30.0)), seed: 4);

        // At the top of the next tooth but one or so: 0.85 + 0.001 h + 0.1 reaches 1 about 50 hours ahead, and teeth end 30 hours apart.
        Assert.InRange(HoursAhead(series, Projected(series, Full).At), 50, 62);
    }

    [Fact]
    public void A_single_spike_to_the_limit_is_neither_reached_nor_a_trend()
    {
        var series = Gauge(7, _ => 0.5, seed: 5);
        var values = series.Values.ToArray();
        values[^40] = 1.2;

        Assert.IsType<ExhaustionResult.NotExpected>(
            ExhaustionProjection.Project(new MetricSeries(SeriesLabels.None, series.Times, values), Full)
        );
    }

    [Fact]
    public void What_is_at_the_limit_is_reached()
    {
        Assert.IsType<ExhaustionResult.Reached>(ExhaustionProjection.Project(Gauge(7, hour => 1.05 + (0.002 * hour), seed: 6), Full));
        Assert.IsType<ExhaustionResult.Reached>(ExhaustionProjection.Project(Gauge(7, hour => hour < -0.6 ? 0.5 : 1.02, seed: 7), Full));
        Assert.IsType<ExhaustionResult.Reached>(ExhaustionProjection.Project(SeriesText.Of(100, Step, (_, _) => 1), Full));
    }

    [Fact]
    public void Unit_gaps_and_order_do_not_matter()
    {
        var series = Gauge(7, hour => 0.4 + (0.004 * hour), seed: 8);
        var kept = Enumerable.Range(0, series.Count).Where(at => at % 5 != 0 && at is < 300 or > 400).ToArray();
        var order = kept.Reverse().ToArray();
        var other = new MetricSeries(
            SeriesLabels.None,
            order.Select(at => series.Times.Span[at]).ToArray(),
            order.Select(at => at % 7 == 0 ? double.NaN : 64e9 * series.Values.Span[at]).ToArray()
        );

        var projected = Projected(other, new ExhaustionSettings { Limit = 64e9 });

        Assert.InRange(HoursAhead(series, projected.At), 140, 160);
    }

    [Fact]
    public void The_same_history_gives_the_same_answer_and_a_shift_in_time_moves_it_along()
    {
        double Fill(double hour) => 0.4 + (0.004 * hour) + (0.02 * Math.Sin(2 * Math.PI * hour / 24));
        var (now, later) = (Gauge(7, Fill, seed: 9), Gauge(7, Fill, seed: 9, start: SeriesText.Monday.AddDays(21)));

        Assert.Equal(Projected(now, Full), Projected(now, Full));
        Assert.Equal(Projected(now, Full).At.AddDays(21), Projected(later, Full).At);
    }

    [Fact]
    public void Any_length_from_no_value_on_has_an_answer()
    {
        var noise = SeriesText.Noise(10);
        for (var count = 0; count <= 40; count++)
        {
            var result = ExhaustionProjection.Project(SeriesText.Of(count, Step, (at, _) => 0.3 + (0.01 * at) + (0.001 * noise())), Full);

            if (count < ExhaustionProjection.LeastValues)
            {
                Assert.Equal(NoExhaustionReason.TooShort, Assert.IsType<ExhaustionResult.NotExpected>(result).Reason);
            }
            else
                Assert.IsType<ExhaustionResult.Projected>(result);
        }
    }

    [Fact]
    public void Settings_that_make_no_sense_are_refused()
    {
        var series = Gauge(1, _ => 0.5, seed: 11);

        Assert.Throws<ArgumentException>(() => ExhaustionProjection.Project(series, new ExhaustionSettings { Limit = double.NaN }));
        Assert.Throws<ArgumentException>(() => ExhaustionProjection.Project(series, new ExhaustionSettings { Within = TimeSpan.Zero }));
        Assert.Throws<ArgumentException>(() => ExhaustionProjection.Project(series, new ExhaustionSettings { Level = 1 }));
    }

    /// <param name="level">By hours before the last sample, below zero.</param>
    private static MetricSeries Gauge(int days, Func<double, double> level, int seed, DateTimeOffset? start = null)
    {
        var noise = SeriesText.Noise(seed);
        var count = (int)(TimeSpan.FromDays(days) / Step);
        return SeriesText.Of(count, Step, (at, _) => level((at - count + 1) * Step.TotalHours) + (0.004 * noise()), start);
    }

    private static ExhaustionResult.Projected Projected(MetricSeries series, ExhaustionSettings settings) =>
        Assert.IsType<ExhaustionResult.Projected>(ExhaustionProjection.Project(series, settings));

    private static double HoursAhead(MetricSeries series, DateTimeOffset at) =>
        (at - DateTimeOffset.FromUnixTimeMilliseconds(series.Times.Span[^1])).TotalHours;
}
