using Archon.Shell;

namespace Archon.Features.Services;

public static class ServicesSetup
{
    public static IServiceCollection AddServices(this IServiceCollection services)
    {
        services.AddScoped<DiscoverJob>();
        services.AddSingleton<ServiceCommands>();
        services.AddSingleton<CatalogueFeed>();
        services.AddSingleton<ServiceQueries>();
        services.AddSingleton<IPaletteSource, ServicePalette>();
        services.AddSingleton<SignalQueries>();
        services.AddHostedService<CatalogueListener>();
        return services;
    }
}
