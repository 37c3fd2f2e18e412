using Archon.Analysis.Detection;
using Archon.Analysis.Series;
using Xunit;

namespace Archon.Tests.Analysis.Detection;

/// <summary>What holds for every series, whatever it measures.</summary>
public sealed class DetectionPropertyTests
{
    private static readonly TimeSpan Step = TimeSpan.FromMinutes(5);
    private static readonly SeriesModelSettings Settings = new();
    private static readonly int Day = (int)(TimeSpan.FromDays(1) / Step);

    [Theory]
    [InlineData(1024)]
    [InlineData(1 / 1024.0)]
    public void Another_unit_changes_no_score(double factor)
    {
        var series = Eventful(1);

        Assert.Equal(Scores(series), Scores(Changed(series, value => value * factor)));
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(0.37)]
    public void Another_unit_that_rounds_otherwise_reports_the_same_alerts(double factor)
    {
        var series = Eventful(2);

        Assert.Equal(Alerts(series), Alerts(Changed(series, value => value * factor)));
    }

    [Fact]
    public void Another_zero_point_changes_no_score_that_matters()
    {
        var series = Eventful(3);
        var (plain, moved) = (Levels(series), Levels(Changed(series, value => value + 50)));

        for (var i = 0; i < plain.Length; i++)
            Assert.Equal(plain[i], moved[i], 0.03);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(53)]
    public void A_shift_by_whole_weeks_changes_no_score(int weeks)
    {
        var series = Eventful(4);
        var shift = (long)TimeSpan.FromDays(7 * weeks).TotalMilliseconds;
        var moved = new MetricSeries(SeriesLabels.None, series.Times.ToArray().Select(time => time + shift).ToArray(), series.Values);

        Assert.Equal(Scores(series), Scores(moved));
    }

    [Fact]
    public void The_score_of_a_sample_depends_on_no_later_one()
    {
        var series = Eventful(5);
        var whole = Scores(series);

        foreach (var length in (int[])[1, 29, 31, 288, 1500, 2999])
        {
            var cut = new MetricSeries(SeriesLabels.None, series.Times[..length], series.Values[..length]);
            Assert.Equal(whole[..length], Scores(cut));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    [InlineData(433)]
    [InlineData(2001)]
    [InlineData(3333)]
    public void A_restart_at_any_point_continues_exactly_where_it_was(int at)
    {
        var series = Eventful(6);
        var whole = Scores(series);
        var first = Run(SeriesModel.Start(Settings), series, 0, at, out var before);

        Assert.True(SeriesModel.TryRead(first.Model.ToBytes(), out var stored));
        Run(stored, series, at, series.Count, out var after);

        Assert.Equal(whole, before.Concat(after).Select(verdict => (verdict.Level, verdict.Alert, verdict.Confidence)));
    }

    [Fact]
    public void The_same_series_gives_the_same_scores() => Assert.Equal(Scores(Eventful(7)), Scores(Eventful(7)));

    [Fact]
    public void A_constant_never_alerts_and_is_never_called_anomalous()
    {
        Run(SeriesModel.Start(Settings), SeriesText.Of(10 * Day, Step, (_, _) => 42), 0, 10 * Day, out var verdicts);

        Assert.All(verdicts, verdict => Assert.True(verdict is { Alert: 0, IsOutside: false, Level: < 0.5 }));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(30)]
    public void So_few_samples_are_learnt_from_and_not_judged(int count)
    {
        var noise = SeriesText.Noise(count);

        Run(SeriesModel.Start(Settings), SeriesText.Of(count, Step, (_, _) => noise()), 0, count, out var verdicts);

        Assert.All(verdicts, verdict => Assert.True(verdict is { Judgement: SampleJudgement.Learning, Alert: 0, Level: 0, Confidence: 0 }));
    }

    [Fact]
    public void Values_in_coarse_steps_alert_rarely()
    {
        var random = new Random(8);

        var series = SeriesText.Of(40 * Day, Step, (_, _) => Math.Round(3 + (2 * random.NextDouble())));

        Run(SeriesModel.Start(Settings), series, 0, series.Count, out var verdicts);

        Assert.InRange(verdicts.Count(verdict => verdict.IsAlert), 0, 12);
    }

    [Fact]
    public void Samples_without_a_number_are_never_learnt_from()
    {
        var series = Eventful(9);
        var detector = Run(SeriesModel.Start(Settings), series, 0, 2000, out _);
        var before = detector.Model;

        var at = series.Times.Span[1999] + 60_000;
        var missing = detector.Score(at, double.NaN);
        var infinite = detector.Score(at + 60_000, double.PositiveInfinity);

        Assert.Equal(SampleJudgement.Missing, missing.Judgement);
        Assert.True(infinite is { IsOutside: true, Direction: DeviationDirection.Up, Deviation: double.PositiveInfinity });
        Assert.Equal(before.ExpectedAt(at), detector.Model.ExpectedAt(at));
        Assert.Equal(before.FittedSamples, detector.Model.FittedSamples);
    }

    [Fact]
    public void A_gap_is_unusual_where_there_are_none_and_invents_nothing()
    {
        var series = Eventful(10);
        var detector = Run(SeriesModel.Start(Settings), series, 0, 2000, out var verdicts);
        var after = detector.Score(series.Times.Span[1999] + (long)(8 * Step).TotalMilliseconds, series.Values.Span[1999]);

        Assert.All(verdicts, verdict => Assert.Equal(0, verdict.Votes[DetectionMember.Gap]));
        Assert.True(after.Votes[DetectionMember.Gap] > MemberVotes.Agrees);
        Assert.Equal(0, after.Votes[DetectionMember.Jump], 1.0);
    }

    [Fact]
    public void What_no_one_looked_at_is_no_gap()
    {
        var series = Eventful(11);
        var detector = Run(SeriesModel.Start(Settings), series, 0, 2000, out _);
        var last = series.Times.Span[1999];

        detector.Skip(last + (long)(7 * Step).TotalMilliseconds);

        Assert.Equal(0, detector.Score(last + (long)(8 * Step).TotalMilliseconds, series.Values.Span[1999]).Votes[DetectionMember.Gap]);
    }

    [Fact]
    public void A_sample_that_comes_late_is_not_judged_and_one_of_the_same_time_teaches_nothing()
    {
        var series = Eventful(12);
        var detector = Run(SeriesModel.Start(Settings), series, 0, 2000, out _);
        var bytes = detector.Model.ToBytes();
        var last = series.Times.Span[1999];

        Assert.Equal(SampleJudgement.Late, detector.Score(last - 1, 1e6).Judgement);
        Assert.Equal(bytes, detector.Model.ToBytes());
        Assert.Equal(SampleJudgement.Judged, detector.Score(last, series.Values.Span[1999]).Judgement);
        Assert.Equal(bytes, detector.Model.ToBytes());
    }

    [Theory]
    [InlineData(2026, 3, 29)]
    [InlineData(2026, 10, 25)]
    public void When_clocks_change_what_is_expected_moves_with_the_wall_clock(int year, int month, int day)
    {
        var berlin = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");
        var change = new DateTimeOffset(year, month, day, 0, 0, 0, TimeSpan.Zero);
        var noise = SeriesText.Noise(13);
        double Shop(DateTimeOffset at) =>
            100 * (1 - Math.Cos(2 * Math.PI * TimeZoneInfo.ConvertTime(at, berlin).TimeOfDay.TotalHours / 24));
        var series = SeriesText.Of(24 * Day, Step, (_, at) => Shop(at) + (3 * noise()), change.AddDays(-21));
        double MeanError(TimeZoneInfo zone, int onDay)
        {
            Run(SeriesModel.Start(Settings with { Zone = zone }), series, 0, series.Count, out var verdicts);
            Assert.Equal(ModelSeason.Day, verdicts[^1].Season);
            return Enumerable.Range(onDay * Day, Day).Average(i => Math.Abs(series.Values.Span[i] - verdicts[i].Expected));
        }

        Assert.InRange(MeanError(berlin, 21), 0, 1.2 * MeanError(berlin, 20));
        // By a clock that does not change the same day is off by an hour.
        Assert.InRange(MeanError(TimeZoneInfo.Utc, 21), 2 * MeanError(TimeZoneInfo.Utc, 20), double.MaxValue);
    }

    [Fact]
    public void A_year_of_minutes_keeps_scores_between_0_and_1_in_little_room()
    {
        var noise = SeriesText.Noise(14);
        var random = new Random(14);
        var detector = new AnomalyDetector(SeriesModel.Start(Settings), new DetectorSettings());
        var start = SeriesText.Monday.ToUnixTimeMilliseconds();
        var alerts = 0;

        for (var i = 0; i < 365 * 24 * 60; i++)
        {
            var usual = 100 + (40 * Math.Sin(2 * Math.PI * i / (24 * 60))) + (3 * noise());
            var value = random.Next(5000) switch
            {
                0 => double.NaN,
                1 => 1e12,
                2 => -1e12,
                3 => double.NegativeInfinity,
                _ => usual,
            };
            var verdict = detector.Score(start + (i * 60_000L), value);
            Assert.True(verdict is { Level: >= 0 and <= 1, Alert: >= 0 and <= 1, Confidence: >= 0 and <= 1, Score: >= 0 and <= 1 });
            alerts += verdict.IsAlert ? 1 : 0;
        }

        Assert.InRange(alerts, 1, 1500);
        Assert.NotEqual(ModelSeason.None, detector.Model.Season);
        Assert.InRange(detector.Model.ToBytes().Length, 100, 4000);
    }

    [Fact]
    public void Scoring_allocates_nothing_at_the_step_and_between()
    {
        var series = Eventful(15);
        var berlin = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");
        var detector = Run(SeriesModel.Fit(series, Settings with { Zone = berlin }), series, 0, 0, out _);
        var start = series.Times.Span[^1];
        detector.Score(start + 1000, 100);
        // A zone works out the rules of a year when it is first asked.
        for (var i = 0; i < 800; i++)
            detector.Score(start + (i * 3_600_000L), 100 + (i % 7));
        start += 801 * 3_600_000L;

        // What the runtime allocates for itself while it compiles better code happens once.
        var least = long.MaxValue;
        for (var round = 0; round < 5; round++, start += 20_000 * 15_000L)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 20_000; i++)
                detector.Score(start + (i * 15_000L), 100 + (i % 7), requests: 50);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Scoring_at_15_seconds_what_was_learnt_at_5_minutes_alerts_rarely_also_where_single_samples_are_noisier(double noisier)
    {
        var (alerts, outside) = (0, 0);
        const int days = 2;
        for (var seed = 0; seed < 10; seed++)
        {
            var noise = SeriesText.Noise(100 + seed);
            double Usual(DateTimeOffset at) => 100 + (30 * Math.Sin(2 * Math.PI * at.TimeOfDay.TotalHours / 24));
            var history = SeriesText.Of(14 * Day, Step, (_, at) => Usual(at) + (3 * noise()));
            var detector = new AnomalyDetector(SeriesModel.Fit(history, Settings), new DetectorSettings());
            var fine = SeriesText.Of(
                days * 24 * 60 * 4,
                TimeSpan.FromSeconds(15),
                (_, at) => Usual(at) + (3 * noisier * noise()),
                SeriesText.Monday.AddDays(14)
            );
            for (var i = 0; i < fine.Count; i++)
            {
                var verdict = detector.Score(fine.Times.Span[i], fine.Values.Span[i]);
                alerts += verdict.IsAlert ? 1 : 0;
                outside += verdict.IsOutside ? 1 : 0;
            }
        }

        // One alert in three days, one sample in a thousand.
        Assert.InRange(alerts, 0, 10 * days / 3);
        Assert.InRange(outside, 0, 10 * days * 24 * 60 * 4 / 1000);
    }

    [Fact]
    public void At_15_seconds_an_outage_is_reported_within_minutes_and_once()
    {
        var noise = SeriesText.Noise(16);
        var history = SeriesText.Of(
            14 * Day,
            Step,
            (_, at) => 100 + (30 * Math.Sin(2 * Math.PI * at.TimeOfDay.TotalHours / 24)) + (3 * noise())
        );
        var detector = new AnomalyDetector(SeriesModel.Fit(history, Settings), new DetectorSettings());
        var start = SeriesText.Monday.AddDays(14);
        var reported = new List<DateTimeOffset>();

        for (var at = start; at < start.AddHours(4); at = at.AddSeconds(15))
        {
            var outage = at >= start.AddHours(3) ? 60 : 0;
            var usual = 100 + (30 * Math.Sin(2 * Math.PI * at.TimeOfDay.TotalHours / 24));
            if (detector.Score(at.ToUnixTimeMilliseconds(), usual - outage + (3 * noise())).IsAlert)
                reported.Add(at);
        }

        Assert.InRange(reported.Count(at => at >= start.AddHours(3)), 1, 2);
        Assert.InRange(reported[^1] - start.AddHours(3), TimeSpan.Zero, TimeSpan.FromMinutes(20));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(60)]
    public void A_fault_soon_after_a_fit_is_reported_with_confidence_and_does_not_widen_its_own_band(int minutesAfter)
    {
        var noise = SeriesText.Noise(21);
        var fine = TimeSpan.FromSeconds(15);
        var history = SeriesText.Of(14 * Day, Step, (_, _) => 0.05 + (0.005 * noise()));
        var detector = new AnomalyDetector(SeriesModel.Fit(history, new SeriesModelSettings { Unit = "s" }), new DetectorSettings());
        var (before, fault) = (minutesAfter * 4, 15 * 4);
        var after = SeriesText.Of(
            before + fault,
            fine,
            (i, _) => (i < before ? 0.05 : 0.4) + (0.005 * noise()),
            SeriesText.Monday.AddDays(14)
        );
        var verdicts = Enumerable.Range(0, after.Count).Select(i => detector.Score(after.Times.Span[i], after.Values.Span[i])).ToList();

        Assert.All(verdicts[before..], verdict => Assert.True(verdict.IsOutside));
        Assert.True(verdicts[(before + 1)..(before + 4)].Max(verdict => verdict.Confidence) > 0.9);
        Assert.InRange(verdicts[^1].Upper, 0.05, 0.2);
    }

    [Fact]
    public void An_hours_outage_stays_outside_to_its_end_also_where_samples_come_every_15_seconds()
    {
        var noise = SeriesText.Noise(20);
        var fine = TimeSpan.FromSeconds(15);
        var history = SeriesText.Of(6 * 240, fine, (_, _) => 100 + (3 * noise()));
        var detector = new AnomalyDetector(SeriesModel.Fit(history, Settings), new DetectorSettings());
        var after = SeriesText.Of(2 * 240, fine, (i, _) => (i < 240 ? 40 : 100) + (3 * noise()), SeriesText.Monday.AddHours(6));
        var verdicts = Enumerable.Range(0, after.Count).Select(i => detector.Score(after.Times.Span[i], after.Values.Span[i])).ToList();

        Assert.All(verdicts[..240], verdict => Assert.True(verdict.IsOutside));
        Assert.All(verdicts[241..], verdict => Assert.False(verdict.IsOutside));
        Assert.Single(verdicts, verdict => verdict.IsAlert);
    }

    [Fact]
    public void A_level_that_has_held_for_a_third_of_a_day_is_reported_once_as_the_new_normal()
    {
        var noise = SeriesText.Noise(17);
        var series = SeriesText.Of(16 * Day, Step, (i, _) => (i < 14 * Day ? 50 : 90) + noise());

        Run(SeriesModel.Start(Settings), series, 0, series.Count, out var verdicts);

        var at = Assert.Single(Enumerable.Range(0, series.Count), i => verdicts[i].IsNewNormal);
        Assert.InRange((at - (14 * Day)) * Step.TotalHours, 8, 9);
        Assert.InRange(verdicts[^1].Expected, 88, 92);
        Assert.Contains(verdicts[(14 * Day)..(14 * Day + 4)], verdict => verdict.IsAlert);
    }

    [Fact]
    public void A_season_that_appears_is_found_within_days_and_one_that_ends_is_given_up()
    {
        var noise = SeriesText.Noise(18);
        var series = SeriesText.Of(
            40 * Day,
            Step,
            (i, at) => 100 + noise() + (i < 20 * Day ? 20 * Math.Sin(2 * Math.PI * at.TimeOfDay.TotalHours / 24) : 0)
        );

        Run(SeriesModel.Start(Settings), series, 0, series.Count, out var verdicts);

        Assert.Equal(ModelSeason.None, verdicts[Day].Season);
        Assert.Equal(ModelSeason.Day, verdicts[6 * Day].Season);
        Assert.Equal(ModelSeason.None, verdicts[^1].Season);
    }

    [Fact]
    public void A_steady_value_that_moved_before_is_voted_for_by_the_flat_line_member()
    {
        var noise = SeriesText.Noise(19);
        var series = SeriesText.Of(6 * Day, Step, (i, _) => i < 5 * Day ? 50 + noise() : 50.25);

        Run(SeriesModel.Start(Settings), series, 0, series.Count, out var verdicts);

        Assert.Equal(DetectionMember.FlatLine, verdicts[(5 * Day) + 30].Votes.Loudest);
        Assert.Contains(verdicts[(5 * Day)..], verdict => verdict.IsAlert);
    }

    /// <summary>A day that repeats, noise, a spike, a stretch at another level and a quiet one.</summary>
    private static MetricSeries Eventful(int seed)
    {
        var noise = SeriesText.Noise(seed);
        return SeriesText.Of(
            14 * Day,
            Step,
            (i, at) =>
                100
                + (30 * Math.Sin(2 * Math.PI * at.TimeOfDay.TotalHours / 24))
                + (12 * noise())
                + (i == 1800 ? 400 : 0)
                + (i is > 2500 and < 2530 ? -150 : 0)
        );
    }

    private static MetricSeries Changed(MetricSeries series, Func<double, double> change) =>
        new(SeriesLabels.None, series.Times, series.Values.ToArray().Select(change).ToArray());

    private static AnomalyDetector Run(SeriesModel model, MetricSeries series, int from, int to, out List<SampleVerdict> verdicts)
    {
        var detector = new AnomalyDetector(model, new DetectorSettings());
        verdicts = [];
        for (var i = from; i < to; i++)
            verdicts.Add(detector.Score(series.Times.Span[i], series.Values.Span[i]));
        return detector;
    }

    private static (double Level, double Alert, double Confidence)[] Scores(MetricSeries series)
    {
        Run(SeriesModel.Start(Settings), series, 0, series.Count, out var verdicts);
        return [.. verdicts.Select(verdict => (verdict.Level, verdict.Alert, verdict.Confidence))];
    }

    private static double[] Levels(MetricSeries series) => [.. Scores(series).Select(score => score.Level)];

    private static int[] Alerts(MetricSeries series) =>
        [.. Scores(series).Index().Where(score => score.Item.Alert > 0).Select(score => score.Index)];
}
