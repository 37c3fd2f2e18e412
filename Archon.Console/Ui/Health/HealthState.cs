using Archon.Data.Anomalies;

namespace Archon.Ui.Health;

/// <summary>How a service or a signal is doing, worst first, so that sorting by it is triage order.</summary>
public enum HealthState
{
    Critical,
    Warning,
    Info,

    /// <summary>Nobody can say: no samples, or no answer. Never shown as calm.</summary>
    NotChecked,

    /// <summary>Samples come, but there is too little history for an expected band.</summary>
    Learning,

    /// <summary>Outside its band, and a person has said that this is noise or expected.</summary>
    Judged,
    Healthy,
}

public static class HealthStates
{
    /// <summary>What an open anomaly means for the service it is in. A verdict of noise or expected takes the alarm away until it ends.</summary>
    public static HealthState Of(AnomalySeverity severity, AnomalyVerdict? verdict) =>
        (severity, verdict) switch
        {
            (_, AnomalyVerdict.Noise or AnomalyVerdict.Expected) => HealthState.Judged,
            (AnomalySeverity.Critical, _) => HealthState.Critical,
            (AnomalySeverity.Warning, _) => HealthState.Warning,
            _ => HealthState.Info,
        };

    /// <summary>How old the newest sample may be before a series counts as silent: four steps, and a minute at least.</summary>
    public static TimeSpan PatienceFor(TimeSpan step) => step * PatienceSteps > LeastPatience ? step * PatienceSteps : LeastPatience;

    internal const int PatienceSteps = 4;
    internal static readonly TimeSpan LeastPatience = TimeSpan.FromMinutes(1);
}
