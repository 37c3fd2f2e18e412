using Archon.Features.Anomalies;
using Archon.Features.Services;
using Archon.Live;

namespace Archon.Features.Overview;

/// <summary>The first page at one time.</summary>
public sealed record OverviewPicture(ServicesPicture Services, AnomaliesPicture Anomalies) : ISharedPicture
{
    public long Bytes => Services.Bytes + Anomalies.Bytes;

    public DateTimeOffset ReadAt => Services.ReadAt;
    public CheckingState Checking => Anomalies.Checking;

    /// <summary>Nothing was found yet and nobody entered anything: the page guides instead of showing empty panels.</summary>
    public bool IsFirstRun => Services.InAll == 0 && Anomalies.Checking.Watches == 0;
}

public sealed class OverviewQueries(ServiceQueries services, AnomalyQueries anomalies)
{
    /// <summary>A screen and a half; the rest is a click away and never worse than what is shown.</summary>
    public const int ServicesShown = 30;
    public const int AnomaliesShown = 6;

    public async Task<OverviewPicture> PictureAsync(int environmentId, CancellationToken cancellationToken)
    {
        // Each reads in its own context, so they can be under way together.
        var servicesRead = services.PictureAsync(environmentId, ServiceFilter.Everything, 0, ServicesShown, cancellationToken);
        var anomaliesRead = anomalies.PictureAsync(
            environmentId,
            AnomalyFilter.Everything,
            new AnomalyWindow(0, AnomaliesShown, 0),
            cancellationToken
        );
        await Task.WhenAll(servicesRead, anomaliesRead);
        return new OverviewPicture(await servicesRead, await anomaliesRead);
    }
}
