using Archon.Live;

namespace Archon.Features.Watches;

public static class WatchesSetup
{
    public static IServiceCollection AddWatches(this IServiceCollection services)
    {
        services.AddScoped<AnalyseJob>();
        services.AddScoped<WatchDiscoveryCommands>();
        services.AddScoped<WatchCommands>();
        services.AddTopic<WatchTopic>();
        services.AddSingleton<WatchQueries>();
        return services;
    }
}
