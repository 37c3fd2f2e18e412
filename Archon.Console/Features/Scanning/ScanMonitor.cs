using Archon.Data;
using Archon.Data.Background;
using Archon.Data.Catalogue;
using Hangfire;
using Hangfire.States;
using Hangfire.Storage;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Scanning;

/// <summary>Keeps <see cref="ScanHealth"/> true. It is no job, since it has to notice that jobs do not run.</summary>
internal sealed partial class ScanMonitor(
    ArchonDatabase database,
    IDbContextFactory<ArchonDbContext> contexts,
    IServiceProvider services,
    ScanHealth health,
    Supervision supervision,
    TimeProvider clock,
    ILogger<ScanMonitor> logger
) : SupervisedService("Scan monitor", supervision)
{
    private const string Schedule = "scan";
    private const string Queue = "scan";
    private const int FailuresRead = 50;
    private const int LongestReason = 300;
    private const string ReadLog = "Read the console's log and Jobs.";

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>A job server that was not heard of for longer has ended. It reports every 10 s.</summary>
    private static readonly TimeSpan ServerLimit = TimeSpan.FromMinutes(1);

    private DateTimeOffset? readySince;

    protected override async Task RunAsync(CancellationToken stoppingToken)
    {
        // Where a check fails what was known stays: a scan that was too old then is too old now.
        while (true)
        {
            if (!database.IsReady)
                readySince = null;
            await database.WhenReadyAsync(stoppingToken);
            await CheckAsync(readySince ??= clock.GetUtcNow(), stoppingToken);
            ReportHealthy();
            await Task.Delay(Interval, clock, stoppingToken);
        }
    }

    internal async Task CheckAsync(DateTimeOffset since, CancellationToken cancellationToken)
    {
        List<ScanState.WatchScan> watches;
        await using (var db = await contexts.CreateDbContextAsync(cancellationToken))
        {
            watches = await db
                .Watches.AsNoTracking()
                .Where(watch => watch.Enabled && watch.Origin != CatalogueOrigin.Ignored)
                .Select(watch => new ScanState.WatchScan(watch.EnvironmentId, watch.CreatedAt, watch.LastScanAt, watch.Step))
                .ToListAsync(cancellationToken);
        }
        var now = clock.GetUtcNow();
        var overall = ScanState.Judge(watches, now, since);
        var environments = watches
            .GroupBy(watch => watch.EnvironmentId)
            .ToDictionary(group => group.Key, group => ScanState.Judge([.. group], now, since));
        if (environments.Values.Any(state => state is ScanState.Stopped) || overall is ScanState.Stopped)
        {
            var (reason, nextStep) = Explain(now);
            overall = Explained(overall);
            environments = environments.ToDictionary(one => one.Key, one => Explained(one.Value));

            ScanState Explained(ScanState state) =>
                state is ScanState.Stopped stopped ? stopped with { Reason = reason, NextStep = nextStep } : state;
        }
        Log(health.Overall, overall, now);
        health.Become(
            overall,
            environments,
            watches.Max(watch => watch.LastScanAt) ?? (watches.Count > 0 ? watches.Min(watch => watch.CreatedAt) : null)
        );
    }

    /// <summary>Why nothing is scanned, by what Hangfire knows.</summary>
    private (string Reason, string NextStep) Explain(DateTimeOffset now)
    {
        var storage = services.GetRequiredService<JobStorage>();
        var monitor = storage.GetMonitoringApi();
        if (
            !monitor
                .Servers()
                .Any(server => server.Queues.Contains(Queue) && server.Heartbeat is { } at && now.UtcDateTime - at < ServerLimit)
        )
        {
            return ("No process takes jobs.", "Start a console with Archon:Role All or Worker.");
        }
        using var connection = storage.GetConnection();
        var schedule = connection.GetRecurringJobs().Find(job => job.Id == Schedule);
        if (schedule is null)
            return (
                "The schedule \"scan\" was removed from Hangfire.",
                "Restart a console with Archon:Role All or Worker: it adds the schedule again."
            );
        if (schedule.Error is { } error)
            return ($"Scans cannot be scheduled: {Short(error)}", ReadLog);
        var since = now.UtcDateTime - ServerLimit;
        var failed = monitor
            .FailedJobs(0, FailuresRead)
            .FirstOrDefault(job => job.Value.Job?.Type == typeof(ScanJob) && job.Value.FailedAt > since)
            .Value;
        if (failed is not null)
            return ($"The last scan failed: {Short(failed.ExceptionMessage ?? failed.Reason)}", ReadLog);
        foreach (var id in connection.GetAllItemsFromSet("retries").Take(FailuresRead))
        {
            if (connection.GetJobData(id)?.Job?.Type != typeof(ScanJob))
                continue;
            if (connection.GetStateData(id) is { Name: var state, Reason: var words } && state == ScheduledState.StateName)
            {
                return ($"Scans fail and are tried again: {Short(words)}", ReadLog);
            }
        }
        var waiting = monitor.EnqueuedCount(Queue);
        return waiting > 0
            ? ($"{waiting} scan jobs wait in their queue and no worker takes them.", "Restart the worker, or start one more.")
            : ("Unknown: job servers run, and no scan was scheduled or failed.", ReadLog);
    }

    /// <summary>The first line: of an exception Hangfire keeps the whole stack trace.</summary>
    private static string Short(string? text)
    {
        var line = (text ?? "").Split('\n')[0].Trim();
        return (line.Length <= LongestReason ? line : line[..LongestReason] + "...") + (line.EndsWith('.') ? "" : ".");
    }

    private void Log(ScanState before, ScanState after, DateTimeOffset now)
    {
        if (after is ScanState.Stopped stopped && before is not ScanState.Stopped)
            LogStopped(stopped.Describe(now));
        if (after is ScanState.Running && before is ScanState.Stopped)
            LogRunning();
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Words}")]
    private partial void LogStopped(string words);

    [LoggerMessage(Level = LogLevel.Information, Message = "Scans run again")]
    private partial void LogRunning();
}
