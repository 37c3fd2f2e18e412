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

/// <summary>Changes who may do what.</summary>
/// <remarks>Each throws <see cref="PermissionDeniedException"/> where the actor may not do it.</remarks>
public sealed class AccessCommands(CommandGate gate, IServiceScopeFactory scopes, AdminPasswordFile firstPassword, TimeProvider clock)
{
    private const int TokenBytes = 32;
    private const int PrefixLength = 10;

    public Task<AccessResult> CreateUserAsync(
        string name,
        string password,
        string role,
        Actor actor,
        CancellationToken cancellationToken
    ) =>
        ChangeUsersAsync(
            actor,
            async (users, db) =>
            {
                if (!Roles.All.Contains(role))
                    return new AccessResult.Invalid($"There is no role {role}.");
                var user = new ArchonUser { UserName = name.Trim(), CreatedAt = clock.GetUtcNow() };
                Note(db, "user.create", Subject(user), $"role {role}", user.UserName);
                var made = await users.CreateAsync(user, password);
                if (!made.Succeeded)
                    return Refused(made);
                var given = await users.AddToRoleAsync(user, role);
                if (!given.Succeeded)
                    return Refused(given);
                return new AccessResult.Done();
            },
            Permission.ManageUsers,
            cancellationToken
        );

    public Task<AccessResult> GiveRoleAsync(Guid id, string role, Actor actor, CancellationToken cancellationToken) =>
        ChangeUsersAsync(
            actor,
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
                Note(db, "user.role", Subject(user), $"{string.Join(", ", old)} to {role}", user.UserName);
                var added = old.Contains(role) ? IdentityResult.Success : await users.AddToRoleAsync(user, role);
                if (!added.Succeeded)
                    return Refused(added);
                var removed = await users.RemoveFromRolesAsync(user, old.Where(one => one != role));
                if (!removed.Succeeded)
                    return Refused(removed);
                // With a new stamp a sign-in that is under way with the old role fails.
                await users.UpdateSecurityStampAsync(user);
                await SessionCommands.EndAllAsync(db, id, SessionEnd.RoleChanged, role, except: null, clock.GetUtcNow(), cancellationToken);
                return new AccessResult.Done();
            },
            Permission.ManageUsers,
            cancellationToken
        );

    public Task<AccessResult> DeleteUserAsync(Guid id, Actor actor, CancellationToken cancellationToken) =>
        ChangeUsersAsync(
            actor,
            async (users, db) =>
            {
                if (await users.FindByIdAsync(id.ToString()) is not { } user)
                    return new AccessResult.NotFound();
                if (await users.IsInRoleAsync(user, Roles.Admin) && await IsLastAdminAsync(users))
                {
                    return new AccessResult.Invalid($"{user.UserName} is the last administrator and cannot be removed.");
                }
                Note(db, "user.delete", Subject(user), null, user.UserName);
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
                return new AccessResult.Done();
            },
            Permission.ManageUsers,
            cancellationToken
        );

    /// <summary>A new password set by an administrator; everything the user has open ends.</summary>
    public async Task<AccessResult> ResetPasswordAsync(Guid id, string password, Actor actor, CancellationToken cancellationToken)
    {
        var name = "";
        var result = await ChangeUsersAsync(
            actor,
            async (users, db) =>
            {
                if (await users.FindByIdAsync(id.ToString()) is not { } user)
                    return new AccessResult.NotFound();
                Note(db, "user.password", Subject(user), "set by an administrator", user.UserName);
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
                name = user.UserName!;
                return new AccessResult.Done();
            },
            Permission.ManageUsers,
            cancellationToken
        );
        if (result is AccessResult.Done)
            firstPassword.Delete(name);
        return result;
    }

    /// <summary>The session that it is changed in goes on; the user's others end.</summary>
    public async Task<AccessResult> ChangeOwnPasswordAsync(string current, string wanted, Actor actor, CancellationToken cancellationToken)
    {
        var name = "";
        var result = await ChangeUsersAsync(
            actor,
            async (users, db) =>
            {
                if (actor.Id is not { } id || await users.FindByIdAsync(id.ToString()) is not { } user)
                    return new AccessResult.NotFound();
                var keep = actor.Credential as Credential.Session;
                Note(db, "user.password", Subject(user), null, user.UserName);
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
                if (keep is not null)
                {
                    var kept = await db.Sessions.SingleOrDefaultAsync(one => one.Id == keep.Id && one.UserId == user.Id, cancellationToken);
                    kept?.SecurityStamp = user.SecurityStamp!;
                }
                name = user.UserName!;
                return new AccessResult.Done();
            },
            permission: null,
            cancellationToken
        );
        if (result is AccessResult.Done)
            firstPassword.Delete(name);
        return result;
    }

    /// <param name="scopes">What it is limited to; none: it may do all that its role may.</param>
    /// <param name="lasts">Null: until it is revoked.</param>
    public async Task<AccessResult> CreateTokenAsync(
        string name,
        string role,
        IReadOnlyCollection<string> scopes,
        TimeSpan? lasts,
        Actor actor,
        CancellationToken cancellationToken
    )
    {
        if (name.Trim().Length is 0 or > 128)
            return new AccessResult.Invalid("A token needs a name of 1 to 128 characters that says who uses it.");
        if (!Roles.All.Contains(role))
            return new AccessResult.Invalid($"There is no role {role}. Roles are {string.Join(", ", Roles.All)}.");
        if (scopes.FirstOrDefault(scope => !TokenScopes.All.Contains(scope)) is { } unknown)
            return new AccessResult.Invalid($"There is no scope {unknown}. Scopes are {string.Join(", ", TokenScopes.All)}.");
        if (!Roles.From(role).Contains(actor.Role))
            return new AccessResult.Invalid($"Your own role does not reach {role}.");
        var token = ApiTokenHandler.TokenPrefix + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(TokenBytes));
        var now = clock.GetUtcNow();
        await using var db = await gate.OpenOwnAsync(actor, cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        Note(db, "token.create", () => Named("token", name.Trim()), $"role {role}");
        if (actor.Id is { } owner)
        {
            // Two at once would each find room for one more.
            await db.Database.ExecuteSqlAsync($"SELECT 1 FROM users WHERE id = {owner} FOR UPDATE", cancellationToken);
            if (!await db.Users.AnyAsync(user => user.Id == owner, cancellationToken))
                return new AccessResult.NotFound();
        }
        var own = db.ApiTokens.Where(one => one.OwnerId == actor.Id);
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
            .ToListAsync(cancellationToken);
        db.ApiTokens.RemoveRange(over);
        db.ApiTokens.Add(
            new ApiToken
            {
                Name = name.Trim(),
                OwnerId = actor.Id,
                Role = role,
                Scopes = [.. scopes.Distinct()],
                Hash = ApiTokenHandler.HashOf(token),
                Prefix = token[..PrefixLength],
                CreatedAt = now,
                ExpiresAt = now + lasts,
            }
        );
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new AccessResult.TokenMade(token);
    }

    /// <summary>Everybody may revoke their own; those of others need a permission.</summary>
    public async Task<AccessResult> RevokeTokenAsync(int id, Actor actor, CancellationToken cancellationToken)
    {
        await using var db = await gate.OpenOwnAsync(actor, cancellationToken);
        var token = await db.ApiTokens.FirstOrDefaultAsync(token => token.Id == id, cancellationToken);
        if (token?.OwnerId is null || token.OwnerId != actor.Id)
            await gate.RequireAsync(actor, Permission.ManageTokens, environmentId: null, cancellationToken);
        return token is null ? new AccessResult.NotFound() : await RevokeAsync(db, [token], cancellationToken);
    }

    /// <summary>Revokes every usable token of that name.</summary>
    public async Task<AccessResult> RevokeTokensAsync(string name, Actor actor, CancellationToken cancellationToken)
    {
        await using var db = await gate.OpenAsync(actor, Permission.ManageTokens, environmentId: null, cancellationToken);
        var tokens = await db.ApiTokens.Where(token => token.Name == name && token.RevokedAt == null).ToListAsync(cancellationToken);
        return tokens.Count == 0 ? new AccessResult.NotFound() : await RevokeAsync(db, tokens, cancellationToken);
    }

    private async Task<AccessResult> RevokeAsync(ArchonDbContext db, List<ApiToken> tokens, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        foreach (var token in tokens)
        {
            Note(db, "token.revoke", () => Named("token", token.Name), null);
            token.RevokedAt ??= clock.GetUtcNow();
            await db.SaveChangesAsync(cancellationToken);
            await db.AnnounceAsync(SessionListener.Id, token.OwnerId?.ToString() ?? "", cancellationToken);
        }
        await transaction.CommitAsync(cancellationToken);
        return new AccessResult.Done();
    }

    public async Task<AccessResult> CreateEnvironmentAsync(string name, Actor actor, CancellationToken cancellationToken)
    {
        await using var db = await gate.OpenAsync(actor, Permission.ManageEnvironments, environmentId: null, cancellationToken);
        name = name.Trim();
        if (name.Length is 0 or > 64)
            return new AccessResult.Invalid("An environment needs a name of 1 to 64 characters.");
        if (await db.Environments.AnyAsync(one => one.Name == name, cancellationToken))
            return new AccessResult.Invalid($"There is an environment {name} already.");
        var environment = new MonitoredEnvironment { Name = name, CreatedAt = clock.GetUtcNow() };
        db.Environments.Add(environment);
        Note(db, "environment.create", () => Named("environment", name), null);
        return await db.SaveOrExplainAsync(cancellationToken);
    }

    public async Task<AccessResult> RenameEnvironmentAsync(int id, string name, Actor actor, CancellationToken cancellationToken)
    {
        await using var db = await gate.OpenAsync(actor, Permission.ManageEnvironments, id, cancellationToken);
        name = name.Trim();
        if (name.Length is 0 or > 64)
            return new AccessResult.Invalid("An environment needs a name of 1 to 64 characters.");
        if (await db.Environments.FirstOrDefaultAsync(one => one.Id == id, cancellationToken) is not { } environment)
            return new AccessResult.NotFound();
        if (await db.Environments.AnyAsync(one => one.Name == name && one.Id != id, cancellationToken))
            return new AccessResult.Invalid($"There is an environment {name} already.");
        Note(db, "environment.rename", () => Named("environment", name), $"was {environment.Name}", environmentId: id);
        environment.Name = name;
        return await db.SaveOrExplainAsync(cancellationToken);
    }

    private static async Task<bool> IsLastAdminAsync(UserManager<ArchonUser> users) =>
        (await users.GetUsersInRoleAsync(Roles.Admin)).Count <= 1;

    private static AccessResult.Invalid Refused(IdentityResult result) =>
        new(string.Join(" ", result.Errors.Select(error => error.Description)));

    /// <summary>The change, its audit entry, the end of sessions and the word to the other processes: all of it or nothing.</summary>
    /// <param name="permission">Null for what everybody may change of their own.</param>
    private async Task<AccessResult> ChangeUsersAsync(
        Actor actor,
        Func<UserManager<ArchonUser>, ArchonDbContext, Task<AccessResult>> change,
        Permission? permission,
        CancellationToken cancellationToken
    )
    {
        if (permission is not null)
            await gate.RequireAsync(actor, permission, environmentId: null, cancellationToken);
        // A scope per command: a circuit lives for hours, and its own context would show users as they were when it began.
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ArchonDbContext>();
        db.AuditAs(actor.Id, actor.Name);
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

    /// <summary>By its id: entries stay when the person's name is removed.</summary>
    internal static Func<string> Subject(ArchonUser user) => () => $"user {user.Id}";

    private static string Named(string kind, string name) => $"{kind} {name}";

    private void Note(
        ArchonDbContext db,
        string action,
        Func<string> subject,
        string? detail,
        string? subjectName = null,
        int? environmentId = null
    ) => db.Note(clock.GetUtcNow(), action, subject, detail, environmentId, subjectName);
}
