using Archon.Data.Background;
using Archon.Data.Catalogue;
using Archon.Features.Scanning;
using Archon.Features.Services;
using Archon.Features.Watches;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Archon.Live;
using Archon.Ui.Health;
using Archon.Ui.View;

namespace Archon.Features.Status;

/// <summary>What the page shows beside the freshness of the sources, which it reads live.</summary>
public sealed record StatusPicture(WatchesPicture Watches, JobsPicture Jobs, Fetch<IReadOnlyList<PrometheusTarget>> Targets)
    : ISharedPicture
{
    public long Bytes =>
        (600L * (Watches.Watches.Count + Watches.Unchecked.Count))
        + (1000L * (Jobs.Schedules.Count + Jobs.Failures.Count))
        + (Targets is Fetch<IReadOnlyList<PrometheusTarget>>.Ok { Value: var targets } ? 1000L * targets.Count : 0);
}

public sealed partial class StatusPage(
    StatusQueries queries,
    JobQueries jobs,
    Upstreams clients,
    UpstreamHealth upstreams,
    BackgroundServiceStates background,
    SampleTopic samples,
    AnomalyTopic anomalies,
    WatchTopic watches,
    ServiceTopic services,
    ViewState view,
    TimeProvider clock
) : LivePage<StatusPicture>
{
    private const int TargetsShown = 50;
    private const int NamesShown = 3;
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(10);

    /// <summary>A slow Prometheus does not hold up what the console itself knows.</summary>
    private static readonly TimeSpan TargetsLimit = TimeSpan.FromSeconds(2);

    private string TargetWords =>
        Picture?.Targets is Fetch<IReadOnlyList<PrometheusTarget>>.Ok { Value: var targets }
            ? $"{targets.Count(target => target.Health == "up")} of {targets.Count} answer"
            : "unknown";

    /// <summary>A server that is away leaves every watch unchecked for the same reason: said once, above the list.</summary>
    private (int Count, DateTimeOffset Since, string Reason)? CommonFault =>
        (Picture?.Watches.Watches ?? [])
            .Where(watch => watch is { UncheckedSince: not null, UncheckedReason: not null })
            .GroupBy(watch => watch.UncheckedReason!)
            .Where(group => group.Count() > NamesShown)
            .OrderByDescending(group => group.Count())
            .Select(group => ((int, DateTimeOffset, string)?)(group.Count(), group.Min(watch => watch.UncheckedSince!.Value), group.Key))
            .FirstOrDefault();

    /// <summary>One outage leaves a gap in every watch: told once, with how many.</summary>
    private IEnumerable<(string Words, DateTimeOffset From, DateTimeOffset To, string Reason, string CaughtUp)> Gaps =>
        (Picture?.Watches.Unchecked ?? [])
            .GroupBy(gap => (gap.From, gap.To, gap.Reason))
            .Select(group =>
            {
                var names = group.Select(gap => gap.Watch).Order(StringComparer.Ordinal).ToList();
                var caught = group.Count(gap => gap.CaughtUpAt is not null);
                return (
                    names.Count <= NamesShown
                        ? string.Join(", ", names)
                        : $"{string.Join(", ", names.Take(NamesShown))} and {names.Count - NamesShown} more",
                    group.Key.From,
                    group.Key.To,
                    group.Key.Reason,
                    caught == names.Count ? "yes"
                    : caught == 0 ? "no"
                    : $"{caught} of {names.Count}"
                );
            });

    private IEnumerable<(string Service, BackgroundServiceFailure Fault)> FailedServices =>
        background.Current.Where(service => service.Failure is not null).Select(service => (service.Name, service.Failure!));

    // Jobs and targets change without a topic: read at the page's pace, once for all who look.
    protected override LiveSource<StatusPicture> Source =>
        LiveSource.Shared("status", view.EnvironmentId, $"", [samples, anomalies, watches, services], ReadAsync) with
        {
            Lifetime = Pace / 2,
        };

    private async Task<StatusPicture> ReadAsync(int environmentId, CancellationToken cancellationToken)
    {
        var targets = TargetsAsync(environmentId, cancellationToken);
        var ran = jobs.PictureAsync(cancellationToken);
        return new StatusPicture(await queries.WatchesAsync(environmentId, cancellationToken), await ran, await targets);
    }

    private async Task<Fetch<IReadOnlyList<PrometheusTarget>>> TargetsAsync(int environmentId, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TargetsLimit);
        try
        {
            return await clients.For(environmentId).Prometheus.TargetsAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new Fetch<IReadOnlyList<PrometheusTarget>>.Unavailable(
                $"Prometheus did not answer within {TargetsLimit.TotalSeconds:0} s."
            );
        }
    }

    protected override void Follow()
    {
        WakeEvery(Pace);
    }

    private static StateKind Shape(UpstreamState source) =>
        source switch
        {
            { Configured: false } => StateKind.Silenced,
            { FailingSince: not null } => StateKind.Warning,
            { LastAnswerAt: null } => StateKind.Unknown,
            _ => StateKind.Ok,
        };

    private static string Word(UpstreamState source) =>
        source switch
        {
            { Configured: false } => "Not set up",
            { FailingSince: not null } => "No answer",
            { LastAnswerAt: null } => "Not asked yet",
            _ => "Answers",
        };

    private static string Word(BackgroundServiceState service) =>
        service.Failure is not null ? "Failed"
        : service.HasEnded ? "Nothing to do"
        : "Running";

    private static StateKind Shape(WatchRow watch) =>
        watch switch
        {
            { Enabled: false } => StateKind.Silenced,
            { UncheckedSince: not null } => StateKind.Unknown,
            { SeriesWithBand: 0 } => StateKind.Unknown,
            _ => StateKind.Ok,
        };

    private static string Origin(WatchRow watch) =>
        watch.Origin switch
        {
            CatalogueOrigin.Discovered => "discovered",
            CatalogueOrigin.Ignored => "ignored",
            CatalogueOrigin.Edited => "edited",
            _ => "",
        };

    private static string Word(WatchRow watch) =>
        watch switch
        {
            { Enabled: false } => "Off",
            { UncheckedSince: not null } => "Not checked",
            { SeriesWithBand: 0 } => "Learning",
            _ => "Checked",
        };
}
