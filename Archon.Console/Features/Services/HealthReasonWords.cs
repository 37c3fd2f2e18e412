using System.Globalization;
using Archon.Ui.Format;
using Archon.Ui.Health;

namespace Archon.Features.Services;

/// <summary>Why a service is in its state, in words.</summary>
public static class HealthReasonWords
{
    /// <param name="stamp">Writes a time; in UTC where it is null.</param>
    public static string Reason(HealthReason reason, Func<DateTimeOffset, string>? stamp = null) =>
        reason switch
        {
            HealthReason.Outside outside =>
                $"{outside.Watch} {Figures.Format(outside.Anomaly.Value, outside.Unit)}, expected {HealthWords.Expected(outside.Anomaly.Lower, outside.Anomaly.Upper, outside.Unit)}",
            HealthReason.Fires { Alert: var alert } => $"{alert.Name} {(alert.IsSilenced ? "fires, silenced" : "fires")}"
                + (alert.Summary is { } summary ? $": {summary}" : ""),
            HealthReason.NoAnswer answer => $"No answer: {answer.Reason}",
            HealthReason.NoSamples => "No samples",
            HealthReason.NothingWatched => "Nothing is watched here yet",
            HealthReason.NoBandYet { ReadyAt: { } at } => $"Learning: too little history for a band. Ready {(stamp ?? InUtc)(at)}",
            HealthReason.NoBandYet => "Learning: too little history for a band",
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
    public static string Brief(HealthReason reason, Func<DateTimeOffset, string>? stamp = null) =>
        reason is HealthReason.NoAnswer ? "No answer" : Reason(reason, stamp);

    private static string InUtc(DateTimeOffset at) => at.UtcDateTime.ToString("d MMM HH:mm 'UTC'", CultureInfo.InvariantCulture);
}
