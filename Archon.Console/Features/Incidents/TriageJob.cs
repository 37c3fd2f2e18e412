using System.Diagnostics;
using System.Globalization;
using Archon.Analysis.Correlation;
using Archon.Analysis.RootCause;
using Archon.Data;
using Archon.Data.Anomalies;
using Archon.Data.Incidents;
using Archon.Features.Scanning;
using Archon.Integrations;
using Archon.Integrations.Alertmanager;
using Archon.Jobs;
using Archon.Live;
using Hangfire;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Incidents;

/// <summary>Gathers alerts and anomalies that one cause can be behind into incidents, and ranks the causes.</summary>
public sealed partial class TriageJob(
    IDbContextFactory<ArchonDbContext> contexts,
    Upstreams upstreams,
    CauseEvidence evidence,
    WatchMetrics metrics,
    TimeProvider clock,
    ILogger<TriageJob> logger
)
{
    /// <summary>What began longer ago is no part of what begins now, and what ended longer ago is over.</summary>
    private static readonly TimeSpan Memory = TimeSpan.FromHours(6);
    private static readonly TimeSpan Lingers = TimeSpan.FromMinutes(10);

    /// <summary>Causes are asked for again while an incident changes, at most so often.</summary>
    private static readonly TimeSpan RankEvery = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan Young = TimeSpan.FromMinutes(30);

    /// <summary>What begins later than this after the last onset of an incident is another one.</summary>
    private static readonly AlertGrouperSettings Grouping = new() { Quiet = TimeSpan.FromMinutes(3.5) };

    /// <summary>An open anomaly that has not been outside for so long has ended for those that begin now.</summary>
    private static readonly TimeSpan Back = TimeSpan.FromMinutes(2);

    /// <summary>An anomaly that concerns users is an incident by itself when it lasts.</summary>
    private static readonly TimeSpan AloneAfter = TimeSpan.FromMinutes(2);

    /// <summary>So far back a run takes up what ended since the last one.</summary>
    private static readonly TimeSpan MostCatchUp = TimeSpan.FromDays(7);

    /// <summary>That triage ran need not be written at each run.</summary>
    private static readonly TimeSpan NoteEvery = TimeSpan.FromMinutes(1);

    /// <summary>Fewer are an incident only when they concern users and last.</summary>
    private const int LeastMembers = 2;

    /// <summary>One alert or anomaly on its way into an incident.</summary>
    private sealed record Item(
        IncidentMemberKind Kind,
        string Key,
        int? ServiceId,
        string Service,
        string Metric,
        string Title,
        DateTimeOffset StartedAt,
        DateTimeOffset? EndedAt,
        double Confidence
    )
    {
        public string Id => $"{Kind}/{Key}";

        /// <summary>The last sample outside; null for an alert.</summary>
        public DateTimeOffset? LastSeenAt { get; init; }

        /// <summary>Concerns users, so that it matters alone.</summary>
        public bool IsSerious { get; init; }
    }

    [Queue("triage"), AutomaticRetry(Attempts = 1), AdvisoryLock("triage:{0}")]
    public async Task TriageAsync(int environmentId, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var now = clock.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var services = await db
            .Services.AsNoTracking()
            .Where(service => service.EnvironmentId == environmentId)
            .Select(service => new { service.Id, service.Name })
            .ToListAsync(cancellationToken);
        var names = services.ToDictionary(service => service.Id, service => service.Name);
        var triagedAt = await db
            .Environments.Where(one => one.Id == environmentId)
            .Select(one => one.TriagedAt)
            .FirstOrDefaultAsync(cancellationToken);
        var since = Since(triagedAt, now);
        var (items, areAlertsKnown) = await ItemsAsync(db, environmentId, names, since, now, cancellationToken);
        // What goes on again, such as an alert that Alertmanager had forgotten, goes on in the incident it was in.
        var keys = items.ConvertAll(item => item.Key);
        var live = await db
            .Incidents.Include(incident => incident.Members)
            .Where(incident =>
                incident.EnvironmentId == environmentId
                && incident.MergedIntoId == null
                && (incident.ResolvedAt == null || incident.Members.Any(member => keys.Contains(member.Key)))
            )
            .ToListAsync(cancellationToken);
        if (items.Count == 0 && live.Count == 0)
        {
            await NoteRunAsync(db, environmentId, triagedAt, now, cancellationToken);
            return;
        }

        var calls = await db
            .ServiceDependencies.AsNoTracking()
            .Select(call => new { call.CallerId, call.CalleeId })
            .ToListAsync(cancellationToken);
        var graph = new ServiceGraph(
            names.Values,
            calls
                .Where(call => names.ContainsKey(call.CallerId) && names.ContainsKey(call.CalleeId))
                .Select(call => (names[call.CallerId], names[call.CalleeId]))
        );
        var changed = Place(db, environmentId, live, items, graph, since, now);
        foreach (var incident in live)
            changed |= Settle(incident, items, areAlertsKnown, now);
        await db.SaveChangesAsync(cancellationToken);

        var ranked = 0;
        // One that was over before anyone looked still has a cause to be found.
        foreach (
            var incident in live.Where(one =>
                (one.ResolvedAt is null || one.RankedAt is null) && one.MergedIntoId is null && IsRankDue(one, now)
            )
        )
        {
            await RankAsync(incident, items, graph, environmentId, now, cancellationToken);
            ranked++;
        }
        if (changed || ranked > 0)
        {
            await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
            await db.SaveChangesAsync(cancellationToken);
            await db.AnnounceAsync(IncidentTopic.Id, environmentId, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            LogTriaged(environmentId, live.Count, ranked);
        }
        await NoteRunAsync(db, environmentId, triagedAt, now, cancellationToken);
        metrics.Triaged(items.Count, Stopwatch.GetElapsedTime(started));
    }

    /// <summary>When triage ran last, as far back as it is made up for.</summary>
    private static DateTimeOffset Since(DateTimeOffset? triagedAt, DateTimeOffset now)
    {
        var (at, oldest) = (triagedAt ?? now - Memory, now - MostCatchUp);
        return at > now ? now
            : at < oldest ? oldest
            : at;
    }

    private static async Task NoteRunAsync(
        ArchonDbContext db,
        int environmentId,
        DateTimeOffset? triagedAt,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        if (!DueTimes.IsDue(triagedAt, NoteEvery, now))
            return;
        await db
            .Environments.Where(one => one.Id == environmentId)
            .ExecuteUpdateAsync(set => set.SetProperty(one => one.TriagedAt, now), cancellationToken);
    }

    /// <param name="since">When triage ran last: what began and ended after that belongs into an incident as much as what still goes on.</param>
    /// <returns>What goes on or ended lately, the earliest first, and whether Alertmanager could be asked.</returns>
    private async Task<(List<Item> Items, bool AreAlertsKnown)> ItemsAsync(
        ArchonDbContext db,
        int environmentId,
        Dictionary<int, string> names,
        DateTimeOffset since,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        var (oldest, over) = (since - Memory, since - Lingers);
        var anomalies = await (
            from anomaly in db.Anomalies.AsNoTracking()
            where
                anomaly.EnvironmentId == environmentId
                && anomaly.StartedAt >= oldest
                && (anomaly.EndedAt == null || anomaly.EndedAt >= over)
                && anomaly.Verdict != AnomalyVerdict.Noise
                && anomaly.Verdict != AnomalyVerdict.Expected
            join watch in db.Watches on anomaly.WatchId equals watch.Id
            join series in db.WatchedSeries on anomaly.SeriesId equals series.Id
            orderby anomaly.StartedAt, anomaly.Id
            select new
            {
                anomaly.Id,
                anomaly.StartedAt,
                anomaly.EndedAt,
                anomaly.ServiceId,
                anomaly.Confidence,
                anomaly.LastSeenAt,
                anomaly.Severity,
                Watch = watch.Name,
                series.LabelsKey,
            }
        ).ToListAsync(cancellationToken);
        var items = anomalies.ConvertAll(one =>
        {
            var service = one.ServiceId is { } id && names.TryGetValue(id, out var name) ? name : one.LabelsKey;
            return new Item(
                IncidentMemberKind.Anomaly,
                one.Id.ToString(CultureInfo.InvariantCulture),
                one.ServiceId,
                service,
                one.Watch,
                $"{service} {one.Watch}",
                one.StartedAt,
                one.EndedAt,
                one.Confidence
            )
            {
                LastSeenAt = one.LastSeenAt,
                IsSerious = one.Severity != AnomalySeverity.Info,
            };
        });

        // Without Alertmanager the anomalies are gathered all the same; Status says that it is away.
        var answer = await upstreams.For(environmentId).Alertmanager.AlertsAsync(null, null, cancellationToken);
        if (answer is Fetch<IReadOnlyList<AlertmanagerAlert>>.Ok { Value: var alerts })
        {
            var matcher = await ServiceMatcher.LoadAsync(db, environmentId, cancellationToken);
            foreach (
                var alert in alerts.Where(one =>
                    one.EndsAt > now && one.StartsAt >= now - Memory && one.Labels.GetValueOrDefault("severity") != "info"
                )
            )
            {
                var id = matcher.Find(alert.Labels);
                var service =
                    id is { } known && names.TryGetValue(known, out var name)
                        ? name
                        : alert.Labels.GetValueOrDefault("instance") ?? alert.Fingerprint;
                var alertName = alert.Labels.GetValueOrDefault("alertname") ?? "alert";
                items.Add(
                    new Item(
                        IncidentMemberKind.Alert,
                        $"{alert.Fingerprint}@{alert.StartsAt.ToUnixTimeSeconds()}",
                        id,
                        service,
                        alertName,
                        $"{service} {alertName}",
                        alert.StartsAt,
                        null,
                        1
                    )
                );
            }
        }
        return (
            [.. items.OrderBy(item => item.StartedAt).ThenBy(item => item.Id, StringComparer.Ordinal)],
            answer is Fetch<IReadOnlyList<AlertmanagerAlert>>.Ok
        );
    }

    /// <summary>Gathers what belongs together, and puts it into the incident it belongs to. The same items always end in the same incidents.</summary>
    private static bool Place(
        ArchonDbContext db,
        int environmentId,
        List<Incident> live,
        List<Item> items,
        ServiceGraph graph,
        DateTimeOffset since,
        DateTimeOffset now
    )
    {
        var byId = items.ToDictionary(item => item.Id);
        var grouper = new AlertGrouper(graph, Grouping);
        var (groupOf, reasons) = (new Dictionary<string, int>(), new Dictionary<string, string>());
        foreach (var item in items)
        {
            foreach (var step in grouper.Add(Alert(item) with { EndMs = EndOf(item, now)?.ToUnixTimeMilliseconds() }))
            {
                switch (step)
                {
                    case GroupEvent.Placed placed:
                        (groupOf[placed.Alert], reasons[placed.Alert]) = (placed.Group, placed.Reason);
                        break;
                    case GroupEvent.Merged merged:
                        foreach (var moved in merged.Alerts)
                            (groupOf[moved], reasons[moved]) = (merged.Into, merged.Reason);
                        break;
                }
            }
        }

        var changed = false;
        foreach (var group in groupOf.GroupBy(one => one.Value, one => byId[one.Key]).OrderBy(group => group.Key))
        {
            var members = group.ToList();
            var homes = live.Where(incident =>
                    incident.MergedIntoId is null
                    && members.Exists(member => incident.Members.Exists(one => one.Kind == member.Kind && one.Key == member.Key))
                )
                .OrderBy(incident => incident.OpenedAt)
                .ThenBy(incident => incident.Id)
                .ToList();
            // What had ended by the last run was looked at then.
            if (homes.Count == 0 && (!IsIncident(members, now) || members.TrueForAll(member => member.EndedAt <= since)))
                continue;
            if (homes.Count == 0)
            {
                var fresh = new Incident
                {
                    EnvironmentId = environmentId,
                    OpenedAt = members[0].StartedAt,
                    ChangedAt = now,
                    Title = "",
                };
                db.Incidents.Add(fresh);
                live.Add(fresh);
                homes.Add(fresh);
            }
            var home = homes[0];
            foreach (var other in homes.Skip(1))
            {
                foreach (var member in other.Members.ToList())
                {
                    member.IncidentId = home.Id;
                    home.Members.Add(member);
                }
                (other.MergedIntoId, other.ChangedAt, home.ChangedAt) = (home.Id, now, now);
                changed = true;
            }
            foreach (var member in members)
            {
                if (live.Exists(incident => incident.Members.Exists(one => one.Kind == member.Kind && one.Key == member.Key)))
                    continue;
                home.Members.Add(
                    new IncidentMember
                    {
                        EnvironmentId = home.EnvironmentId,
                        Kind = member.Kind,
                        Key = member.Key,
                        Title = Short(member.Title, 256),
                        ServiceId = member.ServiceId,
                        StartedAt = member.StartedAt,
                        EndedAt = member.EndedAt,
                        Reason = Short(reasons[member.Id], 512),
                    }
                );
                home.ChangedAt = now;
                changed = true;
            }
            home.Title = Short(Title(members), 256);
        }
        return changed;
    }

    private static bool IsIncident(List<Item> members, DateTimeOffset now) =>
        members.Count >= LeastMembers
        || members.Exists(member => member.IsSerious && (member.EndedAt ?? now) - member.StartedAt >= AloneAfter);

    private static DateTimeOffset? EndOf(Item item, DateTimeOffset now) =>
        item.EndedAt ?? (item.LastSeenAt is { } seen && seen < now - Back ? seen : null);

    /// <summary>Notes what ended. An incident is over when nothing of it lasts.</summary>
    private static bool Settle(Incident incident, List<Item> items, bool areAlertsKnown, DateTimeOffset now)
    {
        if (incident.MergedIntoId is not null)
            return false;
        var changed = false;
        foreach (var member in incident.Members)
        {
            var item = items.Find(one => one.Kind == member.Kind && one.Key == member.Key);
            // What nobody tells of any more has ended at the latest now; but an Alertmanager that is away tells nothing.
            if (item is null && (member.EndedAt is not null || (member.Kind == IncidentMemberKind.Alert && !areAlertsKnown)))
                continue;
            var ended = item is null ? now : item.EndedAt;
            if (ended == member.EndedAt)
                continue;
            (member.EndedAt, incident.ChangedAt, changed) = (ended, now, true);
        }
        if (incident.ResolvedAt is not null && incident.Members.Exists(member => member.EndedAt is null))
            (incident.ResolvedAt, changed) = (null, true);
        if (incident.ResolvedAt is null && incident.Members.TrueForAll(member => member.EndedAt is { } ended && ended < now - Lingers))
            (incident.ResolvedAt, changed) = (incident.Members.Max(member => member.EndedAt), true);
        return changed;
    }

    /// <summary>Every minute that passes says more about a young incident; an old one is looked at again when it changes.</summary>
    private static bool IsRankDue(Incident incident, DateTimeOffset now) =>
        incident.RankedAt is not { } at
        || (DueTimes.IsDue(at, RankEvery, now) && (incident.ChangedAt > at || at < incident.OpenedAt + Young || at > now));

    private async Task RankAsync(
        Incident incident,
        List<Item> items,
        ServiceGraph graph,
        int environmentId,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        var mine = items.Where(item => incident.Members.Exists(member => member.Kind == item.Kind && member.Key == item.Key)).ToList();
        var onset = incident.Members.Min(member => member.StartedAt);
        var anomalies = incident
            .Members.Where(member => member.Kind == IncidentMemberKind.Anomaly)
            .Select(member => long.Parse(member.Key, CultureInfo.InvariantCulture))
            .ToList();
        switch (await evidence.QuestionAsync(environmentId, graph, onset, anomalies, now, cancellationToken))
        {
            case Fetch<CauseQuestion>.Ok { Value: var question }:
                var hints = mine.Select(item => new ServiceHint(
                        item.Service,
                        item.Metric,
                        item.StartedAt.ToUnixTimeMilliseconds(),
                        item.Confidence
                    ))
                    .ToList();
                var verdict = CauseRanker.Rank(question with { Hints = hints });
                (incident.Hypotheses, incident.Abstained) = IncidentCauses.Named(verdict, hints);
                incident.Fingerprint = Fingerprint
                    .Of(
                        mine.Select(Alert),
                        verdict is CauseVerdict.Ranked { Hypotheses: var hypotheses } ? hypotheses.Take(IncidentCauses.Most) : []
                    )
                    .Text;
                break;
            case var missed:
                // Not checked is not "no cause": the next run asks again.
                incident.Abstained = incident.Hypotheses.Count > 0 ? null : Short($"Could not be looked into: {missed.Reason()}", 512);
                break;
        }
        incident.RankedAt = now;
    }

    private static GroupingAlert Alert(Item item) => new(item.Id, item.StartedAt.ToUnixTimeMilliseconds(), item.Service, item.Metric);

    private static string Title(List<Item> members)
    {
        var services = members.Select(member => member.Service).Distinct().ToList();
        return services.Count switch
        {
            1 => $"{services[0]}: {string.Join(", ", members.Select(member => member.Metric).Distinct().Take(3))}",
            <= 3 => string.Join(", ", services),
            _ => $"{string.Join(", ", services.Take(3))} and {services.Count - 3} more",
        };
    }

    private static string Short(string text, int most) => text.Length <= most ? text : text[..most];

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Environment {EnvironmentId}: {Incidents} incidents open, causes of {Ranked} ranked"
    )]
    private partial void LogTriaged(int environmentId, int incidents, int ranked);
}
