using System.Collections.Concurrent;
using Archon.Data;
using Archon.Data.Catalogue;
using Archon.Data.Rules;
using Archon.Features.Rules.Catalogue;
using Archon.Live;
using Archon.Ui.Parts;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Rules.Coverage;

/// <param name="Rows">One page of the services that match, by tier and name.</param>
/// <param name="Matching">How many match.</param>
/// <param name="Skipped">How many of those come before the first one here.</param>
/// <param name="Links">Where to begin a rule for a cell that has none, by service and watch.</param>
public sealed record CoveragePicture(
    CoverageTable Table,
    IReadOnlyList<CoverageRow> Rows,
    int Matching,
    int Skipped,
    IReadOnlyDictionary<(int ServiceId, int WatchId), string> Links
) : ISharedPicture
{
    /// <summary>Without the table, which <see cref="CoverageQueries"/> keeps.</summary>
    public long Bytes => 1500L * Rows.Count;
}

/// <param name="Text">Part of the name of a service.</param>
/// <param name="OnlyGaps">Only services with a signal that nothing covers, or of which nobody knows.</param>
public sealed record CoverageFilter(string? Text, bool OnlyGaps);

public sealed class CoverageQueries(IDbContextFactory<ArchonDbContext> contexts, RuleQueries rules)
{
    private readonly ConcurrentDictionary<int, Computed> computed = new();

    /// <summary>Services of an environment against the rules that the catalogue holds or the server runs.</summary>
    /// <remarks>The table is computed when something that it rests on has changed, once for all who look at it.</remarks>
    public async Task<CoveragePicture> PictureAsync(
        int environmentId,
        CoverageFilter filter,
        int skip,
        int take,
        CancellationToken cancellationToken
    )
    {
        var (table, place) = await TableAsync(environmentId, cancellationToken);
        var text = filter.Text?.Trim() ?? "";
        var matching = table
            .Rows.Where(row => row.Service.Contains(text, StringComparison.OrdinalIgnoreCase) && (!filter.OnlyGaps || row.HasGap))
            .ToList();
        skip = Paging.Clamp(skip, take, matching.Count);
        var rows = matching.Skip(skip).Take(take).ToList();
        return new CoveragePicture(table, rows, matching.Count, skip, await LinksAsync(environmentId, rows, place, cancellationToken));
    }

    /// <summary>One service against the rules.</summary>
    /// <returns>Its row, null where the table has none; where to begin a rule for a signal that none covers, by the id of the watch; and the ids
    /// of all rules that the row names.</returns>
    public async Task<(CoverageRow? Row, IReadOnlyDictionary<int, string> Links, IReadOnlyList<int> Rules)> OfServiceAsync(
        int environmentId,
        int serviceId,
        CancellationToken cancellationToken
    )
    {
        var (table, place) = await TableAsync(environmentId, cancellationToken);
        if (table.Rows.FirstOrDefault(row => row.ServiceId == serviceId) is not { } row)
            return (null, new Dictionary<int, string>(), []);
        var links = await LinksAsync(environmentId, [row], place, cancellationToken);
        return (
            row,
            links.ToDictionary(link => link.Key.WatchId, link => link.Value),
            [.. row.Cells.SelectMany(cell => cell.Rules).Select(rule => rule.Id).Distinct()]
        );
    }

    private async Task<(CoverageTable Table, RulePlace Place)> TableAsync(int environmentId, CancellationToken cancellationToken)
    {
        var version = await VersionAsync(environmentId, cancellationToken);
        var known = computed.AddOrUpdate(
            environmentId,
            _ => Start(),
            (_, kept) => kept.Version == version && !kept.Table.Value.IsFaulted && !kept.Table.Value.IsCanceled ? kept : Start()
        );
        // Whoever leaves does not take it away from the others.
        return await known.Table.Value.WaitAsync(cancellationToken);

        Computed Start() => new(version, new Lazy<Task<(CoverageTable, RulePlace)>>(() => ComputeAsync(environmentId)));
    }

    /// <summary>A text that changes with everything the table rests on: services, watches, rules, and which series there are of which
    /// service.</summary>
    private async Task<string> VersionAsync(int environmentId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db
            .Database.SqlQuery<string>(
                $"""
                SELECT concat_ws(' ',
                    (SELECT concat_ws(' ', count(*), sum(hashtext(concat_ws(' ', id, name, origin, tier, matchers)))) FROM services WHERE environment_id = {environmentId}),
                    (SELECT concat_ws(' ', count(*), sum(hashtext(concat_ws(' ', id, name, query, signal, origin, enabled)))) FROM watches WHERE environment_id = {environmentId}),
                    (SELECT concat_ws(' ', count(*), sum(hashtext(concat_ws(' ', id, current_version, served IS NULL, deleted_at, document_id)))) FROM alert_rules WHERE environment_id = {environmentId}),
                    (SELECT concat_ws(' ', count(*), max(id), sum(id * 31 + coalesce(service_id, 0))) FROM watched_series WHERE environment_id = {environmentId})) AS "Value"
                """
            )
            .SingleAsync(cancellationToken);
    }

    private async Task<(CoverageTable, RulePlace)> ComputeAsync(int environmentId)
    {
        var listed = (await rules.PictureAsync(environmentId, CancellationToken.None)).Rules;
        await using var db = await contexts.CreateDbContextAsync();
        await using var moment = await db.BeginOneMomentAsync(CancellationToken.None);
        var watches = await Watched(db, environmentId)
            .OrderBy(watch => watch.Id)
            .Select(watch => new CoverageWatch(watch.Id, watch.Name, watch.Signal, watch.Query))
            .ToListAsync();
        var services = await db
            .Services.AsNoTracking()
            .Where(service => service.EnvironmentId == environmentId && service.Origin != CatalogueOrigin.Ignored)
            .OrderBy(service => service.Tier)
            .ThenBy(service => service.Name)
            .Select(service => new
            {
                service.Id,
                service.Name,
                service.Matchers,
            })
            .ToListAsync();
        var series = await db
            .WatchedSeries.AsNoTracking()
            .Where(one => one.EnvironmentId == environmentId && one.ServiceId != null)
            .Select(one => new
            {
                one.WatchId,
                ServiceId = one.ServiceId!.Value,
                one.Labels,
            })
            .ToListAsync();
        var byService = series.ToLookup(one => one.ServiceId);
        var table = RuleCoverage.Of(
            [.. listed.Select(rule => new CoverageRule(rule.Id, rule.Name, rule.Kind == AlertRuleKind.Alerting, rule.Expression))],
            watches,
            [
                .. services.Select(service => new CoverageService(
                    service.Id,
                    service.Name,
                    service.Matchers,
                    byService[service.Id]
                        .GroupBy(one => one.WatchId)
                        .ToDictionary(
                            group => group.Key,
                            IReadOnlyDictionary<string, IReadOnlySet<string>> (group) => Values(group.Select(one => one.Labels))
                        )
                )),
            ]
        );
        return (table, RulePlace.Usual(listed));
    }

    private async Task<IReadOnlyDictionary<(int ServiceId, int WatchId), string>> LinksAsync(
        int environmentId,
        IReadOnlyList<CoverageRow> rows,
        RulePlace place,
        CancellationToken cancellationToken
    )
    {
        var ids = rows.Where(row => row.Cells.Any(cell => cell.State == CoverageState.Bare)).Select(row => row.ServiceId).ToList();
        var links = new Dictionary<(int, int), string>();
        if (ids.Count == 0)
            return links;
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await using var moment = await db.BeginOneMomentAsync(cancellationToken);
        var watches = await Watched(db, environmentId).ToDictionaryAsync(watch => watch.Id, cancellationToken);
        var matchers = await db
            .Services.AsNoTracking()
            .Where(service => ids.Contains(service.Id))
            .ToDictionaryAsync(service => service.Id, service => service.Matchers, cancellationToken);
        var bands = await db
            .WatchedSeries.Where(one => one.ServiceId != null && ids.Contains(one.ServiceId.Value))
            .GroupBy(one => new { ServiceId = one.ServiceId!.Value, one.WatchId })
            .Select(group => new
            {
                group.Key,
                Lower = group.Min(one => one.ExpectedLower),
                Upper = group.Max(one => one.ExpectedUpper),
            })
            .ToDictionaryAsync(band => (band.Key.ServiceId, band.Key.WatchId), band => (band.Lower, band.Upper), cancellationToken);
        foreach (var row in rows)
        {
            foreach (var cell in row.Cells.Where(cell => cell is { State: CoverageState.Bare, Watch: not null }))
            {
                // What was removed since the table was computed has no rule to begin.
                if (!watches.TryGetValue(cell.Watch!.Id, out var watch) || !matchers.TryGetValue(row.ServiceId, out var own))
                    continue;
                var (lower, upper) = bands.GetValueOrDefault((row.ServiceId, watch.Id));
                if (GapRule.Of(new CoverageGap(row.Service, own, watch, lower, upper)) is { } content)
                {
                    links[(row.ServiceId, watch.Id)] = WorkbenchLinks.New(content, place, DraftSources.Coverage);
                }
            }
        }
        return links;
    }

    private static IQueryable<Watch> Watched(ArchonDbContext db, int environmentId) =>
        db
            .Watches.AsNoTracking()
            .Where(watch => watch.EnvironmentId == environmentId && watch.Enabled && watch.Origin != CatalogueOrigin.Ignored);

    private static Dictionary<string, IReadOnlySet<string>> Values(IEnumerable<Dictionary<string, string>> series) =>
        series
            .SelectMany(labels => labels)
            .GroupBy(label => label.Key, StringComparer.Ordinal)
            .ToDictionary(
                group => group.Key,
                IReadOnlySet<string> (group) => group.Select(label => label.Value).ToHashSet(StringComparer.Ordinal),
                StringComparer.Ordinal
            );

    private sealed record Computed(string Version, Lazy<Task<(CoverageTable Table, RulePlace Place)>> Table);
}
