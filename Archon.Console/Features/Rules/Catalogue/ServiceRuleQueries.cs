using Archon.Data;
using Archon.Live;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Rules.Catalogue;

/// <summary>An alert rule whose labels or expression name the service.</summary>
public sealed record ServiceRuleRow(int Id, string Name, string Expression, string? ServerState, string? ServerHealth);

/// <summary>By name.</summary>
public sealed record ServiceRulesPicture(IReadOnlyList<ServiceRuleRow> Rules) : ISharedPicture
{
    public long Bytes => 1000L * Rules.Count;
}

public sealed class ServiceRuleQueries(IDbContextFactory<ArchonDbContext> contexts)
{
    /// <summary>Rules that name the service by a label, or by a matcher of their expression.</summary>
    public async Task<ServiceRulesPicture> NamingAsync(
        int environmentId,
        string service,
        IReadOnlyDictionary<string, string> matchers,
        CancellationToken cancellationToken
    )
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var rules = await (
            from rule in db.AlertRules.AsNoTracking()
            where rule.EnvironmentId == environmentId && rule.DeletedAt == null
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
        return new ServiceRulesPicture([
            .. rules
                .Where(rule =>
                    rule.Labels.ContainsValue(service)
                    || values.Any(value =>
                        rule.Expression.Replace(" ", "", StringComparison.Ordinal).Contains(value, StringComparison.Ordinal)
                    )
                )
                .Select(rule => new ServiceRuleRow(rule.Id, rule.Name, rule.Expression, rule.ServerState, rule.ServerHealth)),
        ]);
    }
}
