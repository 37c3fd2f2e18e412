using Archon.Data;
using Archon.Features.Rules.Catalogue;
using Archon.Integrations;
using Archon.Jobs;
using Archon.Live;
using Hangfire;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Rules.Apply;

/// <summary>Ends applies that a killed console left, then looks at what the target's files hold: a change from outside is noticed, and
/// nothing is overwritten.</summary>
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
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await RuleCatalogue.LockAsync(db, environmentId, cancellationToken);
        var changed = false;
        foreach (var document in await db.RuleDocuments.Where(one => one.EnvironmentId == environmentId).ToListAsync(cancellationToken))
        {
            // An apply or an import may have looked later.
            if (!held.TryGetValue(document.Name, out var seen) || document.SeenAt > readAt)
                continue;
            changed |= !target.IsSame(seen, document.SeenContent);
            (document.SeenContent, document.SeenAt) = (seen, readAt);
            // Whoever brought it there: the two agree.
            if (document.DeletedAt is null && target.IsSame(seen, document.Content) && !target.IsSame(seen, document.AppliedContent))
            {
                document.AppliedContent = seen;
            }
        }
        await db.SaveChangesAsync(cancellationToken);
        if (changed)
            await db.AnnounceAsync(RuleTopic.Id, environmentId, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }
}
