using System.Globalization;
using Archon.Tests.Features.Services.Discovery;
using Archon.Tests.Kit;
using Xunit;

namespace Archon.Tests.Benchmarks;

/// <summary>How much of what a person on call expects the console finds by itself, and how much beside it.</summary>
[SystemTest]
public sealed class DiscoveryBench(PostgresFixture postgres, BenchTable table)
{
    private const double Asked = 0.95;

    /// <summary>Most of a run is waiting for scrapes.</summary>
    private const int AtOnce = 8;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Explicit = true)]
    public async Task Services_and_signals_of_every_text()
    {
        var cases = ExpectedDiscovery
            .Names.Select(name => (Name: name, Expected: ExpectedDiscovery.Read(name)))
            .SelectMany(one => one.Expected.Cases(one.Name).Select(text => (one.Name, one.Expected, text.Title, text.Targets)))
            .ToList();
        var scores = new DiscoveryScore?[cases.Count];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, cases.Count),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = Token },
            async (i, cancellationToken) =>
                scores[i] = await DiscoveryRun.ScoreAsync(postgres, cases[i].Expected, cases[i].Targets, cancellationToken)
        );

        BenchTable.Note("| text | services: precision, recall | signals: precision, recall |");
        foreach (var (one, score) in cases.Zip(scores))
        {
            BenchTable.Note($"| {one.Title} | {(score is null ? "not scraped" : $"{Text(score.Services)} | {Text(score.Signals)}")} |");
            foreach (var difference in score?.Differences ?? [])
                BenchTable.Note($"    {difference}");
        }
        foreach (var group in cases.Zip(scores).GroupBy(one => one.First.Name[..one.First.Name.IndexOf('-', StringComparison.Ordinal)]))
            Add(group.Key, group.Select(one => one.Second));
        Add("all", scores);
    }

    private void Add(string group, IEnumerable<DiscoveryScore?> scores)
    {
        var sum = scores.OfType<DiscoveryScore>().Aggregate(DiscoveryScore.None, (one, other) => one + other);
        table.Add(new BenchRow($"discovery, {group}: services, precision", sum.Services.Precision, "", Asked, false));
        table.Add(new BenchRow($"discovery, {group}: services, recall", sum.Services.Recall, "", Asked, false));
        table.Add(new BenchRow($"discovery, {group}: signals, precision", sum.Signals.Precision, "", Asked, false));
        table.Add(new BenchRow($"discovery, {group}: signals, recall", sum.Signals.Recall, "", Asked, false));
        table.Add(new BenchRow($"discovery, {group}: kinds that are wrong", sum.WrongKinds, "", null, true));
        table.Add(new BenchRow($"discovery, {group}: units that are wrong", sum.WrongUnits, "", null, true));
    }

    private static string Text(Share share) => string.Create(CultureInfo.InvariantCulture, $"{share.Precision:0.00}, {share.Recall:0.00}");
}
