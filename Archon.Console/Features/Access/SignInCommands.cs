using Archon.Data.Access;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Identity;

namespace Archon.Features.Access;

public abstract record SignInOutcome
{
    private SignInOutcome()
    {
    }

    public sealed record Done : SignInOutcome;

    /// <param name="Reason">A sentence for the person who tried.</param>
    public sealed record Refused(string Reason) : SignInOutcome;
}

/// <summary>Lets people in by name and password.</summary>
internal sealed class SignInCommands(SignInManager<ArchonUser> signIn, UserManager<ArchonUser> users, SessionCommands sessions)
{
    private static readonly SignInOutcome.Refused Wrong = new("User name or password is wrong.");

    public async Task<SignInOutcome> EnterAsync(HttpContext context, string name, string password, bool stay)
    {
        if (await users.FindByNameAsync(name) is not { } user) return Wrong;
        var result = await signIn.CheckPasswordSignInAsync(user, password, lockoutOnFailure: true);
        if (result.IsLockedOut) return new SignInOutcome.Refused("Too many wrong passwords. Try again in five minutes, or ask an administrator to unlock the user.");
        if (!result.Succeeded || await sessions.BeginAsync(user, context.RequestAborted) is not { } session) return Wrong;
        // The cookie that names the session before is overwritten; without its end that one would go on for who has a copy.
        if (Credential.Of(context.User) is Credential.Session before) await sessions.SignOutAsync(before, context.RequestAborted);
        await signIn.SignInWithClaimsAsync(user, new AuthenticationProperties { IsPersistent = stay }, [session.ToClaim()]);
        return new SignInOutcome.Done();
    }
}
