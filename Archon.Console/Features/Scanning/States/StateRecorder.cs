using Archon.Data;
using Archon.Data.Background;
using Archon.Jobs;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Archon.Features.Scanning.States;

/// <summary>
/// Records what changed and is no part of a job, every 15 s. It is no job, since it has to record that jobs do not run. A process that takes no jobs records only
/// that it runs.
/// </summary>
internal sealed partial class StateRecorder(
    ArchonDatabase database,
    IDbContextFactory<ArchonDbContext> contexts,
    IEnumerable<IStateSource> sources,
    IOptions<JobsOptions> options,
    Supervision supervision,
    TimeProvider clock,
    ILogger<StateRecorder> logger
) : SupervisedService("State recorder", supervision)
{
    internal static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(5);

    private readonly bool takesJobs = options.Value.Role is not ProcessRole.Web;
    private readonly ConsoleRuns runs = new(contexts, options.Value.Role is not ProcessRole.Web, clock);

    /// <summary>Null until a first pass, and after one that failed.</summary>
    private DateTimeOffset? recordingSince;
    private DateTimeOffset? recordedAt;

    protected override async Task RunAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await database.WhenReadyAsync(stoppingToken);
            await RecordAsync(stoppingToken);
            ReportHealthy();
            await Task.Delay(Interval, clock, stoppingToken);
        }
    }

    /// <summary>The heartbeat comes last: a console that cannot record counts as lost, and what it would have recorded as unknown.</summary>
    internal async Task RecordAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var isContinued = recordedAt is { } last && now - last <= ConsoleRuns.HeartbeatLimit && last <= now;
        var since = isContinued && recordingSince is { } known ? known : now;
        (recordingSince, recordedAt) = (null, null);
        if (takesJobs)
        {
            foreach (var environmentId in await EnvironmentsAsync(cancellationToken))
            {
                foreach (var source in sources)
                    await RecordAsync(source, environmentId, since, cancellationToken);
            }
        }
        await runs.HeartbeatAsync(now, cancellationToken);
        (recordingSince, recordedAt) = (since, now);
    }

    private async Task<List<int>> EnvironmentsAsync(CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.Environments.OrderBy(one => one.Id).Select(one => one.Id).ToListAsync(cancellationToken);
    }

    /// <remarks>In a transaction for each source: one must not keep its locks while the next one reads.</remarks>
    private async Task RecordAsync(IStateSource source, int environmentId, DateTimeOffset since, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        // Not skipped when another has it: that one may have looked before something changed.
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock({AdvisoryLocks.States}, {environmentId})", cancellationToken);
        await source.RecordAsync(db, environmentId, since, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (!database.IsReady)
            return;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(StopLimit);
        try
        {
            await runs.StopAsync(limit.Token);
        }
        // Nothing may keep the process from ending. The next console finds the heartbeat and records a loss.
        catch (Exception failure)
        {
            LogNotRecorded(failure.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The stop of this console is not recorded: {Reason}")]
    private partial void LogNotRecorded(string reason);
}
