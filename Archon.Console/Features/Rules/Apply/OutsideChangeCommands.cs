using Archon.Data;
using Archon.Data.Access;
using Archon.Data.Rules;
using Archon.Features.Access;
using Archon.Features.Rules.Catalogue;
using Archon.Integrations;
using Archon.Live;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Rules.Apply;

public abstract record OutsideChangeResult
{
    private OutsideChangeResult() { }

    public sealed record Done : OutsideChangeResult;

    /// <summary>Nothing was changed. The reason is a sentence for people.</summary>
    public sealed record Refused(string Reason) : OutsideChangeResult;
}

/// <summary>
/// Settles a change outside the console where one side has no file, so that there is nothing to compare: the target's is gone, or the catalogue's was
/// deleted.
/// </summary>
/// <remarks>Nothing is written to the target: what was decided reaches it with the next apply.</remarks>
public sealed class OutsideChangeCommands(CommandGate gate, RuleTarget target, TimeProvider clock)
{
    /// <summary>The catalogue's side is wanted: the file is ready to be applied over what the target contains now.</summary>
    /// <param name="file">As it was reviewed. What was changed since, here or there, is refused.</param>
    /// <exception cref="PermissionDeniedException">The actor may not apply rules.</exception>
    public Task<OutsideChangeResult> KeepOursAsync(
        int environmentId,
        ReviewedFile file,
        Actor actor,
        CancellationToken cancellationToken
    ) =>
        SettleAsync(
            environmentId,
            file,
            actor,
            Permission.ApplyRules,
            (db, document, now) =>
            {
                document.Agree(file.Held, now);
                var chosen = file.Wanted is null ? "It stays deleted" : "It is to be written again";
                db.Note(now, "rule-file.agree", () => $"rule file {document.Name}", chosen, environmentId);
                return Task.CompletedTask;
            },
            cancellationToken
        );

    /// <summary>The target's side is wanted: a file that is gone there is deleted in the catalogue. It can be restored.</summary>
    /// <param name="file">As it was reviewed. What was changed since, here or there, is refused.</param>
    /// <exception cref="PermissionDeniedException">The actor may not edit rules.</exception>
    public Task<OutsideChangeResult> DeleteHereAsync(
        int environmentId,
        ReviewedFile file,
        Actor actor,
        CancellationToken cancellationToken
    ) =>
        file.Held is not null
            ? Task.FromResult<OutsideChangeResult>(new OutsideChangeResult.Refused($"{file.Name} is still in {target.Words}."))
            : SettleAsync(
                environmentId,
                file,
                actor,
                Permission.EditRules,
                (db, document, now) =>
                {
                    document.Agree(null, now);
                    var note = new RuleChangeNote(actor.Name, $"Deleted in {target.Words}", "rule-file.delete");
                    return new RuleCatalogue(target, clock).DeleteAsync(db, document, note, cancellationToken);
                },
                cancellationToken
            );

    private async Task<OutsideChangeResult> SettleAsync(
        int environmentId,
        ReviewedFile file,
        Actor actor,
        Permission permission,
        Func<ArchonDbContext, RuleDocument, DateTimeOffset, Task> settle,
        CancellationToken cancellationToken
    )
    {
        await using var db = await gate.OpenAsync(actor, permission, environmentId, cancellationToken);
        if (file is not { State: ReviewState.ChangedOutside } || (file.Held is not null && file.Wanted is not null))
            return new OutsideChangeResult.Refused($"{file.Name} is on both sides. Compare, and choose for each rule.");
        // Before the transaction: the target may be a server.
        var read = await target.For(environmentId).ReadAsync(file.Name, cancellationToken);
        if (read is not Fetch<byte[]?>.Ok { Value: var held })
            return new OutsideChangeResult.Refused(read.Reason() ?? $"{file.Name} could not be read.");
        if (!target.IsSame(held, file.Held))
            return new OutsideChangeResult.Refused($"{file.Name} was changed outside the console meanwhile. The new state is shown.");
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await RuleCatalogue.LockAsync(db, environmentId, cancellationToken);
        var document = await db.RuleDocuments.SingleOrDefaultAsync(
            one => one.Id == file.DocumentId && one.EnvironmentId == environmentId,
            cancellationToken
        );
        if (document?.CurrentVersion != file.Version || (document.DeletedAt is null) != (file.Wanted is not null))
            return new OutsideChangeResult.Refused($"{file.Name} was edited meanwhile. The new state is shown.");
        if (await db.RuleApplies.AnyAsync(apply => apply.EnvironmentId == environmentId && apply.EndedAt == null, cancellationToken))
            return new OutsideChangeResult.Refused("An apply is under way. Wait until it ends.");
        await settle(db, document, clock.GetUtcNow());
        await db.SaveChangesAsync(cancellationToken);
        await db.AnnounceAsync(RuleTopic.Id, environmentId, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new OutsideChangeResult.Done();
    }
}
