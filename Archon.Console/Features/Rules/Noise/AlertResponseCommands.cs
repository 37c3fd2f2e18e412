using Archon.Data;
using Archon.Data.Access;
using Archon.Data.Rules;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Rules.Noise;

public sealed class AlertResponseCommands(IDbContextFactory<ArchonDbContext> contexts, TimeProvider clock)
{
    /// <summary>Keeps what a person did with a firing, or takes it back. Said twice is said once.</summary>
    public async Task SetAsync(
        int environmentId,
        AlertFiring firing,
        int? ruleId,
        AlertResponseKind kind,
        bool isGiven,
        string who,
        CancellationToken cancellationToken
    )
    {
        var now = clock.GetUtcNow();
        var fingerprint = firing.Fingerprint;
        var started = DateTimeOffset.FromUnixTimeMilliseconds(firing.From);
        var (from, to) = (started - NoiseQueries.Step, DateTimeOffset.FromUnixTimeMilliseconds(firing.To) + NoiseQueries.Step);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await db
            .Database.CreateExecutionStrategy()
            .ExecuteAsync(async () =>
            {
                db.ChangeTracker.Clear();
                await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
                // Whoever gives one to the same firing waits here for the other.
                await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended({fingerprint}, 0))", cancellationToken);
                var given = db.AlertResponses.Where(one =>
                    one.EnvironmentId == environmentId
                    && one.Fingerprint == fingerprint
                    && one.Kind == kind
                    && one.StartedAt >= from
                    && one.StartedAt <= to
                );
                if (isGiven)
                {
                    if (await given.AnyAsync(cancellationToken))
                        return;
                    db.AlertResponses.Add(
                        new AlertResponse
                        {
                            EnvironmentId = environmentId,
                            AlertName = firing.Name,
                            Fingerprint = fingerprint,
                            StartedAt = started,
                            RuleId = ruleId,
                            Kind = kind,
                            By = who,
                            At = now,
                        }
                    );
                }
                else if (await given.ExecuteDeleteAsync(cancellationToken) == 0)
                    return;
                db.AuditEntries.Add(
                    new AuditEntry
                    {
                        At = now,
                        Actor = who,
                        Action = isGiven ? "alert.respond" : "alert.respond.withdraw",
                        Subject = firing.Name,
                        Detail = kind.ToString(),
                    }
                );
                await db.SaveChangesAsync(cancellationToken);
                await transaction.CommitAsync(cancellationToken);
            });
    }
}
