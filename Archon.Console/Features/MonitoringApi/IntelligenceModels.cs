using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace Archon.Features.MonitoringApi;

/// <summary>How the estate is, as one word with its reasons.</summary>
public sealed record HealthVerdict(
    [property: Description(
        "critical, degraded, unknown where checking failed, learning where most services have no expected band yet, or healthy."
    )]
    [property: AllowedValues("critical", "degraded", "unknown", "learning", "healthy")]
        string Status,
    [property: Description(
        "Share of services that were checked and are neither critical nor warning, 0 to 1; null where none was checked or most are learning."
    )]
        double? Score,
    [property: Description(
        "What limits the checking, then services, worst first. Empty only when everything was checked and is within its bands."
    )]
        IReadOnlyList<HealthVerdictReason> Reasons,
    [property: Description("Number of all reasons; one reply may list fewer.")] int Total,
    [property: Description("Pass it as cursor to get the next reasons; null after the last.")] string? NextCursor,
    [property: Description("Services by state.")] IReadOnlyDictionary<string, int> Services,
    IReadOnlyList<UpstreamVerdict> Upstreams,
    AlertsVerdict Alerts,
    DateTimeOffset CheckedAt
);

/// <summary>What the alert rules say.</summary>
public sealed record AlertsVerdict(
    [property: Description("Alerts that fire, without those that fire always to prove that alerts arrive.")] int Firing,
    [property: Description("Those of them that are critical and not silenced.")] int Critical,
    [property: Description("Those of them that are a warning and not silenced.")] int Warning,
    int Silenced,
    [property: Description("Alerts whose condition is true, but not for long enough yet.")] int Pending,
    [property: Description("The worst of those that fire, at most 20.")] IReadOnlyList<FiringAlert> Worst,
    [property: Description("When all servers that evaluate rules last answered; null before the first time.")] DateTimeOffset? CheckedAt,
    [property: Description("Why alerts are not checked now; null while they are. What is listed then is what was known at checkedAt.")]
        string? NotCheckedReason,
    [property: Description("Receivers of Alertmanager that have an integration; with 0 no one is notified. Null where it was not read.")]
        int? ReceiversWithIntegration
);

public sealed record FiringAlert(
    string Rule,
    [property: Description("critical, warning or info.")] string Severity,
    string? Service,
    string? Instance,
    DateTimeOffset Since,
    [property: Description("Of the expression at the last evaluation; null where it is not known.")] double? Value,
    string? Summary,
    bool Silenced,
    IReadOnlyList<string> Receivers,
    [property: Description("Whether one of its receivers has an integration; null where that is not known.")] bool? HasReceiver
);

public sealed record HealthVerdictReason(
    [property: AllowedValues("critical", "warning", "info", "unknown")] string Severity,
    [property: Description("The service or part it is about.")] string Subject,
    string Message,
    DateTimeOffset? Since
);

public sealed record UpstreamVerdict(
    string Name,
    [property: AllowedValues("fresh", "failing", "never asked")] string State,
    DateTimeOffset? LastAnswerAt,
    string? Reason
);

/// <summary>Anomalies that are open now, worst first.</summary>
public sealed record AnomalyList(
    [property: Description("Number of all open anomalies; one reply may list fewer.")] int Total,
    IReadOnlyList<AnomalyEntry> Anomalies,
    [property: Description("Pass it as cursor to get the next entries; null after the last.")] string? NextCursor,
    CheckingEntry Checking,
    DateTimeOffset ReadAt
);

public sealed record AnomalyEntry(
    long Id,
    [property: AllowedValues("critical", "warning", "info", "judged")] string Severity,
    string? Service,
    string Watch,
    [property: AllowedValues("rate", "errors", "duration", "saturation", "availability", "traffic", "quality")] string Signal,
    IReadOnlyDictionary<string, string> Labels,
    DateTimeOffset StartedAt,
    DateTimeOffset LastSeenAt,
    [property: AllowedValues("up", "down")] string Direction,
    double Value,
    double ExpectedLower,
    double ExpectedUpper,
    [property: Description("Unit of the values, in UCUM where it has one: s, 1, By, 1/s.")] string Unit,
    [property: Description("0 to 1.")] double Confidence,
    [property: Description("What a person said of it; null while no one did."), AllowedValues("useful", "noise", "expected", null)]
        string? Verdict
);

/// <summary>How much of the estate is really being judged.</summary>
public sealed record CheckingEntry(
    int Watches,
    int WatchesNotChecked,
    string? NotCheckedReason,
    int Series,
    int SeriesWithBand,
    DateTimeOffset? LastScan
);

/// <summary>What the analysis would tell someone who comes on duty.</summary>
public sealed record InsightList(
    IReadOnlyList<Insight> Insights,
    [property: Description("Number of all insights; one reply may list fewer.")] int Total,
    [property: Description("Pass it as cursor to get the next entries; null after the last.")] string? NextCursor,
    DateTimeOffset ReadAt
);

public sealed record Insight(
    [property: AllowedValues("incident", "service_outside_band", "alert_firing", "limit_in_sight", "not_checked", "learning", "quiet")]
        string Kind,
    [property: AllowedValues("critical", "warning", "info", "unknown", "learning", "judged", "healthy")] string Severity,
    string Title,
    string Explanation,
    [property: Description("Ids of the anomalies it is based on; at most 50.")] IReadOnlyList<long> Anomalies,
    [property: Description("What is likeliest behind an incident; null where no cause is named.")] InsightCause? Cause = null,
    [property: Description("When it began; null where that is not known.")] DateTimeOffset? StartedAt = null,
    [property: Description("When it ended; null while it lasts.")] DateTimeOffset? EndedAt = null
);

public sealed record InsightCause(
    string Service,
    [property: Description("The signal of the service that speaks for it; null where none does.")] string? Signal,
    [property: Description("0 to 1, to be compared within one insight only.")] double Confidence
);

/// <summary>What will run out or break, and when.</summary>
public sealed record PredictionList(
    [property: Description("False while no forecast was made yet: then an empty list says nothing about the future.")] bool Available,
    [property: Description("What the list rests on, in words.")] string Reason,
    [property: Description("Limits in sight, the soonest first.")] IReadOnlyList<PredictionEntry> Predictions,
    [property: Description("Number of all limits in sight; one reply may list fewer.")] int Total,
    [property: Description("Pass it as cursor to get the next entries; null after the last.")] string? NextCursor,
    [property: Description("How often predictions of the last 90 days came true, by kind.")] IReadOnlyList<PredictionTrust> Trust,
    DateTimeOffset ReadAt
);

public sealed record PredictionEntry(
    [property: Description("degradation: an objective of latency or errors will be broken."), AllowedValues("exhaustion", "degradation")]
        string Kind,
    string? Service,
    string Watch,
    IReadOnlyDictionary<string, string> Labels,
    double Value,
    double Limit,
    [property: Description("Unit of value and limit, in UCUM where it has one.")] string Unit,
    [property: Description("When the limit is reached: as likely before as after.")] DateTimeOffset ReachedAt,
    [property: Description("Ends of the 80 % interval.")] DateTimeOffset Earliest,
    DateTimeOffset Latest,
    [property: Description("Mean error of earlier forecasts of this series as a share of its level; null while none has come due.")]
        double? PastError,
    string Explanation,
    DateTimeOffset MadeAt
);

public sealed record PredictionTrust(
    [property: AllowedValues("exhaustion", "degradation")] string Kind,
    int Judged,
    int False,
    [property: Description("Share of judged predictions that did not come true; null when none was judged.")] double? FalseShare
);

public sealed record AnalysisStarted(
    [property: Description("Id of the job: GET /monitoring/intelligence/analyses/{jobId} returns its state.")] string JobId,
    [property: AllowedValues("enqueued")] string Status
);
