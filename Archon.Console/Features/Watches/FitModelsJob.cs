using Hangfire;

namespace Archon.Features.Watches;

public sealed class FitModelsJob
{
    /// <summary>Learns every series of one watch from history.</summary>
    [Queue("fit"), AutomaticRetry(Attempts = 3)]
    public Task FitAsync(int watchId, CancellationToken cancellationToken) => throw new NotImplementedException();
}
