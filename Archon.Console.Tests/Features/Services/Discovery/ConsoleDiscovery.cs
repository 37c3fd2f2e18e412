using Archon.Analysis.Promql;
using Archon.Analysis.Series;
using Archon.Data.Catalogue;
using Archon.Features.Scanning;
using Archon.Features.Services;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Archon.Tests.Features.Watches;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;

namespace Archon.Tests.Features.Services.Discovery;

/// <summary>What the console's own discovery makes of a Prometheus: the services and watches in its database afterwards, as a person sees them.</summary>
internal static class ConsoleDiscovery
{
    // The time of a query is rounded down to a whole step, and nothing was scraped before.
    internal static readonly TimeSpan Step = TimeSpan.FromSeconds(1);

    /// <param name="known">Names of the series that are scraped: a query may name others, for programs of another version.</param>
    public static async Task<FoundDiscovery> RunAsync(
        PostgresFixture postgres,
        Uri prometheus,
        IReadOnlySet<string> known,
        CancellationToken cancellationToken
    )
    {
        await using var bench = await JobBench.StartOnAsync(postgres, prometheus);
        await bench.Get<DiscoverJob>().DiscoverAsync(MonitoredEnvironment.DefaultId, cancellationToken);
        var services = await bench.ReadAsync(db => db.Services.AsNoTracking().ToListAsync(cancellationToken));
        var watches = await bench.ReadAsync(db =>
            db.Watches.AsNoTracking().Where(watch => watch.Enabled).OrderBy(watch => watch.Id).ToListAsync(cancellationToken)
        );
        await using var db = await bench.Database.Contexts.CreateDbContextAsync(cancellationToken);
        var matcher = await ServiceMatcher.LoadAsync(db, MonitoredEnvironment.DefaultId, cancellationToken);
        var client = UpstreamClients.Prometheus(prometheus);
        var signals = new List<FoundSignal>();
        foreach (var watch in watches.Where(watch => watch.Signal != WatchSignal.Availability))
        {
            var now = TimeProvider.System.GetUtcNow();
            var reply = await client.QueryRangeAsync(watch.Query, new TimeRange(now, now), Step, cancellationToken);
            if (reply is not Fetch<MatrixResult>.Ok { Value.Series: var series })
                throw new InvalidOperationException($"{watch.Query}: {reply.Reason()}");
            var metrics = PromqlParser
                .Parse(watch.Query, out _)!
                .All()
                .OfType<PromqlSelector>()
                .Select(selector => selector.OneMetric)
                .OfType<string>()
                .Where(known.Contains)
                .Distinct()
                .ToList();
            var ids = series.Select(one => matcher.Find(one.Labels.Values)).OfType<int>().ToHashSet();
            signals.AddRange(
                services
                    .Where(service => ids.Contains(service.Id))
                    .Select(service => new FoundSignal(service.Name, Name(watch.Signal), metrics, watch.Unit))
            );
        }
        return new FoundDiscovery(
            [.. services.Select(service => new FoundService(service.Name, service.Kind ?? "", service.Matchers))],
            signals
        );
    }

    private static string Name(WatchSignal signal) =>
        signal switch
        {
            WatchSignal.Errors or WatchSignal.Quality => "errors",
            WatchSignal.Duration => "latency",
            WatchSignal.Saturation => "saturation",
            _ => "traffic",
        };
}
