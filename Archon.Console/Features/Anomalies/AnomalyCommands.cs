using System.Globalization;
using Archon.Data;
using Archon.Data.Access;
using Archon.Data.Anomalies;
using Archon.Features.Scanning;
using Archon.Live;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Anomalies;

public abstract record JudgeResult
{
    private JudgeResult() { }

    public sealed record Done : JudgeResult;

    public sealed record NotFound : JudgeResult;
}

public sealed class AnomalyCommands(IDbContextFactory<ArchonDbContext> contexts, TimeProvider clock)
{
    /// <summary>Keeps what a person thinks of an anomaly; null takes a verdict back. The last word counts.</summary>
    /// <param name="startedAt">Start of the anomaly: it names the partition, so only that one is searched.</param>
    public async Task<JudgeResult> JudgeAsync(
        long id,
        DateTimeOffset startedAt,
        AnomalyVerdict? verdict,
        string who,
        CancellationToken cancellationToken
    )
    {
        var now = clock.GetUtcNow();
        var started = startedAt.ToUniversalTime();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db
            .Database.CreateExecutionStrategy()
            .ExecuteAsync(async () =>
            {
                await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
                if (await AnomalyStates.LockAsync(db, id, started, cancellationToken) is not { } environmentId)
                    return (JudgeResult)new JudgeResult.NotFound();
                var changed = await db
                    .Anomalies.Where(anomaly => anomaly.Id == id && anomaly.StartedAt == started)
                    .ExecuteUpdateAsync(
                        set =>
                            set.SetProperty(anomaly => anomaly.Verdict, verdict)
                                .SetProperty(anomaly => anomaly.VerdictBy, verdict == null ? null : who)
                                .SetProperty(anomaly => anomaly.VerdictAt, verdict == null ? null : now),
                        cancellationToken
                    );
                if (changed == 0)
                    return new JudgeResult.NotFound();
                // The next scan of the watch reads what was learnt from verdicts anew.
                await db
                    .Watches.Where(watch =>
                        db.Anomalies.Any(anomaly => anomaly.Id == id && anomaly.StartedAt == started && anomaly.WatchId == watch.Id)
                    )
                    .ExecuteUpdateAsync(set => set.SetProperty(watch => watch.JudgedAt, now), cancellationToken);
                db.ChangeTracker.Clear();
                await AnomalyStates.RecordVerdictAsync(db, id, started, now, cancellationToken);
                db.AuditEntries.Add(
                    new AuditEntry
                    {
                        At = now,
                        Actor = who,
                        Action = "anomaly.judge",
                        Subject = id.ToString(CultureInfo.InvariantCulture),
                        Detail = verdict?.ToString() ?? "withdrawn",
                    }
                );
                await db.SaveChangesAsync(cancellationToken);
                await db.AnnounceAsync(AnomalyTopic.Id, environmentId, cancellationToken);
                await transaction.CommitAsync(cancellationToken);
                return new JudgeResult.Done();
            });
    }
}
