using Archon.Data;
using Archon.Data.Access;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Scanning;

/// <summary>Says which team an alert belongs to: that of its service, else the one that its label <c>team</c> names.</summary>
internal static class AlertTeams
{
    public const string Label = "team";

    /// <returns>Null where neither a service nor the label names a team of this console.</returns>
    public static async Task<Team?> FindAsync(
        ArchonDbContext db,
        int environmentId,
        IReadOnlyDictionary<string, string> labels,
        CancellationToken cancellationToken
    )
    {
        var services = await ServiceMatcher.LoadAsync(db, environmentId, cancellationToken);
        if (
            services.Find(labels) is { } serviceId
            && await db
                .Services.AsNoTracking()
                .Where(service => service.Id == serviceId)
                .Select(service => db.Teams.FirstOrDefault(team => team.Id == service.TeamId))
                .SingleOrDefaultAsync(cancellationToken)
                is { } ofService
        )
            return ofService;
        return labels.TryGetValue(Label, out var name)
            ? await db.Teams.AsNoTracking().SingleOrDefaultAsync(team => team.Name == name, cancellationToken)
            : null;
    }
}
