namespace Archon.Features.Notifications;

public static class NotificationsSetup
{
    public static IServiceCollection AddNotifications(this IServiceCollection services)
    {
        services.AddScoped<ImportChannelsJob>();
        services.AddSingleton<ChannelQueries>();
        services.AddSingleton<RouteQueries>();
        return services;
    }
}
