using Xunit;

namespace Archon.Tests.Features.Services.Discovery;

public sealed class ExpectedDiscoveryTests
{
    private static readonly ExpectedDiscovery Cart = new(
        "",
        null,
        null,
        [
            new ExpectedService("cart", "go", new Dictionary<string, string> { ["app"] = "cart" }),
            new ExpectedService("edge", ".*", null, true),
        ],
        [
            new ExpectedSignal("cart", "latency", ["request_duration_seconds"], "s"),
            new ExpectedSignal("cart", "errors", ["requests_total"], "ratio"),
            new ExpectedSignal("cart", "traffic|errors", ["retries_*"], null, true),
        ],
        ["kubernetes-pods"],
        ["build_info"],
        null
    );

    [Fact]
    public void Every_text_has_an_answer_and_every_answer_a_text()
    {
        var texts = ExporterText.Resources.Where(name => !name.EndsWith(".json", StringComparison.Ordinal)).Order();

        var scraped = ExpectedDiscovery.Names.SelectMany(name => ExpectedDiscovery.Read(name).Cases(name)).SelectMany(one => one.Targets);

        Assert.True(ExpectedDiscovery.Names.Count > 50, "Not all answers were found.");
        Assert.Equal(texts, scraped.Select(target => target.Text).Distinct().Order());
    }

    [Fact]
    public void Every_metric_of_an_answer_is_in_its_text_and_none_is_expected_and_forbidden()
    {
        foreach (var name in ExpectedDiscovery.Names)
        {
            var expected = ExpectedDiscovery.Read(name);
            foreach (var (title, targets) in expected.Cases(name))
            {
                var metrics = targets.SelectMany(target => ExporterText.Metrics(target.Text)).ToHashSet(StringComparer.Ordinal);

                Assert.All(
                    expected.Signals.SelectMany(signal => signal.Metrics).Concat(expected.NotMetrics),
                    one => Assert.True(metrics.Any(metric => Wildcard.Matches(one, metric)), $"{title} has no {one}.")
                );
            }
            Assert.Empty(expected.Signals.SelectMany(signal => signal.Metrics).Intersect(expected.NotMetrics));
            Assert.Empty(expected.Services.SelectMany(service => service.Name.Split('|')).Intersect(expected.NotServices));
        }
    }

    [Fact]
    public void What_is_found_exactly_as_expected_scores_one()
    {
        var score = DiscoveryScore.Of(
            Cart,
            Found(["cart"], [("cart", "latency", "request_duration_seconds_bucket", "s"), ("cart", "errors", "requests_total", "1")])
        );

        Assert.Equal((1, 1, 1, 1), (score.Services.Precision, score.Services.Recall, score.Signals.Precision, score.Signals.Recall));
        Assert.Empty(score.Differences);
    }

    [Fact]
    public void Optional_findings_and_second_ones_change_no_share()
    {
        var score = DiscoveryScore.Of(
            Cart,
            Found(
                ["cart", "edge"],
                [
                    ("cart", "latency", "request_duration_seconds_bucket", "s"),
                    ("cart", "latency", "request_duration_seconds_sum", "s"),
                    ("cart", "errors", "requests_total", "1"),
                    ("cart", "traffic", "retries_total", "{retry}/s"),
                ]
            )
        );

        Assert.Equal((1, 1, 1, 1), (score.Services.Found, score.Services.Expected, score.Signals.Precision, score.Signals.Recall));
        Assert.Equal(2, score.Signals.Found);
        Assert.All(score.Differences, difference => Assert.StartsWith("kind", difference, StringComparison.Ordinal));
    }

    [Fact]
    public void Misses_extras_and_what_is_forbidden_are_counted_and_named()
    {
        var score = DiscoveryScore.Of(
            Cart,
            Found(
                ["cart", "kubernetes-pods"],
                [("cart", "latency", "request_duration_seconds", "ms"), ("cart", "saturation", "build_info", "1")]
            )
        );

        Assert.Equal((0.5, 1, 0.5, 0.5), (score.Services.Precision, score.Services.Recall, score.Signals.Precision, score.Signals.Recall));
        Assert.Equal(
            [
                "forbidden service kubernetes-pods {}",
                "unit of latency of cart (request_duration_seconds): 'ms', expected s",
                "forbidden saturation of cart: build_info [1]",
                "missed errors of cart: requests_total",
            ],
            score.Differences
        );
    }

    [Fact]
    public void A_service_is_recognised_by_its_labels_when_its_name_differs()
    {
        var labels = new Dictionary<string, string> { ["app"] = "cart", ["namespace"] = "shop" };

        var score = DiscoveryScore.Of(Cart, new FoundDiscovery([new FoundService("shop/cart", "Go", labels)], []));

        Assert.Equal((1, 1), (score.Services.Precision, score.Services.Recall));
        Assert.Equal((1, 0), (score.Signals.Precision, score.Signals.Recall));
    }

    private static FoundDiscovery Found(
        IEnumerable<string> services,
        IEnumerable<(string Service, string Signal, string Metric, string Unit)> signals
    ) =>
        new(
            [.. services.Select(name => new FoundService(name, "Go", new Dictionary<string, string>()))],
            [.. signals.Select(one => new FoundSignal(one.Service, one.Signal, [one.Metric], one.Unit))]
        );
}
