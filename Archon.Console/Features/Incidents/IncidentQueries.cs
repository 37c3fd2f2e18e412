using System.Globalization;
using Archon.Data;
using Archon.Data.Incidents;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Incidents;

/// <summary>An incident as pages and programs show it.</summary>
/// <param name="Abstained">Why no cause is named; null where one is, or while nobody has looked.</param>
public sealed record IncidentRow(
    long Id, string Title, DateTimeOffset OpenedAt, DateTimeOffset? ResolvedAt, IReadOnlyList<IncidentMemberRow> Members,
    IReadOnlyList<IncidentHypothesis> Hypotheses, string? Abstained, DateTimeOffset? RankedAt);

public sealed record IncidentMemberRow(IncidentMemberKind Kind, string Key, string Title, DateTimeOffset StartedAt, DateTimeOffset? EndedAt, string Reason);

public sealed class IncidentQueries(IDbContextFactory<ArchonDbContext> contexts)
{
    /// <summary>Incidents that last, the newest first.</summary>
    public async Task<IReadOnlyList<IncidentRow>> OpenAsync(int environmentId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var open = await db.Incidents.AsNoTracking().Include(incident => incident.Members)
            .Where(incident => incident.EnvironmentId == environmentId && incident.ResolvedAt == null && incident.MergedIntoId == null)
            .OrderByDescending(incident => incident.OpenedAt).ThenByDescending(incident => incident.Id).ToListAsync(cancellationToken);
        return [.. open.Select(Row)];
    }

    /// <summary>The incident an anomaly belongs to; null when it stands alone.</summary>
    public async Task<IncidentRow?> OfAnomalyAsync(int environmentId, long anomalyId, CancellationToken cancellationToken)
    {
        var key = anomalyId.ToString(CultureInfo.InvariantCulture);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var incident = await db.Incidents.AsNoTracking().Include(one => one.Members)
            .Where(one => one.EnvironmentId == environmentId && one.Members.Any(member => member.Kind == IncidentMemberKind.Anomaly && member.Key == key))
            .FirstOrDefaultAsync(cancellationToken);
        return incident is null ? null : Row(incident);
    }

    private static IncidentRow Row(Incident incident) => new(
        incident.Id, incident.Title, incident.OpenedAt, incident.ResolvedAt,
        [.. incident.Members.OrderBy(member => member.StartedAt).ThenBy(member => member.Key, StringComparer.Ordinal)
            .Select(member => new IncidentMemberRow(member.Kind, member.Key, member.Title, member.StartedAt, member.EndedAt, member.Reason))],
        incident.Hypotheses, incident.Abstained, incident.RankedAt);
}
