using Archon.Data;

namespace Archon.Features.Scanning.States;

/// <summary>Finds out which subjects of a feature changed their state. <see cref="StateRecorder"/> calls each every 15 s.</summary>
public interface IStateSource
{
    /// <summary>Adds a row for each subject whose state is not that of its newest row.</summary>
    /// <param name="db">In a transaction for this call alone, which keeps other processes from recording the same environment.</param>
    /// <param name="recordingSince">Since when this process records. What happened before it was not there to see.</param>
    public Task RecordAsync(ArchonDbContext db, int environmentId, DateTimeOffset recordingSince, CancellationToken cancellationToken);
}
