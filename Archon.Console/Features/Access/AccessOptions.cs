using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Archon.Features.Access;

/// <summary>Section <c>Archon:Access</c>.</summary>
public sealed class AccessOptions
{
    /// <summary>The first administrator's password; without it a random one is made, and kept in <c>admin-password</c> until it is changed.</summary>
    [MinLength(12)]
    public string? AdminPassword { get; init; }

    /// <summary>
    /// Whether <c>/monitoring</c> may be read, and an analysis started, from this machine without a token. Null: only where the console listens
    /// on loopback alone.
    /// </summary>
    public bool? TrialMode { get; init; }

    /// <summary>How long a sign-in lasts without being used. 10 minutes to 30 days, 12 hours by default.</summary>
    [Range(typeof(TimeSpan), "00:10:00", "30.00:00:00")]
    public TimeSpan SignInLasts { get; init; } = TimeSpan.FromHours(12);

    /// <summary>Sign-in attempts of one address in a minute. 1 to 10,000, 20 by default.</summary>
    [Range(1, 10_000)]
    public int SignInsPerMinute { get; init; } = 20;
}

[OptionsValidator]
internal sealed partial class AccessOptionsValidator : IValidateOptions<AccessOptions>;
