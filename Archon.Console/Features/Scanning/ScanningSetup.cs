using Microsoft.Extensions.Options;

namespace Archon.Features.Scanning;

public static class ScanningSetup
{
    public static IServiceCollection AddScanning(this IServiceCollection services)
    {
        services.AddOptions<WatchOptions>().BindConfiguration("Archon").ValidateOnStart();
        services.AddSingleton<IValidateOptions<WatchOptions>, WatchOptionsValidator>();
        services.AddSingleton<ScanMemory>();
        services.AddSingleton<WatchMetrics>();
        services.AddSingleton<ScanHealth>();
        services.AddHostedService<ScanMonitor>();
        services.AddScoped<ScanJob>();
        services.AddScoped<FitModelsJob>();
        services.AddScoped<HousekeepingJob>();
        return services;
    }
}
