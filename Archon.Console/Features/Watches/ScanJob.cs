using Hangfire;

namespace Archon.Features.Watches;

public sealed class ScanJob
{
    /// <summary>Scores everything of one watch that has not been scored yet.</summary>
    [Queue("scan"), AutomaticRetry(Attempts = 3)]
    public Task ScanAsync(int watchId, CancellationToken cancellationToken) => throw new NotImplementedException();
}
