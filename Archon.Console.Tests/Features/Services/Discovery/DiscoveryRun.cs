using Archon.Analysis.Series;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Archon.Tests.Kit;

namespace Archon.Tests.Features.Services.Discovery;

/// <summary>One text, scraped by a Prometheus of its own and discovered by the console.</summary>
internal static class DiscoveryRun
{
    /// <returns>Null when this Prometheus cannot read the text: names in UTF-8 need Prometheus 3.</returns>
    public static async Task<DiscoveryScore?> ScoreAsync(
        PostgresFixture postgres,
        ExpectedDiscovery expected,
        IReadOnlyList<ExpectedTarget> targets,
        CancellationToken cancellationToken
    )
    {
        await using var server = await ExporterText.ServeAsync(targets.Select(target => target.Text));
        await using var prometheus = await ExporterText.ScrapeAsync(server, targets, cancellationToken);
        var client = UpstreamClients.Prometheus(prometheus.Address);
        // The console looks at the samples of some seconds to see how often a target is scraped.
        await Waits.UntilAsync(async () => await CountAsync("count(count_over_time(up[1m]) > 11)") == targets.Count);
        if (await CountAsync("count(up == 1)") < targets.Count)
            return null;
        var known = targets.SelectMany(target => ExporterText.Metrics(target.Text)).ToHashSet(StringComparer.Ordinal);
        var found = await ConsoleDiscovery.RunAsync(postgres, prometheus.Address, known, cancellationToken);
        return DiscoveryScore.Of(expected, found);

        async Task<double> CountAsync(string query)
        {
            var now = TimeProvider.System.GetUtcNow();
            var reply = await client.QueryRangeAsync(query, new TimeRange(now, now), ConsoleDiscovery.Step, cancellationToken);
            return reply is Fetch<MatrixResult>.Ok { Value.Series: [{ } only] } ? only.Values.Span[^1] : 0;
        }
    }
}
