using System.Diagnostics;
using Archon.Analysis.Correlation;
using Archon.Analysis.RootCause;
using Archon.Tests.Analysis;
using Xunit;

namespace Archon.Tests.Benchmarks;

/// <summary>What an answer costs at the desk. Run by <c>./archon bench</c>, never with the tests.</summary>
public sealed class RootCauseBench(BenchTable table)
{
    private const int Services = 30;
    private const int Rows = 240;
    private const int Onset = 160;
    private const int Rounds = 20;
    private static readonly string[] Metrics = ["requests", "latency", "errors", "cpu"];

    [Fact(Explicit = true)]
    public void Ranking_causes_and_grouping_alerts()
    {
        var question = Question();
        var baseline = Best(() => FurthestBeyondQuartiles(question));
        Add("root cause, 30 services x 4 metrics x 240 rows", question);
        Add("root cause, the same with the onset to be found", question with { OnsetMs = null });
        Add("root cause, the same without a graph", question with { Graph = null });

        var alerts = Alerts(question.Graph!).ToList();
        var grouped = Best(() =>
        {
            var grouper = new AlertGrouper(question.Graph!, new AlertGrouperSettings());
            foreach (var alert in alerts)
                grouper.Add(alert);
        });
        table.Add(new BenchRow("alerts grouped", alerts.Count / grouped.TotalSeconds / 1000, "k alerts/s/core", null, false));

        void Add(string name, CauseQuestion one)
        {
            Assert.Equal("s17", Assert.IsType<CauseVerdict.Ranked>(CauseRanker.Rank(one)).Hypotheses[0].Service);
            var took = Best(() => CauseRanker.Rank(one));
            table.Add(new BenchRow(name, took.TotalMilliseconds, "ms", 30, true, "quartiles alone", took / baseline));
        }
    }

    /// <summary>What a ranking by quartiles costs, written as one would without thinking of speed.</summary>
    private static void FurthestBeyondQuartiles(CauseQuestion question)
    {
        var scores = question
            .Series.Select(series =>
            {
                var before = series.Values[..Onset].ToArray().Order().ToArray();
                var width = before[Onset * 3 / 4] - before[Onset / 4];
                return (series.Service, Score: series.Values[Onset..].ToArray().Max(value => (value - before[Onset / 2]) / width));
            })
            .OrderByDescending(one => one.Score)
            .ToList();
        Assert.NotEmpty(scores);
    }

    private static CauseQuestion Question()
    {
        var noise = SeriesText.Noise(1);
        var calls = Enumerable.Range(1, Services - 1).SelectMany(i => new[] { (Name((i - 1) / 2), Name(i)), (Name((i - 1) / 3), Name(i)) });
        var series = Enumerable
            .Range(0, Services)
            .SelectMany(i =>
                Metrics.Select(metric => new ServiceSeries(
                    Name(i),
                    metric,
                    "",
                    Enumerable
                        .Range(0, Rows)
                        .Select(row => Math.Abs((metric == "errors" ? 0.01 : 100) * (1 + (0.1 * noise()) + Fault(i, metric, row))))
                        .ToArray()
                ))
            );
        return new CauseQuestion
        {
            Times = Enumerable.Range(0, Rows).Select(row => row * 15_000L).ToArray(),
            Series = [.. series],
            Graph = new ServiceGraph([], calls),
            OnsetMs = Onset * 15_000L,
        };
    }

    private static IEnumerable<GroupingAlert> Alerts(ServiceGraph graph)
    {
        var random = new Random(1);
        for (var i = 0; i < 500; i++)
        {
            yield return new GroupingAlert($"a{i}", i * 10_000L, graph.Services[random.Next(Services)], Metrics[random.Next(4)]);
        }
    }

    private static double Fault(int i, string metric, int row) => i == 17 && metric == "latency" && row >= Onset ? 1 : 0;

    private static string Name(int i) => $"s{i:00}";

    private static TimeSpan Best(Action work)
    {
        // The compiler improves what runs often: what counts is how it runs after that.
        for (var i = 0; i < 100; i++)
            work();
        return Enumerable
            .Range(0, Rounds)
            .Min(_ =>
            {
                var began = Stopwatch.GetTimestamp();
                work();
                return Stopwatch.GetElapsedTime(began);
            });
    }
}
