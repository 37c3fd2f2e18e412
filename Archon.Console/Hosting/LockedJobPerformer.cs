using Archon.Data;
using Archon.Jobs;
using Hangfire;
using Hangfire.Server;

namespace Archon.Hosting;

/// <summary>Runs a job that has an <see cref="AdvisoryLockAttribute"/> while it owns that lock, and only then.</summary>
internal sealed partial class LockedJobPerformer(
    IBackgroundJobPerformer inner,
    ArchonConnection connection,
    JobTables tables,
    JobMetrics metrics,
    TimeProvider clock,
    ILogger<LockedJobPerformer> logger
) : IBackgroundJobPerformer
{
    private static readonly TimeSpan ShortestDelay = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(15);

    public object? Perform(PerformContext context)
    {
        var job = context.BackgroundJob.Job;
        if (AdvisoryLockAttribute.Of(job) is not { } wanted)
            return inner.Perform(context);
        var resource = wanted.ResourceOf(job);
        var stopped = context.CancellationToken.ShutdownToken;
        // Hangfire's workers are threads of their own that wait for each job.
        var owned = AdvisoryLock.TryTakeAsync(connection, resource, stopped).GetAwaiter().GetResult();
        if (owned is null)
            return PutOff(context, wanted, $"{resource}: another run has it.");
        try
        {
            return Perform(context, wanted, resource, owned);
        }
        finally
        {
            owned.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    private object? Perform(PerformContext context, AdvisoryLockAttribute wanted, string resource, AdvisoryLock owned)
    {
        var stopped = context.CancellationToken.ShutdownToken;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopped, owned.Lost);
        var locked = new PerformContext(
            context.Storage,
            context.Connection,
            context.BackgroundJob,
            new LockedJobToken(context.CancellationToken, either.Token)
        );
        try
        {
            return inner.Perform(locked);
        }
        catch (OperationCanceledException) when (stopped.IsCancellationRequested)
        {
            // Hangfire tells a job that was deleted from one that a shutdown stopped, by what its own token throws.
            context.CancellationToken.ThrowIfCancellationRequested();
            throw;
        }
        // Whatever it failed with: the server that ended the lock's session has most likely ended the job's as well.
        catch (Exception failure) when (owned.Lost.IsCancellationRequested)
        {
            LogLost(context.BackgroundJob.Id, resource, (failure.InnerException ?? failure).Message);
            return PutOff(context, wanted, $"{resource}: its connection broke.");
        }
        finally
        {
            foreach (var (name, item) in locked.Items)
                context.Items[name] = item;
        }
    }

    /// <returns>What Hangfire keeps as the result of a job that was skipped.</returns>
    private string? PutOff(PerformContext context, AdvisoryLockAttribute wanted, string reason)
    {
        var job = context.BackgroundJob;
        if (wanted.WhenTaken is WhenLockTaken.Skip)
        {
            metrics.PutOff(job.Job, "skipped");
            return $"Skipped. Lock {reason}";
        }
        // A schedule that comes more often than its job takes would otherwise fill the queue without end.
        if (tables.IsSameJobWaiting(job.Id))
        {
            metrics.PutOff(job.Job, "skipped");
            return $"Skipped: the same job with the same arguments is already waiting. Lock {reason}";
        }
        // The longer it has waited, the less often it asks.
        var age = clock.GetUtcNow() - new DateTimeOffset(DateTime.SpecifyKind(job.CreatedAt, DateTimeKind.Utc));
        var delay = TimeSpan.FromTicks(Math.Clamp(age.Ticks / 4, ShortestDelay.Ticks, LongestDelay.Ticks));
        context.Items[PostponedJob.Item] = new PostponedJob(delay, PostponedJob.ReasonStart + reason);
        metrics.PutOff(job.Job, "requeued");
        return null;
    }

    /// <summary>Hangfire's token, which also ends when the lock breaks.</summary>
    private sealed class LockedJobToken(IJobCancellationToken hangfire, CancellationToken either) : IJobCancellationToken
    {
        public CancellationToken ShutdownToken => either;

        public void ThrowIfCancellationRequested()
        {
            hangfire.ThrowIfCancellationRequested();
            either.ThrowIfCancellationRequested();
        }
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Job {JobId} was cancelled and will run again: the connection of its lock {Resource} broke ({Reason})"
    )]
    private partial void LogLost(string jobId, string resource, string reason);
}
