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
    private const int MostApplies = 20;

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
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await RuleCatalogue.LockAsync(db, environmentId, cancellationToken);
        var documents = await db.RuleDocuments.Where(one => one.EnvironmentId == environmentId).ToListAsync(cancellationToken);
        var changed = await PlaceAsync(db, documents, cancellationToken);
        var underWay = await db
            .RuleApplies.AsNoTracking()
            .Where(apply => apply.EnvironmentId == environmentId && apply.EndedAt == null)
            .ToListAsync(cancellationToken);
        var busy = underWay.SelectMany(apply => apply.Files).Select(file => file.DocumentId).ToHashSet();
        var differing = new List<RuleDocument>();
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
            if (document.DeletedAt is null && target.IsSame(seen, document.Content))
                (document.AppliedContent, changed) = (seen, true);
            else
                differing.Add(document);
        }
        if (differing.Count > 0)
            changed |= await AgreeOnWhatWasPutBackAsync(db, environmentId, differing, cancellationToken);
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
    /// Former versions took a file for applied while its apply was still being verified, and left it so when the apply was put back. Such a file contains
    /// what the console itself wrote, and can be applied again.
    /// </summary>
    private async Task<bool> AgreeOnWhatWasPutBackAsync(
        ArchonDbContext db,
        int environmentId,
        List<RuleDocument> documents,
        CancellationToken cancellationToken
    )
    {
        var putBack = await db
            .RuleApplies.AsNoTracking()
            .Where(apply =>
                apply.EnvironmentId == environmentId && (apply.Stage == RuleApplyStage.PutBack || apply.Stage == RuleApplyStage.Stuck)
            )
            .OrderByDescending(apply => apply.Id)
            .Take(MostApplies)
            .ToListAsync(cancellationToken);
        var hasAgreed = false;
        foreach (var document in documents)
        {
            var last = putBack.FirstOrDefault(apply => apply.Files.Any(file => file.DocumentId == document.Id));
            // What was applied later says more.
            if (last is null || document.AppliedAt > last.StartedAt)
                continue;
            var file = last.Files.Single(one => one.DocumentId == document.Id);
            if (!target.IsSame(document.SeenContent, file.Before) || !target.IsSame(document.AppliedContent, file.After))
                continue;
            (document.AppliedContent, hasAgreed) = (document.SeenContent, true);
        }
        return hasAgreed;
    }
}
