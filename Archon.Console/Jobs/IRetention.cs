using Archon.Data;

namespace Archon.Jobs;

/// <summary>Deletes rows of a feature's tables that are older than they are kept. Housekeeping calls each hourly.</summary>
public interface IRetention
{
    public Task CleanAsync(ArchonDbContext db, DateTimeOffset now, CancellationToken cancellationToken);
}
