using Microsoft.Extensions.Options;

namespace Archon.Features.Watches;

public static class WatchesSetup
{
    public static IServiceCollection AddWatches(this IServiceCollection services)
    {
        services.AddOptions<WatchOptions>().BindConfiguration("Archon").ValidateOnStart();
        services.AddSingleton<IValidateOptions<WatchOptions>, WatchOptionsValidator>();
        services.AddSingleton<ScanMemory>();
        services.AddSingleton<WatchMetrics>();
        services.AddSingleton<ScanHealth>();
        services.AddHostedService<ScanMonitor>();
        services.AddScoped<ScanJob>();
        services.AddScoped<FitModelsJob>();
        services.AddScoped<AnalyseJob>();
        services.AddScoped<HousekeepingJob>();
        services.AddScoped<WatchDiscoveryCommands>();
        services.AddScoped<WatchCommands>();
        services.AddSingleton<WatchQueries>();
        return services;
    }
}
