using Archon.Data;
using Archon.Data.Background;
using Archon.Features.Access;
using Archon.Integrations;
using Archon.Jobs;
using Archon.Shell;
using Hangfire;
using Hangfire.AspNetCore;
using Hangfire.Client;
using Hangfire.Common;
using Hangfire.Dashboard;
using Hangfire.PostgreSql;
using Hangfire.Server;
using Hangfire.States;
using Npgsql;

namespace Archon.Hosting;

internal static class JobsSetup
{
    public const string Path = "/jobs";

    public static void AddJobs(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        // Registered before Hangfire does, which takes whatever its statics hold: with two consoles in one process, the other's storage.
        // The storage makes its tables when it is first asked for, which nobody does before the database is ready.
        services.AddSingleton<JobStorage>(provider =>
        {
            _ = provider.GetRequiredService<IGlobalConfiguration>(); // how jobs are written and read
            return new PostgreSqlStorage(
                new JobConnections(provider.GetRequiredService<ArchonConnection>()),
                new PostgreSqlStorageOptions
                {
                    SchemaName = JobTables.Schema,
                    QueuePollInterval = TimeSpan.FromSeconds(15),
                    EnableLongPolling = true,
                    InvisibilityTimeout = TimeSpan.FromMinutes(10),
                    UseSlidingInvisibilityTimeout = true,
                    // A process that is killed leaves Hangfire's own locks behind as rows, such as that of the recurring scheduler. Jobs of ours
                    // have AdvisoryLock, so these are needed for moments only, and what they guard may run twice.
                    DistributedLockTimeout = TimeSpan.FromSeconds(30),
                }
            );
        });
        services.AddSingleton<JobActivator>(provider => new AspNetCoreJobActivator(provider.GetRequiredService<IServiceScopeFactory>()));
        services.AddHangfire(
            (provider, hangfire) =>
                hangfire
                    .SetDataCompatibilityLevel(CompatibilityLevel.Version_180)
                    .UseSimpleAssemblyNameTypeSerializer()
                    .UseTypeResolver(TypesOf(provider.GetServices<RenamedJob>()))
                    .UseRecommendedSerializerSettings()
        );
        services.AddOptions<JobsOptions>().BindConfiguration("Archon").ValidateOnStart();
        services.AddSingleton<JobMetrics>();
        services.AddSingleton<JobTables>();
        services.AddHostedService<JobServers>();
        services.AddHostedService<ClockJumpRepair>();
    }

    /// <summary>Also what was queued before a job's class was renamed or moved runs.</summary>
    private static Func<string, Type> TypesOf(IEnumerable<RenamedJob> renamed)
    {
        var jobs = renamed.ToDictionary(one => one.OldName, one => one.Job, StringComparer.Ordinal);
        return name => jobs.TryGetValue(name.Split(',')[0], out var job) ? job : TypeHelper.DefaultTypeResolver(name);
    }

    /// <summary>Hangfire's own pages: seen by viewers, acted on by administrators. What is done there is not in the audit.</summary>
    public static void MapJobs(this WebApplication app)
    {
        var pages = new Lazy<RequestDelegate>(() =>
        {
            var branch = ((IApplicationBuilder)app).New();
            branch.UseHangfireDashboard(
                Path,
                new DashboardOptions
                {
                    Authorization = [new AlreadyAuthorized()],
                    AsyncAuthorization = [],
                    IsReadOnlyFunc = context => !context.GetHttpContext().User.IsInRole(Roles.Admin),
                    DashboardTitle = "Archon jobs",
                    AppPath = "/status",
                    DisplayStorageConnectionString = false,
                },
                app.Services.GetRequiredService<JobStorage>()
            );
            return branch.Build();
        });
        app.Map(Path + "/{**rest}", context => pages.Value(context)).RequireAuthorization(Policies.Viewer).ExcludeFromDescription();
    }

    /// <summary>The endpoint's policy has let the reader in; Hangfire's default would turn away everyone who is not on this machine.</summary>
    private sealed class AlreadyAuthorized : IDashboardAuthorizationFilter
    {
        public bool Authorize(DashboardContext context) => true;
    }

    private sealed class JobConnections(ArchonConnection connection) : IConnectionFactory
    {
        public NpgsqlConnection GetOrCreateConnection() => new(connection.ConnectionString);
    }
}

/// <summary>Runs Hangfire's servers once the database is there, and stops them with the process.</summary>
internal sealed class JobServers(
    ArchonDatabase database,
    IServiceProvider services,
    Microsoft.Extensions.Options.IOptions<JobsOptions> options,
    Supervision supervision
) : SupervisedService("Job servers", supervision)
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SchedulePolling = TimeSpan.FromSeconds(1);

    protected override async Task RunAsync(CancellationToken stoppingToken)
    {
        if (options.Value.Role == ProcessRole.Web)
            return;
        await database.WhenReadyAsync(stoppingToken);
        var servers = new List<BackgroundProcessingServer>();
        try
        {
            Start(servers);
            ReportHealthy();
            await Task.Delay(Timeout.InfiniteTimeSpan, stoppingToken);
        }
        finally
        {
            foreach (var server in servers)
                server.SendStop();
            foreach (var server in servers)
            {
                await server
                    .WaitForShutdownAsync(CancellationToken.None)
                    .WaitAsync(StopLimit, CancellationToken.None)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                server.Dispose();
            }
        }
    }

    private void Start(List<BackgroundProcessingServer> servers)
    {
        var storage = services.GetRequiredService<JobStorage>();
        var schedules = services.GetRequiredService<IRecurringJobManager>();
        var contributed = services.GetServices<JobSchedule>().ToList();
        RecurringJobs.Register(schedules, contributed, services.GetRequiredService<ConfiguredEnvironment>().Id);
        RecurringJobs.RemoveAbsent(schedules, storage, services.GetRequiredService<ConsoleFeatures>());
        foreach (var schedule in contributed.Where(one => one.RunsAtStart))
            schedules.Trigger(schedule.Id);
        // Scans have workers of their own: a long fit must not hold up what tells people.
        servers.Add(Serve(services, storage, "scan", workers: 3, "scan"));
        servers.Add(Serve(services, storage, "rest", workers: 2, "triage", "discover", "fit", "forecast", "housekeeping", "default"));
    }

    /// <summary>What Hangfire's BackgroundJobServer is made of, with our performer, which that does not take.</summary>
    internal static BackgroundProcessingServer Serve(
        IServiceProvider services,
        JobStorage storage,
        string name,
        int workers,
        params string[] queues
    )
    {
        var filters = new JobFilterProviderCollection(JobFilterProviders.Providers, services.GetRequiredService<JobMetrics>());
        var states = new BackgroundJobStateChanger(filters);
        var performer = ActivatorUtilities.CreateInstance<LockedJobPerformer>(
            services,
            new BackgroundJobPerformer(filters, services.GetRequiredService<JobActivator>())
        );
        return new BackgroundProcessingServer(
            storage,
            [
                new Worker(queues, performer, states).UseBackgroundPool(workers),
                new DelayedJobScheduler(SchedulePolling, states).UseBackgroundPool(1),
                new RecurringJobScheduler(new BackgroundJobFactory(filters), SchedulePolling).UseBackgroundPool(1),
            ],
            new Dictionary<string, object> { ["Queues"] = queues, ["WorkerCount"] = workers },
            new BackgroundProcessingServerOptions
            {
                ServerName = $"{Environment.MachineName}:{Environment.ProcessId}:{name}",
                ServerTimeout = TimeSpan.FromMinutes(1),
                HeartbeatInterval = TimeSpan.FromSeconds(10),
                StopTimeout = TimeSpan.FromSeconds(2),
                ShutdownTimeout = StopLimit,
            }
        );
    }
}
