using Archon.Data;
using Archon.Data.Catalogue;
using Archon.Features.Access;
using Archon.Shell;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Watches;

internal sealed class WatchPalette(IDbContextFactory<ArchonDbContext> contexts) : IPaletteSource
{
    public string? Policy => Permissions.EditWatches;

    public async Task<IReadOnlyList<PaletteEntry>> SearchAsync(
        int environmentId,
        string text,
        int limit,
        CancellationToken cancellationToken
    )
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var inside = LikePattern.Containing(text);
        var found = await db
            .Watches.AsNoTracking()
            .Where(watch =>
                watch.EnvironmentId == environmentId
                && watch.Origin != CatalogueOrigin.Ignored
                && EF.Functions.ILike(watch.Name, inside, LikePattern.Escape)
            )
            .OrderBy(watch => watch.Name)
            .ThenBy(watch => watch.Id)
            .Take(limit)
            .Select(watch => new { watch.Id, watch.Name })
            .ToListAsync(cancellationToken);
        return [.. found.Select(watch => new PaletteEntry("Watch", watch.Name, $"/watches/{watch.Id}", "search"))];
    }
}
