using Archon.Analysis.RootCause;
using Xunit;

namespace Archon.Tests.Analysis.RootCause;

public sealed class CausesByMeaningTests
{
    // Other applications than those the weights were chosen on.
    private static readonly IEnumerable<int> Seeds = Enumerable.Range(5000, 20);

    [Fact]
    public void Causes_of_applications_not_seen_before_are_found_with_and_without_a_graph()
    {
        var with = SimulatedApplication.Score(Seeds, (question, _) => question);
        var without = SimulatedApplication.Score(Seeds, (question, _) => question with { Graph = null });

        Assert.True(with is { First: >= 0.65, AverageOfFive: >= 0.8 }, $"{with}");
        Assert.True(without is { First: >= 0.55, AverageOfFive: >= 0.7 }, $"{without}");
    }

    [Fact]
    public void Names_that_say_nothing_cost_little()
    {
        var score = SimulatedApplication.Score(Seeds, (question, seed) => SimulatedApplication.WithoutNames(question, seed).Question);

        Assert.True(score is { First: >= 0.6, AverageOfFive: >= 0.75 }, $"{score}");
    }

    [Fact]
    public void Renaming_what_says_nothing_and_another_order_of_the_input_change_no_place()
    {
        foreach (var style in SimulatedApplication.Styles)
        {
            foreach (var seed in Seeds.Take(6))
            {
                var (plain, _) = SimulatedApplication.WithoutNames(new SimulatedApplication(seed, style).Question(), seed);
                var (renamed, name) = SimulatedApplication.WithoutNames(plain, seed + 1, services: true);
                var series = renamed.Series.ToArray();
                new Random(seed).Shuffle(series);

                // Far down, what hardly moved differs by rounding alone.
                Assert.Equal(Ranking(plain).Select(name).Take(5), Ranking(renamed with { Series = series }).Take(5));
            }
        }
    }

    [Fact]
    public void Swapped_names_are_not_believed()
    {
        var swapped = new Dictionary<string, string>
        {
            ["requests"] = "latency",
            ["latency"] = "requests",
            ["errors"] = "cpu",
            ["cpu"] = "errors",
        };
        var question = new Estate(31).Break("stock", "latency", (_, usual) => 2 * usual).Question();
        question = question with { Series = [.. question.Series.Select(series => series with { Metric = swapped[series.Metric] })] };

        Assert.Equal("stock", Ranking(question)[0]);
    }

    [Fact]
    public void Slow_calls_of_all_who_call_a_service_that_answers_in_time_are_put_down_to_its_network()
    {
        var first = Network(slowCallers: ["shop", "search"]).Hypotheses[0];

        Assert.Equal("stock", first.Service);
        var gap = Assert.Single(first.For.OfType<Evidence.OnTheWay>());
        Assert.Equal(["search", "shop"], gap.Callers);
        Assert.EndsWith("the network of stock may be the cause.", gap.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void A_client_that_waits_for_a_slow_server_is_no_cause()
    {
        var question = new Estate(33).Break("stock", "latency", (_, usual) => 3 * usual).Question();

        Assert.Equal("stock", Ranking(WithCalls(question, []))[0]);
        // Without a graph too: a service that waits for its calls says so itself.
        Assert.Equal("stock", Ranking(WithCalls(question, []) with { Graph = null })[0]);
    }

    private static CauseVerdict.Ranked Network(string[] slowCallers) =>
        Assert.IsType<CauseVerdict.Ranked>(CauseRanker.Rank(WithCalls(new Estate(32).Question(), slowCallers)));

    /// <summary>What each caller measures of its calls: what the services called say, and what the way adds.</summary>
    private static CauseQuestion WithCalls(CauseQuestion question, string[] slow)
    {
        var noise = SeriesText.Noise(32);
        var latency = question
            .Series.Where(series => series.Metric == "latency")
            .ToDictionary(series => series.Service, series => series.Values.ToArray());
        var calls = new List<ServiceSeries>();
        foreach (var caller in Estate.Graph.Services.Where(service => Estate.Graph.CalleesOf(service).Any()).Reverse())
        {
            var callees = Estate.Graph.CalleesOf(caller).ToList();
            var values = new double[Estate.Rows];
            for (var row = 0; row < Estate.Rows; row++)
            {
                var way = row >= Estate.Onset && slow.Contains(caller) ? 0.05 : 0;
                values[row] = (callees.Average(callee => latency[callee][row]) + 0.001 + way) * Math.Exp(0.03 * noise());
                latency[caller][row] += 0.6 * callees.Count * way;
            }
            calls.Add(new ServiceSeries(caller, "client_latency", "", values));
        }
        return question with
        {
            Series =
            [
                .. question.Series.Select(series =>
                    series.Metric == "latency" ? series with { Metric = "server_latency", Values = latency[series.Service] } : series
                ),
                .. calls,
            ],
        };
    }

    private static List<string> Ranking(CauseQuestion question) =>
        CauseRanker.Rank(question) is CauseVerdict.Ranked ranked ? [.. ranked.Hypotheses.Select(one => one.Service)] : [];
}
