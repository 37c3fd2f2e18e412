using Archon.Data;
using Archon.Data.Catalogue;
using Archon.Features.Scanning;
using Archon.Jobs;
using Archon.Live;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Archon.Features.Services;

/// <summary>A discovered service that no one accepted goes when it has no series, anomalies or calls any more.</summary>
internal sealed class ServiceRetention(IOptions<WatchOptions> options) : IRetention
{
    public async Task CleanAsync(ArchonDbContext db, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var silent = now - options.Value.StaleAfter;
        var services = await db
            .Services.Where(service =>
                service.Origin == CatalogueOrigin.Discovered
                && service.LastSeenAt < silent
                && !db.Anomalies.Any(anomaly => anomaly.ServiceId == service.Id)
                && !db.WatchedSeries.Any(one => one.ServiceId == service.Id)
                && !db.ServiceDependencies.Any(call => call.CalleeId == service.Id || call.CallerId == service.Id)
            )
            .ExecuteDeleteAsync(cancellationToken);
        if (services > 0)
            await db.AnnounceToAllAsync(ServiceTopic.Id, cancellationToken);
    }
}
