using Archon.Data.Catalogue;
using Archon.Features.Rules.Backtest;
using Archon.Features.Rules.Coverage;
using Xunit;

namespace Archon.Tests.Features.Rules.Coverage;

public sealed class GapRuleTests
{
    [Theory]
    [InlineData(WatchSignal.Errors, AnomalyDirection.Up, ">", 1.0, 1.6)]
    [InlineData(WatchSignal.Rate, AnomalyDirection.Both, "<", 0.2, 0.4)]
    public void Without_a_limit_it_is_beyond_the_band_on_the_side_that_hurts(
        WatchSignal signal,
        AnomalyDirection interesting,
        string comparison,
        double least,
        double most
    )
    {
        var condition = AlertCondition.Of(GapRule.Of(Gap(signal, interesting, null, 0.4, 1))!.Expression)!;

        Assert.Equal(comparison, condition.Comparison);
        Assert.Equal("sum by (service) (x{service=\"checkout\"})", condition.Value);
        Assert.InRange(condition.Threshold, least, most);
    }

    [Fact]
    public void A_limit_is_the_threshold() =>
        Assert.Equal(
            0.9,
            AlertCondition.Of(GapRule.Of(Gap(WatchSignal.Saturation, AnomalyDirection.Up, 0.9, 0.1, 0.4))!.Expression)!.Threshold
        );

    [Fact]
    public void Without_a_band_other_days_are_compared() =>
        Assert.Contains(
            "offset 23h45m",
            GapRule.Of(Gap(WatchSignal.Duration, AnomalyDirection.Up, null, null, null))!.Expression,
            StringComparison.Ordinal
        );

    [Fact]
    public void A_query_that_does_not_parse_makes_none()
    {
        var gap = Gap(WatchSignal.Rate, AnomalyDirection.Both, null, 1, 2);
        gap.Watch.Query = "sum by (";

        Assert.Null(GapRule.Of(gap));
    }

    private static CoverageGap Gap(WatchSignal signal, AnomalyDirection interesting, double? limit, double? lower, double? upper) =>
        new(
            "checkout",
            new Dictionary<string, string> { ["service"] = "checkout" },
            new Watch
            {
                Name = "x",
                Query = "sum by (service) (x)",
                Signal = signal,
                Interesting = interesting,
                Limit = limit,
            },
            lower,
            upper
        );
}
