using Archon.Features.Scanning;
using Archon.Features.Services;
using Archon.Features.Watches;
using Archon.Integrations;
using Archon.Live;
using Archon.Ui.Format;
using Archon.Ui.Health;
using Archon.Ui.View;

namespace Archon.Features.Overview;

public sealed partial class OverviewPage(
    OverviewQueries overview,
    SampleTopic samples,
    AnomalyTopic anomalies,
    WatchTopic watches,
    ServiceTopic services,
    UpstreamHealth upstreams,
    ScanHealth scans,
    ViewState view
) : LivePage<OverviewPicture>
{
    private static readonly GoldenSignal[] Columns = Enum.GetValues<GoldenSignal>();

    private readonly SeenRows seen = new();

    protected override LiveSource<OverviewPicture> Source =>
        LiveSource.Shared("overview", view.EnvironmentId, $"", [samples, anomalies, watches, services], overview.PictureAsync);

    private IReadOnlyList<ServiceHealth> Shown => Picture!.Services.Services;
    private int Calm => Picture!.Services.Count(HealthState.Healthy);

    private string? PrometheusAway =>
        upstreams.Of(view.EnvironmentId).FirstOrDefault(one => one is { Name: "Prometheus", FailingSince: not null })?.Reason;

    private string NothingOpen =>
        Picture!.Checking switch
        {
            _ when scans.Of(view.EnvironmentId) is ScanState.Stopped => "Unknown: scans stopped.",
            { Watches: 0 } => "Nothing is watched yet, so nothing can be found.",
            { SeriesWithBand: 0 } => "No series has a band yet, so nothing can be outside one.",
            { WatchesUnchecked: var blind, Watches: var all } when blind == all => "Unknown: no data from Prometheus.",
            var checking => $"{Figures.Count(checking.SeriesWithBand)} series are inside their bands.",
        };

    protected override void Arrived(OverviewPicture picture) => seen.See(picture.Anomalies.Open.Select(row => row.Id));

    protected override int? NewIn(OverviewPicture picture)
    {
        var shown = Picture?.Anomalies.Open.Select(row => row.Id).ToHashSet() ?? [];
        return picture.Anomalies.Open.Count(row => !shown.Contains(row.Id));
    }

    protected override void Follow()
    {
        upstreams.StateChanged += Wake;
        scans.Changed += Wake;
    }

    protected override void Dispose(bool disposing)
    {
        upstreams.StateChanged -= Wake;
        scans.Changed -= Wake;
        base.Dispose(disposing);
    }

    private static bool IsFresh(UpstreamState source) => source is { Configured: true, FailingSince: null, LastAnswerAt: not null };

    private static string Link(ServiceHealth service) => ServiceAddress.Of(service.Name);
}
