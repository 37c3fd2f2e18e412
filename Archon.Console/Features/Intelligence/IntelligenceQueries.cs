using System.Globalization;
using Archon.Analysis.Forecasting;
using Archon.Data.Background;
using Archon.Data.Catalogue;
using Archon.Data.Incidents;
using Archon.Features.Anomalies;
using Archon.Features.Forecasts;
using Archon.Features.Incidents;
using Archon.Features.Overview;
using Archon.Features.Services;
using Archon.Features.Watches;
using Archon.Integrations;
using Archon.Shell;

namespace Archon.Features.Intelligence;

/// <summary>The same pictures that the pages show, in words for programs.</summary>
public sealed class IntelligenceQueries(
    OverviewQueries overview, AnomalyQueries anomalies, IncidentQueries incidents, ForecastQueries forecasts, UpstreamHealth upstreams, ScanHealth scans,
    BackgroundServiceStates background, TimeProvider clock)
{
    private const int Local = MonitoredEnvironment.DefaultId;

    public async Task<HealthVerdict> HealthAsync(CancellationToken cancellationToken)
    {
        var picture = await overview.PictureAsync(Local, cancellationToken);
        var services = picture.Services.Services;
        var reasons = services.Where(service => service.State <= HealthState.NotChecked)
            .Select(service => new HealthVerdictReason(Severity(service.State), service.Name, Figures.Plain(HealthWords.Reason(service.Reason)), service.Since)).ToList();
        var failing = upstreams.Current.Where(one => one.Configured && one.FailingSince is not null).ToList();
        reasons.AddRange(failing.Select(one => new HealthVerdictReason("unknown", one.Name, $"does not answer: {one.Reason}", one.FailingSince)));
        foreach (var service in background.Current)
        {
            if (service.Failure is not { } failure) continue;
            reasons.Add(new HealthVerdictReason("unknown", service.Name, $"This background service failed: {failure.Reason}", failure.Since));
        }
        if (scans.Of(Local) is ScanState.Stopped stopped)
        {
            reasons.Add(new HealthVerdictReason("unknown", "checking", stopped.Describe(clock.GetUtcNow()), stopped.At));
        }
        if (picture.Checking.WatchesUnchecked > 0)
        {
            reasons.Add(new HealthVerdictReason(
                "unknown", "checking", $"{picture.Checking.WatchesUnchecked} of {picture.Checking.Watches} watches are not checked: {picture.Checking.UncheckedReason}",
                picture.Checking.UncheckedSince));
        }
        if (picture.Checking.SeriesWithBand == 0)
        {
            reasons.Add(new HealthVerdictReason("unknown", "checking", "No series has an expected band yet, so nothing can be called normal.", null));
        }
        var judged = services.Where(service => service.State is not (HealthState.NotChecked or HealthState.Learning)).ToList();
        var well = judged.Count(service => service.State > HealthState.Warning);
        var status = services.Any(service => service.State == HealthState.Critical) ? "critical"
            : services.Any(service => service.State == HealthState.Warning) ? "degraded"
            : judged.Count == 0 || reasons.Any(reason => reason.Severity == "unknown") ? "unknown"
            : "healthy";
        return new HealthVerdict(
            status, judged.Count == 0 ? null : Math.Round((double)well / judged.Count, 3), reasons,
            Enum.GetValues<HealthState>().ToDictionary(Severity, state => picture.Services.Count(state)),
            [.. upstreams.Current.Where(one => one.Configured).Select(one => new UpstreamVerdict(
                one.Name, one.FailingSince is not null ? "failing" : one.LastAnswerAt is null ? "never asked" : "fresh", one.LastAnswerAt, one.Reason))],
            picture.ReadAt);
    }

    public async Task<AnomalyList> AnomaliesAsync(double confidence, CancellationToken cancellationToken)
    {
        var picture = await anomalies.PictureAsync(Local, new AnomalyFilter(Confidence: confidence), cancellationToken);
        return new AnomalyList(
            picture.OpenInAll,
            [.. picture.Open.Select(row => new AnomalyEntry(
                row.Id, Severity(row.State), row.Service, row.Watch, row.Signal.ToString().ToLowerInvariant(), row.Labels, row.StartedAt, row.LastSeenAt,
                row.Direction.ToString().ToLowerInvariant(), row.Value, row.Lower, row.Upper, row.Unit, row.Confidence, row.Verdict?.ToString().ToLowerInvariant()))],
            new CheckingEntry(
                picture.Checking.Watches, picture.Checking.WatchesUnchecked, picture.Checking.UncheckedReason,
                picture.Checking.Series, picture.Checking.SeriesWithBand, picture.Checking.LastScan),
            picture.ReadAt);
    }

    public async Task<InsightList> InsightsAsync(CancellationToken cancellationToken)
    {
        var picture = await overview.PictureAsync(Local, cancellationToken);
        var insights = new List<Insight>();
        foreach (var incident in await incidents.OpenAsync(Local, cancellationToken))
        {
            var cause = incident.Hypotheses.Count > 0 ? incident.Hypotheses[0] : null;
            insights.Add(new Insight(
                "incident", "critical",
                cause is null ? $"{incident.Title}: {incident.Members.Count} alerts and anomalies belong together" : $"{incident.Title}: {cause.Service} is the likeliest cause",
                cause is null ? incident.Abstained ?? "Its causes have not been looked into yet." : string.Join(" ", cause.For.Take(3)),
                [.. incident.Members.Where(member => member.Kind == IncidentMemberKind.Anomaly)
                    .Select(member => long.Parse(member.Key, CultureInfo.InvariantCulture))]));
        }
        foreach (var service in picture.Services.Services.Where(service => service.State <= HealthState.Info))
        {
            var own = picture.Anomalies.Open.Where(row => row.Service == service.Name).OrderBy(row => row.StartedAt).ToList();
            var first = own.FirstOrDefault();
            insights.Add(new Insight(
                "service_outside_band", Severity(service.State), $"{service.Name}: {Figures.Plain(HealthWords.Reason(service.Reason))}",
                first is null || own.Count < 2
                    ? "One signal left what its own history lets expect."
                    : $"{own.Count} signals left their bands; {first.Watch} moved first.",
                [.. own.Select(row => row.Id)]));
        }
        foreach (var limit in (await forecasts.PictureAsync(Local, cancellationToken)).InSight)
        {
            insights.Add(new Insight("limit_in_sight", "info", $"{limit.Subject}: {limit.Watch} reaches its limit at {limit.ReachedAt:u}", limit.Outlook, []));
        }
        if (scans.Of(Local) is ScanState.Stopped stopped)
        {
            insights.Add(new Insight(
                "not_checked", "unknown", "Scans stopped: the state of all services is unknown", stopped.Describe(clock.GetUtcNow()), []));
        }
        if (picture.Checking.WatchesUnchecked > 0)
        {
            insights.Add(new Insight(
                "not_checked", "unknown", $"{picture.Checking.WatchesUnchecked} of {picture.Checking.Watches} watches are not checked",
                picture.Checking.UncheckedReason ?? "The upstream does not answer.", []));
        }
        if (picture.Checking.SeriesLearning > 0)
        {
            insights.Add(new Insight(
                "learning", "info", $"{picture.Checking.SeriesLearning} of {picture.Checking.Series} series have no band yet",
                "They have too little history. Until then they are shown, not judged.", []));
        }
        if (insights.Count == 0)
        {
            insights.Add(new Insight("quiet", "info", "Everything that is watched is within its band", $"{picture.Checking.SeriesWithBand} series are judged.", []));
        }
        return new InsightList(insights, clock.GetUtcNow());
    }

    public async Task<PredictionList> PredictionsAsync(CancellationToken cancellationToken)
    {
        var picture = await forecasts.PictureAsync(Local, cancellationToken);
        return new PredictionList(
            picture.Limits.Count > 0,
            picture.Limits.Count > 0 ? $"{picture.Limits.Count} limits of {picture.Watches} watches are looked at; those missing here are not in sight within 14 days."
                : picture.Watches > 0 ? $"{picture.Watches} watches have a limit, and none of their series has a forecast yet." : "No watch has a limit yet, so nothing is predicted.",
            [.. picture.InSight.Select(limit => new PredictionEntry(
                limit.IsObjective ? "degradation" : "exhaustion", limit.Service, limit.Watch, limit.Labels, limit.Value, limit.Limit, limit.Unit,
                limit.ReachedAt!.Value, limit.ReachedEarliest!.Value, limit.ReachedLatest!.Value, limit.PastError, limit.Outlook, limit.MadeAt))],
            [Trust("exhaustion", picture.Exhaustion), Trust("degradation", picture.Degradation)], picture.ReadAt);
    }

    private static PredictionTrust Trust(string kind, PredictionRecord record) =>
        new(kind, record.Judged, record.False, record.Judged == 0 ? null : Math.Round(record.FalseShare, 4));

    private static string Severity(HealthState state) => state switch
    {
        HealthState.NotChecked => "unknown",
        _ => state.ToString().ToLowerInvariant(),
    };
}
