using System.Globalization;
using Archon.Features.Scanning;
using Archon.Features.Services;
using Archon.Hosting;
using Archon.Shell;
using Archon.Tests.Kit;
using Hangfire;
using Hangfire.PostgreSql;
using Hangfire.States;
using Hangfire.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Archon.Tests.Features.Watches;

[SystemTest]
public sealed class RecurringJobsTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_schedule_can_be_kept_by_Hangfire()
    {
        await using var database = await postgres.NewDatabaseAsync();
        var storage = Storage(database);

        RecurringJobs.Register(new RecurringJobManager(storage), Contributions.Schedules, 1);

        using var connection = storage.GetConnection();
        var jobs = connection.GetRecurringJobs();
        Assert.Equal(
            [
                "alert-poll",
                "discover",
                "fit",
                "forecast",
                "housekeeping",
                "import-channels",
                "import-rules",
                "scan",
                "triage",
                "watch-rule-files",
            ],
            jobs.Select(job => job.Id).Order()
        );
        Assert.All(jobs, job => Assert.Null(job.Error));
        Assert.All(jobs, job => Assert.NotNull(job.NextExecution));
        var periods = Contributions.Schedules.ToDictionary(one => one.Id, one => one.Period);
        Assert.All(jobs, job => Assert.True(job.NextExecution - job.CreatedAt <= periods[job.Id], $"{job.Id}: {job.NextExecution}"));
    }

    [Fact]
    public async Task Schedules_of_a_feature_that_is_left_out_go_and_come_back_with_it()
    {
        await using var database = await postgres.NewDatabaseAsync();
        var storage = Storage(database);
        var manager = new RecurringJobManager(storage);
        RecurringJobs.Register(manager, Contributions.Schedules, 1);

        RecurringJobs.RemoveAbsent(manager, storage, new ConsoleFeatures(Program.Features, ["Forecasts"]));

        using var connection = storage.GetConnection();
        var ids = connection.GetRecurringJobs().Select(job => job.Id).ToList();
        Assert.DoesNotContain("forecast", ids);
        Assert.Equal(Contributions.Schedules.Count - 1, ids.Count);
        RecurringJobs.Register(manager, Contributions.Schedules, 1);
        Assert.Contains("forecast", connection.GetRecurringJobs().Select(job => job.Id));
    }

    [Fact]
    public async Task A_job_that_was_queued_under_an_old_name_of_its_class_runs()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await ArchonApp.StartAsync(database, ("Archon:Role", "Worker"));
        var storage = app.Services.GetRequiredService<JobStorage>();
        var jobs = new BackgroundJobClient(storage);
        var id = jobs.Schedule<ScanJob>(job => job.DispatchAsync(CancellationToken.None), TimeSpan.FromHours(1));
        await using (var db = await database.Contexts.CreateDbContextAsync(Token))
        {
            await db.Database.ExecuteSqlAsync(
                $"UPDATE hangfire.job SET invocationdata = replace(invocationdata::text, 'Archon.Features.Scanning.ScanJob', 'Archon.Features.Watches.ScanJob')::jsonb WHERE id = {long.Parse(id, CultureInfo.InvariantCulture)}",
                Token
            );
        }

        jobs.Requeue(id);

        await Waits.UntilAsync(() => storage.GetMonitoringApi().JobDetails(id).History[0].StateName == SucceededState.StateName);
        Assert.All(
            Contributions.RenamedJobs,
            renamed =>
                Assert.Equal(
                    renamed.Job,
                    new InvocationData($"{renamed.OldName}, Archon.Console", "ToString", "", "").DeserializeJob().Type
                )
        );
    }

    [Fact]
    public async Task Discovery_is_due_at_every_call_until_something_is_known_and_then_once_a_minute()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        bench.Metrics.Queries["up"] = [(new Dictionary<string, string> { ["job"] = "shop" }, _ => 1)];
        bench.Metrics.Queries["timestamp(up)"] = [(new Dictionary<string, string> { ["job"] = "shop" }, at => at / 15 * 15)];
        bench.Metrics.MetricNames.Add("up");
        var storage = Storage(bench.Database);
        async Task<long> WaitingAfterAsync(TimeSpan later)
        {
            bench.Clock.Advance(later);
            await bench.Get<DiscoverJob>(storage).DispatchAsync(1, Token);
            return storage.GetMonitoringApi().EnqueuedCount("discover");
        }

        Assert.Equal(1, await WaitingAfterAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal(2, await WaitingAfterAsync(TimeSpan.FromSeconds(15)));
        await bench.Get<DiscoverJob>(storage).DiscoverAsync(1, Token);
        Assert.Equal(2, await WaitingAfterAsync(TimeSpan.FromSeconds(15))); // at 50 s of its minute
        Assert.Equal(3, await WaitingAfterAsync(TimeSpan.FromSeconds(15))); // at 5 s of the next
        // What was found is fitted at once.
        Assert.Equal(
            nameof(FitModelsJob.DispatchAsync),
            Assert.Single(storage.GetMonitoringApi().EnqueuedJobs("fit", 0, 10)).Value.Job.Method.Name
        );
    }

    [Fact]
    public async Task Watches_that_are_due_are_put_into_the_queue_in_shards()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var storage = Storage(bench.Database);
        var (one, two) = (await bench.AddWatchAsync("one"), await bench.AddWatchAsync("two"));
        var idle = await bench.AddWatchAsync("idle");
        await bench.ReadAsync(db =>
            db.Watches.Where(watch => watch.Id == idle)
                .ExecuteUpdateAsync(set => set.SetProperty(watch => watch.ScannedTo, JobBench.Start), Token)
        );

        await bench.Get<ScanJob>(storage).DispatchAsync(Token);

        var queued = storage
            .GetMonitoringApi()
            .EnqueuedJobs("scan", 0, 10)
            .Select(job => Assert.IsType<int[]>(job.Value.Job.Args[0]))
            .ToList();
        Assert.Equal(
            [
                [one],
                [two],
            ],
            queued.OrderBy(ids => ids[0])
        );
    }

    [Fact]
    public async Task Models_with_enough_history_learn_with_the_scans_and_are_never_fitted_again()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var storage = Storage(bench.Database);
        bench.Metrics.Serve("latency", "checkout", at => 0.1 + (at / 15 % 5 * 0.001));
        var settled = await bench.AddWatchAsync();
        bench.Metrics.Serve("young", "checkout", at => at < JobBench.Start.AddMinutes(-30).ToUnixTimeSeconds() ? null : 1);
        var young = await bench.AddWatchAsync("young");
        foreach (var watch in (int[])[settled, young])
            await bench.Get<FitModelsJob>().FitAsync(watch, Token);

        Assert.Empty(await QueuedAfterAsync(TimeSpan.FromMinutes(50)));
        // Some series stop for a while, so what is missing is measured again.
        Assert.Equal([young], await QueuedAfterAsync(TimeSpan.FromMinutes(15)));

        async Task<IEnumerable<int>> QueuedAfterAsync(TimeSpan later)
        {
            bench.Clock.Advance(later);
            foreach (var watch in (int[])[settled, young])
                await bench.ScanAsync(watch, TimeSpan.FromSeconds(15));
            await bench.Get<FitModelsJob>(storage).DispatchAsync(Token);
            return storage.GetMonitoringApi().EnqueuedJobs("fit", 0, 10).Select(job => job.Value.Job.Args[0]).Cast<int>();
        }
    }

    [Fact]
    public async Task A_series_is_fitted_within_a_minute_of_having_history_enough()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var storage = Storage(bench.Database);
        var begun = (JobBench.Start - bench.Options.LeastHistory).AddMinutes(20).ToUnixTimeSeconds();
        bench.Metrics.Serve("latency", "checkout", at => at < begun ? null : 0.1 + (at / 15 % 5 * 0.001));
        var watch = await bench.AddWatchAsync();
        await bench.Get<FitModelsJob>().FitAsync(watch, Token);
        await bench.ScanAsync(watch, TimeSpan.FromSeconds(15));
        var readyAt = await bench.ReadAsync(db => db.WatchedSeries.Select(series => series.ReadyAt).SingleAsync(Token));

        bench.Clock.Advance(readyAt!.Value - bench.Clock.GetUtcNow());
        await bench.Get<FitModelsJob>(storage).DispatchAsync(Token);

        Assert.InRange(readyAt.Value, JobBench.Start.AddMinutes(10), JobBench.Start.AddMinutes(30));
        Assert.Equal(1, storage.GetMonitoringApi().EnqueuedCount("fit"));
    }

    [Fact]
    public async Task Work_that_waits_already_is_not_asked_for_again()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var storage = Storage(bench.Database);
        await bench.AddWatchAsync();

        for (var i = 0; i < 30; i++)
            await bench.Get<ScanJob>(storage).DispatchAsync(Token);
        for (var i = 0; i < 30; i++)
            await bench.Get<FitModelsJob>(storage).DispatchAsync(Token);

        Assert.Equal(2 * bench.Options.ScanShards, storage.GetMonitoringApi().EnqueuedCount("scan"));
        Assert.Equal(1, storage.GetMonitoringApi().EnqueuedCount("fit"));
    }

    private static PostgreSqlStorage Storage(TestDatabase database) =>
        new(
            new Hangfire.PostgreSql.Factories.NpgsqlConnectionFactory(database.ConnectionString, new PostgreSqlStorageOptions()),
            new PostgreSqlStorageOptions { PrepareSchemaIfNecessary = true }
        );
}
