using Archon.Tests.Kit;
using Xunit;

namespace Archon.Tests.Features.Services.Discovery;

/// <summary>Texts of each origin, scraped by a real Prometheus. All of them are measured by <c>DiscoveryBench</c>.</summary>
[SystemTest]
public sealed class DiscoveryTests(PostgresFixture postgres)
{
    [Fact]
    public async Task Services_and_signals_are_found_in_real_exporters_and_scrape_pools()
    {
        string[] names = ["composed-scrape-pool", "composed-shop", "debian-mysqld", "debian-redis", "written-jvm-micrometer"];
        var scores = await Task.WhenAll(
            names.Select(async name =>
            {
                var expected = ExpectedDiscovery.Read(name);
                var (_, targets) = expected.Cases(name).First();
                return await DiscoveryRun.ScoreAsync(postgres, expected, targets, TestContext.Current.CancellationToken);
            })
        );

        var all = scores.OfType<DiscoveryScore>().Aggregate(DiscoveryScore.None, (one, other) => one + other);

        var differences = string.Join('\n', all.Differences);
        Assert.True(all.Services is { Precision: 1, Recall: 1 }, differences);
        Assert.True(all.Signals is { Precision: >= 0.95, Recall: >= 0.95 }, differences);
    }
}
