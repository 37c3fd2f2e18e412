using Archon.Features.Services;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.SignalR;

namespace Archon.Features.Anomalies;

/// <summary>What the hub sends by itself to every client that is connected.</summary>
public interface ILiveClient
{
    public Task AnomaliesChanged(AnomaliesChanged change);
}

/// <summary>Live ticks for other clients at <see cref="Path"/>. Our own pages read the feeds in process.</summary>
[Authorize(Roles = "viewer,responder,editor,admin")]
public sealed class LiveHub(AnomalyFeed anomalies, CatalogueFeed catalogue) : Hub<ILiveClient>
{
    public const string Path = "/hubs/live";

    public IAsyncEnumerable<AnomaliesChanged> WatchAnomalies(CancellationToken cancellationToken) =>
        anomalies.WatchAsync(cancellationToken);

    public IAsyncEnumerable<CatalogueChanged> WatchCatalogue(CancellationToken cancellationToken) =>
        catalogue.WatchAsync(cancellationToken);
}
