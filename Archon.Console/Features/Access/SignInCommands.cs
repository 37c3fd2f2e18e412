using Archon.Data.Access;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Identity;

namespace Archon.Features.Access;

public abstract record SignInOutcome
{
    private SignInOutcome() { }

    public sealed record Done : SignInOutcome;

    public sealed record Wrong : SignInOutcome;

    /// <param name="Wait">How long until the password may be tried.</param>
    public sealed record TooMany(TimeSpan Wait) : SignInOutcome;
}

/// <summary>Lets people in by name and password.</summary>
internal sealed partial class SignInCommands(
    SignInManager<ArchonUser> signIn,
    UserManager<ArchonUser> users,
    IPasswordHasher<ArchonUser> hasher,
    SessionCommands sessions,
    SignInThrottle throttle,
    KnownDevices devices,
    ILogger<SignInCommands> logger
)
{
    private static readonly ArchonUser NoOne = new();
    private static string? hashOfNoOne;

    /// <remarks>Known and unknown names are answered alike, in words and in time.</remarks>
    public async Task<SignInOutcome> EnterAsync(HttpContext context, string name, string password, bool stay)
    {
        var (normalized, address) = (users.NormalizeName(name) ?? "", context.Connection.RemoteIpAddress);
        var device = devices.Find(context, normalized);
        if (throttle.Begin(address, normalized, device) is { } wait)
        {
            LogThrottled(address?.ToString() ?? "unknown", Math.Ceiling(wait.TotalSeconds));
            return new SignInOutcome.TooMany(wait);
        }
        // Made by the first attempt whatever its name: made only for an unknown name, it would double the time of that one.
        hashOfNoOne ??= hasher.HashPassword(NoOne, "");
        var user = await users.FindByNameAsync(name);
        if (user?.PasswordHash is null)
        {
            hasher.VerifyHashedPassword(NoOne, hashOfNoOne, password);
            return new SignInOutcome.Wrong();
        }
        if (!await users.CheckPasswordAsync(user, password))
            return new SignInOutcome.Wrong();
        // Null: the password was changed while it was checked.
        if (await sessions.BeginAsync(user, context.RequestAborted) is not { } session)
            return new SignInOutcome.Wrong();
        throttle.Succeeded(address, normalized, device);
        devices.Remember(context, normalized);
        // The cookie that names the session before is overwritten; without its end that one would go on for who has a copy.
        if (Credential.Of(context.User) is Credential.Session before)
            await sessions.SignOutAsync(before, context.RequestAborted);
        await signIn.SignInWithClaimsAsync(user, new AuthenticationProperties { IsPersistent = stay }, [session.ToClaim()]);
        return new SignInOutcome.Done();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Too many wrong passwords from {Address}: the next attempt waits {Seconds} s")]
    private partial void LogThrottled(string address, double seconds);
}
