using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;

namespace Archon.Features.Access;

/// <summary>
/// Remembers in a signed cookie of each browser who signed in with it, so that wrong passwords from elsewhere do not make these people wait.
/// </summary>
/// <remarks>The cookie proves nothing but that: the password is asked for all the same.</remarks>
internal sealed class KnownDevices(IDataProtectionProvider protection, TimeProvider clock)
{
    private const string CookieName = "archon.device";
    private const int NamesKept = 4;
    private const char Separator = '|';
    private static readonly TimeSpan Lasts = TimeSpan.FromDays(180);

    private readonly ITimeLimitedDataProtector protector = protection.CreateProtector("Archon.KnownDevices").ToTimeLimitedDataProtector();

    /// <param name="name">The normalized user name.</param>
    /// <returns>The id of the browser, where that user signed in with it.</returns>
    public string? Find(HttpContext context, string name) => Read(context) is [var id, .. var names] && names.Contains(name) ? id : null;

    /// <inheritdoc cref="Find"/>
    public void Remember(HttpContext context, string name)
    {
        var (id, names) = Read(context) is [var known, .. var others]
            ? (known, others)
            : (Convert.ToHexString(RandomNumberGenerator.GetBytes(16)), []);
        string[] parts = [id, name, .. names.Where(one => one != name).Take(NamesKept - 1)];
        var expires = clock.GetUtcNow() + Lasts;
        context.Response.Cookies.Append(
            CookieName,
            protector.Protect(string.Join(Separator, parts), expires),
            new CookieOptions
            {
                Expires = expires,
                Path = "/sign-in",
                HttpOnly = true,
                SameSite = SameSiteMode.Strict,
                Secure = context.Request.IsHttps,
                IsEssential = true,
            }
        );
    }

    private string[]? Read(HttpContext context)
    {
        if (context.Request.Cookies[CookieName] is not { Length: > 0 } cookie)
            return null;
        try
        {
            return protector.Unprotect(cookie).Split(Separator);
        }
        catch (CryptographicException)
        {
            return null; // too old, or somebody made it up
        }
    }
}
