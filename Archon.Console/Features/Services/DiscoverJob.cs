using Archon.Analysis.Series;
using Archon.Data;
using Archon.Data.Catalogue;
using Archon.Features.Scanning;
using Archon.Features.Watches;
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
        var found = await FindAsync(environmentId, now, cancellationToken);
        if (found is null)
            return; // not checked: nothing is new and nothing is gone

        await SaveAsync(environmentId, found, await FindCallsAsync(environmentId, now, cancellationToken), now, cancellationToken);
        switch (await watches.ApplyAsync(environmentId, cancellationToken))
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

    /// <summary>Names with the labels that find their series. Null when Prometheus gave no answer.</summary>
    private async Task<Dictionary<string, Dictionary<string, string>>?> FindAsync(
        int environmentId,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        var prometheus = upstreams.For(environmentId).Prometheus;
        // "up" has a sample per target with the target's labels, in every Prometheus-compatible store.
        var answer = await prometheus.QueryRangeAsync("up", new TimeRange(now, now), TimeSpan.FromMinutes(1), cancellationToken);
        if (answer is not Fetch<MatrixResult>.Ok { Value.Series: var targets })
        {
            LogNotChecked(environmentId, answer.Reason());
            return null;
        }
        var found = new Dictionary<string, Dictionary<string, string>>(StringComparer.Ordinal);
        foreach (var target in targets)
        {
            var label = target.Labels["service"].Length > 0 ? "service" : "job";
            var name = target.Labels[label];
            if (name.Length is > 0 and <= ServiceCommands.NameLength)
                found.TryAdd(name, new Dictionary<string, string> { [label] = name });
        }
        // One process may speak for many services: the label then is on its metrics and not on the target.
        if (
            await prometheus.LabelValuesAsync("service", null, new TimeRange(now.AddMinutes(-15), now), cancellationToken)
            is Fetch<IReadOnlyList<string>>.Ok { Value: var names }
        )
        {
            foreach (var name in names.Where(name => name.Length is > 0 and <= ServiceCommands.NameLength))
            {
                found.TryAdd(name, new Dictionary<string, string> { ["service"] = name });
            }
        }
        return found;
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
        Dictionary<string, Dictionary<string, string>> found,
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
                var owned = known.Values.Select(service => Key(service.Matchers)).ToHashSet(StringComparer.Ordinal);
                var fresh = found.Where(one => !known.ContainsKey(one.Key) && !owned.Contains(Key(one.Value))).ToList();
                foreach (var (name, matchers) in fresh)
                {
                    var service = new Service
                    {
                        EnvironmentId = environmentId,
                        Name = name,
                        Origin = CatalogueOrigin.Discovered,
                        Matchers = matchers,
                        CreatedAt = now,
                        LastSeenAt = now,
                    };
                    db.Services.Add(service);
                    known.Add(name, service);
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
                if (fresh.Count + newCalls > 0)
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

    private static string Key(Dictionary<string, string> matchers) => new SeriesLabels(matchers).Key;

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
