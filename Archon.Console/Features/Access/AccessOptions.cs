using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Archon.Features.Access;

/// <summary>Section <c>Archon:Access</c>.</summary>
public sealed class AccessOptions
{
    /// <summary>The first administrator's password; without it a random one is made, and kept in <c>admin-password</c> until it is changed.</summary>
    [MinLength(Passwords.MinLength)]
    public string? AdminPassword { get; init; }

    /// <summary>
    /// Whether programs of the console's own user on this machine may read <c>/monitoring</c> and start analyses without a token. False by default;
    /// <c>./archon up</c> turns it on.
    /// </summary>
    public bool TrialMode { get; init; }

    /// <summary>How long a sign-in lasts without being used. 10 minutes to 30 days, 12 hours by default.</summary>
    [Range(typeof(TimeSpan), "00:10:00", "30.00:00:00")]
    public TimeSpan SignInLasts { get; init; } = TimeSpan.FromHours(12);

    /// <summary>
    /// Wrong passwords from one address before each further one has to wait: 5 s, then twice as long up to 1 minute. 1 to 10,000, 20 by default.
    /// </summary>
    [Range(1, 10_000)]
    public int WrongPasswordsPerAddress { get; init; } = 20;

    /// <summary>How long audit entries, and API tokens that have ended, are kept. 30 days to 10 years, 400 days by default.</summary>
    [Range(typeof(TimeSpan), "30.00:00:00", "3650.00:00:00")]
    public TimeSpan AuditRetention { get; init; } = TimeSpan.FromDays(400);

    /// <summary>
    /// Proxies whose <c>X-Forwarded-For</c> and <c>X-Forwarded-Proto</c> count: addresses and networks, such as <c>10.0.0.5, 172.18.0.0/16</c>.
    /// None by default.
    /// </summary>
    [Addresses]
    public string? TrustedProxies { get; init; }
}

[OptionsValidator]
internal sealed partial class AccessOptionsValidator : IValidateOptions<AccessOptions>;
