namespace Archon.Features.Status;

public static class StatusSetup
{
    public static IServiceCollection AddStatus(this IServiceCollection services)
    {
        services.AddSingleton<StatusQueries>();
        services.AddSingleton<JobQueries>();
        return services;
    }
}
