using Archon.Data;
using Archon.Data.Catalogue;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Scanning;

/// <summary>Says which service a series belongs to: the one whose labels it carries, all of them; of several the most particular.</summary>
internal sealed class ServiceMatcher
{
    private readonly List<(int Id, Dictionary<string, string> Matchers)> services;

    private ServiceMatcher(List<(int, Dictionary<string, string>)> services) => this.services = services;

    public static async Task<ServiceMatcher> LoadAsync(ArchonDbContext db, int environmentId, CancellationToken cancellationToken)
    {
        var rows = await db
            .Services.AsNoTracking()
            .Where(service => service.EnvironmentId == environmentId && service.Origin != CatalogueOrigin.Ignored)
            .OrderBy(service => service.Id)
            .Select(service => new { service.Id, service.Matchers })
            .ToListAsync(cancellationToken);
        return new ServiceMatcher([
            .. rows.Where(row => row.Matchers.Count > 0)
                .OrderByDescending(row => row.Matchers.Count)
                .ThenByDescending(row => row.Matchers.ContainsKey("service"))
                .ThenBy(row => row.Id)
                .Select(row => (row.Id, row.Matchers)),
        ]);
    }

    public int? Find(IReadOnlyDictionary<string, string> labels)
    {
        foreach (var (id, matchers) in services)
        {
            if (matchers.All(matcher => labels.TryGetValue(matcher.Key, out var value) && value == matcher.Value))
                return id;
        }
        return null;
    }
}
