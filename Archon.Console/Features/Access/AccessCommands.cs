using System.Security.Cryptography;
using Archon.Data;
using Archon.Data.Access;
using Archon.Data.Catalogue;
using Archon.Live;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Access;

public abstract record AccessResult
{
    private AccessResult() { }

    public sealed record Done : AccessResult;

    /// <summary>A token was made. This is the only time it can be read.</summary>
    public sealed record TokenMade(string Token) : AccessResult;

    public sealed record NotFound : AccessResult;

    /// <summary>It cannot be done; the reason is a sentence for the person who asked.</summary>
    public sealed record Invalid(string Reason) : AccessResult;
}

/// <summary>Changes who may do what. Each change leaves an audit entry.</summary>
public sealed class AccessCommands(
    IDbContextFactory<ArchonDbContext> contexts,
    IServiceScopeFactory scopes,
    AdminPasswordFile firstPassword,
    TimeProvider clock
)
{
    private const int TokenBytes = 32;
    private const int PrefixLength = 10;

    public Task<AccessResult> CreateUserAsync(string name, string password, string role, string who, CancellationToken cancellationToken) =>
        ChangeUsersAsync(
            async (users, db) =>
            {
                if (!Roles.All.Contains(role))
                    return new AccessResult.Invalid($"There is no role {role}.");
                var user = new ArchonUser { UserName = name.Trim(), CreatedAt = clock.GetUtcNow() };
                var made = await users.CreateAsync(user, password);
                if (!made.Succeeded)
                    return Refused(made);
                var given = await users.AddToRoleAsync(user, role);
                if (!given.Succeeded)
                    return Refused(given);
                Note(db, "user.create", user.UserName!, $"role {role}", who);
                return new AccessResult.Done();
            },
            cancellationToken
        );

    public Task<AccessResult> GiveRoleAsync(Guid id, string role, string who, CancellationToken cancellationToken) =>
        ChangeUsersAsync(
            async (users, db) =>
            {
                if (!Roles.All.Contains(role))
                    return new AccessResult.Invalid($"There is no role {role}.");
                if (await users.FindByIdAsync(id.ToString()) is not { } user)
                    return new AccessResult.NotFound();
                var old = await users.GetRolesAsync(user);
                if (old.Contains(Roles.Admin) && role != Roles.Admin && await IsLastAdminAsync(users))
                {
                    return new AccessResult.Invalid($"{user.UserName} is the last administrator. Make another one first.");
                }
                if (old is [var only] && only == role)
                    return new AccessResult.Done();
                var added = old.Contains(role) ? IdentityResult.Success : await users.AddToRoleAsync(user, role);
                if (!added.Succeeded)
                    return Refused(added);
                var removed = await users.RemoveFromRolesAsync(user, old.Where(one => one != role));
                if (!removed.Succeeded)
                    return Refused(removed);
                // With a new stamp a sign-in that is under way with the old role fails.
                await users.UpdateSecurityStampAsync(user);
                await SessionCommands.EndAllAsync(db, id, SessionEnd.RoleChanged, role, except: null, clock.GetUtcNow(), cancellationToken);
                Note(db, "user.role", user.UserName!, $"{string.Join(", ", old)} to {role}", who);
                return new AccessResult.Done();
            },
            cancellationToken
        );

    public Task<AccessResult> DeleteUserAsync(Guid id, string who, CancellationToken cancellationToken) =>
        ChangeUsersAsync(
            async (users, db) =>
            {
                if (await users.FindByIdAsync(id.ToString()) is not { } user)
                    return new AccessResult.NotFound();
                if (await users.IsInRoleAsync(user, Roles.Admin) && await IsLastAdminAsync(users))
                {
                    return new AccessResult.Invalid($"{user.UserName} is the last administrator and cannot be removed.");
                }
                var deleted = await users.DeleteAsync(user);
                if (!deleted.Succeeded)
                    return Refused(deleted);
                await SessionCommands.EndAllAsync(
                    db,
                    id,
                    SessionEnd.UserRemoved,
                    newRole: null,
                    except: null,
                    clock.GetUtcNow(),
                    cancellationToken
                );
                Note(db, "user.delete", user.UserName!, null, who);
                return new AccessResult.Done();
            },
            cancellationToken
        );

    /// <summary>A new password set by an administrator; everything the user has open ends.</summary>
    public async Task<AccessResult> ResetPasswordAsync(Guid id, string password, string who, CancellationToken cancellationToken)
    {
        var name = "";
        var result = await ChangeUsersAsync(
            async (users, db) =>
            {
                if (await users.FindByIdAsync(id.ToString()) is not { } user)
                    return new AccessResult.NotFound();
                var reset = await users.ResetPasswordAsync(user, await users.GeneratePasswordResetTokenAsync(user), password);
                if (!reset.Succeeded)
                    return Refused(reset);
                await SessionCommands.EndAllAsync(
                    db,
                    id,
                    SessionEnd.PasswordReset,
                    newRole: null,
                    except: null,
                    clock.GetUtcNow(),
                    cancellationToken
                );
                Note(db, "user.password", user.UserName!, "set by an administrator", who);
                name = user.UserName!;
                return new AccessResult.Done();
            },
            cancellationToken
        );
        if (result is AccessResult.Done)
            firstPassword.Delete(name);
        return result;
    }

    /// <param name="keep">The session that it is changed in, which goes on; the user's others end.</param>
    public async Task<AccessResult> ChangeOwnPasswordAsync(
        string userName,
        string current,
        string wanted,
        Credential.Session? keep,
        CancellationToken cancellationToken
    )
    {
        var result = await ChangeUsersAsync(
            async (users, db) =>
            {
                if (await users.FindByNameAsync(userName) is not { } user)
                    return new AccessResult.NotFound();
                var changed = await users.ChangePasswordAsync(user, current, wanted);
                if (!changed.Succeeded)
                    return Refused(changed);
                await SessionCommands.EndAllAsync(
                    db,
                    user.Id,
                    SessionEnd.PasswordChanged,
                    newRole: null,
                    keep?.Id,
                    clock.GetUtcNow(),
                    cancellationToken
                );
                var (kept, stamp) = (keep?.Id, user.SecurityStamp!);
                await db
                    .Sessions.Where(one => one.Id == kept && one.UserId == user.Id)
                    .ExecuteUpdateAsync(session => session.SetProperty(one => one.SecurityStamp, stamp), cancellationToken);
                Note(db, "user.password", userName, null, userName);
                return new AccessResult.Done();
            },
            cancellationToken
        );
        if (result is AccessResult.Done)
            firstPassword.Delete(userName);
        return result;
    }

    /// <param name="lasts">Null: until it is revoked.</param>
    public async Task<AccessResult> CreateTokenAsync(
        string name,
        string role,
        TimeSpan? lasts,
        string ownerName,
        CancellationToken cancellationToken
    )
    {
        await using var scope = scopes.CreateAsyncScope();
        var users = scope.ServiceProvider.GetRequiredService<UserManager<ArchonUser>>();
        if (name.Trim().Length is 0 or > 128)
            return new AccessResult.Invalid("A token needs a name of 1 to 128 characters that says who uses it.");
        if (await users.FindByNameAsync(ownerName) is not { } owner)
            return new AccessResult.NotFound();
        var may = await users.GetRolesAsync(owner);
        if (!Roles.From(role).Any(may.Contains))
            return new AccessResult.Invalid($"Your own role does not reach {role}.");
        var token = ApiTokenHandler.TokenPrefix + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(TokenBytes));
        var now = clock.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        // Two at once would each find room for one more.
        await db.Database.ExecuteSqlAsync($"SELECT 1 FROM users WHERE id = {owner.Id} FOR UPDATE", cancellationToken);
        var own = db.ApiTokens.Where(one => one.OwnerId == owner.Id);
        if (
            await own.CountAsync(one => one.RevokedAt == null && (one.ExpiresAt == null || one.ExpiresAt > now), cancellationToken)
            >= UserLimits.Tokens
        )
        {
            return new AccessResult.Invalid($"You have {UserLimits.Tokens} tokens, the limit per user. Revoke one to create another.");
        }
        var over = await own.Where(one => one.RevokedAt != null || one.ExpiresAt <= now)
            .OrderByDescending(one => one.RevokedAt ?? one.ExpiresAt)
            .ThenBy(one => one.Id)
            .Skip(UserLimits.Tokens)
            .Select(one => one.Id)
            .ToListAsync(cancellationToken);
        if (over.Count > 0)
            await db.ApiTokens.Where(one => over.Contains(one.Id)).ExecuteDeleteAsync(cancellationToken);
        db.ApiTokens.Add(
            new ApiToken
            {
                Name = name.Trim(),
                OwnerId = owner.Id,
                Role = role,
                Hash = ApiTokenHandler.HashOf(token),
                Prefix = token[..PrefixLength],
                CreatedAt = now,
                ExpiresAt = now + lasts,
            }
        );
        Note(db, "token.create", name.Trim(), $"role {role}", ownerName);
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new AccessResult.TokenMade(token);
    }

    public async Task<AccessResult> RevokeTokenAsync(int id, string who, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        if (await db.ApiTokens.FirstOrDefaultAsync(token => token.Id == id, cancellationToken) is not { } token)
            return new AccessResult.NotFound();
        token.RevokedAt ??= clock.GetUtcNow();
        Note(db, "token.revoke", token.Name, null, who);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.SaveChangesAsync(cancellationToken);
        await db.AnnounceAsync(SessionListener.Id, token.OwnerId.ToString(), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new AccessResult.Done();
    }

    public async Task<AccessResult> CreateEnvironmentAsync(string name, string who, CancellationToken cancellationToken)
    {
        name = name.Trim();
        if (name.Length is 0 or > 64)
            return new AccessResult.Invalid("An environment needs a name of 1 to 64 characters.");
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        if (await db.Environments.AnyAsync(one => one.Name == name, cancellationToken))
            return new AccessResult.Invalid($"There is an environment {name} already.");
        db.Environments.Add(new MonitoredEnvironment { Name = name, CreatedAt = clock.GetUtcNow() });
        Note(db, "environment.create", name, null, who);
        await db.SaveChangesAsync(cancellationToken);
        return new AccessResult.Done();
    }

    public async Task<AccessResult> RenameEnvironmentAsync(int id, string name, string who, CancellationToken cancellationToken)
    {
        name = name.Trim();
        if (name.Length is 0 or > 64)
            return new AccessResult.Invalid("An environment needs a name of 1 to 64 characters.");
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        if (await db.Environments.FirstOrDefaultAsync(one => one.Id == id, cancellationToken) is not { } environment)
            return new AccessResult.NotFound();
        if (await db.Environments.AnyAsync(one => one.Name == name && one.Id != id, cancellationToken))
            return new AccessResult.Invalid($"There is an environment {name} already.");
        Note(db, "environment.rename", name, $"was {environment.Name}", who);
        environment.Name = name;
        await db.SaveChangesAsync(cancellationToken);
        return new AccessResult.Done();
    }

    private static async Task<bool> IsLastAdminAsync(UserManager<ArchonUser> users) =>
        (await users.GetUsersInRoleAsync(Roles.Admin)).Count <= 1;

    private static AccessResult.Invalid Refused(IdentityResult result) =>
        new(string.Join(" ", result.Errors.Select(error => error.Description)));

    /// <summary>The change, its audit entry, the end of sessions and the word to the other processes: all of it or nothing.</summary>
    private async Task<AccessResult> ChangeUsersAsync(
        Func<UserManager<ArchonUser>, ArchonDbContext, Task<AccessResult>> change,
        CancellationToken cancellationToken
    )
    {
        // A scope per command: a circuit lives for hours, and its own context would show users as they were when it began.
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ArchonDbContext>();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        // Two changes at once could each leave the other's user as the last administrator.
        await FirstAdmin.LockUsersAsync(db, cancellationToken);
        var result = await change(scope.ServiceProvider.GetRequiredService<UserManager<ArchonUser>>(), db);
        if (result is not AccessResult.Done)
            return result;
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return result;
    }

    private void Note(ArchonDbContext db, string action, string subject, string? detail, string who) =>
        db.AuditEntries.Add(
            new AuditEntry
            {
                At = clock.GetUtcNow(),
                Actor = who,
                Action = action,
                Subject = subject,
                Detail = detail,
            }
        );
}
