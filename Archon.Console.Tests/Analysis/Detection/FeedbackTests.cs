using Archon.Analysis.Detection;
using Xunit;

namespace Archon.Tests.Analysis.Detection;

public sealed class FeedbackTests
{
    private static readonly DateTimeOffset Now = SeriesText.Monday.AddDays(60);

    [Fact]
    public void Without_labels_nothing_is_changed_and_nothing_said()
    {
        var adjustment = Feedback.Adjust([], Now, TimeZoneInfo.Utc);

        Assert.Equal(0, adjustment.RarityShift);
        Assert.Empty(adjustment.Accepted);
        Assert.Empty(adjustment.Words);
    }

    [Fact]
    public void Noise_asks_for_rarer_events_up_to_a_limit_and_says_so()
    {
        var once = Feedback.Adjust([Label(FeedbackLabel.Noise, 1)], Now, TimeZoneInfo.Utc);
        var often = Feedback.Adjust(Enumerable.Range(1, 20).Select(day => Label(FeedbackLabel.Noise, day)), Now, TimeZoneInfo.Utc);
        var alike = Feedback.Adjust([Label(FeedbackLabel.Noise, 1) with { IsSameSeries = false }], Now, TimeZoneInfo.Utc);

        Assert.Equal(0.5, once.RarityShift);
        Assert.Equal(3, often.RarityShift);
        Assert.Equal(0.25, alike.RarityShift);
        Assert.Equal(
            "Detection is 3.2× stricter for this and similar series: their anomalies were marked noise once.",
            Assert.Single(once.Words)
        );
    }

    [Fact]
    public void Useful_takes_back_half_of_what_noise_raised()
    {
        var adjustment = Feedback.Adjust(
            [Label(FeedbackLabel.Noise, 9), Label(FeedbackLabel.Noise, 8), Label(FeedbackLabel.Useful, 7)],
            Now,
            TimeZoneInfo.Utc
        );

        Assert.Equal(0.5, adjustment.RarityShift);
        Assert.EndsWith("noise twice, and useful once, which halved it.", Assert.Single(adjustment.Words), StringComparison.Ordinal);
    }

    [Fact]
    public void Expected_accepts_that_time_of_the_week_until_useful_contradicts_it()
    {
        var backup = Label(FeedbackLabel.Expected, 7) with { Deviation = 8 };

        var accepted = Feedback.Adjust([backup], Now, TimeZoneInfo.Utc);
        var useful = Label(FeedbackLabel.Useful, 6) with { AnomalyAt = backup.AnomalyAt.AddDays(7), Deviation = 6 };
        var contradicted = Feedback.Adjust([backup, useful], Now, TimeZoneInfo.Utc);

        var time = Assert.Single(accepted.Accepted);
        Assert.Equal((DeviationDirection.Up, 10), (time.Direction, time.MostDeviation));
        Assert.Equal(
            "Values up to 10 deviations above the usual on Mondays 02:00 to 04:30 are muted: marked expected on 25 December 2026.",
            Assert.Single(accepted.Words)
        );
        Assert.Empty(contradicted.Accepted);
        Assert.Empty(contradicted.Words);
    }

    [Fact]
    public void A_preview_says_what_a_verdict_would_change()
    {
        var noise = Feedback.Adjust([Label(FeedbackLabel.Noise, 1)], Now, TimeZoneInfo.Utc);
        var night = Label(FeedbackLabel.Expected, 7) with
        {
            Deviation = -8,
            AnomalyAt = Label(FeedbackLabel.Expected, 7).AnomalyAt.AddHours(-3),
        };

        Assert.Equal(
            "Marking it noise would make detection 3.2× stricter for this and similar series.",
            Feedback.Preview(FeedbackLabel.Noise, noise)
        );
        Assert.Equal(
            "Values up to 10 deviations below the usual on Sundays 23:00 to Mondays 01:30 would be muted.",
            Feedback.Preview(FeedbackLabel.Expected, Feedback.Adjust([night], Now, TimeZoneInfo.Utc))
        );
    }

    [Fact]
    public void What_is_expected_of_one_series_is_not_of_those_alike() =>
        Assert.Empty(Feedback.Adjust([Label(FeedbackLabel.Expected, 1) with { IsSameSeries = false }], Now, TimeZoneInfo.Utc).Accepted);

    [Fact]
    public void Labels_of_long_ago_and_of_the_future_do_not_count() =>
        Assert.Empty(Feedback.Adjust([Label(FeedbackLabel.Noise, 91), Label(FeedbackLabel.Noise, -1)], Now, TimeZoneInfo.Utc).Words);

    [Fact]
    public void An_accepted_time_is_found_in_the_next_detection_and_only_to_its_side_and_size()
    {
        var noise = SeriesText.Noise(1);
        var model = SeriesModel.Fit(SeriesText.Of(4032, TimeSpan.FromMinutes(5), (_, _) => 100 + (5 * noise())), new SeriesModelSettings());
        var night = SeriesText.Monday.AddDays(14).AddHours(3);
        var plain = new AnomalyDetector(model, new DetectorSettings()).Score(night.ToUnixTimeMilliseconds(), 200);
        var label = Label(FeedbackLabel.Expected, 1) with { Deviation = plain.Deviation };
        var adjustment = Feedback.Adjust([label], Now, TimeZoneInfo.Utc);
        SampleVerdict Score(DateTimeOffset at, double value) =>
            new AnomalyDetector(model, new DetectorSettings { Adjustment = adjustment }).Score(at.ToUnixTimeMilliseconds(), value);

        Assert.True(plain is { IsOutside: true, IsAlert: true, IsAccepted: false });
        Assert.True(Score(night, 200) is { IsOutside: false, IsAlert: false, IsAccepted: true });
        Assert.True(Score(night, 20).IsOutside);
        Assert.True(Score(night, 300).IsOutside);
        Assert.True(Score(night.AddHours(6), 200).IsOutside);
    }

    [Fact]
    public void Noise_widens_the_band_of_the_next_detection()
    {
        var noise = SeriesText.Noise(2);
        var model = SeriesModel.Fit(SeriesText.Of(4032, TimeSpan.FromMinutes(5), (_, _) => 100 + (5 * noise())), new SeriesModelSettings());
        double Upper(double shift)
        {
            var settings = new DetectorSettings { Adjustment = new DetectionAdjustment { RarityShift = shift } };
            return new AnomalyDetector(model, settings).Score(SeriesText.Monday.AddDays(15).ToUnixTimeMilliseconds(), 100).Upper;
        }

        Assert.True(Upper(2) > Upper(1) && Upper(1) > Upper(0));
    }

    private static AnomalyFeedback Label(FeedbackLabel label, int daysAgo) =>
        new(Now.AddDays(-daysAgo), label, true, SeriesText.Monday.AddHours(3), 5);
}
