using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Archon.Features.Scanning;

/// <summary>Bound to the section <c>Archon</c>.</summary>
public sealed class StateOptions
{
    /// <summary>How long changes of states are kept. 1 day to 10 years, 90 days by default.</summary>
    [Range(typeof(TimeSpan), "1.00:00:00", "3650.00:00:00")]
    public TimeSpan StateRetention { get; init; } = TimeSpan.FromDays(90);
}

[OptionsValidator]
internal sealed partial class StateOptionsValidator : IValidateOptions<StateOptions>;
