using Archon.Data;
using Archon.Data.Background;
using Archon.Live;

namespace Archon.Features.Services;

/// <summary>Services, watches, rules or channels changed: read again.</summary>
public sealed record CatalogueChanged(DateTimeOffset At);

public sealed class CatalogueFeed(TimeProvider clock) : Feed<CatalogueChanged>(clock, at => new CatalogueChanged(at));

internal sealed class CatalogueListener(
    CatalogueFeed feed,
    ArchonNotifications notifications,
    ArchonDatabase database,
    Supervision supervision,
    ILogger<CatalogueListener> logger
) : FeedListener("Listener for catalogue changes", FeedChannels.Catalogue, notifications, database, supervision, logger)
{
    protected override Task OnChangedAsync(string origin, CancellationToken cancellationToken)
    {
        feed.Tick();
        return Task.CompletedTask;
    }
}
