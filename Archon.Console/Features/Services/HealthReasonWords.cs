using Archon.Ui.Format;
using Archon.Ui.Health;

namespace Archon.Features.Services;

/// <summary>Why a service is in its state, in words.</summary>
public static class HealthReasonWords
{
    public static string Reason(HealthReason reason) =>
        reason switch
        {
            HealthReason.Outside outside =>
                $"{outside.Watch} {Figures.Format(outside.Anomaly.Value, outside.Unit)}, expected {HealthWords.Expected(outside.Anomaly.Lower, outside.Anomaly.Upper, outside.Unit)}",
            HealthReason.Fires { Alert: var alert } => $"{alert.Name} {(alert.IsSilenced ? "fires, silenced" : "fires")}"
                + (alert.Summary is { } summary ? $": {summary}" : ""),
            HealthReason.NoAnswer answer => $"No answer: {answer.Reason}",
            HealthReason.NoSamples => "No samples",
            HealthReason.NothingWatched => "Nothing is watched here yet",
            HealthReason.NoBandYet => "Learning what is normal",
            _ => "Within expected bands",
        };

    /// <summary>The alerts that fire beside what the reason says; empty where there are none.</summary>
    public static string Beside(ServiceHealth service) =>
        (service.Reason is HealthReason.Fires ? service.FiringAlerts - 1 : service.FiringAlerts) switch
        {
            <= 0 => "",
            1 => " · 1 alert fires",
            var many => $" · {Figures.Count(many)} alerts fire",
        };

    /// <summary>For a row of a list: that nobody answered; the page says once, in whose words.</summary>
    public static string Brief(HealthReason reason) => reason is HealthReason.NoAnswer ? "No answer" : Reason(reason);
}
