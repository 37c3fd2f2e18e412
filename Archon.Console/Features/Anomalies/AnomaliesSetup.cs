namespace Archon.Features.Anomalies;

public static class AnomaliesSetup
{
    public static IServiceCollection AddAnomalies(this IServiceCollection services)
    {
        services.AddSingleton<AnomalyFeed>();
        services.AddSingleton<AnomalyCommands>();
        services.AddSingleton<AnomalyQueries>();
        services.AddSignalR();
        return services;
    }

    public static IEndpointRouteBuilder MapAnomalies(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapHub<LiveHub>(LiveHub.Path);
        return endpoints;
    }
}
