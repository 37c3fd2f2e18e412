using Archon.Data.Catalogue;
using Archon.Features.Rules.Coverage;
using Archon.Features.Services;
using Xunit;

namespace Archon.Tests.Features.Rules.Coverage;

public sealed class RuleCoverageTests
{
    private static readonly CoverageWatch[] Watches =
    [
        new(1, "requests", WatchSignal.Rate, "sum by (job, service) (rate(http_requests_total[5m]))"),
        new(
            2,
            "errors",
            WatchSignal.Errors,
            "(sum by (job, service) (rate(http_requests_total{status=~\"5..\"}[5m])) or sum by (job, service) (rate(http_requests_total[5m])) * 0) / on (job, service) (sum by (job, service) (rate(http_requests_total[5m])) > 0)"
        ),
        new(3, "P95", WatchSignal.Duration, "histogram_quantile(0.95, sum by (le, job, service) (rate(http_duration_seconds_bucket[5m])))"),
        new(4, "broken", WatchSignal.Saturation, "sum by ("),
    ];

    [Theory]
    [InlineData("sum(rate(http_requests_total{status=~\"5..\"}[5m])) / sum(rate(http_requests_total[5m])) > 0.1", GoldenSignal.Errors)]
    [InlineData("sum(rate(http_requests_total[5m])) < 1", GoldenSignal.Rate)]
    [InlineData("http_requests_total{service=\"checkout\"} == 0", GoldenSignal.Rate)]
    [InlineData("rate({__name__=~\"http_requests.*\",service=~\"check.*\"}[5m]) < 1", GoldenSignal.Rate)]
    [InlineData(
        "histogram_quantile(0.9, sum by (le) (rate(http_duration_seconds_bucket[5m]))) > 1 and sum(rate(http_requests_total[5m])) > 10",
        GoldenSignal.Duration
    )]
    public void An_alert_covers_what_it_is_about_and_nothing_else(string expression, GoldenSignal covered)
    {
        var cells = Cells(new CoverageRule(1, "A", true, expression));

        Assert.Equal(covered, Assert.Single(cells, cell => cell.State == CoverageState.Covered).Column);
    }

    [Theory]
    [InlineData("rate(http_requests_total{service=\"search\"}[5m]) < 1")]
    [InlineData("rate(http_requests_total{service!=\"checkout\"}[5m]) < 1")]
    [InlineData("rate(http_requests_total{instance=\"elsewhere\"}[5m]) < 1")]
    [InlineData("rate(http_requests_total_by_hand[5m]) < 1")]
    public void One_that_excludes_the_service_or_reads_something_else_does_not(string expression) =>
        Assert.DoesNotContain(Cells(new CoverageRule(1, "A", true, expression)), cell => cell.State == CoverageState.Covered);

    [Fact]
    public void Recorded_series_are_for_what_they_are_recorded_from_also_through_others()
    {
        CoverageRule[] rules =
        [
            new(1, "A", true, "shop:rate:slow{service=\"checkout\"} < 1"),
            new(2, "shop:rate:slow", false, "avg_over_time(shop:rate[1h])"),
            new(3, "shop:rate", false, "sum by (service) (rate(http_requests_total[5m]))"),
        ];

        Assert.Equal(CoverageState.Covered, Cells(rules)[(int)GoldenSignal.Rate].State);
        Assert.NotEqual(
            CoverageState.Covered,
            Cells([rules[0] with { Expression = "shop:rate:slow{service=\"search\"} < 1" }, .. rules[1..]])[(int)GoldenSignal.Rate].State
        );
    }

    [Fact]
    public void Recorded_series_that_read_each_other_end() =>
        Assert.Equal(
            CoverageState.Covered,
            Cells(
                new CoverageRule(1, "A", true, "a > 1"),
                new CoverageRule(2, "a", false, "b"),
                new CoverageRule(3, "b", false, "a + rate(http_requests_total[5m])")
            )[(int)GoldenSignal.Rate].State
        );

    [Fact]
    public void A_recording_rule_alone_covers_nothing() =>
        Assert.Equal(
            CoverageState.Bare,
            Cells(new CoverageRule(1, "shop:rate", false, "rate(http_requests_total[5m])"))[(int)GoldenSignal.Rate].State
        );

    [Fact]
    public void What_cannot_be_read_is_not_checked_and_no_metric_is_not_covered()
    {
        var table = Table(
            [
                new CoverageRule(1, "A", true, "rate(http_requests_total["),
                new CoverageRule(2, "B", true, "c > 1"),
                new CoverageRule(3, "c", false, "sum("),
            ],
            1,
            4
        );

        Assert.Equal(
            [CoverageState.Bare, CoverageState.NoMetric, CoverageState.NoMetric, CoverageState.NotChecked],
            table.Rows.Single().Cells.Select(cell => cell.State)
        );
        Assert.Equal(["A", "B"], table.Unread.Select(rule => rule.Name));
    }

    private static IReadOnlyList<CoverageCell> Cells(params CoverageRule[] rules) => Table(rules, 1, 2, 3).Rows.Single().Cells;

    private static CoverageTable Table(CoverageRule[] rules, params int[] watches) =>
        RuleCoverage.Of(
            rules,
            Watches,
            [
                new CoverageService(
                    1,
                    "checkout",
                    new Dictionary<string, string> { ["service"] = "checkout" },
                    watches.ToDictionary(
                        id => id,
                        IReadOnlyDictionary<string, IReadOnlySet<string>> (_) =>
                            new Dictionary<string, IReadOnlySet<string>>
                            {
                                ["service"] = new HashSet<string> { "checkout" },
                                ["instance"] = new HashSet<string> { "here" },
                            }
                    )
                ),
            ]
        );
}
