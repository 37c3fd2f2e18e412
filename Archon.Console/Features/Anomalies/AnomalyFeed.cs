using Archon.Data;
using Archon.Data.Background;
using Archon.Live;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Options;

namespace Archon.Features.Anomalies;

/// <summary>Anomalies began, went on or ended, or a scan moved on: read again.</summary>
public sealed record AnomaliesChanged(DateTimeOffset At);

public sealed class AnomalyFeed(TimeProvider clock) : Feed<AnomaliesChanged>(clock, at => new AnomaliesChanged(at));

internal sealed class AnomalyListener(
    AnomalyFeed feed,
    IHubContext<LiveHub, ILiveClient> hub,
    IOptions<LiveOptions> options,
    ArchonNotifications notifications,
    ArchonDatabase database,
    Supervision supervision,
    ILogger<AnomalyListener> logger
) : FeedListener("Listener for anomalies", FeedChannels.Anomalies, notifications, database, supervision, logger)
{
    protected override Task OnChangedAsync(string origin, CancellationToken cancellationToken)
    {
        feed.Tick();
        // With a backplane "all" reaches the clients of every process, so only the process that announced speaks.
        var ours = options.Value.Redis is null || origin == FeedChannels.Origin;
        return ours ? hub.Clients.All.AnomaliesChanged(feed.Now()) : Task.CompletedTask;
    }
}
