using System.Globalization;
using Archon.Data;
using Archon.Data.States;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Scanning.States;

/// <summary>Records when this process starts and stops, and that another one was lost.</summary>
internal sealed class ConsoleRuns(IDbContextFactory<ArchonDbContext> contexts, bool takesJobs, TimeProvider clock)
{
    /// <summary>A console that was not heard from for longer is lost: four heartbeats.</summary>
    public static readonly TimeSpan HeartbeatLimit = TimeSpan.FromMinutes(1);

    // Its row holds until this process ends: a restart is another run.
    private readonly Guid id = Guid.NewGuid();

    public string SubjectId => Text(id);

    /// <summary>Notes that this process runs, with a row of its start where it has none, and records those that were lost.</summary>
    /// <param name="since">From when on this process has recorded without a gap.</param>
    public async Task HeartbeatAsync(DateTimeOffset since, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        // Also this one: a machine that slept, or a database that was away, left a time that nobody recorded.
        var (oldest, newest) = (now - HeartbeatLimit, now + HeartbeatLimit);
        var lost = await db
            .ConsoleRuns.FromSql($"DELETE FROM console_runs WHERE heartbeat_at < {oldest} OR heartbeat_at > {newest} RETURNING *")
            .AsNoTracking()
            .ToListAsync(cancellationToken);
        await StateLog.AddAsync(db, [.. lost.Select(run => Lost(run, now))], cancellationToken);
        var isKnown = await db
            .ConsoleRuns.Where(run => run.Id == id)
            .ExecuteUpdateAsync(set => set.SetProperty(run => run.HeartbeatAt, now), cancellationToken);
        if (isKnown == 0)
        {
            var run = new ConsoleRun
            {
                Id = id,
                Host = Environment.MachineName,
                ProcessId = Environment.ProcessId,
                TakesJobs = takesJobs,
                StartedAt = since,
                HeartbeatAt = now,
            };
            db.ConsoleRuns.Add(run);
            var state = takesJobs ? ConsoleStates.Recording : ConsoleStates.Serving;
            await StateLog.AddAsync(db, [Change(run, state, since, $"Started {Named(run)}.")], cancellationToken);
        }
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Records that this process stopped. Nothing where another one has recorded it as lost.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var stopped = await db
            .ConsoleRuns.FromSql($"DELETE FROM console_runs WHERE id = {id} RETURNING *")
            .AsNoTracking()
            .ToListAsync(cancellationToken);
        await StateLog.AddAsync(
            db,
            [.. stopped.Select(run => Change(run, ConsoleStates.Stopped, now, $"Stopped {Named(run)}."))],
            cancellationToken
        );
        await transaction.CommitAsync(cancellationToken);
    }

    private static StateChange Lost(ConsoleRun run, DateTimeOffset now)
    {
        // A time in the future was noted by a clock that has been set back since.
        var at = run.HeartbeatAt < now ? run.HeartbeatAt : now;
        return Change(run, ConsoleStates.Lost, at, $"No heartbeat for more than {HeartbeatLimit.TotalSeconds:0} s {Named(run)}.");
    }

    private static StateChange Change(ConsoleRun run, string state, DateTimeOffset at, string reason) =>
        StateLog.Change(null, StateSubject.Console, Text(run.Id), state, at, at, reason);

    private static string Named(ConsoleRun run) => string.Create(CultureInfo.InvariantCulture, $"on {run.Host}, process {run.ProcessId}");

    internal static string Text(Guid id) => id.ToString("N");
}
