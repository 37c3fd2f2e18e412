using Hangfire;

namespace Archon.Features.Services;

public sealed class DiscoverJob
{
    /// <summary>Finds services and watches in what Prometheus scrapes.</summary>
    [Queue("discover"), AutomaticRetry(Attempts = 3)]
    public Task DiscoverAsync(int environmentId, CancellationToken cancellationToken) => throw new NotImplementedException();
}
