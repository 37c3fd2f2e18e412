using Archon.Analysis.Detection;
using Xunit;

namespace Archon.Tests.Analysis.Detection;

public sealed class ReliabilityTests
{
    [Fact]
    public void Honest_claims_have_no_calibration_error_and_boasts_have_one()
    {
        var honest = Reliability.Of(Enumerable.Range(0, 1000).Select(i => (0.75, i % 4 != 0)));
        var boasting = Reliability.Of(Enumerable.Range(0, 1000).Select(i => (0.99, i % 2 == 0)));

        Assert.Equal(0, honest.CalibrationError, 1e-9);
        Assert.Equal(0.49, boasting.CalibrationError, 1e-9);
        Assert.Equal((1000, 0.75), (honest.Bins[7].Claims, honest.Bins[7].Observed));
        Assert.Equal(0.1875, honest.Brier, 1e-9);
    }

    [Fact]
    public void Bins_keep_their_lower_limit_and_the_last_one_both()
    {
        var table = Reliability.Of([(0, false), (0.1, false), (1, true)]);

        Assert.Equal((1, 1, 1), (table.Bins[0].Claims, table.Bins[1].Claims, table.Bins[9].Claims));
        Assert.Equal(double.NaN, table.Bins[5].Observed);
        Assert.Equal(0, Reliability.Of([]).CalibrationError);
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1.1)]
    [InlineData(double.NaN)]
    public void What_is_no_confidence_is_refused(double confidence) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Reliability.Of([(confidence, true)]));

    [Fact]
    public void Confidence_published_per_anomaly_is_calibrated_on_series_with_known_anomalies()
    {
        var table = Reliability.Of(InjectedAnomalies.Claims(seeds: 8), bins: 5);

        Assert.InRange(table.Claims, 150, 100_000);
        Assert.InRange(table.CalibrationError, 0, 0.15);
        var filled = table.Bins.Where(bin => bin.Claims >= 20).ToList();
        Assert.True(filled.Count >= 3, "Confidence says more than yes.");
        for (var i = 1; i < filled.Count; i++)
        {
            Assert.True(filled[i].Observed >= filled[i - 1].Observed - 0.05, "What is claimed with more confidence is true more often.");
        }
    }
}
