namespace Archon.Features.Services;

/// <summary>Services, watches, rules or channels changed: read again.</summary>
public sealed record CatalogueChanged(DateTimeOffset At);

public sealed class CatalogueFeed
{
    public IAsyncEnumerable<CatalogueChanged> WatchAsync(CancellationToken cancellationToken) => throw new NotImplementedException();
}
