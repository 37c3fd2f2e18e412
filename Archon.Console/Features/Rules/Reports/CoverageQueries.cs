using Archon.Data;
using Archon.Data.Catalogue;
using Archon.Data.Rules;
using Archon.Features.Rules.FromAnomaly;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Rules.Reports;

/// <param name="Links">Where to begin a rule for a cell that has none, by service and watch.</param>
public sealed record CoveragePicture(CoverageTable Table, IReadOnlyDictionary<(int ServiceId, int WatchId), string> Links) : ISharedPicture;

public sealed class CoverageQueries(IDbContextFactory<ArchonDbContext> contexts, RuleQueries rules)
{
    /// <summary>Every service of an environment against the rules that the catalogue holds or the server runs.</summary>
    public async Task<CoveragePicture> PictureAsync(int environmentId, CancellationToken cancellationToken)
    {
        var listed = (await rules.PictureAsync(environmentId, cancellationToken)).Rules;
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await using var moment = await db.BeginOneMomentAsync(cancellationToken);
        var watches = await db.Watches.AsNoTracking()
            .Where(watch => watch.EnvironmentId == environmentId && watch.Enabled && watch.Origin != CatalogueOrigin.Ignored)
            .OrderBy(watch => watch.Id).ToListAsync(cancellationToken);
        var services = await db.Services.AsNoTracking()
            .Where(service => service.EnvironmentId == environmentId && service.Origin != CatalogueOrigin.Ignored)
            .OrderBy(service => service.Tier).ThenBy(service => service.Name)
            .Select(service => new { service.Id, service.Name, service.Matchers }).ToListAsync(cancellationToken);
        var series = await db.WatchedSeries.AsNoTracking().Where(one => one.EnvironmentId == environmentId && one.ServiceId != null)
            .Select(one => new { one.WatchId, ServiceId = one.ServiceId!.Value, one.Labels, one.ExpectedLower, one.ExpectedUpper }).ToListAsync(cancellationToken);

        var byService = series.ToLookup(one => one.ServiceId);
        var table = RuleCoverage.Of(
            [.. listed.Select(rule => new CoverageRule(rule.Id, rule.Name, rule.Kind == AlertRuleKind.Alerting, rule.Expression))],
            [.. watches.Select(watch => new CoverageWatch(watch.Id, watch.Name, watch.Signal, watch.Query))],
            [.. services.Select(service => new CoverageService(service.Id, service.Name, service.Matchers, byService[service.Id].GroupBy(one => one.WatchId)
                .ToDictionary(group => group.Key, IReadOnlyDictionary<string, IReadOnlySet<string>> (group) => Values(group.Select(one => one.Labels)))))]);

        var place = RulePlace.Usual(listed);
        var links = new Dictionary<(int, int), string>();
        foreach (var row in table.Rows)
        {
            foreach (var cell in row.Cells.Where(cell => cell is { State: CoverageState.Bare, Watch: not null }))
            {
                var watch = watches.Single(one => one.Id == cell.Watch!.Id);
                var own = byService[row.Service.Id].Where(one => one.WatchId == watch.Id).ToList();
                var gap = new CoverageGap(row.Service.Name, row.Service.Matchers, watch, own.Min(one => one.ExpectedLower), own.Max(one => one.ExpectedUpper));
                if (GapRule.Of(gap) is { } content) links[(row.Service.Id, watch.Id)] = WorkbenchLinks.New(content, place, "coverage");
            }
        }
        return new CoveragePicture(table, links);
    }

    private static Dictionary<string, IReadOnlySet<string>> Values(IEnumerable<Dictionary<string, string>> series) => series.SelectMany(labels => labels)
        .GroupBy(label => label.Key, StringComparer.Ordinal)
        .ToDictionary(group => group.Key, IReadOnlySet<string> (group) => group.Select(label => label.Value).ToHashSet(StringComparer.Ordinal), StringComparer.Ordinal);
}
