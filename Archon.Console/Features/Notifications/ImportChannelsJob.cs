using Hangfire;

namespace Archon.Features.Notifications;

public sealed class ImportChannelsJob
{
    /// <summary>Reads the receivers of the running Alertmanager into the catalogue, secrets masked.</summary>
    [Queue("discover"), AutomaticRetry(Attempts = 3)]
    public Task ImportAsync(int environmentId, CancellationToken cancellationToken) => throw new NotImplementedException();
}
