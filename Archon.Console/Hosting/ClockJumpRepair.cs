using Archon.Data;
using Archon.Data.Background;
using Archon.Jobs;
using Hangfire;
using Hangfire.Common;

namespace Archon.Hosting;

/// <summary>
/// Corrects what was dated in the future while a clock was ahead. Hangfire compares such times with its clock, and would do nothing until they have
/// come: no schedule would run, for as long as the clock was set back. This loop runs outside Hangfire, since those rows are what stops Hangfire.
/// </summary>
internal sealed partial class ClockJumpRepair(
    ArchonDatabase database,
    JobTables tables,
    IServiceProvider services,
    IEnumerable<JobSchedule> schedules,
    Microsoft.Extensions.Options.IOptions<JobsOptions> options,
    Supervision supervision,
    TimeProvider clock,
    ILogger<ClockJumpRepair> logger
) : SupervisedService("Clock correction", supervision)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>The clocks of two machines may differ by as much without anything to correct.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan LockLimit = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, TimeSpan> periods = schedules.ToDictionary(
        one => one.Id,
        one => one.Period,
        StringComparer.Ordinal
    );

    protected override async Task RunAsync(CancellationToken stoppingToken)
    {
        if (options.Value.Role == ProcessRole.Web)
            return;
        while (true)
        {
            await database.WhenReadyAsync(stoppingToken);
            await RepairAsync(stoppingToken);
            ReportHealthy();
            await Task.Delay(Interval, clock, stoppingToken);
        }
    }

    internal async Task RepairAsync(CancellationToken cancellationToken)
    {
        // Hangfire's tables are made when its storage is first asked for.
        var storage = services.GetRequiredService<JobStorage>();
        var now = clock.GetUtcNow();
        var limit = now + Tolerance;
        foreach (var (resource, acquired) in await tables.DeleteLocksAfterAsync(limit, cancellationToken))
            LogLock(resource, acquired);
        if (await tables.HastenJobsPutOffAfterAsync(limit, now, cancellationToken) is > 0 and var hastened)
            LogHastened(hastened);
        if (await tables.RequeueJobsTakenInTheFutureAsync(Tolerance, cancellationToken) is > 0 and var requeued)
            LogRequeued(requeued);
        if (await tables.CorrectHeartbeatsAsync(Tolerance, cancellationToken) is > 0 and var corrected)
            LogHeartbeats(corrected);
        foreach (var (id, next) in await tables.NextRunsAsync(cancellationToken))
        {
            // Null: after five errors in a row Hangfire gives up a schedule until the next start.
            if (!periods.TryGetValue(id, out var period) || next <= limit + period)
                continue;
            RunNow(storage, id, now);
            LogSchedule(id, next?.UtcDateTime.ToString("u", System.Globalization.CultureInfo.InvariantCulture) ?? "never");
        }
    }

    private static void RunNow(JobStorage storage, string id, DateTimeOffset now)
    {
        var (key, at) = ($"recurring-job:{id}", JobHelper.SerializeDateTime(now.UtcDateTime));
        using var connection = storage.GetConnection();
        using var own = connection.AcquireDistributedLock($"lock:{key}", LockLimit);
        using var transaction = connection.CreateWriteTransaction();
        // The next run is computed from the last one, so that must not be in the future either.
        transaction.SetRangeInHash(key, [new("LastExecution", at), new("NextExecution", at), new("Error", ""), new("RetryAttempt", "0")]);
        transaction.AddToSet("recurring-jobs", id, JobHelper.ToTimestamp(now.UtcDateTime));
        transaction.Commit();
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Deleted Hangfire's lock {Resource}: it is dated {Acquired:u}, in the future. The clock was set back, or two machines disagree on the time"
    )]
    private partial void LogLock(string resource, DateTimeOffset acquired);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The schedule {Id} was to run next at {Next}; it runs now. The clock was set back, or Hangfire gave the schedule up after errors"
    )]
    private partial void LogSchedule(string id, string next);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} delayed jobs were dated in the future and run now: the clock was set back")]
    private partial void LogHastened(int count);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{Count} jobs were taken from their queue in the future and went back into it: the database server's clock was set back"
    )]
    private partial void LogRequeued(int count);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{Count} heartbeats of job servers were in the future and are dated now: the database server's clock was set back"
    )]
    private partial void LogHeartbeats(int count);
}
