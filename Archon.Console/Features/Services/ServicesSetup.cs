using Archon.Data.Catalogue;
using Archon.Jobs;
using Archon.Live;
using Archon.Shell;

namespace Archon.Features.Services;

public static class ServicesSetup
{
    public static IServiceCollection AddServices(this IServiceCollection services)
    {
        services.AddSingleton(new NavItem("/services", "Services", "services", "s", NavGroup.Catalogue, 0) { IsOnPhone = true });
        services.AddSingleton(
            JobSchedule.Of<DiscoverJob>(
                "discover",
                "discover",
                "*/15 * * * * *",
                TimeSpan.FromSeconds(15),
                job => job.DispatchAsync(MonitoredEnvironment.DefaultId, CancellationToken.None),
                runsAtStart: true
            )
        );
        services.AddScoped<DiscoverJob>();
        services.AddSingleton<ServiceCommands>();
        services.AddTopic<ServiceTopic>();
        services.AddSingleton<ServiceQueries>();
        services.AddSingleton<IPaletteSource, ServicePalette>();
        services.AddSingleton<SignalQueries>();
        return services;
    }
}
