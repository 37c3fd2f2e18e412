using Archon.Data.Access;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.StackExchangeRedis;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Archon.Live;

public static class LiveSetup
{
    public static IServiceCollection AddLive(this IServiceCollection services)
    {
        services.AddOptions<LiveOptions>().BindConfiguration("ConnectionStrings");
        services.AddSingleton<LiveUpdates>();
        services.AddSingleton<SnapshotCache>();
        services.AddHostedService<ChangeListener>();
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

    /// <summary>Called by the feature whose data the topic is about.</summary>
    public static IServiceCollection AddTopic<TTopic>(this IServiceCollection services)
        where TTopic : LiveTopic
    {
        services.AddSingleton<TTopic>();
        services.AddSingleton<LiveTopic>(provider => provider.GetRequiredService<TTopic>());
        return services;
    }

    public static IEndpointRouteBuilder MapLive(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapHub<LiveHub>(LiveHub.Path).WithMetadata(new NeededScope(TokenScopes.ReadLive));
        return endpoints;
    }
}
