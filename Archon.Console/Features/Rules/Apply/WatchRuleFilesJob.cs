using Archon.Data;
using Archon.Data.Rules;
using Archon.Features.Rules.Catalogue;
using Archon.Integrations;
using Archon.Jobs;
using Archon.Live;
using Hangfire;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Rules.Apply;

/// <summary>
/// Ends applies that a killed console left, then looks at what the target's files hold: a change from outside is noticed, and nothing is overwritten.
/// </summary>
/// <remarks>While a file is being applied, catalogue and target do not agree on it yet: the apply may be put back.</remarks>
public sealed class WatchRuleFilesJob(
    IDbContextFactory<ArchonDbContext> contexts,
    RuleTarget target,
    RuleApplier applier,
    TimeProvider clock
)
{
    [Queue("discover"), AutomaticRetry(Attempts = 3), AdvisoryLock("watch-rule-files:{0}")]
    public async Task LookAsync(int environmentId, CancellationToken cancellationToken)
    {
        if (!target.For(environmentId).IsThere)
            return;
        await applier.RecoverAsync(environmentId, cancellationToken);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var (readAt, held) = (clock.GetUtcNow(), new Dictionary<string, byte[]?>(StringComparer.Ordinal));
        var names = await db
            .RuleDocuments.Where(one => one.EnvironmentId == environmentId)
            .Select(one => one.Name)
            .ToListAsync(cancellationToken);
        // Before the transaction: the target may be a server.
        foreach (var name in names.Where(name => target.NameFault(name) is null))
        {
            if (await target.ReadAsync(name, cancellationToken) is Fetch<byte[]?>.Ok { Value: var content })
                held[name] = content;
        }
        var putBack = await WrongAppliesAsync(db, environmentId, cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await RuleCatalogue.LockAsync(db, environmentId, cancellationToken);
        var documents = await db.RuleDocuments.Where(one => one.EnvironmentId == environmentId).ToListAsync(cancellationToken);
        var changed = await PlaceAsync(db, documents, cancellationToken);
        var underWay = await db
            .RuleApplies.AsNoTracking()
            .Where(apply => apply.EnvironmentId == environmentId && apply.EndedAt == null)
            .ToListAsync(cancellationToken);
        var busy = underWay.SelectMany(apply => apply.Files).Select(file => file.DocumentId).ToHashSet();
        foreach (var document in documents)
        {
            // An apply or an import may have looked later.
            if (!held.TryGetValue(document.Name, out var seen) || document.SeenAt > readAt)
                continue;
            changed |= !target.IsSame(seen, document.SeenContent);
            (document.SeenContent, document.SeenAt) = (seen, readAt);
            if (busy.Contains(document.Id) || target.IsSame(seen, document.AppliedContent))
                continue;
            // Whoever brought it there: the two agree.
            if ((document.DeletedAt is null && target.IsSame(seen, document.Content)) || IsWrong(document, putBack))
            {
                document.Agree(seen, readAt);
                changed = true;
            }
        }
        await db.SaveChangesAsync(cancellationToken);
        if (changed)
            await db.AnnounceAsync(RuleTopic.Id, environmentId, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Names files as the server does that came in by a command which did not know the target: until then they have the catalogue's own name.</summary>
    private async Task<bool> PlaceAsync(ArchonDbContext db, List<RuleDocument> documents, CancellationToken cancellationToken)
    {
        var unplaced = documents.Where(one =>
            one.ServerFile == one.Name && target.ServerFile(one.Name) != one.Name && target.NameFault(one.Name) is null
        );
        var catalogue = new RuleCatalogue(target, clock);
        var hasPlaced = false;
        foreach (var document in unplaced)
        {
            await catalogue.PlaceAsync(db, document, cancellationToken);
            hasPlaced = true;
        }
        return hasPlaced;
    }

    /// <summary>
    /// Former versions took a file for applied while its apply was still being verified, left it so when the apply was put back, and did not note when.
    /// </summary>
    /// <returns>
    /// The applies of such files, the newest first. A file that was agreed on since is not among them, so that this reads no contents once all are repaired.
    /// </returns>
    private static async Task<List<RuleApply>> WrongAppliesAsync(ArchonDbContext db, int environmentId, CancellationToken cancellationToken)
    {
        var ids = await db
            .Database.SqlQuery<long>(
                $"""
                SELECT DISTINCT ON (document.id) apply.id AS "Value"
                FROM rule_documents AS document
                JOIN rule_applies AS apply ON apply.environment_id = document.environment_id
                WHERE document.environment_id = {environmentId}
                    AND document.applied_content IS NOT NULL
                    AND document.seen_content IS DISTINCT FROM document.applied_content
                    AND document.seen_content IS DISTINCT FROM document.content
                    AND apply.stage IN ('PutBack', 'Stuck')
                    AND (document.applied_at IS NULL OR document.applied_at <= apply.started_at)
                    AND apply.files @> jsonb_build_array(jsonb_build_object('DocumentId', document.id))
                ORDER BY document.id, apply.id DESC
                """
            )
            .ToListAsync(cancellationToken);
        return ids.Count == 0
            ? []
            : await db
                .RuleApplies.AsNoTracking()
                .Where(apply => ids.Contains(apply.Id))
                .OrderByDescending(apply => apply.Id)
                .ToListAsync(cancellationToken);
    }

    /// <summary>Whether a file is taken for applied that contains what it did before: the console itself wrote it, and it can be applied again.</summary>
    private bool IsWrong(RuleDocument document, List<RuleApply> putBack)
    {
        var last = putBack.FirstOrDefault(apply => apply.Files.Any(file => file.DocumentId == document.Id));
        // What was agreed on later says more.
        if (last is null || document.AppliedAt > last.StartedAt)
            return false;
        var file = last.Files.Single(one => one.DocumentId == document.Id);
        return target.IsSame(document.SeenContent, file.Before) && target.IsSame(document.AppliedContent, file.After);
    }
}
