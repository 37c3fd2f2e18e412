using System.Diagnostics.Metrics;
using Archon.Data;
using Archon.Data.Background;
using Hangfire;
using Hangfire.Common;
using Hangfire.Server;
using Hangfire.Storage.Monitoring;

namespace Archon.Hosting;

/// <summary>What jobs cost, how they end and how many wait. The names are those that watches know, so that the console watches its own queues.</summary>
internal sealed class JobMetrics : IServerFilter, IJobFilterProvider
{
    private const string Began = "archon.began";

    // A scrape by two Prometheus servers, or by a person, is no reason to count again.
    private static readonly TimeSpan CountedEvery = TimeSpan.FromSeconds(5);

    private readonly Histogram<double> duration;
    private readonly Counter<long> putOff;
    private readonly IServiceProvider services;
    private readonly ArchonDatabase database;
    private readonly TimeProvider clock;
    private readonly Lock gate = new();
    private StatisticsDto? counted;
    private long countedAt;

    public JobMetrics(IMeterFactory meters, IServiceProvider services, ArchonDatabase database, TimeProvider clock)
    {
        (this.services, this.database, this.clock) = (services, database, clock);
        var meter = meters.Create(ArchonMeter.Name);
        duration = meter.CreateHistogram(
            "archon.jobs.duration",
            "s",
            "Time that a job ran, by job and outcome.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300] }
        );
        putOff = meter.CreateCounter<long>(
            "archon.jobs.put_off",
            "{job}",
            "Jobs that did not run because another run had their lock, by job and by what became of them: skipped or requeued."
        );
        meter.CreateObservableGauge(
            "archon.background_tasks.pending",
            () => Count(jobs => jobs.Enqueued + jobs.Scheduled),
            "{task}",
            "Jobs that wait, of all processes on this database."
        );
        meter.CreateObservableGauge(
            "archon.background_tasks.active",
            () => Count(jobs => jobs.Processing),
            "{task}",
            "Jobs that run, of all processes on this database."
        );
    }

    /// <param name="outcome"><c>skipped</c> or <c>requeued</c>.</param>
    public void PutOff(Job job, string outcome) => putOff.Add(1, new("job", NameOf(job)), new("outcome", outcome));

    public void OnPerforming(PerformingContext context) => context.Items[Began] = clock.GetTimestamp();

    public void OnPerformed(PerformedContext context)
    {
        if (context.Items.TryGetValue(Began, out var began) && began is long since)
        {
            duration.Record(
                clock.GetElapsedTime(since).TotalSeconds,
                new("job", NameOf(context.BackgroundJob.Job)),
                new(
                    "outcome",
                    context.Exception is null ? "succeeded"
                        : context.Canceled ? "cancelled"
                        : "failed"
                )
            );
        }
    }

    /// <summary>Of this process' servers alone: Hangfire's own list of filters is one for everything in the process.</summary>
    public IEnumerable<JobFilter> GetFilters(Job job) => [new(this, JobFilterScope.Global, order: null)];

    private static string NameOf(Job job) => $"{job.Type.Name}.{job.Method.Name}";

    private IEnumerable<Measurement<long>> Count(Func<StatisticsDto, long> choose)
    {
        // Nothing is said while the database is away: zero would be a lie.
        if (!database.IsReady)
            yield break;
        StatisticsDto? jobs;
        lock (gate)
        {
            if (counted is null || clock.GetElapsedTime(countedAt) >= CountedEvery)
            {
                try
                {
                    counted = services.GetRequiredService<JobStorage>().GetMonitoringApi().GetStatistics();
                }
                catch (Exception failure) when (DatabaseFailures.IsAway(failure))
                {
                    counted = null;
                }
                countedAt = clock.GetTimestamp();
            }
            jobs = counted;
        }
        if (jobs is not null)
            yield return new Measurement<long>(choose(jobs));
    }
}
