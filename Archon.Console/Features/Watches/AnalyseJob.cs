using Hangfire;

namespace Archon.Features.Watches;

/// <summary>One analysis on demand: what the schedules do, now and in order.</summary>
public sealed class AnalyseJob
{
    /// <summary>Discovers, fits what has no model yet, and scans every watch of an environment.</summary>
    [Queue("scan"), AutomaticRetry(Attempts = 3)]
    public Task AnalyseAsync(int environmentId, CancellationToken cancellationToken) => throw new NotImplementedException();
}
