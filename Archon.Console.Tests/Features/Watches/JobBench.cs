using Archon.Data;
using Archon.Data.Background;
using Archon.Data.Catalogue;
using Archon.Features.Access;
using Archon.Features.Alerts;
using Archon.Features.Anomalies;
using Archon.Features.Forecasts;
using Archon.Features.Incidents;
using Archon.Features.Notifications;
using Archon.Features.Rules.Catalogue;
using Archon.Features.Scanning;
using Archon.Features.Scanning.States;
using Archon.Features.Services;
using Archon.Features.Watches;
using Archon.Jobs;
using Archon.Tests.Kit;
using Hangfire;
using Hangfire.Common;
using Hangfire.States;
using Hangfire.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Archon.Tests.Features.Watches;

/// <summary>A database of its own, a fake Prometheus and a clock that is moved: everything a job needs.</summary>
internal sealed class JobBench : IAsyncDisposable
{
    public static readonly DateTimeOffset Start = new(2026, 11, 24, 8, 0, 0, TimeSpan.Zero);
    private readonly ServiceProvider services;

    private JobBench(TestDatabase database, FakeMetrics metrics, Uri prometheus, WatchOptions? options = null, TimeProvider? clock = null)
    {
        Options = options ?? new WatchOptions();
        (Database, Metrics) = (database, metrics);
        var collection = new ServiceCollection().AddLogging().AddMetrics().AddOptions();
        collection.AddSingleton(clock ?? Clock).AddSingleton(database.Contexts);
        collection.AddSingleton(Microsoft.Extensions.Options.Options.Create(Options));
        collection.AddSingleton(_ => UpstreamClients.At(prometheus, metrics.Address));
        collection.AddSingleton<IBackgroundJobClient, NoJobs>().AddSingleton<JobStorage, NoStorage>();
        collection.AddSingleton<ScanMemory>().AddSingleton<WatchMetrics>().AddSingleton<EstateThresholds>();
        collection.AddScoped<ScanJob>().AddScoped<FitModelsJob>().AddScoped<HousekeepingJob>().AddScoped<DiscoverJob>();
        collection.AddScoped<WatchDiscoverer>().AddScoped<WatchCommands>().AddScoped<ServiceCommands>();
        collection.AddScoped<AlertPollJob>().AddSingleton<AlertQueries>();
        collection.AddScoped<ForecastJob>().AddScoped<TriageJob>().AddSingleton<CauseEvidence>();
        collection.AddSingleton(Microsoft.Extensions.Options.Options.Create(new ForecastOptions { PostAlerts = true }));
        collection.AddSingleton<RuleTarget, NoTarget>().AddScoped<ImportRulesJob>().AddScoped<ImportChannelsJob>();
        collection.AddSingleton<IRetention, ServiceRetention>().AddSingleton<IRetention, IncidentRetention>();
        collection.AddSingleton<IRetention, PredictionRetention>().AddSingleton<IRetention, StateRetention>();
        collection.AddSingleton(Microsoft.Extensions.Options.Options.Create(new StateOptions()));
        collection.AddSingleton(Microsoft.Extensions.Options.Options.Create(new JobsOptions()));
        collection.AddSingleton<IStateSource, WatchStates>().AddSingleton<IStateSource, ServiceStates>();
        collection.AddSingleton<StateQueries>().AddSingleton<CommandGate>().AddSingleton<AnomalyCommands>().AddSingleton(Ready());
        collection.AddSingleton<BackgroundServiceStates>().AddSingleton<Supervision>().AddTransient<StateRecorder>();
        services = collection.BuildServiceProvider();
    }

    public TestDatabase Database { get; }
    public FakeMetrics Metrics { get; }
    public FakeTimeProvider Clock { get; } = new(Start);
    public WatchOptions Options { get; }

    public static async Task<JobBench> StartAsync(PostgresFixture postgres)
    {
        var metrics = await FakeMetrics.StartAsync();
        return new JobBench(await postgres.NewDatabaseAsync(), metrics, metrics.Address);
    }

    /// <summary>On a real server, in real time.</summary>
    public static async Task<JobBench> StartOnAsync(PostgresFixture postgres, Uri prometheus) =>
        new(
            await postgres.NewDatabaseAsync(),
            await FakeMetrics.StartAsync(),
            prometheus,
            new WatchOptions { HistoryWindow = TimeSpan.FromHours(1), LeastHistory = TimeSpan.Zero },
            TimeProvider.System
        );

    public T Get<T>()
        where T : notnull => services.CreateScope().ServiceProvider.GetRequiredService<T>();

    /// <summary>A job that puts others into the queues of <paramref name="storage"/>.</summary>
    public T Get<T>(JobStorage storage)
        where T : notnull
    {
        var takes = typeof(T).GetConstructors().Single().GetParameters().Select(parameter => parameter.ParameterType).ToList();
        var arguments = ((object[])[storage, new BackgroundJobClient(storage)]).Where(one => takes.Any(type => type.IsInstanceOfType(one)));
        return ActivatorUtilities.CreateInstance<T>(services.CreateScope().ServiceProvider, [.. arguments]);
    }

    /// <summary>One that asks other sources than the console's.</summary>
    public StateRecorder Recorder(params IStateSource[] sources) =>
        ActivatorUtilities.CreateInstance<StateRecorder>(services, sources.AsEnumerable());

    /// <summary>As after a restart: nothing is remembered.</summary>
    public void Forget(int watchId) => services.GetRequiredService<ScanMemory>().Forget(watchId);

    public async Task<T> ReadAsync<T>(Func<ArchonDbContext, Task<T>> read)
    {
        await using var db = await Database.Contexts.CreateDbContextAsync(TestContext.Current.CancellationToken);
        return await read(db);
    }

    public async Task<int> AddWatchAsync(string query = "latency", AnomalyDirection interesting = AnomalyDirection.Up)
    {
        await using var db = await Database.Contexts.CreateDbContextAsync(TestContext.Current.CancellationToken);
        var watch = new Watch
        {
            EnvironmentId = MonitoredEnvironment.DefaultId,
            Name = query,
            Query = query,
            Signal = WatchSignal.Duration,
            Unit = "s",
            Interesting = interesting,
            CreatedAt = Start,
        };
        db.Watches.Add(watch);
        await db.SaveChangesAsync(TestContext.Current.CancellationToken);
        return watch.Id;
    }

    public async Task ScanAsync(int watchId, TimeSpan later)
    {
        Clock.Advance(later);
        await Get<ScanJob>().ScanAsync(watchId, TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await services.DisposeAsync();
        await Metrics.DisposeAsync();
        await Database.DisposeAsync();
    }

    private static ArchonDatabase Ready()
    {
        var database = new ArchonDatabase();
        database.Become(new DatabaseState.Ready());
        return database;
    }

    private sealed class NoJobs : IBackgroundJobClient
    {
        public string Create(Job job, IState state) => "1";

        public bool ChangeState(string jobId, IState state, string expectedState) => true;
    }

    private sealed class NoStorage : JobStorage
    {
        public override IMonitoringApi GetMonitoringApi() => throw new NotSupportedException();

        public override IStorageConnection GetConnection() => throw new NotSupportedException();
    }
}
