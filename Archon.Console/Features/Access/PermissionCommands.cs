using Archon.Data.Access;
using Archon.Live;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Access;

/// <summary>Decides what roles may do, and of which teams.</summary>
public sealed class PermissionCommands(CommandGate gate, TimeProvider clock)
{
    /// <exception cref="PermissionDeniedException">The actor may not manage permissions.</exception>
    public async Task<AccessResult> SetAsync(string role, string permission, Reach reach, Actor actor, CancellationToken cancellationToken)
    {
        await using var db = await gate.OpenAsync(actor, Permission.ManagePermissions, environmentId: null, cancellationToken);
        if (Permission.All.FirstOrDefault(one => one.Name == permission) is not { } known)
            return new AccessResult.NotFound();
        if (!known.CanBeSetFor(role))
            return new AccessResult.Invalid($"Whether the role {role} may {known.Words} cannot be changed.");
        if (reach == Reach.OwnTeam && !known.IsOfTeams)
            return new AccessResult.Invalid($"To {known.Words} concerns all teams: the role may do it or not.");
        var row = await db.RolePermissions.SingleOrDefaultAsync(one => one.Role == role && one.Permission == permission, cancellationToken);
        var decided = new Dictionary<(string, string), Reach>(await PermissionMatrix.ReadAsync(db, cancellationToken))
        {
            [(role, permission)] = reach,
        };
        if (known.ReachOf(role, decided) < reach)
        {
            return new AccessResult.Invalid(
                known.ReachOf(Roles.Editor, decided) == Reach.None
                    ? $"Editors may not {known.Words}, so responders cannot either."
                    : $"Editors may {known.Words} of their own teams only, so responders cannot of all teams."
            );
        }
        if ((row?.Reach ?? Reach.All) == reach)
            return new AccessResult.Done();
        if (row is null)
            db.RolePermissions.Add(row = new RolePermission { Role = role, Permission = permission });
        row.Reach = reach;
        db.Note(clock.GetUtcNow(), "permission.set", () => $"{permission} of {role}", reach.ToString(), environmentId: null);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var saved = await db.SaveOrExplainAsync(cancellationToken);
        if (saved is not AccessResult.Done)
            return saved;
        await db.AnnounceAsync(PermissionMatrix.Id, payload: "", cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new AccessResult.Done();
    }
}
