using Archon.Features.Anomalies;
using Archon.Features.Services;
using Archon.Features.Watches;
using Archon.Integrations;
using Archon.Shell;

namespace Archon.Features.Overview;

public sealed partial class OverviewPage(
    OverviewQueries overview, AnomalyFeed anomalies, CatalogueFeed catalogue, UpstreamHealth upstreams, ScanHealth scans, ViewState view)
    : LivePage<OverviewPicture>
{
    /// <summary>A screen and a half; the rest is a click away and never worse than what is shown.</summary>
    private const int ServicesShown = 30;
    private const int AheadShown = 4;
    private const int LiveShown = 6;
    private static readonly GoldenSignal[] Columns = Enum.GetValues<GoldenSignal>();

    private readonly SeenRows seen = new();

    protected override string Key => $"overview/{view.EnvironmentId}";

    private IReadOnlyList<ServiceHealth> Shown { get; set; } = [];
    private IReadOnlyList<ServiceHealth> Calm { get; set; } = [];

    private string? PrometheusAway => upstreams.Current.FirstOrDefault(one => one is { Name: "Prometheus", FailingSince: not null })?.Reason;

    private string OutOfSight => Picture!.Forecasts.Limits is var limits && limits.Count(limit => limit.IsJudged) is var judged && judged == 0
        ? limits.Count == 0 ? "No limit has a forecast yet." : $"{limits.Count} limits have too little history for a forecast."
        : $"None of {judged} limits is in sight within 14 days.{(judged < limits.Count ? $" {limits.Count - judged} more have too little history." : "")}";

    private string Ahead => Picture!.Forecasts.InSight.Count() switch { 0 => Picture.Forecasts.Limits.Any(limit => limit.IsJudged) ? "nothing in sight" : "not known yet", 1 => "1 in sight", var many => $"{many} in sight, soonest first" };

    private string NothingOpen => Picture!.Checking switch
    {
        _ when scans.Of(view.EnvironmentId) is ScanState.Stopped => "Unknown: scans stopped.",
        { Watches: 0 } => "Nothing is watched yet, so nothing can be found.",
        { SeriesWithBand: 0 } => "No series has a band yet, so nothing can be outside one.",
        { WatchesUnchecked: var blind, Watches: var all } when blind == all => "Nobody can say: no watch has been answered.",
        var checking => $"{checking.SeriesWithBand} series are inside their bands.",
    };

    protected override Task<OverviewPicture> ReadAsync(CancellationToken cancellationToken) => overview.PictureAsync(view.EnvironmentId, cancellationToken);

    protected override void Arrived(OverviewPicture picture)
    {
        Shown = [.. picture.Services.Services.Take(ServicesShown)];
        Calm = [.. picture.Services.Services.Where(service => service.State == HealthState.Healthy)];
        seen.See(picture.Anomalies.Open.Select(row => row.Id));
    }

    protected override int? NewIn(OverviewPicture picture)
    {
        var shown = Picture?.Anomalies.Open.Select(row => row.Id).ToHashSet() ?? [];
        return picture.Anomalies.Open.Count(row => !shown.Contains(row.Id));
    }

    protected override void Follow()
    {
        Follow(anomalies.WatchAsync(Lifetime));
        Follow(catalogue.WatchAsync(Lifetime));
        upstreams.Changed += Wake;
        scans.Changed += Wake;
    }

    protected override void Dispose(bool disposing)
    {
        upstreams.Changed -= Wake;
        scans.Changed -= Wake;
        base.Dispose(disposing);
    }

    private static bool IsFresh(UpstreamState source) => source is { Configured: true, FailingSince: null, LastAnswerAt: not null };

    private static string Link(ServiceHealth service) => $"/services/{Uri.EscapeDataString(service.Name)}";
}
