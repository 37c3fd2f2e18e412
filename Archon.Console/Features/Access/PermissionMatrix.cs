using Archon.Data;
using Archon.Data.Access;
using Archon.Live;
using Microsoft.AspNetCore.Authorization;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Access;

/// <summary>What administrators decided about permissions, as it was last read: for what pages show. Commands read it anew.</summary>
internal sealed class PermissionMatrix(IDbContextFactory<ArchonDbContext> contexts) : IChangeHandler
{
    public const string Id = "permissions";

    private volatile IReadOnlyDictionary<(string Role, string Permission), Reach>? known;
    private int changes;

    public string Topic => Id;

    public Task ChangedAsync(string payload, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref changes);
        known = null;
        return Task.CompletedTask;
    }

    /// <exception cref="System.Data.Common.DbException">The database is away, and nothing was read yet.</exception>
    public async ValueTask<Reach> ReachAsync(string role, Permission permission)
    {
        if (known is not { } decided)
        {
            var before = Volatile.Read(ref changes);
            await using var db = await contexts.CreateDbContextAsync();
            decided = await ReadAsync(db, CancellationToken.None);
            // A change that came while this read ran may not be in it.
            if (before == Volatile.Read(ref changes))
                known = decided;
        }
        return permission.ReachOf(role, decided);
    }

    public static async Task<IReadOnlyDictionary<(string Role, string Permission), Reach>> ReadAsync(
        ArchonDbContext db,
        CancellationToken cancellationToken
    ) => await db.RolePermissions.AsNoTracking().ToDictionaryAsync(one => (one.Role, one.Permission), one => one.Reach, cancellationToken);
}

/// <summary>Met by a role that has the permission, at least for its own teams.</summary>
public sealed record PermissionRequirement(Permission Permission) : IAuthorizationRequirement;

internal sealed class PermissionHandler(PermissionMatrix matrix) : AuthorizationHandler<PermissionRequirement>
{
    protected override async Task HandleRequirementAsync(AuthorizationHandlerContext context, PermissionRequirement requirement)
    {
        var role = Roles.All.LastOrDefault(context.User.IsInRole) ?? "";
        // Who has the role for it at all costs no look at the database.
        if (requirement.Permission.DefaultReach(role) == Reach.None)
            return;
        Reach reach;
        try
        {
            reach = await matrix.ReachAsync(role, requirement.Permission);
        }
        catch (Exception failure) when (DatabaseFailures.Describe(failure) is not null)
        {
            // What is shown follows the role until the database is back; what is done is checked by the command.
            reach = requirement.Permission.DefaultReach(role);
        }
        if (reach != Reach.None)
            context.Succeed(requirement);
    }
}
