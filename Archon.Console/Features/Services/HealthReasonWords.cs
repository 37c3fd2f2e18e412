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
            HealthReason.NoAnswer answer => $"No answer: {answer.Reason}",
            HealthReason.NoSamples => "No samples",
            HealthReason.NothingWatched => "Nothing is watched here yet",
            HealthReason.NoBandYet => "Learning what is normal",
            _ => "Within expected bands",
        };

    /// <summary>For a row of a list: that nobody answered; the page says once, in whose words.</summary>
    public static string Brief(HealthReason reason) => reason is HealthReason.NoAnswer ? "No answer" : Reason(reason);
}
