using Archon.Data;
using Archon.Data.Catalogue;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Watches;

/// <summary>A watch as the list shows it.</summary>
public sealed record WatchListRow(
    int Id, string Name, string Query, WatchSignal Signal, CatalogueOrigin Origin, double? Limit, LimitSide LimitSide, string Unit,
    int Series, int SeriesWithBand, DateTimeOffset? UncheckedSince, string? UncheckedReason, string? EditedBy);

/// <summary>Every watch of an environment at one time.</summary>
public sealed record WatchesPicture(IReadOnlyList<WatchListRow> Watches, DateTimeOffset ReadAt);

public sealed class WatchQueries(IDbContextFactory<ArchonDbContext> contexts, TimeProvider clock)
{
    /// <summary>Every watch, those nobody could check first, then by name.</summary>
    public async Task<WatchesPicture> PictureAsync(int environmentId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var rows = await db.Watches.AsNoTracking().Where(watch => watch.EnvironmentId == environmentId)
            .OrderBy(watch => watch.UncheckedSince == null).ThenBy(watch => watch.Name).ThenBy(watch => watch.Id)
            .Select(watch => new WatchListRow(
                watch.Id, watch.Name, watch.Query, watch.Signal, watch.Origin, watch.Limit, watch.LimitSide, watch.Unit,
                db.WatchedSeries.Count(series => series.WatchId == watch.Id),
                db.WatchedSeries.Count(series => series.WatchId == watch.Id && series.Model != null),
                watch.UncheckedSince, watch.UncheckedReason, watch.EditedBy))
            .ToListAsync(cancellationToken);
        return new WatchesPicture(rows, clock.GetUtcNow());
    }

    /// <returns>Null when there is no such watch in the environment.</returns>
    public async Task<Watch?> FindAsync(int environmentId, int id, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.Watches.AsNoTracking().SingleOrDefaultAsync(watch => watch.Id == id && watch.EnvironmentId == environmentId, cancellationToken);
    }
}
