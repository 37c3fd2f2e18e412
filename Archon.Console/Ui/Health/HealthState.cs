using Archon.Data.Anomalies;
using Archon.Data.Catalogue;

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
    /// <summary>What an open anomaly means for the service it is in.</summary>
    /// <remarks>Critical is what users feel (errors, time, being there) and is nearly certain; the rest warns, and a mere
    /// chance informs. A verdict of noise or expected takes the alarm away until the anomaly ends.</remarks>
    public static HealthState Of(WatchSignal signal, AnomalyDirection direction, double confidence, AnomalyVerdict? verdict) =>
        (signal, direction) switch
        {
            _ when verdict is AnomalyVerdict.Noise or AnomalyVerdict.Expected => HealthState.Judged,
            (WatchSignal.Errors or WatchSignal.Duration, AnomalyDirection.Up) when confidence >= Certain => HealthState.Critical,
            (WatchSignal.Availability, AnomalyDirection.Down) when confidence >= Certain => HealthState.Critical,
            _ when confidence >= Likely => HealthState.Warning,
            _ => HealthState.Info,
        };

    /// <summary>How old the newest sample may be before a series counts as silent: four steps, and a minute at least.</summary>
    public static TimeSpan PatienceFor(TimeSpan step) => step * PatienceSteps > LeastPatience ? step * PatienceSteps : LeastPatience;

    internal const int PatienceSteps = 4;
    internal static readonly TimeSpan LeastPatience = TimeSpan.FromMinutes(1);
    internal const double Certain = 0.95;
    internal const double Likely = 0.7;
}
