using Archon.Analysis.Detection;
using Xunit;

namespace Archon.Tests.Analysis.Detection;

public sealed class LowTrafficGuardTests
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(5);

    [Fact]
    public void A_share_of_a_handful_of_requests_is_not_judged_and_says_why()
    {
        var guard = new LowTrafficGuard { Statistic = RequestStatistic.Share, Window = Window };

        Assert.False(guard.IsEnough(0.33, 0, 3));
        Assert.True(guard.IsEnough(0.33, 0, 300));
        Assert.Equal("Not judged: 3 requests in 5 min are too few for a share, which says something from 30 on.", guard.Reason(0.33, 0, 3));
    }

    [Fact]
    public void A_far_quantile_takes_more_requests_than_a_near_one()
    {
        LowTrafficGuard Of(double quantile) =>
            new()
            {
                Statistic = RequestStatistic.Quantile,
                Quantile = quantile,
                Window = Window,
            };

        Assert.Equal((30, 60, 300), (Of(0.5).LeastRequests, Of(0.95).LeastRequests, Of(0.99).LeastRequests));
    }

    [Fact]
    public void All_requests_staying_away_from_a_busy_service_is_judged()
    {
        var guard = new LowTrafficGuard { Statistic = RequestStatistic.Rate, Window = Window };

        Assert.True(guard.IsEnough(0, 100, double.NaN));
        Assert.False(guard.IsEnough(0, 0.01, double.NaN));
    }

    [Fact]
    public void Where_the_number_of_requests_is_not_known_all_is_judged() =>
        Assert.True(new LowTrafficGuard { Statistic = RequestStatistic.Mean, Window = Window }.IsEnough(3, 1, double.NaN));

    [Fact]
    public void A_guarded_sample_is_neither_judged_nor_learnt_from_nor_missing()
    {
        var noise = SeriesText.Noise(1);
        var history = SeriesText.Of(4032, Window, (_, _) => 0.02 + (0.002 * noise()));
        var settings = new DetectorSettings
        {
            Guard = new LowTrafficGuard { Statistic = RequestStatistic.Share, Window = Window },
        };
        var detector = new AnomalyDetector(SeriesModel.Fit(history, new SeriesModelSettings { Unit = "1" }), settings);
        var at = SeriesText.Monday.AddDays(14);

        for (var i = 0; i < 50; i++, at += Window)
        {
            var thin = detector.Score(at.ToUnixTimeMilliseconds(), 0.5, requests: 2);
            Assert.True(thin is { Judgement: SampleJudgement.LowTraffic, IsOutside: false, IsAlert: false });
        }
        var calm = detector.Score(at.ToUnixTimeMilliseconds(), 0.02, requests: 500);

        Assert.Equal((SampleJudgement.Judged, false, 0f), (calm.Judgement, calm.IsOutside, calm.Votes[DetectionMember.Gap]));
        Assert.True(detector.Score(at.AddMinutes(5).ToUnixTimeMilliseconds(), 0.5, requests: 500).IsOutside);
    }
}
