using Archon.Data;
using Archon.Features.Scanning;
using Archon.Jobs;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Archon.Features.Incidents;

/// <summary>Incidents are kept as long as anomalies, counted from their end.</summary>
internal sealed class IncidentRetention(IOptions<WatchOptions> options) : IRetention
{
    public Task CleanAsync(ArchonDbContext db, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var oldest = now - options.Value.Retention;
        return db
            .Incidents.Where(incident => incident.ResolvedAt < oldest || (incident.MergedIntoId != null && incident.ChangedAt < oldest))
            .ExecuteDeleteAsync(cancellationToken);
    }
}
