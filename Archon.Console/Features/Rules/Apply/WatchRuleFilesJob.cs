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
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await RuleCatalogue.LockAsync(db, environmentId, cancellationToken);
        var (now, changed) = (clock.GetUtcNow(), false);
        foreach (var document in await db.RuleDocuments.Where(one => one.EnvironmentId == environmentId).ToListAsync(cancellationToken))
        {
            if (target.NameFault(document.Name) is not null)
                continue;
            if (await target.ReadAsync(document.Name, cancellationToken) is not Fetch<byte[]?>.Ok { Value: var held })
                continue;
            changed |= !target.IsSame(held, document.SeenContent);
            (document.SeenContent, document.SeenAt) = (held, now);
            // Whoever brought it there: the two agree.
            if (document.DeletedAt is null && target.IsSame(held, document.Content) && !target.IsSame(held, document.AppliedContent))
            {
                document.AppliedContent = held;
            }
        }
        await db.SaveChangesAsync(cancellationToken);
        if (changed)
            await db.AnnounceAsync(RuleTopic.Id, environmentId, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }
}
