using Archon.Data;
using Archon.Data.Access;
using Microsoft.AspNetCore.Identity;

namespace Archon.Features.Access;

public abstract record AdminResetResult
{
    private AdminResetResult() { }

    /// <param name="File">Where the password is.</param>
    public sealed record Done(string User, string Password, string File) : AdminResetResult;

    /// <summary>Nobody of that name has the role; nothing was changed.</summary>
    public sealed record NoAdministrator(IReadOnlyList<string> Administrators) : AdminResetResult;
}

/// <summary>Makes a new password for an administrator. Who may run it on the console's machine could read the database as well, so nobody is asked for more.</summary>
internal sealed class AdminReset(IServiceScopeFactory scopes, AdminPasswordFile file, TimeProvider clock)
{
    /// <exception cref="IOException">The password cannot be written; nothing was changed.</exception>
    /// <exception cref="UnauthorizedAccessException">The password cannot be written; nothing was changed.</exception>
    public async Task<AdminResetResult> ResetAsync(string name, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ArchonDbContext>();
        var users = scope.ServiceProvider.GetRequiredService<UserManager<ArchonUser>>();
        db.AuditAs(null, Actor.OnMachine.Name);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        // A console that starts just then would take the file for one whose password is nobody's.
        await FirstAdmin.LockUsersAsync(db, cancellationToken);
        var administrators = await users.GetUsersInRoleAsync(Roles.Admin);
        if (administrators.FirstOrDefault(one => one.NormalizedUserName == users.NormalizeName(name)) is not { } user)
        {
            return new AdminResetResult.NoAdministrator([.. administrators.Select(one => one.UserName!).Order(StringComparer.Ordinal)]);
        }
        db.Note(
            clock.GetUtcNow(),
            "user.password",
            AccessCommands.Subject(user),
            "reset on the console's machine",
            environmentId: null,
            user.UserName
        );
        var password = FirstAdmin.NewPassword();
        user.PasswordHash = users.PasswordHasher.HashPassword(user, password);
        // With a new stamp a sign-in that is under way with the old password fails.
        var saved = await users.UpdateSecurityStampAsync(user);
        if (!saved.Succeeded)
            throw new InvalidOperationException(string.Join(" ", saved.Errors.Select(error => error.Description)));
        await SessionCommands.EndAllAsync(
            db,
            user.Id,
            SessionEnd.PasswordReset,
            newRole: null,
            except: null,
            clock.GetUtcNow(),
            cancellationToken
        );
        await db.SaveChangesAsync(cancellationToken);
        // Before the commit, as that of the first administrator.
        var before = file.Read(user.UserName!);
        await file.WriteAsync(password, cancellationToken, user.UserName!);
        try
        {
            await transaction.CommitAsync(cancellationToken);
        }
        catch
        {
            if (before is null)
                file.Delete(user.UserName!);
            else
                await file.WriteAsync(before, CancellationToken.None, user.UserName!);
            throw;
        }
        return new AdminResetResult.Done(user.UserName!, password, file.PathOf(user.UserName!));
    }
}
