using Hangfire;

namespace Archon.Features.Watches;

public sealed class HousekeepingJob
{
    /// <summary>Makes partitions for the days to come, drops the old ones, forgets series nobody has seen for long.</summary>
    [Queue("housekeeping"), AutomaticRetry(Attempts = 3)]
    public Task CleanAsync(CancellationToken cancellationToken) => throw new NotImplementedException();
}
