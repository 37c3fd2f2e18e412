namespace Archon.Features.Anomalies;

/// <summary>Anomalies began, went on or ended, or a scan moved on: read again.</summary>
public sealed record AnomaliesChanged(DateTimeOffset At);

public sealed class AnomalyFeed
{
    public IAsyncEnumerable<AnomaliesChanged> WatchAsync(CancellationToken cancellationToken) => throw new NotImplementedException();
}
