using Archon.Shell;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.StackExchangeRedis;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Archon.Features.Anomalies;

public static class AnomaliesSetup
{
    public static IServiceCollection AddAnomalies(this IServiceCollection services)
    {
        services.AddOptions<LiveOptions>().BindConfiguration("ConnectionStrings");
        services.AddSingleton(new NavItem("/anomalies", "Anomalies", "anomalies", "n", NavGroup.Now, 10) { IsOnPhone = true });
        services.AddSingleton<AnomalyFeed>();
        services.AddSingleton<AnomalyCommands>();
        services.AddSingleton<AnomalyQueries>();
        services.AddSingleton<INavCountSource, AnomalyCount>();
        services.AddHostedService<AnomalyListener>();
        services.AddSignalR();
        services
            .AddOptions<RedisOptions>()
            .Configure<IOptions<LiveOptions>>(
                (redis, live) =>
                {
                    if (live.Value.Redis is { Length: > 0 } address)
                        redis.Configuration = ConfigurationOptions.Parse(address);
                }
            );
        // Chosen when first asked for, so that a test or a deployment can set the address wherever configuration comes from.
        services.Replace(
            ServiceDescriptor.Singleton(
                typeof(HubLifetimeManager<LiveHub>),
                provider =>
                    provider.GetRequiredService<IOptions<LiveOptions>>().Value.Redis is { Length: > 0 }
                        ? ActivatorUtilities.CreateInstance<RedisHubLifetimeManager<LiveHub>>(provider)
                        : ActivatorUtilities.CreateInstance<DefaultHubLifetimeManager<LiveHub>>(provider)
            )
        );
        return services;
    }

    public static IEndpointRouteBuilder MapAnomalies(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapHub<LiveHub>(LiveHub.Path);
        return endpoints;
    }
}
