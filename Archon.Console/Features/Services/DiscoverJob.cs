using Archon.Analysis.Series;
using Archon.Data;
using Archon.Data.Catalogue;
using Archon.Features.Scanning;
using Archon.Features.Watches;
using Archon.Features.Watches.Discovery;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Archon.Jobs;
using Archon.Live;
using Hangfire;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Services;

/// <summary>Finds services and watches in what Prometheus scrapes.</summary>
public sealed partial class DiscoverJob(
    IDbContextFactory<ArchonDbContext> contexts,
    Upstreams upstreams,
    WatchDiscoverer watches,
    IBackgroundJobClient jobs,
    TimeProvider clock,
    ILogger<DiscoverJob> logger
)
{
    /// <summary>Time between two calls of <see cref="DispatchAsync"/>, which a whole minute is a multiple of.</summary>
    private const int DispatchSeconds = 15;

    /// <summary>A service that is there needs no write each minute: a new row version would turn away whoever is editing it.</summary>
    private static readonly TimeSpan SeenEvery = TimeSpan.FromHours(1);

    /// <summary>Metrics that say who calls whom: the metric, the label of the caller, the label of the callee.</summary>
    private static readonly (string Metric, string Caller, string Callee)[] Calls =
    [
        ("archon_client_requests_total", "service", "callee"),
        ("archon_client_requests_total", "service", "upstream"),
        ("archon_client_requests_total", "service", "peer"),
        ("archon_upstream_requests_total", "service", "upstream"),
        ("archon_dependency_requests_total", "service", "dependency"),
        ("traces_service_graph_request_total", "client", "server"),
        ("istio_requests_total", "source_app", "destination_app"),
        ("http_client_request_duration_seconds_count", "job", "server_address"),
    ];

    /// <summary>Once a minute, and at every call while nothing is known yet: whoever has just started the console waits for it.</summary>
    [Queue("discover"), AutomaticRetry(Attempts = 0), AdvisoryLock("discover-dispatch:{0}", WhenTaken = WhenLockTaken.Skip)]
    public async Task DispatchAsync(int environmentId, CancellationToken cancellationToken)
    {
        if (clock.GetUtcNow().Second >= DispatchSeconds)
        {
            await using var db = await contexts.CreateDbContextAsync(cancellationToken);
            if (
                await db.Watches.AnyAsync(watch => watch.EnvironmentId == environmentId, cancellationToken)
                && await db.Services.AnyAsync(service => service.EnvironmentId == environmentId, cancellationToken)
            )
                return;
        }
        jobs.Enqueue<DiscoverJob>(job => job.DiscoverAsync(environmentId, CancellationToken.None));
    }

    [Queue("discover"), AutomaticRetry(Attempts = 3), AdvisoryLock("discover:{0}")]
    public async Task DiscoverAsync(int environmentId, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var catalogue = await MetricCatalogueReader.ReadAsync(upstreams.For(environmentId).Prometheus, now, cancellationToken);
        if (catalogue is not Fetch<MetricCatalogue>.Ok { Value: var known })
        {
            LogNotChecked(environmentId, catalogue.Reason());
            return; // nothing is new and nothing is gone
        }
        var found = MetricDiscovery.Find(known);
        var services = found.Services.ToDictionary(service => service.Name, StringComparer.Ordinal);
        await SaveAsync(environmentId, services, await FindCallsAsync(environmentId, now, cancellationToken), now, cancellationToken);
        switch (await watches.ApplyAsync(environmentId, found.Watches, cancellationToken))
        {
            case WatchDiscovery.Done { Added: > 0 } done:
                // New watches need not wait for the next minute to learn what is normal.
                jobs.Enqueue<FitModelsJob>(job => job.DispatchAsync(CancellationToken.None));
                LogWatches(environmentId, done.Added, done.Changed);
                break;
            case WatchDiscovery.NotChecked missed:
                LogNotChecked(environmentId, missed.Reason);
                break;
        }
    }

    private async Task<HashSet<(string Caller, string Callee)>> FindCallsAsync(
        int environmentId,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        var prometheus = upstreams.For(environmentId).Prometheus;
        var calls = new HashSet<(string, string)>();
        foreach (var (metric, caller, callee) in Calls)
        {
            var query = $"count by ({caller}, {callee}) ({metric}{{{caller}!=\"\",{callee}!=\"\"}})";
            var answer = await prometheus.QueryRangeAsync(query, new TimeRange(now, now), TimeSpan.FromMinutes(1), cancellationToken);
            if (answer is not Fetch<MatrixResult>.Ok { Value.Series: var pairs })
                continue;
            foreach (var pair in pairs)
                calls.Add((pair.Labels[caller], pair.Labels[callee]));
        }
        return calls;
    }

    private async Task SaveAsync(
        int environmentId,
        Dictionary<string, FoundService> found,
        HashSet<(string Caller, string Callee)> calls,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var added = await db
            .Database.CreateExecutionStrategy()
            .ExecuteAsync(async () =>
            {
                db.ChangeTracker.Clear();
                await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
                var known = await db
                    .Services.Include(service => service.Dependencies)
                    .Where(service => service.EnvironmentId == environmentId)
                    .ToDictionaryAsync(service => service.Name, cancellationToken);
                var ids = found
                    .Keys.Intersect(known.Keys)
                    .Select(name => known[name])
                    .Where(service => service.LastSeenAt < now - SeenEvery)
                    .Select(service => service.Id)
                    .ToList();
                // Nothing but the time is touched, whoever owns the row.
                if (ids.Count > 0)
                {
                    await db
                        .Services.Where(service => ids.Contains(service.Id))
                        .ExecuteUpdateAsync(set => set.SetProperty(service => service.LastSeenAt, now), cancellationToken);
                }

                // A service that a person renamed still owns its labels: it is not found again under its old name.
                var owned = known
                    .Values.GroupBy(service => Key(service.Matchers), StringComparer.Ordinal)
                    .ToDictionary(group => group.Key, group => group.First(), StringComparer.Ordinal);
                var rekinded = await SaveKindsAsync(db, found, known, owned, cancellationToken);
                var fresh = found.Where(one => !known.ContainsKey(one.Key) && !owned.ContainsKey(Key(one.Value.Labels))).ToList();
                foreach (var (name, service) in fresh)
                {
                    var row = new Service
                    {
                        EnvironmentId = environmentId,
                        Name = name,
                        Kind = service.Kind,
                        Origin = CatalogueOrigin.Discovered,
                        Matchers = new Dictionary<string, string>(service.Labels, StringComparer.Ordinal),
                        CreatedAt = now,
                        LastSeenAt = now,
                    };
                    db.Services.Add(row);
                    known.Add(name, row);
                }
                await db.SaveChangesAsync(cancellationToken);

                var newCalls = 0;
                foreach (var (callerName, calleeName) in calls)
                {
                    if (
                        callerName == calleeName
                        || !known.TryGetValue(callerName, out var caller)
                        || !known.TryGetValue(calleeName, out var callee)
                    )
                        continue;
                    // Who a service calls is part of what a person edits.
                    if (caller.Origin is CatalogueOrigin.Edited or CatalogueOrigin.Ignored || callee.Origin is CatalogueOrigin.Ignored)
                        continue;
                    if (caller.Dependencies.Any(call => call.CalleeId == callee.Id))
                        continue;
                    caller.Dependencies.Add(
                        new ServiceDependency
                        {
                            CallerId = caller.Id,
                            CalleeId = callee.Id,
                            Origin = CatalogueOrigin.Discovered,
                        }
                    );
                    newCalls++;
                }
                if (fresh.Count + newCalls + rekinded > 0)
                {
                    await db.SaveChangesAsync(cancellationToken);
                    await db.AnnounceAsync(ServiceTopic.Id, environmentId, cancellationToken);
                }
                await transaction.CommitAsync(cancellationToken);
                return fresh.Count;
            });
        if (added > 0)
            LogServices(environmentId, added);
    }

    /// <summary>Notes of known services what they are. It is observed and no person's word, so it is kept up to date whoever owns the row.</summary>
    private static async Task<int> SaveKindsAsync(
        ArchonDbContext db,
        Dictionary<string, FoundService> found,
        Dictionary<string, Service> known,
        Dictionary<string, Service> owned,
        CancellationToken cancellationToken
    )
    {
        var changed = 0;
        var kinds = found
            .Values.Select(one => (one.Kind, Service: owned.GetValueOrDefault(Key(one.Labels)) ?? known.GetValueOrDefault(one.Name)))
            .Where(one => one.Kind is not null && one.Service is not null && one.Service.Kind != one.Kind)
            .GroupBy(one => one.Kind!, one => one.Service!.Id);
        foreach (var kind in kinds)
        {
            var ids = kind.ToList();
            changed += await db
                .Services.Where(service => ids.Contains(service.Id))
                .ExecuteUpdateAsync(set => set.SetProperty(service => service.Kind, kind.Key), cancellationToken);
        }
        return changed;
    }

    private static string Key(IReadOnlyDictionary<string, string> matchers) => new SeriesLabels(matchers).Key;

    [LoggerMessage(Level = LogLevel.Information, Message = "Environment {EnvironmentId}: {Added} services discovered")]
    private partial void LogServices(int environmentId, int added);

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Environment {EnvironmentId}: {Added} watches added, {Changed} brought up to date"
    )]
    private partial void LogWatches(int environmentId, int added, int changed);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Environment {EnvironmentId} could not be discovered: {Reason}")]
    private partial void LogNotChecked(int environmentId, string reason);
}
