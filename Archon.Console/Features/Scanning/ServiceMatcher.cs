using Archon.Data;
using Archon.Data.Catalogue;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Scanning;

/// <summary>Says which service a series belongs to: the one whose labels it carries, all of them; of several the most particular.</summary>
/// <remarks>
/// Metrics name one service by different labels: traces by <c>service_name</c>, a mesh by <c>destination_app</c>. A series that carries the
/// name of a service in such a label belongs to it, before it belongs to the job that passed it on.
/// </remarks>
internal sealed class ServiceMatcher
{
    private static readonly string[] Aliases = [.. ServiceLabels.Called, .. ServiceLabels.Own.Where(label => label != "job")];

    private readonly Dictionary<(string Label, string Value), List<Candidate>> byLabel = [];
    private readonly Dictionary<string, int> byName = new(StringComparer.Ordinal);

    internal ServiceMatcher(IEnumerable<(int Id, Dictionary<string, string> Matchers)> services)
    {
        var rank = 0;
        foreach (
            var (id, matchers) in services
                .Where(service => service.Matchers.Count > 0)
                .OrderByDescending(service => service.Matchers.Count)
                .ThenByDescending(service => service.Matchers.ContainsKey("service"))
                .ThenBy(service => service.Id)
        )
        {
            var (label, value) = matchers.MinBy(matcher => matcher.Key, StringComparer.Ordinal);
            if (!byLabel.TryGetValue((label, value), out var candidates))
                byLabel[(label, value)] = candidates = [];
            candidates.Add(new Candidate(rank++, id, matchers));
            if (matchers.Count == 1 && ServiceLabels.Own.Concat(ServiceLabels.Called).Contains(label))
                byName.TryAdd(value, id);
        }
    }

    public static async Task<ServiceMatcher> LoadAsync(ArchonDbContext db, int environmentId, CancellationToken cancellationToken)
    {
        var rows = await db
            .Services.AsNoTracking()
            .Where(service => service.EnvironmentId == environmentId && service.Origin != CatalogueOrigin.Ignored)
            .OrderBy(service => service.Id)
            .Select(service => new { service.Id, service.Matchers })
            .ToListAsync(cancellationToken);
        return new ServiceMatcher(rows.Select(row => (row.Id, row.Matchers)));
    }

    public int? Find(IReadOnlyDictionary<string, string> labels)
    {
        Candidate? found = null;
        foreach (var (label, value) in labels)
        {
            foreach (var candidate in byLabel.GetValueOrDefault((label, value), []))
            {
                if ((found is null || candidate.Rank < found.Rank) && candidate.Matches(labels))
                    found = candidate;
            }
        }
        if (found is not null && !found.IsOfJob)
            return found.Id;
        foreach (var alias in Aliases)
        {
            if (labels.TryGetValue(alias, out var name) && byName.TryGetValue(name, out var id))
                return id;
        }
        return found?.Id;
    }

    private sealed record Candidate(int Rank, int Id, Dictionary<string, string> Matchers)
    {
        public bool IsOfJob { get; } = Matchers.Keys.All(label => label is "job" or "namespace" or "instance");

        public bool Matches(IReadOnlyDictionary<string, string> labels) =>
            Matchers.All(matcher => labels.TryGetValue(matcher.Key, out var value) && value == matcher.Value);
    }
}
