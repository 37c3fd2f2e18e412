using Archon.Data;
using Archon.Data.Catalogue;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Status;

/// <summary>How far the console has got with one watch.</summary>
/// <param name="ReadyAt">When the next series without a band has history enough for one; null where none is waited for.</param>
public sealed record WatchRow(
    int Id,
    string Name,
    WatchSignal Signal,
    string Query,
    CatalogueOrigin Origin,
    bool Enabled,
    TimeSpan Step,
    int Series,
    int SeriesWithBand,
    DateTimeOffset? ReadyAt,
    DateTimeOffset? ScannedTo,
    DateTimeOffset? FittedAt,
    DateTimeOffset? UncheckedSince,
    string? UncheckedReason
);

/// <summary>A stretch that nobody could check.</summary>
public sealed record UncheckedRow(string Watch, DateTimeOffset From, DateTimeOffset To, string Reason, DateTimeOffset? CaughtUpAt);

/// <summary>What the console itself knows about its work.</summary>
public sealed record WatchesPicture(DateTimeOffset ReadAt, IReadOnlyList<WatchRow> Watches, IReadOnlyList<UncheckedRow> Unchecked);

public sealed class StatusQueries(IDbContextFactory<ArchonDbContext> contexts, TimeProvider clock)
{
    private static readonly TimeSpan UncheckedWindow = TimeSpan.FromHours(24);
    private const int UncheckedLimit = 50;

    public async Task<WatchesPicture> WatchesAsync(int environmentId, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var since = now - UncheckedWindow;
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var series = await db
            .WatchedSeries.AsNoTracking()
            .Where(one => one.EnvironmentId == environmentId)
            .GroupBy(one => one.WatchId)
            .Select(group => new
            {
                WatchId = group.Key,
                InAll = group.Count(),
                WithBand = group.Count(one => one.Model != null),
                ReadyAt = group.Min(one => one.ReadyAt),
            })
            .ToDictionaryAsync(group => group.WatchId, cancellationToken);
        var watches = await db.Watches.AsNoTracking().Where(watch => watch.EnvironmentId == environmentId).ToListAsync(cancellationToken);
        var spans = await (
            from span in db.UncheckedSpans.AsNoTracking()
            where span.EnvironmentId == environmentId && span.To >= since
            join watch in db.Watches on span.WatchId equals watch.Id
            orderby span.From descending, span.Id
            select new UncheckedRow(watch.Name, span.From, span.To, span.Reason, span.CaughtUpAt)
        )
            .Take(UncheckedLimit)
            .ToListAsync(cancellationToken);
        return new WatchesPicture(
            now,
            [
                .. watches
                    .Select(watch => new WatchRow(
                        watch.Id,
                        watch.Name,
                        watch.Signal,
                        watch.Query,
                        watch.Origin,
                        watch.Enabled && watch.Origin != CatalogueOrigin.Ignored,
                        watch.Step,
                        series.GetValueOrDefault(watch.Id)?.InAll ?? 0,
                        series.GetValueOrDefault(watch.Id)?.WithBand ?? 0,
                        series.GetValueOrDefault(watch.Id)?.ReadyAt,
                        watch.ScannedTo,
                        watch.FittedAt,
                        watch.UncheckedSince,
                        watch.UncheckedReason
                    ))
                    .OrderBy(watch => !watch.Enabled)
                    .ThenBy(watch => watch.UncheckedSince is null)
                    .ThenBy(watch => watch.SeriesWithBand > 0)
                    .ThenBy(watch => watch.Name, StringComparer.Ordinal),
            ],
            spans
        );
    }
}
