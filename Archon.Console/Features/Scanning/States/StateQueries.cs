using Archon.Data;
using Archon.Data.States;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Scanning.States;

/// <summary>Reads what the state of subjects was.</summary>
public sealed class StateQueries(IDbContextFactory<ArchonDbContext> contexts, TimeProvider clock)
{
    /// <summary>The states of one subject in a range, oldest first. Unknown while no console recorded, and after now.</summary>
    /// <returns>Stretches that follow each other without a gap.</returns>
    public async Task<IReadOnlyList<StateSpan>> HistoryAsync(
        int environmentId,
        StateSubject subject,
        string subjectId,
        DateTimeOffset from,
        DateTimeOffset to,
        CancellationToken cancellationToken
    )
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await using var moment = await db.BeginOneMomentAsync(cancellationToken);
        var rows = db
            .StateChanges.AsNoTracking()
            .Where(change => change.EnvironmentId == environmentId && change.Subject == subject && change.SubjectId == subjectId);
        var changes = await rows.Where(change => change.At > from && change.At < to).ToListAsync(cancellationToken);
        var before = await rows.Where(change => change.At <= from)
            .OrderByDescending(change => change.Id)
            .Take(1)
            .ToListAsync(cancellationToken);
        return StateTimeline.Of([.. before, .. changes], await RecordedAsync(db, from, to, cancellationToken), from, to);
    }

    /// <summary>The states of all subjects of one kind in a range, by subject id, as <see cref="HistoryAsync"/> has them for one.</summary>
    public async Task<IReadOnlyDictionary<string, IReadOnlyList<StateSpan>>> HistoriesAsync(
        int environmentId,
        StateSubject subject,
        DateTimeOffset from,
        DateTimeOffset to,
        CancellationToken cancellationToken
    )
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await using var moment = await db.BeginOneMomentAsync(cancellationToken);
        var rows = db.StateChanges.AsNoTracking().Where(change => change.EnvironmentId == environmentId && change.Subject == subject);
        var changes = await rows.Where(change => change.At > from && change.At < to).ToListAsync(cancellationToken);
        var before = await LastBefore(db, environmentId, subject, from).ToListAsync(cancellationToken);
        var recorded = await RecordedAsync(db, from, to, cancellationToken);
        return before
            .Concat(changes)
            .GroupBy(change => change.SubjectId)
            .ToDictionary(group => group.Key, group => StateTimeline.Of(group, recorded, from, to));
    }

    private async Task<IReadOnlyList<RecordedSpan>> RecordedAsync(
        ArchonDbContext db,
        DateTimeOffset from,
        DateTimeOffset to,
        CancellationToken cancellationToken
    )
    {
        var rows = db.StateChanges.AsNoTracking().Where(change => change.EnvironmentId == null && change.Subject == StateSubject.Console);
        var changes = await rows.Where(change => change.At > from).ToListAsync(cancellationToken);
        var before = await LastBefore(db, null, StateSubject.Console, from).ToListAsync(cancellationToken);
        var heartbeats = await db.ConsoleRuns.AsNoTracking().ToListAsync(cancellationToken);
        return StateTimeline.Recorded(
            [.. before, .. changes],
            heartbeats.ToDictionary(run => ConsoleRuns.Text(run.Id), run => run.HeartbeatAt),
            clock.GetUtcNow()
        );
    }

    /// <summary>Of each subject the row that was written last of those up to a time.</summary>
    private static IQueryable<StateChange> LastBefore(ArchonDbContext db, int? environmentId, StateSubject subject, DateTimeOffset from)
    {
        var name = subject.ToString();
        // In the order of the index from its end. Two statements: a comparison that also finds NULL would not use the index.
        return environmentId is { } id
            ? db
                .StateChanges.FromSql(
                    $"""
                    SELECT DISTINCT ON (subject_id) * FROM state_changes
                    WHERE environment_id = {id} AND subject = {name} AND at <= {from} ORDER BY subject_id DESC, id DESC
                    """
                )
                .AsNoTracking()
            : db
                .StateChanges.FromSql(
                    $"""
                    SELECT DISTINCT ON (subject_id) * FROM state_changes
                    WHERE environment_id IS NULL AND subject = {name} AND at <= {from} ORDER BY subject_id DESC, id DESC
                    """
                )
                .AsNoTracking();
    }
}
