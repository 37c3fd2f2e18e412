using Hangfire;
using Hangfire.States;
using Hangfire.Storage;

namespace Archon.Features.Status;

/// <summary>One schedule with how its last run went.</summary>
/// <param name="LastState">Hangfire's word: <c>Succeeded</c>, <c>Processing</c>, <c>Failed</c> and so on; null before the first run.</param>
/// <param name="Error">Why it could not be queued, or why its last run failed or is tried again; null where all is well.</param>
public sealed record ScheduleRow(
    string Id,
    string Cron,
    string? LastState,
    DateTimeOffset? LastRunAt,
    DateTimeOffset? NextRunAt,
    string? Error
);

/// <summary>Jobs that were given up after their retries, for one reason.</summary>
/// <param name="FailedAt">When the last of them was.</param>
public sealed record FailedJobRow(string Name, string Reason, int Count, DateTimeOffset? FailedAt);

/// <param name="Workers">Processes that take jobs; with none, nothing is scanned.</param>
public sealed record JobsPicture(
    int Workers,
    long Waiting,
    long Running,
    long Failed,
    long Succeeded,
    IReadOnlyList<ScheduleRow> Schedules,
    IReadOnlyList<FailedJobRow> Failures
);

/// <summary>Reads Hangfire's own tables, through Hangfire.</summary>
public sealed class JobQueries(IServiceProvider services)
{
    private const int FailuresRead = 200;
    private const int FailuresShown = 8;
    private const int LongestReason = 400;

    /// <exception cref="System.Data.Common.DbException">The database is away.</exception>
    public Task<JobsPicture> PictureAsync(CancellationToken cancellationToken) => Task.Run(Read, cancellationToken); // Hangfire reads synchronously

    private JobsPicture Read()
    {
        // Asked for late: the storage makes its tables when it is first built, which needs the database.
        var storage = services.GetRequiredService<JobStorage>();
        var monitor = storage.GetMonitoringApi();
        var statistics = monitor.GetStatistics();
        using var connection = storage.GetConnection();
        var schedules = connection
            .GetRecurringJobs()
            .Select(job => new ScheduleRow(
                job.Id,
                job.Cron,
                job.LastJobState,
                Utc(job.LastExecution),
                Utc(job.NextExecution),
                job.Error ?? FaultOf(connection, job)
            ))
            .OrderBy(job => job.Id, StringComparer.Ordinal)
            .ToList();
        // One fault fails the same job again and again: told once, with how often.
        var failures = monitor
            .FailedJobs(0, FailuresRead)
            .Select(failed =>
                (
                    Name: failed.Value.Job is { } job ? $"{job.Type.Name}.{job.Method.Name}" : "a job of another version",
                    Reason: Short(failed.Value.ExceptionMessage ?? failed.Value.Reason ?? "no reason was kept"),
                    At: Utc(failed.Value.FailedAt)
                )
            )
            .GroupBy(failed => (failed.Name, failed.Reason))
            .Select(group => new FailedJobRow(group.Key.Name, group.Key.Reason, group.Count(), group.Max(failed => failed.At)))
            .OrderByDescending(failed => failed.FailedAt)
            .Take(FailuresShown)
            .ToList();
        return new JobsPicture(
            (int)statistics.Servers,
            statistics.Enqueued + statistics.Scheduled,
            statistics.Processing,
            statistics.Failed,
            statistics.Succeeded,
            schedules,
            failures
        );
    }

    /// <summary>Why the last run failed, in the words of the exception; a run that waits for its next attempt has failed too.</summary>
    private static string? FaultOf(IStorageConnection connection, RecurringJobDto job)
    {
        var isFailed = job.LastJobState == FailedState.StateName;
        if (job.LastJobId is null || !(isFailed || job.LastJobState == ScheduledState.StateName))
            return null;
        var state = connection.GetStateData(job.LastJobId);
        var words = state?.Data?.TryGetValue("ExceptionMessage", out var thrown) == true ? thrown : state?.Reason;
        return string.IsNullOrEmpty(words) ? (isFailed ? "no reason was kept" : null) : Short(words);
    }

    private static DateTimeOffset? Utc(DateTime? at) =>
        at is { } known ? new DateTimeOffset(DateTime.SpecifyKind(known, DateTimeKind.Utc)) : null;

    private static string Short(string reason) => reason.Length <= LongestReason ? reason : reason[..LongestReason] + "...";
}
