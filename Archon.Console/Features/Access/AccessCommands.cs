using System.Security.Cryptography;
using Archon.Data;
using Archon.Data.Access;
using Archon.Data.Catalogue;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Access;

public abstract record AccessResult
{
    private AccessResult()
    {
    }

    public sealed record Done : AccessResult;

    /// <summary>A token was made. This is the only time it can be read.</summary>
    public sealed record TokenMade(string Token) : AccessResult;

    public sealed record NotFound : AccessResult;

    /// <summary>It cannot be done; the reason is a sentence for the person who asked.</summary>
    public sealed record Invalid(string Reason) : AccessResult;
}

/// <summary>Changes who may do what. Each change leaves an audit entry.</summary>
public sealed class AccessCommands(
    IDbContextFactory<ArchonDbContext> contexts, IServiceScopeFactory scopes, AdminPasswordFile firstPassword, TimeProvider clock)
{
    private const int TokenBytes = 32;
    private const int PrefixLength = 10;

    public async Task<AccessResult> CreateUserAsync(string name, string password, string role, string who, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var users = UsersOf(scope);
        if (!Roles.All.Contains(role)) return new AccessResult.Invalid($"There is no role {role}.");
        var user = new ArchonUser { UserName = name.Trim(), CreatedAt = clock.GetUtcNow(), LockoutEnabled = true };
        var made = await users.CreateAsync(user, password);
        if (!made.Succeeded) return Refused(made);
        var given = await users.AddToRoleAsync(user, role);
        if (!given.Succeeded) return Refused(given);
        await NoteAsync("user.create", user.UserName!, $"role {role}", who, cancellationToken);
        return new AccessResult.Done();
    }

    public async Task<AccessResult> GiveRoleAsync(Guid id, string role, string who, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var users = UsersOf(scope);
        if (!Roles.All.Contains(role)) return new AccessResult.Invalid($"There is no role {role}.");
        if (await users.FindByIdAsync(id.ToString()) is not { } user) return new AccessResult.NotFound();
        var old = await users.GetRolesAsync(user);
        if (old.Contains(Roles.Admin) && role != Roles.Admin && await IsLastAdminAsync(users))
        {
            return new AccessResult.Invalid($"{user.UserName} is the last administrator. Make another one first.");
        }
        var added = old.Contains(role) ? IdentityResult.Success : await users.AddToRoleAsync(user, role);
        if (!added.Succeeded) return Refused(added);
        var removed = await users.RemoveFromRolesAsync(user, old.Where(one => one != role));
        if (!removed.Succeeded) return Refused(removed);
        // Ends what is open with the old role.
        await users.UpdateSecurityStampAsync(user);
        await NoteAsync("user.role", user.UserName!, $"{string.Join(", ", old)} to {role}", who, cancellationToken);
        return new AccessResult.Done();
    }

    public async Task<AccessResult> DeleteUserAsync(Guid id, string who, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var users = UsersOf(scope);
        if (await users.FindByIdAsync(id.ToString()) is not { } user) return new AccessResult.NotFound();
        if (await users.IsInRoleAsync(user, Roles.Admin) && await IsLastAdminAsync(users))
        {
            return new AccessResult.Invalid($"{user.UserName} is the last administrator and cannot be removed.");
        }
        var deleted = await users.DeleteAsync(user);
        if (!deleted.Succeeded) return Refused(deleted);
        await NoteAsync("user.delete", user.UserName!, null, who, cancellationToken);
        return new AccessResult.Done();
    }

    public async Task<AccessResult> UnlockAsync(Guid id, string who, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var users = UsersOf(scope);
        if (await users.FindByIdAsync(id.ToString()) is not { } user) return new AccessResult.NotFound();
        await users.SetLockoutEndDateAsync(user, null);
        await users.ResetAccessFailedCountAsync(user);
        await NoteAsync("user.unlock", user.UserName!, null, who, cancellationToken);
        return new AccessResult.Done();
    }

    /// <summary>A new password set by an administrator; everything the user has open ends.</summary>
    public async Task<AccessResult> ResetPasswordAsync(Guid id, string password, string who, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var users = UsersOf(scope);
        if (await users.FindByIdAsync(id.ToString()) is not { } user) return new AccessResult.NotFound();
        var reset = await users.ResetPasswordAsync(user, await users.GeneratePasswordResetTokenAsync(user), password);
        if (!reset.Succeeded) return Refused(reset);
        firstPassword.Delete(user.UserName!);
        await NoteAsync("user.password", user.UserName!, "set by an administrator", who, cancellationToken);
        return new AccessResult.Done();
    }

    public async Task<AccessResult> ChangeOwnPasswordAsync(string userName, string current, string wanted, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var users = UsersOf(scope);
        if (await users.FindByNameAsync(userName) is not { } user) return new AccessResult.NotFound();
        var changed = await users.ChangePasswordAsync(user, current, wanted);
        if (!changed.Succeeded) return Refused(changed);
        firstPassword.Delete(userName);
        await NoteAsync("user.password", userName, null, userName, cancellationToken);
        return new AccessResult.Done();
    }

    /// <param name="lasts">Null: until it is revoked.</param>
    public async Task<AccessResult> CreateTokenAsync(string name, string role, TimeSpan? lasts, string ownerName, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var users = UsersOf(scope);
        if (string.IsNullOrWhiteSpace(name)) return new AccessResult.Invalid("A token needs a name that says who uses it.");
        if (await users.FindByNameAsync(ownerName) is not { } owner) return new AccessResult.NotFound();
        var may = await users.GetRolesAsync(owner);
        if (!Roles.From(role).Any(may.Contains)) return new AccessResult.Invalid($"Your own role does not reach {role}.");
        var token = ApiTokenHandler.TokenPrefix + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(TokenBytes));
        var now = clock.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        db.ApiTokens.Add(new ApiToken
        {
            Name = name.Trim(),
            OwnerId = owner.Id,
            Role = role,
            Hash = ApiTokenHandler.HashOf(token),
            Prefix = token[..PrefixLength],
            CreatedAt = now,
            ExpiresAt = now + lasts,
        });
        Note(db, "token.create", name.Trim(), $"role {role}", ownerName);
        await db.SaveChangesAsync(cancellationToken);
        return new AccessResult.TokenMade(token);
    }

    public async Task<AccessResult> RevokeTokenAsync(int id, string who, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        if (await db.ApiTokens.FirstOrDefaultAsync(token => token.Id == id, cancellationToken) is not { } token) return new AccessResult.NotFound();
        token.RevokedAt ??= clock.GetUtcNow();
        Note(db, "token.revoke", token.Name, null, who);
        await db.SaveChangesAsync(cancellationToken);
        return new AccessResult.Done();
    }

    public async Task<AccessResult> CreateEnvironmentAsync(string name, string who, CancellationToken cancellationToken)
    {
        name = name.Trim();
        if (name.Length is 0 or > 64) return new AccessResult.Invalid("An environment needs a name of 1 to 64 characters.");
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        if (await db.Environments.AnyAsync(one => one.Name == name, cancellationToken)) return new AccessResult.Invalid($"There is an environment {name} already.");
        db.Environments.Add(new MonitoredEnvironment { Name = name, CreatedAt = clock.GetUtcNow() });
        Note(db, "environment.create", name, null, who);
        await db.SaveChangesAsync(cancellationToken);
        return new AccessResult.Done();
    }

    public async Task<AccessResult> RenameEnvironmentAsync(int id, string name, string who, CancellationToken cancellationToken)
    {
        name = name.Trim();
        if (name.Length is 0 or > 64) return new AccessResult.Invalid("An environment needs a name of 1 to 64 characters.");
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        if (await db.Environments.FirstOrDefaultAsync(one => one.Id == id, cancellationToken) is not { } environment) return new AccessResult.NotFound();
        if (await db.Environments.AnyAsync(one => one.Name == name && one.Id != id, cancellationToken)) return new AccessResult.Invalid($"There is an environment {name} already.");
        Note(db, "environment.rename", name, $"was {environment.Name}", who);
        environment.Name = name;
        await db.SaveChangesAsync(cancellationToken);
        return new AccessResult.Done();
    }

    // A scope per command: a circuit lives for hours, and its own context would show users as they were when it began.
    private static UserManager<ArchonUser> UsersOf(AsyncServiceScope scope) => scope.ServiceProvider.GetRequiredService<UserManager<ArchonUser>>();

    private static async Task<bool> IsLastAdminAsync(UserManager<ArchonUser> users) => (await users.GetUsersInRoleAsync(Roles.Admin)).Count <= 1;

    private static AccessResult.Invalid Refused(IdentityResult result) => new(string.Join(" ", result.Errors.Select(error => error.Description)));

    private async Task NoteAsync(string action, string subject, string? detail, string who, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        Note(db, action, subject, detail, who);
        await db.SaveChangesAsync(cancellationToken);
    }

    private void Note(ArchonDbContext db, string action, string subject, string? detail, string who) =>
        db.AuditEntries.Add(new AuditEntry { At = clock.GetUtcNow(), Actor = who, Action = action, Subject = subject, Detail = detail });
}
