using Archon.Data;
using Archon.Data.Access;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Access;

/// <summary>Gives commands their context of the database, if whoever asks may do what they do. Each refusal is in the audit.</summary>
public sealed class CommandGate(IDbContextFactory<ArchonDbContext> contexts, TimeProvider clock)
{
    /// <param name="environmentId">Null where the change concerns none, or all.</param>
    /// <returns>A context on which everything that is saved is audited in the actor's name.</returns>
    /// <exception cref="PermissionDeniedException">The role may not do it at all.</exception>
    public async Task<ArchonDbContext> OpenAsync(
        Actor actor,
        Permission permission,
        int? environmentId,
        CancellationToken cancellationToken
    )
    {
        var db = await contexts.CreateDbContextAsync(cancellationToken);
        try
        {
            db.AuditAs(actor.Id, actor.Name);
            if (await ReachAsync(db, actor, permission, cancellationToken) == Reach.None)
                throw await RefuseAsync(actor, permission, $"Your role may not {permission.Words}.", environmentId, cancellationToken);
            return db;
        }
        catch
        {
            await db.DisposeAsync();
            throw;
        }
    }

    /// <summary>For a command that opens its contexts later, or several.</summary>
    /// <exception cref="PermissionDeniedException">The role may not do it at all.</exception>
    public async Task RequireAsync(Actor actor, Permission permission, int? environmentId, CancellationToken cancellationToken) =>
        await (await OpenAsync(actor, permission, environmentId, cancellationToken)).DisposeAsync();

    /// <summary>For changes that everybody may make who is signed in: those of their own profile, password, sessions and tokens.</summary>
    public async Task<ArchonDbContext> OpenOwnAsync(Actor actor, CancellationToken cancellationToken)
    {
        var db = await contexts.CreateDbContextAsync(cancellationToken);
        db.AuditAs(actor.Id, actor.Name);
        return db;
    }

    /// <summary>Checks that what is changed belongs to a team of the actor, to no team, or that the actor may change those of all teams.</summary>
    /// <param name="team">Null for what belongs to no team.</param>
    /// <exception cref="PermissionDeniedException">It belongs to another team.</exception>
    public async Task RequireTeamAsync(
        Actor actor,
        Permission permission,
        Team? team,
        int? environmentId,
        CancellationToken cancellationToken
    )
    {
        if (team is null || actor.Teams.Contains(team.Id))
            return;
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        if (await ReachAsync(db, actor, permission, cancellationToken) != Reach.All)
        {
            throw await RefuseAsync(
                actor,
                permission,
                $"You may {permission.Words} of your own teams. {team.Name} is not one of them.",
                environmentId,
                cancellationToken
            );
        }
    }

    /// <summary>Records a refusal and gives the exception that tells of it.</summary>
    public async Task<PermissionDeniedException> RefuseAsync(
        Actor actor,
        Permission permission,
        string reason,
        int? environmentId,
        CancellationToken cancellationToken
    )
    {
        // On a context of its own: the command's transaction, if any, is rolled back.
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        db.AuditAs(actor.Id, actor.Name);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        db.NoteRefusal(clock.GetUtcNow(), permission.Name, reason, environmentId);
        await transaction.CommitAsync(cancellationToken);
        return new PermissionDeniedException(reason);
    }

    private static async Task<Reach> ReachAsync(ArchonDbContext db, Actor actor, Permission permission, CancellationToken cancellationToken)
    {
        if (!permission.CanBeSetFor(actor.Role))
            return permission.DefaultReach(actor.Role);
        return permission.ReachOf(actor.Role, await PermissionMatrix.ReadAsync(db, cancellationToken));
    }
}
