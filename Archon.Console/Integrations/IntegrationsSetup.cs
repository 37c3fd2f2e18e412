using Archon.Integrations.Alertmanager;
using Archon.Integrations.Loki;
using Archon.Integrations.Prometheus;
using Archon.Integrations.Replies;
using Microsoft.Extensions.Options;

namespace Archon.Integrations;

public static class IntegrationsSetup
{
    /// <param name="environmentId">The environment that the outside systems of the settings serve.</param>
    public static IServiceCollection AddIntegrations(this IServiceCollection services, int environmentId)
    {
        services.AddSingleton(new ConfiguredEnvironment(environmentId));
        services.AddSingleton(provider => new UpstreamHealth(
            provider.GetRequiredService<ConfiguredEnvironment>(),
            provider.GetServices<Upstream>(),
            provider.GetRequiredService<TimeProvider>()
        ));
        services.AddOptions<ReplyOptions>().BindConfiguration(ReplyOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ReplyOptions>>(new SectionValidator<ReplyOptions>(ReplyOptions.Section));
        services.AddSingleton<ReplyReading>();
        services.AddUpstream<IPrometheusApi, PrometheusOptions>("Prometheus");
        services
            .AddHttpClient(
                RuleServerClient.Name,
                (provider, http) =>
                {
                    var options = provider.GetRequiredService<IOptions<PrometheusOptions>>().Value;
                    http.Timeout = Timeout.InfiniteTimeSpan; // it would cover the headers alone
                    UpstreamSetup.Introduce(http, options);
                }
            )
            .ConfigurePrimaryHttpMessageHandler(provider =>
                UpstreamSetup.Handler(provider.GetRequiredService<IOptions<PrometheusOptions>>().Value.CaFile)
            )
            .RemoveAllLoggers();
        services.AddSingleton(provider => new RuleServerClient(
            provider.GetRequiredService<IHttpClientFactory>(),
            provider.GetRequiredService<ReplyReading>()
        ));
        services.AddUpstream<IAlertmanagerApi, AlertmanagerOptions>("Alertmanager");
        services.AddUpstream<ILokiApi, LokiOptions>("Loki");
        services.AddSingleton(provider =>
        {
            var named = provider.GetServices<Upstream>().ToDictionary(one => one.Name);
            return new Upstreams(
                provider.GetRequiredService<ConfiguredEnvironment>(),
                Clients(provider, name => named[name]),
                // Without an address they send nothing, and say which environment it is that has none.
                environment => Clients(provider, name => new Upstream(name, null, environment))
            );
        });
        return services;
    }

    private static EnvironmentUpstreams Clients(IServiceProvider provider, Func<string, Upstream> upstream)
    {
        return new EnvironmentUpstreams(
            new PrometheusClient(provider.GetRequiredService<IPrometheusApi>(), Calls<PrometheusOptions>("Prometheus")),
            new AlertmanagerClient(
                provider.GetRequiredService<IAlertmanagerApi>(),
                Calls<AlertmanagerOptions>("Alertmanager", blamesWith500: true)
            ),
            new LokiClient(
                provider.GetRequiredService<ILokiApi>(),
                Calls<LokiOptions>("Loki", blamesWith500: true),
                provider.GetRequiredService<IOptions<LokiOptions>>().Value,
                provider.GetRequiredService<ReplyReading>()
            )
        );

        UpstreamCalls Calls<TOptions>(string name, bool blamesWith500 = false)
            where TOptions : UpstreamOptions =>
            new(
                upstream(name),
                provider.GetRequiredService<IOptions<TOptions>>().Value.QueryTimeout,
                blamesWith500,
                provider.GetRequiredService<UpstreamHealth>(),
                provider.GetRequiredService<ReplyReading>(),
                provider.GetRequiredService<ILogger<UpstreamCalls>>()
            );
    }
}
