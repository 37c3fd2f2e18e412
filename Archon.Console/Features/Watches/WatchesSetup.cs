namespace Archon.Features.Watches;

public static class WatchesSetup
{
    public static IServiceCollection AddWatches(this IServiceCollection services)
    {
        services.AddScoped<AnalyseJob>();
        services.AddScoped<WatchDiscoveryCommands>();
        services.AddScoped<WatchCommands>();
        services.AddSingleton<WatchQueries>();
        return services;
    }
}
