using Archon.Data.Background;
using Archon.Features.Scanning.States;
using Archon.Jobs;
using Archon.Live;
using Archon.Shell;
using Microsoft.Extensions.Options;
using OpenTelemetry.Metrics;

namespace Archon.Features.Scanning;

public static class ScanningSetup
{
    public static ConsoleFeature Feature { get; } = new("Scanning", services => services.AddScanning()) { IsCore = true };

    public static IServiceCollection AddScanning(this IServiceCollection services)
    {
        services.AddOptions<WatchOptions>().BindConfiguration("Archon").ValidateOnStart();
        services.AddSingleton<IValidateOptions<WatchOptions>, WatchOptionsValidator>();
        // Every five seconds: scans lie on multiples of that, so a dispatch right after one finds it due.
        services.AddSingleton(
            JobSchedule.Of<ScanJob>(
                "scan",
                "scan",
                "*/5 * * * * *",
                TimeSpan.FromSeconds(5),
                job => job.DispatchAsync(CancellationToken.None)
            )
        );
        services.AddSingleton(
            JobSchedule.Of<FitModelsJob>(
                "fit",
                "fit",
                "30 * * * * *",
                TimeSpan.FromMinutes(1),
                job => job.DispatchAsync(CancellationToken.None)
            )
        );
        services.AddSingleton(
            JobSchedule.Of<HousekeepingJob>(
                "housekeeping",
                "housekeeping",
                "0 17 * * * *",
                TimeSpan.FromHours(1),
                job => job.CleanAsync(CancellationToken.None)
            )
        );
        services.AddSingleton(new RenamedJob("Archon.Features.Watches.ScanJob", typeof(ScanJob)));
        services.AddSingleton(new RenamedJob("Archon.Features.Watches.FitModelsJob", typeof(FitModelsJob)));
        services.AddSingleton(new RenamedJob("Archon.Features.Watches.HousekeepingJob", typeof(HousekeepingJob)));
        services.AddSingleton<ScanMemory>();
        services.AddSingleton<WatchMetrics>();
        services.AddSingleton<ScanHealth>();
        services.AddHostedService<ScanMonitor>();
        services.AddSingleton<EstateThresholds>();
        services.AddHostedService<EstateThresholdKeeper>();
        services.AddSingleton<IRetention, EvidenceRetention>();
        services.AddHealthChecks().AddCheck<ScansCheck>("scans");
        services.ConfigureOpenTelemetryMeterProvider(metrics => metrics.AddMeter(ArchonMeter.Name));
        services.AddScoped<ScanJob>();
        services.AddScoped<FitModelsJob>();
        services.AddScoped<HousekeepingJob>();
        services.AddOptions<StateOptions>().BindConfiguration("Archon").ValidateOnStart();
        services.AddSingleton<IValidateOptions<StateOptions>, StateOptionsValidator>();
        services.AddSingleton<IStateSource, WatchStates>();
        services.AddSingleton<IRetention, StateRetention>();
        services.AddSingleton<StateQueries>();
        services.AddHostedService<StateRecorder>();
        services.AddTopic<SampleTopic>();
        services.AddTopic<AnomalyTopic>();
        return services;
    }
}
