using Archon.Data;
using Archon.Live;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Rules.Coverage;

/// <summary>An alert rule whose labels or expression name the service.</summary>
public sealed record ServiceRuleRow(int Id, string Name, string Expression, string? ServerState, string? ServerHealth);

/// <summary>The rules of a service.</summary>
/// <param name="Coverage">The rules that cover each of its signals; null where the service is not in the table of coverage.</param>
/// <param name="Links">Where to begin a rule for a signal that none covers, by the id of the watch.</param>
/// <param name="Others">Rules that name the service and cover none of its signals, by name.</param>
public sealed record ServiceRulesPicture(
    CoverageRow? Coverage,
    IReadOnlyDictionary<int, string> Links,
    IReadOnlyList<ServiceRuleRow> Others
) : ISharedPicture
{
    public long Bytes => 4000 + (1000L * Others.Count);
}

public sealed class ServiceRuleQueries(IDbContextFactory<ArchonDbContext> contexts, CoverageQueries coverage)
{
    /// <summary>Rules that cover a signal of the service as the page of coverage says, and those that name it by a label or a matcher.</summary>
    public async Task<ServiceRulesPicture> PictureAsync(
        int environmentId,
        int serviceId,
        string service,
        IReadOnlyDictionary<string, string> matchers,
        CancellationToken cancellationToken
    )
    {
        var (row, links, covering) = await coverage.OfServiceAsync(environmentId, serviceId, cancellationToken);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var rows = await (
            from rule in db.AlertRules.AsNoTracking()
            where rule.EnvironmentId == environmentId && rule.DeletedAt == null && !covering.Contains(rule.Id)
            join version in db.AlertRuleVersions
                on new { rule.Id, Number = rule.CurrentVersion } equals new { Id = version.RuleId, version.Number }
            orderby rule.Name, rule.Id
            select new
            {
                rule.Id,
                rule.Name,
                rule.ServerState,
                rule.ServerHealth,
                version.Expression,
                version.Labels,
            }
        ).ToListAsync(cancellationToken);
        var values = matchers.Select(matcher => $"{matcher.Key}=\"{matcher.Value}\"").Append($"\"{service}\"").ToList();
        return new ServiceRulesPicture(
            row,
            links,
            [
                .. rows.Where(rule =>
                        rule.Labels.ContainsValue(service)
                        || values.Any(value =>
                            rule.Expression.Replace(" ", "", StringComparison.Ordinal).Contains(value, StringComparison.Ordinal)
                        )
                    )
                    .Select(rule => new ServiceRuleRow(rule.Id, rule.Name, rule.Expression, rule.ServerState, rule.ServerHealth)),
            ]
        );
    }
}
