using Archon.Data.Alerts;
using Archon.Ui.Format;
using Archon.Ui.Health;

namespace Archon.Features.Alerts;

/// <summary>Words and shapes of alerts, the same on every page.</summary>
public static class AlertWords
{
    public static StateKind Shape(AlertRow alert) =>
        alert switch
        {
            { IsSilenced: true } => StateKind.Silenced,
            { State: ActiveAlertState.Pending } => StateKind.Unknown,
            { Severity: AlertSeverity.Critical } => StateKind.Critical,
            { Severity: AlertSeverity.Warning } => StateKind.Warning,
            _ => StateKind.Info,
        };

    /// <summary>The shape for those who do not see it.</summary>
    public static string Word(AlertRow alert) =>
        alert switch
        {
            { State: ActiveAlertState.Pending } => $"Pending, {alert.Severity.ToString().ToLowerInvariant()}",
            { IsSilenced: true } => $"Silenced, {alert.Severity.ToString().ToLowerInvariant()}",
            _ => alert.Severity.ToString(),
        };

    /// <summary>Whether somebody is notified, and who.</summary>
    public static string Receiver(AlertRow alert) =>
        alert switch
        {
            { State: ActiveAlertState.Pending } => "pending",
            { IsSilenced: true } => "silenced",
            { IsInhibited: true } => "inhibited",
            { HasReceiver: true } => $"to {string.Join(", ", alert.Receivers)}",
            { HasReceiver: false } => "no receiver",
            { IsAtAlertmanager: false } => "not at Alertmanager",
            _ => "receiver unknown",
        };

    /// <summary>How many fire, beside a heading.</summary>
    public static string Count(AlertsKnown known) =>
        known switch
        {
            { Firing: 0 } => "none firing",
            { Silenced: > 0 } => $"{Figures.Count(known.Firing)} firing, {Figures.Count(known.Silenced)} silenced",
            _ => $"{Figures.Count(known.Firing)} firing",
        };
}
