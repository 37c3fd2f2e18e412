using Archon.Jobs;
using Archon.Live;
using Archon.Shell;

namespace Archon.Features.Notifications;

public static class NotificationsSetup
{
    public static ConsoleFeature Feature { get; } = new("Notifications", services => services.AddNotifications());

    public static IServiceCollection AddNotifications(this IServiceCollection services)
    {
        services.AddSingleton(new NavItem("/channels", "Channels", "notifications", "c", NavGroup.Catalogue, 20));
        services.AddSingleton(
            JobSchedule.OfEnvironment<ImportChannelsJob>(
                "import-channels",
                "discover",
                "25 * * * * *",
                TimeSpan.FromMinutes(1),
                environmentId => job => job.ImportAsync(environmentId, CancellationToken.None),
                runsAtStart: true
            )
        );
        services.AddScoped<ImportChannelsJob>();
        services.AddTopic<ChannelTopic>();
        services.AddSingleton<ChannelQueries>();
        services.AddSingleton<RouteQueries>();
        return services;
    }
}
