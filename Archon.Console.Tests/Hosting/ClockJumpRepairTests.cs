using Archon.Hosting;
using Archon.Jobs;
using Archon.Tests.Data;
using Archon.Tests.Kit;
using Hangfire;
using Hangfire.PostgreSql;
using Hangfire.PostgreSql.Factories;
using Hangfire.States;
using Hangfire.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
using Xunit;

namespace Archon.Tests.Hosting;

[SystemTest]
public sealed class ClockJumpRepairTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Locks_of_the_future_are_deleted_and_those_of_now_stay()
    {
        await using var bench = await Bench.StartAsync(postgres);
        await bench.RunAsync(
            """
            INSERT INTO hangfire.lock (resource, acquired)
            VALUES ('future', now() + interval '1 minute'), ('now', now()), ('old', now() - interval '1 day')
            """
        );

        await bench.Repair.RepairAsync(Token);

        Assert.Equal(["now", "old"], await bench.ReadAsync("SELECT resource FROM hangfire.lock ORDER BY 1"));
    }

    [Fact]
    public async Task A_schedule_that_was_to_run_in_the_future_or_never_again_runs_now()
    {
        await using var bench = await Bench.StartAsync(postgres);
        RecurringJobs.Register(new RecurringJobManager(bench.Storage), Contributions.Schedules, 1);
        await bench.RunAsync(
            """
            UPDATE hangfire.set SET score = score + 3600 WHERE key = 'recurring-jobs' AND value = 'scan';
            UPDATE hangfire.set SET score = -1 WHERE key = 'recurring-jobs' AND value = 'triage';
            INSERT INTO hangfire.hash (key, field, value) VALUES ('recurring-job:scan', 'LastExecution', '2099-01-01T00:00:00.0000000Z')
            """
        );
        var untouched = (await bench.Tables.NextRunsAsync(Token))["housekeeping"];

        await bench.Repair.RepairAsync(Token);

        var next = await bench.Tables.NextRunsAsync(Token);
        Assert.All(
            (string[])["scan", "triage"],
            id => Assert.InRange(next[id]!.Value, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow)
        );
        Assert.Equal(untouched, next["housekeeping"]);
        using var connection = bench.Storage.GetConnection();
        Assert.InRange(
            connection.GetRecurringJobs(["scan"])[0].LastExecution!.Value,
            DateTimeOffset.UtcNow.UtcDateTime.AddMinutes(-1),
            DateTimeOffset.UtcNow.UtcDateTime
        );
    }

    [Fact]
    public async Task A_job_that_was_delayed_by_a_clock_ahead_runs_now_and_one_that_is_delayed_on_purpose_later()
    {
        await using var bench = await Bench.StartAsync(postgres);
        var jobs = new BackgroundJobClient(bench.Storage);
        var (ahead, onPurpose) = (
            jobs.Create(() => TestJob.Run(), new ScheduledState(TimeSpan.FromHours(1))),
            jobs.Create(() => TestJob.Run(), new ScheduledState(TimeSpan.FromHours(1)))
        );
        await bench.RunAsync($"UPDATE hangfire.state SET createdat = now() + interval '59 minutes' WHERE jobid = {ahead}");

        await bench.Repair.RepairAsync(Token);

        Assert.Equal(
            [ahead],
            await bench.ReadAsync("SELECT value FROM hangfire.set WHERE key = 'schedule' AND score <= extract(epoch FROM now())")
        );
        Assert.Equal(
            [onPurpose],
            await bench.ReadAsync("SELECT value FROM hangfire.set WHERE key = 'schedule' AND score > extract(epoch FROM now())")
        );
    }

    [Fact]
    public async Task A_job_taken_in_the_future_goes_back_and_a_dead_server_of_the_future_does_not_count_as_alive()
    {
        await using var bench = await Bench.StartAsync(postgres);
        await bench.RunAsync(
            """
            INSERT INTO hangfire.jobqueue (jobid, queue, fetchedat) VALUES (1, 'scan', now() + interval '1 day'), (2, 'scan', now());
            INSERT INTO hangfire.server (id, lastheartbeat) VALUES ('dead', now() + interval '1 day')
            """
        );

        await bench.Repair.RepairAsync(Token);

        Assert.Equal(["1"], await bench.ReadAsync("SELECT jobid::text FROM hangfire.jobqueue WHERE fetchedat IS NULL"));
        Assert.Equal(["dead"], await bench.ReadAsync("SELECT id FROM hangfire.server WHERE lastheartbeat <= now()"));
    }

    /// <summary>A job that is never run.</summary>
    public static class TestJob
    {
        public static void Run() { }
    }

    private sealed class Bench : IAsyncDisposable
    {
        private readonly TestDatabase database;
        private readonly ServiceProvider services;

        private Bench(TestDatabase database)
        {
            this.database = database;
            Storage = new PostgreSqlStorage(
                new NpgsqlConnectionFactory(database.ConnectionString, new PostgreSqlStorageOptions()),
                new PostgreSqlStorageOptions()
            );
            Tables = new JobTables(LiveDatabase.Connection(database));
            services = new ServiceCollection().AddSingleton<JobStorage>(Storage).BuildServiceProvider();
            Repair = new ClockJumpRepair(
                LiveDatabase.Ready(),
                Tables,
                services,
                Contributions.Schedules,
                Options.Create(new JobsOptions()),
                SupervisedServiceTests.Supervision(),
                TimeProvider.System,
                NullLogger<ClockJumpRepair>.Instance
            );
        }

        public PostgreSqlStorage Storage { get; }
        public JobTables Tables { get; }
        public ClockJumpRepair Repair { get; }

        public static async Task<Bench> StartAsync(PostgresFixture postgres) => new(await postgres.NewDatabaseAsync());

        public async Task RunAsync(string sql) => await ReadAsync(sql);

        public async Task<List<string>> ReadAsync(string sql)
        {
            await using var connection = new NpgsqlConnection(database.ConnectionString);
            await connection.OpenAsync(Token);
            await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The test's own text.
            command.CommandText = sql;
#pragma warning restore CA2100
            await using var rows = await command.ExecuteReaderAsync(Token);
            var values = new List<string>();
            while (await rows.ReadAsync(Token))
                values.Add(rows.GetString(0));
            return values;
        }

        public async ValueTask DisposeAsync()
        {
            Repair.Dispose();
            await services.DisposeAsync();
            await database.DisposeAsync();
        }
    }
}
