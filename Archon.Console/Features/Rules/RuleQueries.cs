using Archon.Data;
using Archon.Data.Rules;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Rules;

/// <summary>One rule as the list shows it: what it says now, and how the server does with it.</summary>
public sealed record RuleRow(
    int Id, string File, string Group, string Name, AlertRuleKind Kind, string Expression, TimeSpan For, IReadOnlyDictionary<string, string> Labels,
    int CurrentVersion, string? ServerState, string? ServerHealth, string? ServerError, DateTimeOffset? ServerSeenAt)
{
    /// <summary>Triage order: what cannot be evaluated, then what fires, then what is about to.</summary>
    public int Urgency => (ServerHealth, ServerState) switch
    {
        ("err", _) => 0,
        (_, "firing") => 1,
        (_, "pending") => 2,
        // A recording rule has no state: that it is evaluated well is all there is to know.
        ("ok", null) when Kind == AlertRuleKind.Recording => 4,
        (_, "unknown" or null) => 3,
        _ => 4,
    };
}

/// <summary>One version of a rule.</summary>
public sealed record RuleVersionRow(
    int Number, string Expression, TimeSpan For, TimeSpan KeepFiringFor, IReadOnlyDictionary<string, string> Labels,
    IReadOnlyDictionary<string, string> Annotations, TimeSpan? Interval, string Author, string Reason, DateTimeOffset CreatedAt);

public sealed record RulesPicture(IReadOnlyList<RuleRow> Rules, DateTimeOffset? ServerSeenAt)
{
    public int Broken => Rules.Count(rule => rule.ServerHealth == "err");
    public int Firing => Rules.Count(rule => rule.ServerState == "firing");
    public int Pending => Rules.Count(rule => rule.ServerState == "pending");
}

public sealed class RuleQueries(IDbContextFactory<ArchonDbContext> contexts)
{
    /// <summary>Every rule of an environment, what needs attention first.</summary>
    public async Task<RulesPicture> PictureAsync(int environmentId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var rules = await (
            from rule in db.AlertRules.AsNoTracking()
            where rule.EnvironmentId == environmentId && rule.DeletedAt == null
            join version in db.AlertRuleVersions on new { rule.Id, Number = rule.CurrentVersion } equals new { Id = version.RuleId, version.Number }
            select new RuleRow(
                rule.Id, rule.File, rule.Group, rule.Name, rule.Kind, version.Expression, version.For, version.Labels,
                rule.CurrentVersion, rule.ServerState, rule.ServerHealth, rule.ServerError, rule.ServerSeenAt)).ToListAsync(cancellationToken);
        return new RulesPicture(
            [.. rules.OrderBy(rule => rule.Urgency).ThenBy(rule => rule.File, StringComparer.Ordinal).ThenBy(rule => rule.Group, StringComparer.Ordinal)
                .ThenBy(rule => rule.Name, StringComparer.Ordinal).ThenBy(rule => rule.Id)],
            rules.Max(rule => rule.ServerSeenAt));
    }

    /// <summary>A rule with all that its workbench needs; null where there is none of the id.</summary>
    public Task<RuleDetail?> FindAsync(int ruleId, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Every version of a rule, the newest first.</summary>
    public async Task<IReadOnlyList<RuleVersionRow>> VersionsAsync(int ruleId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.AlertRuleVersions.AsNoTracking().Where(version => version.RuleId == ruleId).OrderByDescending(version => version.Number)
            .Select(version => new RuleVersionRow(
                version.Number, version.Expression, version.For, version.KeepFiringFor, version.Labels, version.Annotations, version.Interval,
                version.Author, version.Reason, version.CreatedAt)).ToListAsync(cancellationToken);
    }
}
