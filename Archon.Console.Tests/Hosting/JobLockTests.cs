using System.Collections.Concurrent;
using Archon.Data;
using Archon.Hosting;
using Archon.Jobs;
using Archon.Tests.Kit;
using Hangfire;
using Hangfire.PostgreSql;
using Hangfire.PostgreSql.Factories;
using Hangfire.Server;
using Hangfire.States;
using Hangfire.Storage;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace Archon.Tests.Hosting;

/// <summary>Jobs and their locks with Hangfire's own servers on a real PostgreSQL.</summary>
[SystemTest]
public sealed class JobLockTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_dispatch_that_finds_its_lock_taken_is_skipped_and_counts_as_no_failure()
    {
        await using var bench = await Bench.StartAsync(postgres);
        await using var owned = await AdvisoryLock.TryTakeAsync(bench.Connection, $"test-dispatch:{bench.Id}", Token);

        var job = bench.Client.Enqueue(() => TestJobs.DispatchAsync(bench.Id, CancellationToken.None));

        await Waits.UntilAsync(() => bench.StateOf(job).Name == SucceededState.StateName);
        Assert.Contains("Skipped", bench.StateOf(job).Data["Result"], StringComparison.Ordinal);
        Assert.Empty(TestJobs.Runs(bench.Id));
        Assert.Equal(0, bench.Storage.GetMonitoringApi().FailedCount());
    }

    [Fact]
    public async Task Any_other_job_waits_in_its_queue_and_then_runs_with_its_arguments_and_all_of_its_attempts()
    {
        await using var bench = await Bench.StartAsync(postgres);
        var owned = await AdvisoryLock.TryTakeAsync(bench.Connection, $"test:{bench.Id}", Token);
        var job = bench.Client.Enqueue(() => TestJobs.WorkAsync(bench.Id, 42, CancellationToken.None));
        await Waits.UntilAsync(() =>
            bench.StateOf(job) is { Name: "Scheduled", Reason: var reason }
            && reason.StartsWith(PostponedJob.ReasonStart, StringComparison.Ordinal)
        );
        Assert.Empty(TestJobs.Runs(bench.Id));

        await owned!.DisposeAsync();

        await Waits.UntilAsync(() => bench.StateOf(job).Name == SucceededState.StateName);
        Assert.Equal([42], TestJobs.Runs(bench.Id));
        Assert.Null(bench.Read(connection => connection.GetJobParameter(job, "RetryCount")));
        Assert.Equal(TestJobs.Queue, bench.QueueOf(job));
    }

    [Fact]
    public async Task Of_the_same_job_only_one_waits_so_that_a_schedule_cannot_fill_the_queue()
    {
        await using var bench = await Bench.StartAsync(postgres);
        var owned = await AdvisoryLock.TryTakeAsync(bench.Connection, $"test:{bench.Id}", Token);
        string Enqueue(int number) => bench.Client.Enqueue(() => TestJobs.WorkAsync(bench.Id, number, CancellationToken.None));
        var (first, other) = (Enqueue(1), Enqueue(2));
        await Waits.UntilAsync(() => bench.StateOf(first).Name == "Scheduled" && bench.StateOf(other).Name == "Scheduled");

        var second = Enqueue(1);

        // Where the first is being tried again just then, the second waits as well until it meets it.
        await Waits.UntilAsync(() => bench.StateOf(second).Name == SucceededState.StateName);
        Assert.Empty(TestJobs.Runs(bench.Id));
        await owned!.DisposeAsync();
        await Waits.UntilAsync(() => TestJobs.Runs(bench.Id).Count == 2);
        Assert.Equal([1, 2], TestJobs.Runs(bench.Id).Order());
    }

    [Fact]
    public async Task A_job_whose_lock_connection_breaks_is_cancelled_and_runs_again()
    {
        await using var bench = await Bench.StartAsync(postgres);
        TestJobs.Blocked[bench.Id] = new TaskCompletionSource();
        var job = bench.Client.Enqueue(() => TestJobs.WorkAsync(bench.Id, 1, CancellationToken.None));
        await Waits.UntilAsync(() => TestJobs.Runs(bench.Id).Count == 1);

        await bench.RunAsync(
            $"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'archon lock test:{bench.Id}'"
        );

        await Waits.UntilAsync(() => TestJobs.Cancelled.ContainsKey(bench.Id));
        await Waits.UntilAsync(() => TestJobs.Runs(bench.Id).Count == 2);
        TestJobs.Blocked[bench.Id].SetResult();
        await Waits.UntilAsync(() => bench.StateOf(job).Name == SucceededState.StateName);
        Assert.Null(bench.Read(connection => connection.GetJobParameter(job, "RetryCount")));
    }

    [Fact]
    public async Task In_two_processes_jobs_with_one_lock_never_run_at_once_and_all_of_them_run()
    {
        await using var bench = await Bench.StartAsync(postgres, servers: 2);

        for (var number = 0; number < 6; number++)
        {
            var one = number;
            bench.Client.Enqueue(() => TestJobs.WorkAsync(bench.Id, one, CancellationToken.None));
        }

        await Waits.UntilAsync(() => TestJobs.Runs(bench.Id).Count >= 6);
        Assert.Equal([0, 1, 2, 3, 4, 5], TestJobs.Runs(bench.Id).Order());
        Assert.Equal(1, TestJobs.MostAtOnce[bench.Id]);
    }

    [Fact]
    public async Task A_job_that_fails_with_its_lock_intact_uses_an_attempt_as_before()
    {
        await using var bench = await Bench.StartAsync(postgres);

        var job = bench.Client.Enqueue(() => TestJobs.FailAsync(bench.Id, CancellationToken.None));

        await Waits.UntilAsync(() => bench.StateOf(job).Name == "Scheduled");
        Assert.StartsWith("Retry attempt 1", bench.StateOf(job).Reason, StringComparison.Ordinal);
        await using var free = await AdvisoryLock.TryTakeAsync(bench.Connection, $"test-fail:{bench.Id}", Token);
        Assert.NotNull(free);
    }

    [Fact]
    public void Every_job_that_took_a_lock_of_Hangfire_has_one_of_ours() =>
        Assert.DoesNotContain(
            typeof(Program).Assembly.GetTypes().SelectMany(type => type.GetMethods()),
            method => method.IsDefined(typeof(DisableConcurrentExecutionAttribute), inherit: true)
        );

    /// <summary>Hangfire's tables in a database of their own, with servers that are set up as those of the console.</summary>
    private sealed class Bench : IAsyncDisposable
    {
        private readonly TestDatabase database;
        private readonly ServiceProvider services;
        private readonly List<BackgroundProcessingServer> servers = [];

        private Bench(TestDatabase database)
        {
            this.database = database;
            Connection = LiveDatabase.Connection(database);
            Storage = new PostgreSqlStorage(
                new NpgsqlConnectionFactory(database.ConnectionString, new PostgreSqlStorageOptions()),
                new PostgreSqlStorageOptions { QueuePollInterval = TimeSpan.FromMilliseconds(200), EnableLongPolling = true }
            );
            Client = new BackgroundJobClient(Storage);
            services = new ServiceCollection()
                .AddLogging()
                .AddMetrics()
                .AddSingleton(TimeProvider.System)
                .AddSingleton(Connection)
                .AddSingleton(LiveDatabase.Ready())
                .AddSingleton<JobStorage>(Storage)
                .AddSingleton<JobTables>()
                .AddSingleton<JobMetrics>()
                .AddSingleton(new JobActivator())
                .BuildServiceProvider();
        }

        public string Id { get; } = Guid.NewGuid().ToString("N")[..8];
        public ArchonConnection Connection { get; }
        public PostgreSqlStorage Storage { get; }
        public BackgroundJobClient Client { get; }

        public static async Task<Bench> StartAsync(PostgresFixture postgres, int servers = 1)
        {
            var bench = new Bench(await postgres.NewDatabaseAsync());
            for (var server = 0; server < servers; server++)
            {
                bench.servers.Add(JobServers.Serve(bench.services, bench.Storage, $"test-{server}", workers: 3, TestJobs.Queue));
            }
            return bench;
        }

        public T Read<T>(Func<IStorageConnection, T> read)
        {
            using var connection = Storage.GetConnection();
            return read(connection);
        }

        public StateData StateOf(string job) => Read(connection => connection.GetStateData(job));

        /// <summary>The queue that a job was in last.</summary>
        public string QueueOf(string job) =>
            Storage.GetMonitoringApi().JobDetails(job).History.First(state => state.StateName == EnqueuedState.StateName).Data["Queue"];

        public async Task RunAsync(string sql)
        {
            await using var connection = new NpgsqlConnection(database.ConnectionString);
            await connection.OpenAsync(Token);
            await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The test's own text.
            command.CommandText = sql;
#pragma warning restore CA2100
            await command.ExecuteNonQueryAsync(Token);
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var server in servers)
                server.SendStop();
            foreach (var server in servers)
            {
                await server.WaitForShutdownAsync(CancellationToken.None);
                server.Dispose();
            }
            await services.DisposeAsync();
            await database.DisposeAsync();
        }
    }

    /// <summary>What they did is noted by the bench's id.</summary>
    public static class TestJobs
    {
        public const string Queue = "triage";
        private static readonly ConcurrentDictionary<string, ConcurrentQueue<int>> Ran = new();
        private static readonly ConcurrentDictionary<string, int> Running = new();

        internal static readonly ConcurrentDictionary<string, TaskCompletionSource> Blocked = new();
        internal static readonly ConcurrentDictionary<string, bool> Cancelled = new();
        internal static readonly ConcurrentDictionary<string, int> MostAtOnce = new();

        internal static IReadOnlyCollection<int> Runs(string id) => Ran.TryGetValue(id, out var runs) ? runs : [];

        [Queue(Queue), AutomaticRetry(Attempts = 0), AdvisoryLock("test-dispatch:{0}", WhenTaken = WhenLockTaken.Skip)]
        public static Task DispatchAsync(string id, CancellationToken cancellationToken)
        {
            Note(id, 0);
            return Task.CompletedTask;
        }

        [Queue(Queue), AutomaticRetry(Attempts = 3), AdvisoryLock("test:{0}")]
        public static async Task WorkAsync(string id, int number, CancellationToken cancellationToken)
        {
            var atOnce = Running.AddOrUpdate(id, 1, (_, count) => count + 1);
            MostAtOnce.AddOrUpdate(id, atOnce, (_, most) => Math.Max(most, atOnce));
            Note(id, number);
            try
            {
                if (Blocked.TryGetValue(id, out var blocked))
                    await blocked.Task.WaitAsync(cancellationToken);
                else
                    await Task.Delay(50, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                Cancelled[id] = true;
                throw;
            }
            finally
            {
                Running.AddOrUpdate(id, 0, (_, count) => count - 1);
            }
        }

        [Queue(Queue), AutomaticRetry(Attempts = 3), AdvisoryLock("test-fail:{0}")]
        public static Task FailAsync(string id, CancellationToken cancellationToken) =>
            throw new InvalidOperationException($"{id} fails on purpose.");

        private static void Note(string id, int number) => Ran.GetOrAdd(id, _ => new ConcurrentQueue<int>()).Enqueue(number);
    }
}
