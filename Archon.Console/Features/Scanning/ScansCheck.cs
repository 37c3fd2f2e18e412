using Archon.Data;
using Archon.Jobs;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Archon.Features.Scanning;

/// <summary>A process that serves pages stays in the load balancer when nothing is scanned: its pages say so. A worker has nothing else to do.</summary>
internal sealed class ScansCheck(ScanHealth scans, ArchonDatabase database, IOptions<JobsOptions> options, TimeProvider clock)
    : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (!database.IsReady || scans.Overall is not ScanState.Stopped stopped)
            return Task.FromResult(HealthCheckResult.Healthy());
        var words = stopped.Describe(clock.GetUtcNow());
        return Task.FromResult(
            options.Value.Role == ProcessRole.Worker ? HealthCheckResult.Unhealthy(words) : HealthCheckResult.Degraded(words)
        );
    }
}
