using System.Globalization;
using Archon.Analysis.Correlation;
using Archon.Data;
using Archon.Data.Incidents;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Incidents;

/// <summary>An incident as pages and programs show it.</summary>
/// <param name="Abstained">Why no cause is named; null where one is, or while nobody has looked.</param>
public sealed record IncidentRow(
    long Id,
    string Title,
    DateTimeOffset OpenedAt,
    DateTimeOffset? ResolvedAt,
    IReadOnlyList<IncidentMemberRow> Members,
    IReadOnlyList<IncidentHypothesis> Hypotheses,
    string? Abstained,
    DateTimeOffset? RankedAt
);

public sealed record IncidentMemberRow(
    IncidentMemberKind Kind,
    string Key,
    string Title,
    DateTimeOffset StartedAt,
    DateTimeOffset? EndedAt,
    string Reason
);

/// <summary>An incident of the past that another one is like.</summary>
/// <param name="Similarity">0 to 1, see <see cref="Fingerprint"/>.</param>
/// <param name="Cause">The service that was thought to be behind it; null when none was named.</param>
public sealed record SimilarIncident(string Title, DateTimeOffset OpenedAt, DateTimeOffset ResolvedAt, double Similarity, string? Cause);

/// <summary>The place of an incident among the open ones, from which the next part of them begins.</summary>
public sealed record IncidentMark(DateTimeOffset OpenedAt, long Id);

public sealed class IncidentQueries(IDbContextFactory<ArchonDbContext> contexts, TimeProvider clock)
{
    private const double LeastSimilarity = 0.5;
    private const int SimilarShown = 3;

    /// <summary>Only so many, the newest, are compared.</summary>
    private const int SimilarLooked = 500;
    private static readonly TimeSpan SimilarWindow = TimeSpan.FromDays(90);

    /// <summary>Incidents that last, after a mark, the newest first.</summary>
    /// <param name="after">Null for the first ones.</param>
    public async Task<IReadOnlyList<IncidentRow>> OpenAfterAsync(
        int environmentId,
        IncidentMark? after,
        int limit,
        CancellationToken cancellationToken
    )
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var open = Open(db, environmentId);
        if (after is { OpenedAt: var openedAt, Id: var id })
        {
            open = open.Where(incident => incident.OpenedAt < openedAt || (incident.OpenedAt == openedAt && incident.Id < id));
        }
        var rows = await open.Include(incident => incident.Members)
            .OrderByDescending(incident => incident.OpenedAt)
            .ThenByDescending(incident => incident.Id)
            .Take(limit)
            .ToListAsync(cancellationToken);
        return [.. rows.Select(row => Row(row, clock.GetUtcNow()))];
    }

    public async Task<int> OpenCountAsync(int environmentId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await Open(db, environmentId).CountAsync(cancellationToken);
    }

    /// <summary>The incident an anomaly belongs to; null when it stands alone.</summary>
    public async Task<IncidentRow?> OfAnomalyAsync(int environmentId, long anomalyId, CancellationToken cancellationToken)
    {
        var key = anomalyId.ToString(CultureInfo.InvariantCulture);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var incident = await db
            .Incidents.AsNoTracking()
            .Include(one => one.Members)
            .Where(one =>
                one.EnvironmentId == environmentId
                && one.Members.Any(member => member.Kind == IncidentMemberKind.Anomaly && member.Key == key)
            )
            .FirstOrDefaultAsync(cancellationToken);
        return incident is null ? null : Row(incident, clock.GetUtcNow());
    }

    /// <summary>Past incidents that were like one, the most alike first.</summary>
    public async Task<IReadOnlyList<SimilarIncident>> SimilarAsync(int environmentId, long incidentId, CancellationToken cancellationToken)
    {
        var since = clock.GetUtcNow() - SimilarWindow;
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var own = await db
            .Incidents.AsNoTracking()
            .Where(one => one.EnvironmentId == environmentId && one.Id == incidentId)
            .Select(one => one.Fingerprint)
            .FirstOrDefaultAsync(cancellationToken);
        if (own is null || !Fingerprint.TryParse(own, out var wanted))
            return [];
        var past = await db
            .Incidents.AsNoTracking()
            .Where(one =>
                one.EnvironmentId == environmentId
                && one.Id != incidentId
                && one.ResolvedAt != null
                && one.MergedIntoId == null
                && one.OpenedAt >= since
                && one.Fingerprint != ""
            )
            .OrderByDescending(one => one.OpenedAt)
            .Take(SimilarLooked)
            .Select(one => new
            {
                one.Title,
                one.OpenedAt,
                ResolvedAt = one.ResolvedAt!.Value,
                one.Fingerprint,
                one.Hypotheses,
            })
            .ToListAsync(cancellationToken);
        return
        [
            .. past.Select(one => new SimilarIncident(
                    one.Title,
                    one.OpenedAt,
                    one.ResolvedAt,
                    Fingerprint.TryParse(one.Fingerprint, out var theirs) ? wanted.SimilarityTo(theirs) : 0,
                    one.Hypotheses.Count > 0 ? one.Hypotheses[0].Service : null
                ))
                .Where(one => one.Similarity >= LeastSimilarity)
                .OrderByDescending(one => one.Similarity)
                .ThenByDescending(one => one.OpenedAt)
                .Take(SimilarShown),
        ];
    }

    private static IQueryable<Incident> Open(ArchonDbContext db, int environmentId) =>
        db
            .Incidents.AsNoTracking()
            .Where(incident => incident.EnvironmentId == environmentId && incident.ResolvedAt == null && incident.MergedIntoId == null);

    private static IncidentRow Row(Incident incident, DateTimeOffset now)
    {
        var (hypotheses, abstained) = IncidentCauses.Aged(incident, now);
        return new IncidentRow(
            incident.Id,
            incident.Title,
            incident.OpenedAt,
            incident.ResolvedAt,
            [
                .. incident
                    .Members.OrderBy(member => member.StartedAt)
                    .ThenBy(member => member.Key, StringComparer.Ordinal)
                    .Select(member => new IncidentMemberRow(
                        member.Kind,
                        member.Key,
                        member.Title,
                        member.StartedAt,
                        member.EndedAt,
                        member.Reason
                    )),
            ],
            hypotheses,
            abstained,
            incident.RankedAt
        );
    }
}
