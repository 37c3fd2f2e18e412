using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Archon.Features.Forecasts;

/// <summary>Section <c>Archon:Forecasts</c>.</summary>
public sealed class ForecastOptions
{
    /// <summary>Whether a limit in sight becomes an alert of severity info in Alertmanager. Off by default: nobody's Alertmanager is written to unasked.</summary>
    public bool PostAlerts { get; init; }

    /// <summary>How near a limit must be to be told. 1 hour to 14 days, 3 days by default: a weekend.</summary>
    [Range(typeof(TimeSpan), "01:00:00", "14.00:00:00")]
    public TimeSpan WarnAhead { get; init; } = TimeSpan.FromDays(3);
}

[OptionsValidator]
internal sealed partial class ForecastOptionsValidator : IValidateOptions<ForecastOptions>;
