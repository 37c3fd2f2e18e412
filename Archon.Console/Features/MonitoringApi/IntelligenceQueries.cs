using System.Globalization;
using Archon.Analysis.Forecasting;
using Archon.Data.Background;
using Archon.Data.Incidents;
using Archon.Features.Alerts;
using Archon.Features.Anomalies;
using Archon.Features.Forecasts;
using Archon.Features.Incidents;
using Archon.Features.Scanning;
using Archon.Features.Services;
using Archon.Integrations;
using Archon.Ui.Format;
using Archon.Ui.Health;

namespace Archon.Features.MonitoringApi;

/// <summary>The same that the pages show, in words for programs. Lists come in parts: each gives out the cursor of the next one.</summary>
/// <remarks>A cursor that is none, or is of another list, is answered with null.</remarks>
public sealed class IntelligenceQueries(
    ServiceQueries services,
    AnomalyQueries anomalies,
    IncidentQueries incidents,
    ForecastQueries forecasts,
    AlertQueries alerts,
    UpstreamHealth upstreams,
    ConfiguredEnvironment configured,
    ScanHealth scans,
    BackgroundServiceStates background,
    TimeProvider clock
)
{
    private int Local => configured.Id;

    /// <summary>Anomalies that one insight names at most.</summary>
    private const int AnomaliesNamed = 50;

    /// <summary>Alerts that a verdict names at most.</summary>
    private const int AlertsNamed = 20;

    private const string ReasonsKey = "reasons";
    private const string AnomaliesKey = "anomalies";
    private const string PredictionsKey = "predictions";
    private const string IncidentSection = "insights-incidents";
    private const string ServiceSection = "insights-services";
    private const string LimitSection = "insights-limits";

    public async Task<HealthVerdict?> HealthAsync(int limit, string? cursor, CancellationToken cancellationToken)
    {
        ServiceMark? after = null;
        if (cursor is not null && !TryMark(PageCursor.Decode(cursor), ReasonsKey, out after))
            return null;
        var picture = await services.PictureAsync(Local, ServiceFilter.Everything, 0, 0, cancellationToken);
        var firing = await alerts.FiringAsync(Local, AlertsNamed, cancellationToken);
        var general = await LimitsOfCheckingAsync(picture, cancellationToken);
        general.AddRange(await ReasonsAsync(firing.Known, cancellationToken));
        var reasons = after is null ? general : [];
        var troubled = await services.TroubledAfterAsync(Local, HealthState.NotChecked, after, limit + 1, cancellationToken);
        var page = troubled.Take(limit).ToList();
        reasons =
        [
            .. reasons,
            .. page.Select(service => new HealthVerdictReason(
                Severity(service.State),
                service.Name,
                Figures.Plain(HealthReasonWords.Reason(service.Reason)),
                service.Since
            )),
        ];

        var judged = picture.InAll - picture.Count(HealthState.NotChecked) - picture.Count(HealthState.Learning);
        var well = judged - picture.Count(HealthState.Critical) - picture.Count(HealthState.Warning);
        var isUnknown = judged == 0 || picture.Count(HealthState.NotChecked) > 0 || general.Any(reason => reason.Severity == "unknown");
        var status =
            picture.Count(HealthState.Critical) > 0 || firing.Known.Critical > 0 ? "critical"
            : picture.Count(HealthState.Warning) > 0 || firing.Known.Warning > 0 ? "degraded"
            : isUnknown ? "unknown"
            : picture.IsMostlyLearning ? "learning"
            : "healthy";
        return new HealthVerdict(
            status,
            judged == 0 || picture.IsMostlyLearning ? null : Math.Round((double)well / judged, 3),
            reasons,
            general.Count + Enum.GetValues<HealthState>().Where(state => state <= HealthState.NotChecked).Sum(picture.Count),
            troubled.Count > limit ? PageCursor.Encode(ReasonsKey, (int)page[^1].State, page[^1].Name) : null,
            Enum.GetValues<HealthState>().ToDictionary(Severity, picture.Count),
            [
                .. upstreams
                    .Of(Local)
                    .Where(one => one.Configured)
                    .Select(one => new UpstreamVerdict(
                        one.Name,
                        one.FailingSince is not null ? "failing"
                            : one.LastAnswerAt is null ? "never asked"
                            : "fresh",
                        one.LastAnswerAt,
                        one.Reason
                    )),
            ],
            Of(firing),
            picture.ReadAt
        );
    }

    /// <summary>What fires without being of a known service, and what is not known of alerts. Those of a service are reasons of its state.</summary>
    private async Task<IReadOnlyList<HealthVerdictReason>> ReasonsAsync(AlertsKnown known, CancellationToken cancellationToken)
    {
        var reasons = new List<HealthVerdictReason>();
        if (!known.IsChecked)
            reasons.Add(new HealthVerdictReason("unknown", "alerts", "Alerts are not checked; what fired before counts.", known.CheckedAt));
        if (known.NotifiesNoOne)
        {
            reasons.Add(new HealthVerdictReason("info", "alerts", "No notifications are sent: no receiver has an integration.", null));
        }
        var alone = await alerts.WithoutServiceAsync(Local, cancellationToken);
        reasons.AddRange(
            alone.Rows.Select(alert => new HealthVerdictReason(
                Severity(alert),
                alert.Name,
                alert.Summary ?? $"Fires{(alert.Instance is { } instance ? $" for {instance}" : "")}.",
                alert.Since
            ))
        );
        return reasons;
    }

    private static AlertsVerdict Of(AlertsPicture firing) =>
        new(
            firing.Known.Firing,
            firing.Known.Critical,
            firing.Known.Warning,
            firing.Known.Silenced,
            firing.Known.Pending,
            [
                .. firing.Rows.Select(alert => new FiringAlert(
                    alert.Name,
                    Severity(alert),
                    alert.Service,
                    alert.Instance,
                    alert.Since,
                    alert.Value is { } value && double.IsFinite(value) ? value : null,
                    alert.Summary,
                    alert.IsSilenced,
                    alert.Receivers,
                    alert.HasReceiver
                )),
            ],
            firing.Known.CheckedAt,
            firing.Known.Reason,
            firing.Known.ReceiversWithIntegration
        );

    private static string Severity(AlertRow alert) => alert.Severity.ToString().ToLowerInvariant();

    public async Task<AnomalyList?> AnomaliesAsync(double confidence, int limit, string? cursor, CancellationToken cancellationToken)
    {
        AnomalyMark? after = null;
        if (cursor is not null)
        {
            if (
                PageCursor.Decode(cursor) is not [AnomaliesKey, var state, var share, var time, var number]
                || !TryState(state, out var at)
                || !PageCursor.TryShare(share, out var sure)
                || !PageCursor.TryTime(time, out var started)
                || !PageCursor.TryNumber(number, out var id)
            )
            {
                return null;
            }
            after = new AnomalyMark((int)at, sure, started, id);
        }
        var (rows, inAll, checking) = await anomalies.OpenAfterAsync(
            Local,
            new AnomalyFilter(Confidence: confidence),
            after,
            limit + 1,
            cancellationToken
        );
        var page = rows.Take(limit).ToList();
        return new AnomalyList(
            inAll,
            [
                .. page.Select(row => new AnomalyEntry(
                    row.Id,
                    Severity(row.State),
                    row.Service,
                    row.Watch,
                    row.Signal.ToString().ToLowerInvariant(),
                    row.Labels,
                    row.StartedAt,
                    row.LastSeenAt,
                    row.Direction.ToString().ToLowerInvariant(),
                    row.Value,
                    row.Lower,
                    row.Upper,
                    row.Unit,
                    row.Confidence,
                    row.Verdict?.ToString().ToLowerInvariant()
                )),
            ],
            rows.Count > limit
                ? PageCursor.Encode(AnomaliesKey, (int)page[^1].State, page[^1].Confidence, page[^1].StartedAt, page[^1].Id)
                : null,
            new CheckingEntry(
                checking.Watches,
                checking.WatchesUnchecked,
                checking.UncheckedReason,
                checking.Series,
                checking.SeriesWithBand,
                checking.LastScan
            ),
            clock.GetUtcNow()
        );
    }

    /// <summary>What limits the checking, then incidents, services and limits in sight; a part may end in one of them and the next one goes
    /// on there.</summary>
    public async Task<InsightList?> InsightsAsync(int limit, string? cursor, CancellationToken cancellationToken)
    {
        IncidentMark? afterIncident = null;
        ServiceMark? afterService = null;
        ForecastMark? afterLimit = null;
        var from = cursor is null ? [IncidentSection] : PageCursor.Decode(cursor);
        switch (from)
        {
            case null:
            case [IncidentSection, _, _] when !TryMark(from, out afterIncident):
            case [ServiceSection, ..] when !TryMark(from, ServiceSection, out afterService):
            case [LimitSection, ..] when !TryMark(from, LimitSection, out afterLimit):
            case not [IncidentSection or ServiceSection or LimitSection, ..]:
            case [IncidentSection, _] or [IncidentSection, _, _, _, ..]:
                return null;
        }
        var picture = await services.PictureAsync(Local, ServiceFilter.Everything, 0, 0, cancellationToken);
        var checking = await anomalies.CheckingAsync(Local, cancellationToken);
        var general = General(picture, checking);
        var (inSight, _) = await forecasts.InSightCountAsync(Local, cancellationToken);
        var total =
            general.Count
            + await incidents.OpenCountAsync(Local, cancellationToken)
            + inSight
            + picture.Count(HealthState.Critical)
            + picture.Count(HealthState.Warning)
            + picture.Count(HealthState.Info);

        var insights = cursor is null ? general : [];
        var room = limit;
        string? next = null;
        if (from[0] == IncidentSection)
        {
            var rows = await incidents.OpenAfterAsync(Local, afterIncident, room + 1, cancellationToken);
            insights.AddRange(rows.Take(room).Select(Of));
            if (rows.Count > room)
                next = PageCursor.Encode(IncidentSection, rows[room - 1].OpenedAt, rows[room - 1].Id);
            room -= Math.Min(room, rows.Count);
        }
        if (next is null && from[0] is IncidentSection or ServiceSection)
        {
            var rows = await services.TroubledAfterAsync(Local, HealthState.Info, afterService, room + 1, cancellationToken);
            var shown = rows.Take(room).ToList();
            var open = await anomalies.OpenOfAsync(Local, [.. shown.Select(service => service.Id)], cancellationToken);
            insights.AddRange(shown.Select(service => Of(service, [.. open[service.Name]])));
            if (rows.Count > room)
                next =
                    room == 0 ? PageCursor.Encode(ServiceSection) : PageCursor.Encode(ServiceSection, (int)shown[^1].State, shown[^1].Name);
            room -= Math.Min(room, rows.Count);
        }
        if (next is null)
        {
            var rows = await forecasts.InSightAfterAsync(Local, afterLimit, room + 1, cancellationToken);
            insights.AddRange(
                rows.Take(room)
                    .Select(row => new Insight(
                        "limit_in_sight",
                        "info",
                        $"{row.Subject}: {row.Watch} reaches its limit at {row.ReachedAt:u}",
                        row.Outlook,
                        []
                    ))
            );
            if (rows.Count > room)
                next =
                    room == 0
                        ? PageCursor.Encode(LimitSection)
                        : PageCursor.Encode(LimitSection, rows[room - 1].ReachedAt!.Value, rows[room - 1].SeriesId);
        }
        if (total == 0)
        {
            insights.Add(
                new Insight(
                    "quiet",
                    "info",
                    "Everything that is watched is within its band",
                    $"{Figures.Count(checking.SeriesWithBand)} series are judged.",
                    []
                )
            );
            total = 1;
        }
        return new InsightList(insights, total, next, clock.GetUtcNow());
    }

    public async Task<PredictionList?> PredictionsAsync(int limit, string? cursor, CancellationToken cancellationToken)
    {
        ForecastMark? after = null;
        if (cursor is not null && !TryMark(PageCursor.Decode(cursor), PredictionsKey, out after))
            return null;
        var picture = await forecasts.PictureAsync(Local, new ForecastWindow(0, 0, 0), cancellationToken);
        var rows = await forecasts.InSightAfterAsync(Local, after, limit + 1, cancellationToken);
        var page = rows.Take(limit).ToList();
        return new PredictionList(
            picture.InAll > 0,
            picture.InAll > 0
                    ? $"{Figures.Count(picture.InAll)} limits of {Figures.Count(picture.Watches)} watches are looked at; those missing here are not in sight within 14 days."
                : picture.Watches > 0
                    ? $"{Figures.Count(picture.Watches)} watches have a limit, and none of their series has a forecast yet."
                : "No watch has a limit yet, so nothing is predicted.",
            [
                .. page.Select(row => new PredictionEntry(
                    row.IsObjective ? "degradation" : "exhaustion",
                    row.Service,
                    row.Watch,
                    row.Labels,
                    row.Value,
                    row.Limit,
                    row.Unit,
                    row.ReachedAt!.Value,
                    row.ReachedEarliest!.Value,
                    row.ReachedLatest!.Value,
                    row.PastError,
                    row.Outlook,
                    row.MadeAt
                )),
            ],
            picture.InSight,
            rows.Count > limit ? PageCursor.Encode(PredictionsKey, page[^1].ReachedAt!.Value, page[^1].SeriesId) : null,
            [Trust("exhaustion", picture.Exhaustion), Trust("degradation", picture.Degradation)],
            picture.ReadAt
        );
    }

    private async Task<List<HealthVerdictReason>> LimitsOfCheckingAsync(ServicesPicture picture, CancellationToken cancellationToken)
    {
        var checking = await anomalies.CheckingAsync(Local, cancellationToken);
        var reasons = upstreams
            .Of(Local)
            .Where(one => one.Configured && one.FailingSince is not null)
            .Select(one => new HealthVerdictReason("unknown", one.Name, $"does not answer: {one.Reason}", one.FailingSince))
            .ToList();
        foreach (var service in background.Current)
        {
            if (service.Failure is not { } failure)
                continue;
            reasons.Add(
                new HealthVerdictReason("unknown", service.Name, $"This background service failed: {failure.Reason}", failure.Since)
            );
        }
        if (scans.Of(Local) is ScanState.Stopped stopped)
        {
            reasons.Add(new HealthVerdictReason("unknown", "checking", stopped.Describe(clock.GetUtcNow()), stopped.At));
        }
        if (checking.WatchesUnchecked > 0)
        {
            reasons.Add(
                new HealthVerdictReason(
                    "unknown",
                    "checking",
                    $"{checking.WatchesUnchecked} of {checking.Watches} watches are not checked: {checking.UncheckedReason}",
                    checking.UncheckedSince
                )
            );
        }
        if (checking.SeriesWithBand == 0)
        {
            reasons.Add(
                new HealthVerdictReason("unknown", "checking", "No series has an expected band yet, so nothing can be called normal.", null)
            );
        }
        if (picture.Count(HealthState.Learning) > 0)
        {
            reasons.Add(
                new HealthVerdictReason("info", "checking", $"{LearningWords(picture)}. They need more history for an expected band.", null)
            );
        }
        return reasons;
    }

    private List<Insight> General(ServicesPicture picture, CheckingState checking)
    {
        var insights = new List<Insight>();
        if (scans.Of(Local) is ScanState.Stopped stopped)
        {
            insights.Add(
                new Insight(
                    "not_checked",
                    "unknown",
                    "Scans stopped: the state of all services is unknown",
                    stopped.Describe(clock.GetUtcNow()),
                    []
                )
            );
        }
        if (checking.WatchesUnchecked > 0)
        {
            insights.Add(
                new Insight(
                    "not_checked",
                    "unknown",
                    $"{checking.WatchesUnchecked} of {checking.Watches} watches are not checked",
                    checking.UncheckedReason ?? "The upstream does not answer.",
                    []
                )
            );
        }
        if (checking.SeriesLearning > 0)
        {
            var series = $"{Figures.Count(checking.SeriesLearning)} of {Figures.Count(checking.Series)} series have no expected band yet";
            insights.Add(
                picture.Count(HealthState.Learning) > 0
                    ? new Insight("learning", "info", LearningWords(picture), $"{series}. They need more history.", [])
                    : new Insight("learning", "info", series, "They need more history. Until then they are shown, not judged.", [])
            );
        }
        return insights;
    }

    private static string LearningWords(ServicesPicture picture) =>
        $"Learning: {Figures.Count(picture.Count(HealthState.Learning))} of {Figures.Count(picture.InAll)} services";

    private static Insight Of(IncidentRow incident)
    {
        var cause = incident.Hypotheses.Count > 0 ? incident.Hypotheses[0] : null;
        return new Insight(
            "incident",
            "critical",
            cause is null
                ? $"{incident.Title}: {incident.Members.Count} alerts and anomalies belong together"
                : $"{incident.Title}: {cause.Service} is the likeliest cause",
            cause is null ? incident.Abstained ?? "Its causes have not been looked into yet." : string.Join(" ", cause.For.Take(3)),
            [
                .. incident
                    .Members.Where(member => member.Kind == IncidentMemberKind.Anomaly)
                    .Take(AnomaliesNamed)
                    .Select(member => long.Parse(member.Key, CultureInfo.InvariantCulture)),
            ],
            cause is null ? null : new InsightCause(cause.Service, cause.Metric, Math.Round(cause.Score, 4)),
            incident.OpenedAt,
            incident.ResolvedAt
        );
    }

    private static Insight Of(ServiceHealth service, IReadOnlyList<AnomalyRow> own) =>
        new(
            service.Reason is HealthReason.Fires ? "alert_firing" : "service_outside_band",
            Severity(service.State),
            $"{service.Name}: {Figures.Plain(HealthReasonWords.Reason(service.Reason))}",
            service.Reason is HealthReason.Fires
                ? service.FiringAlerts < 2
                    ? "An alert of it fires."
                    : $"{Figures.Count(service.FiringAlerts)} alerts of it fire."
                : own.Count < 2
                    ? "One signal left what its own history lets expect."
                    : $"{own.Count} signals left their bands; {own[0].Watch} moved first.",
            [.. own.Take(AnomaliesNamed).Select(row => row.Id)],
            StartedAt: service.Since
        );

    private static bool TryMark(string[]? parts, string list, out ServiceMark? mark)
    {
        mark = parts is [var own, var state, var name] && own == list && TryState(state, out var at) ? new ServiceMark(at, name) : null;
        return mark is not null || parts is [ServiceSection] && list == ServiceSection;
    }

    private static bool TryMark(string[]? parts, string list, out ForecastMark? mark)
    {
        mark =
            parts is [var own, var time, var id]
            && own == list
            && PageCursor.TryTime(time, out var at)
            && PageCursor.TryNumber(id, out var number)
                ? new ForecastMark(at, number)
                : null;
        return mark is not null || parts is [LimitSection] && list == LimitSection;
    }

    private static bool TryMark(string[] parts, out IncidentMark? mark)
    {
        mark = PageCursor.TryTime(parts[1], out var at) && PageCursor.TryNumber(parts[2], out var id) ? new IncidentMark(at, id) : null;
        return mark is not null;
    }

    private static bool TryState(string part, out HealthState state)
    {
        var isState = PageCursor.TryNumber(part, out var number) && number is >= 0 and <= (int)HealthState.Healthy;
        state = isState ? (HealthState)number : default;
        return isState;
    }

    private static PredictionTrust Trust(string kind, PredictionRecord record) =>
        new(kind, record.Judged, record.False, record.Judged == 0 ? null : Math.Round(record.FalseShare, 4));

    private static string Severity(HealthState state) =>
        state switch
        {
            HealthState.NotChecked => "unknown",
            _ => state.ToString().ToLowerInvariant(),
        };
}
