using Archon.Data;
using Archon.Shell;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Anomalies;

/// <summary>Open anomalies, by their service and watch, the newest first.</summary>
internal sealed class AnomalyPalette(IDbContextFactory<ArchonDbContext> contexts) : IPaletteSource
{
    public async Task<IReadOnlyList<PaletteEntry>> SearchAsync(
        int environmentId,
        string text,
        int limit,
        CancellationToken cancellationToken
    )
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var inside = LikePattern.Containing(text);
        var found = await (
            from anomaly in db.Anomalies.AsNoTracking()
            where anomaly.EnvironmentId == environmentId && anomaly.EndedAt == null
            join watch in db.Watches on anomaly.WatchId equals watch.Id
            join one in db.Services on anomaly.ServiceId equals one.Id into services
            from service in services.DefaultIfEmpty()
            let name = service == null ? watch.Name : service.Name + " " + watch.Name
            where EF.Functions.ILike(name, inside, LikePattern.Escape)
            orderby anomaly.StartedAt descending, anomaly.Id
            select new { anomaly.Id, Name = name }
        )
            .Take(limit)
            .ToListAsync(cancellationToken);
        return [.. found.Select(anomaly => new PaletteEntry("Anomaly", anomaly.Name, $"/anomalies?a={anomaly.Id}", "anomalies"))];
    }
}
