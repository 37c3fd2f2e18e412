using Archon.Data;
using Archon.Data.Alerts;
using Archon.Data.Anomalies;
using Archon.Data.Catalogue;
using Archon.Ui.Health;
using Archon.Ui.Parts;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Services;

/// <summary>A service that calls this one or is called by it.</summary>
public sealed record NeighbourRow(int Id, string Name, CatalogueOrigin Origin, ServiceHealth? Health);

/// <summary>A watch with the series it has for one service.</summary>
/// <param name="ReadyAt">When the next series without a band has history enough for one; null where none is waited for.</param>
public sealed record ServiceWatchRow(
    int Id,
    string Name,
    WatchSignal Signal,
    string Unit,
    string Query,
    TimeSpan Step,
    int Series,
    int SeriesWithBand,
    DateTimeOffset? ReadyAt,
    DateTimeOffset? ScannedTo,
    DateTimeOffset? UncheckedSince,
    string? UncheckedReason
);

/// <summary>An open anomaly of a service, for a short list.</summary>
public sealed record ServiceAnomalyRow(long Id, string Watch, HealthState State, DateTimeOffset StartedAt);

/// <summary>Everything the page of one service shows but the samples.</summary>
/// <param name="Version">To be handed back with an edit: a row that changed meanwhile is not overwritten.</param>
public sealed record ServiceDetail(
    int Id,
    uint Version,
    string Name,
    CatalogueOrigin Origin,
    string? Kind,
    ServiceTier Tier,
    string? Team,
    string? Description,
    IReadOnlyDictionary<string, string> Matchers,
    string? RunbookUrl,
    string? GrafanaDashboard,
    string? LokiSelector,
    string? JaegerService,
    DateTimeOffset CreatedAt,
    DateTimeOffset LastSeenAt,
    DateTimeOffset? EditedAt,
    string? EditedBy,
    ServiceHealth Health,
    IReadOnlyList<NeighbourRow> Calls,
    IReadOnlyList<NeighbourRow> CalledBy,
    IReadOnlyList<ServiceWatchRow> Watches
);

/// <summary>Which services to list. Empty means all that were not dismissed.</summary>
/// <param name="Text">Part of the name, the team or the kind.</param>
public sealed record ServiceFilter(string? Text = null, CatalogueOrigin? Origin = null, HealthState? State = null)
{
    public static readonly ServiceFilter Everything = new();
    public bool IsEmpty => string.IsNullOrWhiteSpace(Text) && Origin is null && State is null;
}

/// <summary>The place of a service among those that are in trouble, from which the next part of them begins.</summary>
public sealed record ServiceMark(HealthState State, string Name);

public sealed class ServiceQueries(IDbContextFactory<ArchonDbContext> contexts, TimeProvider clock)
{
    private const int OpenAnomalyLimit = 12;

    /// <summary>Characters of the text of an alert that fit a row.</summary>
    private const int MostSummary = 160;

    /// <summary>A page of the services that match, worst first, and how many there are. A fixed number of statements, however many services
    /// there are.</summary>
    /// <param name="skip">Beyond the last one the last page is read.</param>
    public async Task<ServicesPicture> PictureAsync(
        int environmentId,
        ServiceFilter filter,
        int skip,
        int take,
        CancellationToken cancellationToken
    )
    {
        var now = clock.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await using var moment = await db.BeginOneMomentAsync(cancellationToken);
        var all = Assessed(db, environmentId, now);
        var counts = await all.GroupBy(one => new { one.Service.Origin, one.Facts.State })
            .Select(group => new
            {
                group.Key.Origin,
                group.Key.State,
                Number = group.Count(),
                WorstSince = group.Min(one => one.Facts.WorstSince),
            })
            .ToListAsync(cancellationToken);
        var matching = Matching(all, filter);
        var found = filter.IsEmpty
            ? counts.Where(one => one.Origin != CatalogueOrigin.Ignored).Sum(one => one.Number)
            : await matching.CountAsync(cancellationToken);
        skip = Paging.Clamp(skip, take, found);
        var page =
            take == 0
                ? []
                : await matching
                    .OrderBy(one => one.Service.Origin == CatalogueOrigin.Ignored)
                    .ThenBy(one => one.Facts.State)
                    .ThenBy(one =>
                        one.Service.Tier == ServiceTier.Critical ? 0
                        : one.Service.Tier == ServiceTier.Standard ? 1
                        : 2
                    )
                    .ThenByDescending(one => one.Facts.OpenAnomalies)
                    .ThenBy(one => EF.Functions.Collate(one.Service.Name, "C"))
                    .Skip(skip)
                    .Take(take)
                    .Select(one => one.Service.Id)
                    .ToListAsync(cancellationToken);
        var rows = (await HealthAsync(db, environmentId, page, now, cancellationToken)).ToDictionary(row => row.Id);
        return new ServicesPicture(
            now,
            [.. page.Select(id => rows[id])],
            [.. counts.Select(one => new ServiceCount(one.Origin, (HealthState)one.State, one.Number, one.WorstSince))],
            found,
            skip
        )
        {
            HasSignals = await db.Watches.AnyAsync(
                watch => watch.EnvironmentId == environmentId && watch.Enabled && watch.Signal != WatchSignal.Availability,
                cancellationToken
            ),
        };
    }

    /// <summary>Services that are no better than a state, after a mark, worst first, and within a state by name.</summary>
    /// <param name="after">Null for the first ones.</param>
    public async Task<IReadOnlyList<ServiceHealth>> TroubledAfterAsync(
        int environmentId,
        HealthState atBest,
        ServiceMark? after,
        int limit,
        CancellationToken cancellationToken
    )
    {
        var now = clock.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await using var moment = await db.BeginOneMomentAsync(cancellationToken);
        var troubled = Matching(Assessed(db, environmentId, now), ServiceFilter.Everything).Where(one => one.Facts.State <= (int)atBest);
        if (after is { State: var state, Name: var name })
        {
            troubled = troubled.Where(one =>
                one.Facts.State > (int)state
                || (one.Facts.State == (int)state && string.Compare(EF.Functions.Collate(one.Service.Name, "C"), name) > 0)
            );
        }
        var ids = await troubled
            .OrderBy(one => one.Facts.State)
            .ThenBy(one => EF.Functions.Collate(one.Service.Name, "C"))
            .Take(limit)
            .Select(one => one.Service.Id)
            .ToListAsync(cancellationToken);
        var rows = (await HealthAsync(db, environmentId, ids, now, cancellationToken)).ToDictionary(row => row.Id);
        return [.. ids.Select(id => rows[id])];
    }

    /// <summary>Services whose name holds the text, those that begin with it first.</summary>
    public async Task<IReadOnlyList<string>> SearchAsync(int environmentId, string text, int limit, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var (inside, start) = (LikePattern.Containing(text), LikePattern.StartingWith(text));
        return await db
            .Services.AsNoTracking()
            .Where(service =>
                service.EnvironmentId == environmentId
                && service.Origin != CatalogueOrigin.Ignored
                && EF.Functions.ILike(service.Name, inside, LikePattern.Escape)
            )
            .OrderByDescending(service => EF.Functions.ILike(service.Name, start, LikePattern.Escape))
            .ThenBy(service => service.Name)
            .Select(service => service.Name)
            .Take(limit)
            .ToListAsync(cancellationToken);
    }

    /// <summary>One service; null when the environment has none of this name.</summary>
    public async Task<ServiceDetail?> FindAsync(int environmentId, string name, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await using var moment = await db.BeginOneMomentAsync(cancellationToken);
        var service = await db
            .Services.AsNoTracking()
            .FirstOrDefaultAsync(s => s.EnvironmentId == environmentId && s.Name == name, cancellationToken);
        if (service is null)
            return null;

        var edges = await db
            .ServiceDependencies.AsNoTracking()
            .Where(edge => edge.CallerId == service.Id || edge.CalleeId == service.Id)
            .ToListAsync(cancellationToken);
        var near = edges.SelectMany(edge => new[] { edge.CallerId, edge.CalleeId }).Append(service.Id).Distinct().ToList();
        var health = (await HealthAsync(db, environmentId, near, clock.GetUtcNow(), cancellationToken)).ToDictionary(row => row.Id);
        List<NeighbourRow> Neighbours(IEnumerable<(int Id, CatalogueOrigin Origin)> ids) =>
            [
                .. ids.Where(id => health.ContainsKey(id.Id))
                    .Select(id => new NeighbourRow(id.Id, health[id.Id].Name, id.Origin, health[id.Id]))
                    .OrderBy(row => row.Health!.State)
                    .ThenBy(row => row.Name, StringComparer.Ordinal),
            ];

        var watches = await (
            from watch in db.Watches.AsNoTracking()
            where watch.EnvironmentId == environmentId && watch.Enabled && watch.Origin != CatalogueOrigin.Ignored
            where db.WatchedSeries.Any(one => one.WatchId == watch.Id && one.ServiceId == service.Id)
            orderby watch.Signal, watch.Id
            select new ServiceWatchRow(
                watch.Id,
                watch.Name,
                watch.Signal,
                watch.Unit,
                watch.Query,
                watch.Step,
                db.WatchedSeries.Count(one => one.WatchId == watch.Id && one.ServiceId == service.Id),
                db.WatchedSeries.Count(one => one.WatchId == watch.Id && one.ServiceId == service.Id && one.Model != null),
                db.WatchedSeries.Where(one => one.WatchId == watch.Id && one.ServiceId == service.Id).Min(one => one.ReadyAt),
                watch.ScannedTo,
                watch.UncheckedSince,
                watch.UncheckedReason
            )
        ).ToListAsync(cancellationToken);

        return new ServiceDetail(
            service.Id,
            service.Version,
            service.Name,
            service.Origin,
            service.Kind,
            service.Tier,
            service.Team,
            service.Description,
            service.Matchers,
            service.RunbookUrl,
            service.GrafanaDashboard,
            service.LokiSelector,
            service.JaegerService,
            service.CreatedAt,
            service.LastSeenAt,
            service.EditedAt,
            service.EditedBy,
            health[service.Id],
            Neighbours(edges.Where(edge => edge.CallerId == service.Id).Select(edge => (edge.CalleeId, edge.Origin))),
            Neighbours(edges.Where(edge => edge.CalleeId == service.Id).Select(edge => (edge.CallerId, edge.Origin))),
            [.. watches.OrderBy(watch => watch.Signal).ThenBy(watch => watch.Id)]
        );
    }

    public async Task<IReadOnlyList<ServiceAnomalyRow>> OpenAnomaliesAsync(int serviceId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var rows = await (
            from anomaly in db.Anomalies.AsNoTracking()
            where anomaly.ServiceId == serviceId && anomaly.EndedAt == null
            join watch in db.Watches on anomaly.WatchId equals watch.Id
            orderby anomaly.Severity == AnomalySeverity.Critical descending, anomaly.Severity
                == AnomalySeverity.Warning descending, anomaly.Confidence descending, anomaly.Id
            select new
            {
                anomaly.Id,
                anomaly.StartedAt,
                anomaly.Severity,
                anomaly.Verdict,
                watch.Name,
            }
        )
            .Take(OpenAnomalyLimit)
            .ToListAsync(cancellationToken);
        return
        [
            .. rows.Select(row => new ServiceAnomalyRow(row.Id, row.Name, HealthStates.Of(row.Severity, row.Verdict), row.StartedAt))
                .OrderBy(row => row.State)
                .ThenBy(row => row.StartedAt),
        ];
    }

    /// <summary>Names for the palette and for choosing dependencies.</summary>
    public async Task<IReadOnlyList<(int Id, string Name)>> NamesAsync(int environmentId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var rows = await db
            .Services.AsNoTracking()
            .Where(s => s.EnvironmentId == environmentId && s.Origin != CatalogueOrigin.Ignored)
            .OrderBy(s => s.Name)
            .Select(s => new { s.Id, s.Name })
            .ToListAsync(cancellationToken);
        return [.. rows.Select(row => (row.Id, row.Name))];
    }

    /// <summary>Names of all teams: they are the same in all environments.</summary>
    public async Task<IReadOnlyList<string>> TeamsAsync(CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.Teams.Select(team => team.Name).Order().ToListAsync(cancellationToken);
    }

    private static IQueryable<AssessedService> Matching(IQueryable<AssessedService> services, ServiceFilter filter)
    {
        services = filter.Origin is { } origin
            ? services.Where(one => one.Service.Origin == origin)
            : services.Where(one => one.Service.Origin != CatalogueOrigin.Ignored);
        if (filter.State is { } state)
            services = services.Where(one => one.Facts.State == (int)state);
        if (string.IsNullOrWhiteSpace(filter.Text))
            return services;
        var pattern = LikePattern.Containing(filter.Text);
        return services.Where(one =>
            EF.Functions.ILike(one.Service.Name, pattern, LikePattern.Escape)
            || (one.Service.Team != null && EF.Functions.ILike(one.Service.Team, pattern, LikePattern.Escape))
            || (one.Service.Kind != null && EF.Functions.ILike(one.Service.Kind, pattern, LikePattern.Escape))
        );
    }

    /// <summary>Every service with what its state comes to, computed by the database: an estate has thousands, and a page shows a
    /// few.</summary>
    private static IQueryable<AssessedService> Assessed(ArchonDbContext db, int environmentId, DateTimeOffset now) =>
        from service in db.Services.AsNoTracking()
        where service.EnvironmentId == environmentId
        join facts in StateFacts.Of(db, environmentId, now) on service.Id equals facts.ServiceId
        select new AssessedService { Service = service, Facts = facts };

    /// <summary>Those services with their state, its reason and the newest values of their golden signals.</summary>
    private static async Task<List<ServiceHealth>> HealthAsync(
        ArchonDbContext db,
        int environmentId,
        List<int> ids,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        var assessed = await AssessAsync(db, environmentId, ids, now, cancellationToken);
        if (assessed.Count == 0)
            return [];
        // Values of the few series that are shown.
        var shown = assessed.SelectMany(one => one.Found.Choices).Select(choice => choice.Series.Id).ToArray();
        var recent = await db
            .WatchedSeries.AsNoTracking()
            .Where(s => shown.Contains(s.Id))
            .Select(s => new { s.Id, s.Recent })
            .ToDictionaryAsync(s => s.Id, s => s.Recent, cancellationToken);

        return assessed.ConvertAll(one => new ServiceHealth(
            one.Service.Id,
            one.Service.Name,
            one.Service.Origin,
            one.Service.Tier,
            one.Service.Team,
            one.Found.State,
            one.Found.Reason,
            one.Found.Since,
            one.OpenAnomalies,
            one.Series,
            [
                .. one.Found.Choices.Select(choice => new SignalReading(
                    choice.Column,
                    choice.Watch.Signal,
                    choice.Watch.Id,
                    choice.Watch.Name,
                    choice.Watch.Unit,
                    choice.Series.Id,
                    choice.Series.LastValue,
                    choice.Series.Lower,
                    choice.Series.Upper,
                    recent.GetValueOrDefault(choice.Series.Id, []),
                    choice.State,
                    choice.Series.LastSampleAt,
                    choice.Others
                )),
            ],
            one.FiringAlerts
        )
        {
            Kind = one.Service.Kind,
        });
    }

    /// <summary>Those services with their state and its reason.</summary>
    internal static async Task<List<ServiceAssessment>> AssessAsync(
        ArchonDbContext db,
        int environmentId,
        List<int> ids,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        if (ids.Count == 0)
            return [];
        var services = await db
            .Services.AsNoTracking()
            .Where(s => s.EnvironmentId == environmentId && ids.Contains(s.Id))
            .Select(s => new ServiceFact(s.Id, s.Name, s.Origin, s.Tier, s.Team, s.Kind))
            .ToListAsync(cancellationToken);
        var watches = await db
            .Watches.AsNoTracking()
            .Where(w => w.EnvironmentId == environmentId && w.Enabled && w.Origin != CatalogueOrigin.Ignored)
            .Select(w => new WatchFact(w.Id, w.Name, w.Signal, w.Unit, w.Step, w.Interesting, w.UncheckedSince, w.UncheckedReason))
            .ToDictionaryAsync(w => w.Id, cancellationToken);
        // Narrow rows, without values: a sparkline is 320 bytes, a fact is 60.
        var series = await db
            .WatchedSeries.AsNoTracking()
            .Where(s => s.ServiceId != null && ids.Contains(s.ServiceId.Value) && s.EnvironmentId == environmentId)
            .Select(s => new SeriesFact(
                s.Id,
                s.ServiceId!.Value,
                s.WatchId,
                s.Model != null,
                s.LastSampleAt,
                s.LastValue,
                s.ExpectedLower,
                s.ExpectedUpper,
                s.ReadyAt
            ))
            .ToListAsync(cancellationToken);
        var open = await db
            .Anomalies.AsNoTracking()
            .Where(a => a.EnvironmentId == environmentId && a.EndedAt == null && a.ServiceId != null && ids.Contains(a.ServiceId.Value))
            .Select(a => new HealthAnomaly(
                a.Id,
                a.StartedAt,
                a.ServiceId!.Value,
                a.WatchId,
                a.SeriesId,
                a.Direction,
                a.Value,
                a.ExpectedLower,
                a.ExpectedUpper,
                a.Severity,
                a.Confidence,
                a.Verdict
            ))
            .ToListAsync(cancellationToken);

        var alertsOf = (await AlertsAsync(db, environmentId, ids, now, cancellationToken)).ToLookup(one => one.ServiceId);

        var assessor = new HealthAssessor(watches, now);
        var seriesOf = series.ToLookup(one => one.ServiceId);
        var openOf = open.ToLookup(one => one.ServiceId);
        return services.ConvertAll(service =>
        {
            var (its, opened, alerts) = (seriesOf[service.Id].ToList(), openOf[service.Id].ToList(), alertsOf[service.Id].ToList());
            return new ServiceAssessment(
                service,
                assessor.Assess(its, opened, alerts),
                opened.Count,
                its.Count,
                alerts.Count(alert => !alert.IsSilenced)
            );
        });
    }

    /// <summary>The alerts that count for the state of those services, as <see cref="StateFacts"/> counts them.</summary>
    private static async Task<List<HealthAlert>> AlertsAsync(
        ArchonDbContext db,
        int environmentId,
        List<int> ids,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        var oldest = now - AlertPoll.CountsFor;
        var rows = await db
            .ActiveAlerts.AsNoTracking()
            .Where(alert =>
                alert.EnvironmentId == environmentId
                && alert.ServiceId != null
                && ids.Contains(alert.ServiceId.Value)
                && alert.State == ActiveAlertState.Firing
                && !alert.IsHeartbeat
                && alert.Severity != AlertSeverity.Info
                && db.AlertPolls.Any(poll => poll.EnvironmentId == environmentId && poll.PolledAt >= oldest)
            )
            .Select(alert => new
            {
                ServiceId = alert.ServiceId!.Value,
                alert.Name,
                alert.Severity,
                alert.Since,
                IsSilenced = alert.SilencedBy.Length > 0,
                alert.Annotations,
            })
            .ToListAsync(cancellationToken);
        return rows.ConvertAll(row => new HealthAlert(
            row.ServiceId,
            row.Name,
            row.Severity,
            row.Since,
            row.IsSilenced,
            (row.Annotations.GetValueOrDefault("summary") ?? row.Annotations.GetValueOrDefault("description")) is { Length: > 0 } text
                ? text.Length > MostSummary
                    ? text[..MostSummary]
                    : text
                : null
        ));
    }

    private sealed class AssessedService
    {
        public required Service Service { get; init; }
        public required StateFacts Facts { get; init; }
    }
}
