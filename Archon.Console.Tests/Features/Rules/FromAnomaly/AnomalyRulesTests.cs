using Archon.Analysis.Promql;
using Archon.Data.Catalogue;
using Archon.Features.Rules.Backtest;
using Archon.Features.Rules.FromAnomaly;
using Archon.Features.Services;
using Xunit;

namespace Archon.Tests.Features.Rules.FromAnomaly;

public sealed class AnomalyRulesTests
{
    private const string Rate = "sum by (job, service) (rate(http_requests_total[5m]))";

    private static readonly Dictionary<string, string> Checkout = new() { ["job"] = "shop", ["service"] = "checkout" };

    [Theory]
    [InlineData(Rate, "sum by (job, service) (rate(http_requests_total{job=\"shop\",service=\"checkout\"}[5m]))")]
    [InlineData("node_load1", "node_load1{job=\"shop\",service=\"checkout\"}")]
    [InlineData(
        "a / on (job, service) (b > 0)",
        "a{job=\"shop\",service=\"checkout\"} / on (job, service) (b{job=\"shop\",service=\"checkout\"} > 0)"
    )]
    [InlineData("(a or b) # the rest is ours)", "(a{job=\"shop\",service=\"checkout\"} or b{job=\"shop\",service=\"checkout\"})")]
    [InlineData("a * on (job) group_left () b", "a{job=\"shop\",service=\"checkout\"} * on (job) group_left () b{job=\"shop\"}")]
    public void Labels_that_come_through_are_asked_of_the_selectors(string query, string narrowed) =>
        Assert.Equal(narrowed, NarrowedExpression.To(query, Checkout));

    [Theory]
    [InlineData("topk(3, x)")]
    [InlineData("label_replace(x, \"service\", \"$1\", \"pod\", \"(.*)-.*\")")]
    [InlineData("sum by (job) (x) # )")]
    public void What_does_not_come_through_is_filtered_behind_the_query(string query)
    {
        var narrowed = NarrowedExpression.To(query, Checkout);

        Assert.Contains(" and on (", narrowed, StringComparison.Ordinal);
        Assert.Equal(PromqlType.Vector, PromqlParser.Parse(narrowed!, out _)?.Type);
    }

    [Theory]
    [InlineData("sum by (service) (rate(hits_total[1m]))", "sum by (service) (rate(hits_total{service=~\"a\\\\.b|c\"}[1m]))")]
    [InlineData("queue_length", "queue_length{service=~\"a\\\\.b|c\",zone=\"eu\"}")]
    public void Several_series_are_asked_for_by_matchers_too(string query, string narrowed)
    {
        Dictionary<string, string> Labels(string service) =>
            query == "queue_length" ? new() { ["service"] = service, ["zone"] = "eu" } : new() { ["service"] = service };

        Assert.Equal(narrowed, NarrowedExpression.To(query, [Labels("a.b"), Labels("c")]));
    }

    [Fact]
    public void A_hostile_value_stays_a_value()
    {
        var narrowed = NarrowedExpression.To("up", new Dictionary<string, string> { ["service"] = "\"} or vector(1) # \\" });

        var selector = Assert.IsType<PromqlSelector>(PromqlParser.Parse(narrowed!, out _));
        Assert.Equal("\"} or vector(1) # \\", selector.Matchers.Single().Value);
    }

    [Fact]
    public void What_is_no_vector_makes_no_rule()
    {
        Assert.Null(NarrowedExpression.To("sum by (", Checkout));
        Assert.Null(NarrowedExpression.To("1 + 1", Checkout));
    }

    [Theory]
    [InlineData(0.5, 3, 1)]
    [InlineData(0.0123, 0.2, 0.1)]
    [InlineData(100, 20, 80)]
    [InlineData(0, 0.004, 0.001)]
    [InlineData(-5, -1, -4)]
    [InlineData(10, 10.2, 10.05)]
    public void The_threshold_is_round_beyond_the_band_and_short_of_the_peak(double bound, double peak, double threshold) =>
        Assert.Equal(threshold, AnomalyRules.Threshold(bound, peak), 1e-9);

    [Fact]
    public void The_fixed_threshold_would_have_let_the_band_pass_and_not_the_peak()
    {
        var proposed = AnomalyRules.Of(Facts(AnomalyDirection.Up, 1, 4, 2, 20)).Static!;

        var condition = AlertCondition.Of(proposed.Content.Expression)!;
        Assert.Equal(">", condition.Comparison);
        Assert.InRange(condition.Threshold, 4, 20);
        Assert.Equal("CheckoutHTTPRequestsHigh", proposed.Content.Name);
        Assert.Equal(TimeSpan.FromMinutes(5), proposed.Content.For);
        Assert.Equal("critical", proposed.Content.Labels["severity"]);
        Assert.Equal("{{ $labels.service }}: HTTP requests is high", proposed.Content.Annotations["summary"]);
    }

    [Fact]
    public void Below_its_band_it_compares_downwards()
    {
        var proposed = AnomalyRules.Of(Facts(AnomalyDirection.Down, 80, 120, 100, 10));

        var condition = AlertCondition.Of(proposed.Static!.Content.Expression)!;
        Assert.Equal("<", condition.Comparison);
        Assert.InRange(condition.Threshold, 10, 80);
        Assert.EndsWith("Low", proposed.Seasonal!.Content.Name, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_days_are_asked_of_the_same_series_around_the_same_time()
    {
        var expression = AnomalyRules.Of(Facts(AnomalyDirection.Up, 1, 4, 2, 20)).Seasonal!.Content.Expression;

        const string Value = "sum by (job, service) (rate(http_requests_total{job=\"shop\",service=\"checkout\"}[5m]))";
        Assert.Equal(
            $"({Value} > 5 * avg_over_time({Value}[30m:5m] offset 23h45m)) unless ({Value} <= 5 * avg_over_time({Value}[30m:5m] offset 6d23h45m))",
            expression
        );
        Assert.Equal(PromqlType.Vector, PromqlParser.Parse(expression, out _)?.Type);
    }

    [Fact]
    public void What_is_about_zero_on_quiet_days_is_compared_by_difference()
    {
        var expression = AnomalyRules.Of(Facts(AnomalyDirection.Up, 0, 0.01, 0, 0.3)).Seasonal!.Content.Expression;

        Assert.Contains("[30m:5m] offset 23h45m) + 0.1", expression, StringComparison.Ordinal);
        Assert.NotNull(PromqlParser.Parse(expression, out _));
    }

    [Fact]
    public void Words_of_others_never_become_templates()
    {
        var content = AnomalyRules
            .Of(
                Facts(AnomalyDirection.Up, 1, 4, 2, 20) with
                {
                    Watch = "{{ query \"up\" }}",
                    Service = null,
                    Labels = new Dictionary<string, string>(),
                }
            )
            .Static!.Content;

        Assert.StartsWith("all: {{ \"{{\" }} query", content.Annotations["summary"], StringComparison.Ordinal);
        Assert.Equal("QueryUpHigh", content.Name);
    }

    [Fact]
    public void A_peak_within_the_band_makes_no_rule_and_says_why()
    {
        var proposed = AnomalyRules.Of(Facts(AnomalyDirection.Up, 1, 4, 2, 3));

        Assert.Null(proposed.Static);
        Assert.NotNull(proposed.Missing);
    }

    private static AnomalyFacts Facts(AnomalyDirection direction, double lower, double upper, double expected, double peak) =>
        new(
            "checkout",
            "HTTP requests",
            "{req}/s",
            Rate,
            Checkout,
            direction,
            lower,
            upper,
            expected,
            peak,
            TimeSpan.FromMinutes(12),
            IsCritical: true
        );
}
