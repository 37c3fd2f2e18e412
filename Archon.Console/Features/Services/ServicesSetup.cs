using Archon.Features.Access;
using Archon.Features.Scanning.States;
using Archon.Jobs;
using Archon.Live;
using Archon.Shell;

namespace Archon.Features.Services;

public static class ServicesSetup
{
    public static ConsoleFeature Feature { get; } = new("Services", services => services.AddServices()) { IsCore = true };

    public static IServiceCollection AddServices(this IServiceCollection services)
    {
        services.AddSingleton(new NavItem("/services", "Services", "services", "s", NavGroup.Catalogue, 0) { IsOnPhone = true });
        services.AddSingleton(
            JobSchedule.OfEnvironment<DiscoverJob>(
                "discover",
                "discover",
                "*/15 * * * * *",
                TimeSpan.FromSeconds(15),
                environmentId => job => job.DispatchAsync(environmentId, CancellationToken.None),
                runsAtStart: true
            )
        );
        services.AddScoped<DiscoverJob>();
        services.AddSingleton<ServiceCommands>();
        services.AddSingleton(
            new PaletteEntry("Action", "Create a service", "/services/new", "plus") { Policy = Permissions.EditServices }
        );
        services.AddSingleton<IRetention, ServiceRetention>();
        services.AddSingleton<IStateSource, ServiceStates>();
        services.AddTopic<ServiceTopic>();
        services.AddSingleton<ServiceQueries>();
        services.AddSingleton<KeptSignals>();
        services.AddSingleton<IPaletteSource, ServicePalette>();
        services.AddSingleton<SignalQueries>();
        return services;
    }
}
