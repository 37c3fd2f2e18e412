using System.Globalization;
using Archon.Data.Access;
using Archon.Data.Anomalies;
using Archon.Features.Access;
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

public sealed class AnomalyCommands(CommandGate gate, TimeProvider clock)
{
    /// <summary>Keeps what a person thinks of an anomaly; null takes a verdict back. The last word counts.</summary>
    /// <param name="startedAt">Start of the anomaly: it names the partition, so only that one is searched.</param>
    /// <exception cref="PermissionDeniedException">The actor may not judge anomalies, or none of the team of its service.</exception>
    public async Task<JudgeResult> JudgeAsync(
        long id,
        DateTimeOffset startedAt,
        AnomalyVerdict? verdict,
        Actor actor,
        CancellationToken cancellationToken
    )
    {
        var started = startedAt.ToUniversalTime();
        await using var db = await gate.OpenAsync(actor, Permission.JudgeAnomalies, environmentId: null, cancellationToken);
        var found = await db
            .Anomalies.AsNoTracking()
            .Where(one => one.Id == id && one.StartedAt == started)
            .Select(one => new
            {
                one.EnvironmentId,
                one.WatchId,
                Team = db
                    .Services.Where(service => service.Id == one.ServiceId)
                    .Select(service => db.Teams.FirstOrDefault(team => team.Id == service.TeamId))
                    .FirstOrDefault(),
            })
            .SingleOrDefaultAsync(cancellationToken);
        if (found is null)
            return new JudgeResult.NotFound();
        await gate.RequireTeamAsync(actor, Permission.JudgeAnomalies, found.Team, found.EnvironmentId, cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        // A scan that changes one of the rows meanwhile waits, and this reads what it wrote.
        await ScanStore.LockAsync(db, found.WatchId, cancellationToken);
        await db.Database.ExecuteSqlAsync($"SELECT 1 FROM watches WHERE id = {found.WatchId} FOR UPDATE", cancellationToken);
        var now = clock.GetUtcNow();
        if (await db.Anomalies.SingleOrDefaultAsync(one => one.Id == id && one.StartedAt == started, cancellationToken) is not { } anomaly)
            return new JudgeResult.NotFound();
        var watch = await db.Watches.SingleAsync(one => one.Id == found.WatchId, cancellationToken);
        db.Note(
            now,
            "anomaly.judge",
            () => id.ToString(CultureInfo.InvariantCulture),
            verdict?.ToString() ?? "withdrawn",
            found.EnvironmentId
        );
        anomaly.Verdict = verdict;
        anomaly.VerdictBy = verdict is null ? null : actor.Name;
        anomaly.VerdictAt = verdict is null ? null : now;
        // The next scan of the watch reads what was learnt from verdicts anew.
        watch.JudgedAt = now;
        await db.SaveChangesAsync(cancellationToken);
        await AnomalyStates.RecordVerdictAsync(db, watch, anomaly, now, cancellationToken);
        await db.AnnounceAsync(AnomalyTopic.Id, found.EnvironmentId, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new JudgeResult.Done();
    }
}
