using Hangfire;

namespace Archon.Features.Rules;

public sealed class ImportRulesJob
{
    /// <summary>Reads the rules of the running Prometheus into the catalogue.</summary>
    [Queue("discover"), AutomaticRetry(Attempts = 3)]
    public Task ImportAsync(int environmentId, CancellationToken cancellationToken) => throw new NotImplementedException();
}
