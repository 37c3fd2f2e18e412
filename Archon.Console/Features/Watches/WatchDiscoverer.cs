using Archon.Analysis.Series;
using Archon.Data;
using Archon.Data.Catalogue;
using Archon.Features.Scanning;
using Archon.Features.Watches.Discovery;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Archon.Live;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Archon.Features.Watches;

public abstract record WatchDiscovery
{
    private WatchDiscovery() { }

    public sealed record Done(int Added, int Changed) : WatchDiscovery;

    public sealed record NotChecked(string Reason) : WatchDiscovery;
}

/// <summary>Sets up the watches that discovery finds.</summary>
public sealed class WatchDiscoverer(
    IDbContextFactory<ArchonDbContext> contexts,
    Upstreams upstreams,
    IOptions<WatchOptions> options,
    TimeProvider clock
)
{
    private static readonly TimeSpan LeastWindow = TimeSpan.FromMinutes(1);

    /// <summary>Reads what the server has, and sets up the watches that fit it.</summary>
    public async Task<WatchDiscovery> ApplyAsync(int environmentId, CancellationToken cancellationToken)
    {
        var catalogue = await MetricCatalogueReader.ReadAsync(
            upstreams.For(environmentId).Prometheus,
            clock.GetUtcNow(),
            cancellationToken
        );
        return catalogue is Fetch<MetricCatalogue>.Ok { Value: var known }
            ? await ApplyAsync(environmentId, MetricDiscovery.Find(known).Watches, cancellationToken)
            : new WatchDiscovery.NotChecked(catalogue.Reason());
    }

    /// <summary>Adds what is missing and brings up to date what nobody has touched. Rows that a person edited, accepted or ignored stay as they are.</summary>
    public async Task<WatchDiscovery> ApplyAsync(
        int environmentId,
        IReadOnlyList<WatchTemplate> templates,
        CancellationToken cancellationToken
    )
    {
        var now = clock.GetUtcNow();
        var prometheus = upstreams.For(environmentId).Prometheus;
        var window = await RateWindowAsync(prometheus, now, cancellationToken);
        if (window is null)
            return new WatchDiscovery.NotChecked("Prometheus did not say how often it scrapes.");

        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var known = await db
            .Watches.Where(watch => watch.EnvironmentId == environmentId && watch.Template != null)
            .ToDictionaryAsync(watch => watch.Template!, cancellationToken);
        var (added, changed) = (0, 0);
        foreach (var template in templates)
        {
            if (known.TryGetValue(template.Key, out var watch))
            {
                if (watch.Origin != CatalogueOrigin.Discovered)
                    continue;
                Follow(watch, template, window.Value);
                if (db.Entry(watch).State == EntityState.Modified)
                    changed++;
                continue;
            }
            if (template.Probe is not null && !await FindsAsync(prometheus, template.Probe, now, cancellationToken))
                continue;
            var fresh = new Watch
            {
                EnvironmentId = environmentId,
                Name = template.Name,
                Template = template.Key,
                Query = "",
                Signal = template.Signal,
                Unit = template.Unit,
                Step = options.Value.ScanInterval,
                Interesting = template.Interesting,
                Origin = CatalogueOrigin.Discovered,
                CreatedAt = now,
            };
            Follow(fresh, template, window.Value);
            db.Watches.Add(fresh);
            added++;
        }
        if (added + changed == 0)
            return new WatchDiscovery.Done(0, 0);

        await db
            .Database.CreateExecutionStrategy()
            .ExecuteAsync(async () =>
            {
                await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
                await db.SaveChangesAsync(acceptAllChangesOnSuccess: false, cancellationToken);
                await db.AnnounceAsync(WatchTopic.Id, environmentId, cancellationToken);
                await transaction.CommitAsync(cancellationToken);
            });
        return new WatchDiscovery.Done(added, changed);
    }

    private static void Follow(Watch watch, WatchTemplate template, TimeSpan window)
    {
        watch.Query = template.Query(window);
        watch.VolumeQuery = template.VolumeQuery(window);
        (watch.Limit, watch.LimitSide) = (template.Limit, template.LimitSide);
    }

    /// <summary>Four scrapes fit into a rate: one may fail without a gap. Null when nothing was scraped twice yet.</summary>
    private static async Task<TimeSpan?> RateWindowAsync(
        PrometheusClient prometheus,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        // The times of the samples themselves: true for every Prometheus-compatible store, also where targets are not to be had.
        var answer = await prometheus.QueryRangeAsync(
            "timestamp(up)",
            new TimeRange(now.AddMinutes(-10), now),
            TimeSpan.FromSeconds(5),
            cancellationToken
        );
        if (answer is not Fetch<MatrixResult>.Ok { Value.Series: var series })
            return null;
        var gaps = series.SelectMany(one => Gaps(one.Values.ToArray())).Order().ToList();
        if (gaps.Count == 0)
            return null;
        // The slow ones of the estate must have a rate too.
        var interval = gaps[(int)((gaps.Count - 1) * 0.9)];
        var wanted = TimeSpan.FromSeconds(Math.Ceiling(4 * interval / 15) * 15);
        return wanted < LeastWindow ? LeastWindow : wanted;
    }

    private static IEnumerable<double> Gaps(double[] times)
    {
        for (var i = 1; i < times.Length; i++)
        {
            // 5 s is as fine as the question was; more than two minutes is an outage, no interval.
            var gap = Math.Round(times[i] - times[i - 1]);
            if (gap is >= 1 and <= 120)
                yield return gap;
        }
    }

    private static async Task<bool> FindsAsync(
        PrometheusClient prometheus,
        string probe,
        DateTimeOffset now,
        CancellationToken cancellationToken
    ) =>
        await prometheus.QueryRangeAsync(probe, new TimeRange(now, now), TimeSpan.FromMinutes(1), cancellationToken)
            is Fetch<MatrixResult>.Ok { Value.Series: { Count: > 0 } };
}
