using Archon.Analysis.Promql;
using Archon.Analysis.RuleReplay;
using Archon.Analysis.Series;
using Archon.ConfigFiles.Rules;
using Archon.Data;
using Archon.Features.Rules.Catalogue;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Rules.Backtest;

/// <summary>Incidents to judge a rule by.</summary>
/// <param name="Of">Services they are of; empty: every incident of the environment.</param>
public sealed record KnownTroubles(IReadOnlyList<KnownTrouble> Troubles, IReadOnlyList<string> Of);

public sealed class TroubleQueries(IDbContextFactory<ArchonDbContext> contexts)
{
    /// <summary>Incidents of the services a rule is about; where none is named, all of the environment.</summary>
    public async Task<KnownTroubles> TroublesAsync(
        int environmentId,
        RuleContent rule,
        TimeRange range,
        CancellationToken cancellationToken
    )
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var named = Names(rule);
        var services = await db
            .Services.AsNoTracking()
            .Where(service => service.EnvironmentId == environmentId && named.Contains(service.Name))
            .Select(service => new { service.Id, service.Name })
            .ToListAsync(cancellationToken);
        var ids = services.Select(service => (int?)service.Id).ToList();
        var (start, end) = (range.Start, range.End);
        var incidents = await db
            .Incidents.AsNoTracking()
            .Where(incident => incident.EnvironmentId == environmentId && incident.MergedIntoId == null)
            .Where(incident => incident.OpenedAt <= end && (incident.ResolvedAt == null || incident.ResolvedAt >= start))
            .Where(incident => ids.Count == 0 || incident.Members.Any(member => ids.Contains(member.ServiceId)))
            .OrderBy(incident => incident.OpenedAt)
            .ThenBy(incident => incident.Id)
            .Select(incident => new
            {
                incident.Id,
                incident.OpenedAt,
                incident.ResolvedAt,
            })
            .ToListAsync(cancellationToken);
        return new KnownTroubles(
            [
                .. incidents.Select(one => new KnownTrouble(
                    $"INC-{one.Id}",
                    one.OpenedAt.ToUnixTimeMilliseconds(),
                    (one.ResolvedAt ?? end).ToUnixTimeMilliseconds()
                )),
            ],
            [.. services.Select(service => service.Name).Order(StringComparer.Ordinal)]
        );
    }

    /// <summary>What may be the name of a service: values of the rule's labels and of equal matchers in its expression.</summary>
    private static List<string> Names(RuleContent rule)
    {
        var names = new HashSet<string>(
            rule.Labels.Where(label => label.Key != WorkbenchDraft.SeverityLabel).Select(label => label.Value),
            StringComparer.Ordinal
        );
        if (PromqlParser.Parse(rule.Expression, out _) is { } parsed)
        {
            names.UnionWith(
                parsed
                    .All()
                    .OfType<PromqlSelector>()
                    .SelectMany(selector => selector.Matchers)
                    .Where(matcher => matcher.Match == PromqlMatch.Equal && matcher.Label != PromqlMatcher.Name)
                    .Select(matcher => matcher.Value)
            );
        }
        return [.. names.Where(name => name.Length > 0)];
    }
}
