using Archon.Integrations.Alertmanager;
using Archon.Integrations.Loki;
using Archon.Integrations.Prometheus;
using Microsoft.Extensions.Options;

namespace Archon.Integrations;

public static class IntegrationsSetup
{
    public static IServiceCollection AddIntegrations(this IServiceCollection services)
    {
        services.AddSingleton(provider => new UpstreamHealth(provider.GetServices<Upstream>(), provider.GetRequiredService<TimeProvider>()));
        services.AddUpstream<IPrometheusApi, PrometheusOptions>("Prometheus");
        services.AddSingleton(provider => new PrometheusClient(provider.GetRequiredService<IPrometheusApi>(), Calls<PrometheusOptions>(provider, "Prometheus")));
        services.AddHttpClient(RuleServerClient.Name, (provider, http) =>
        {
            var options = provider.GetRequiredService<IOptions<PrometheusOptions>>().Value;
            http.Timeout = RuleServerClient.Patience;
            UpstreamSetup.Introduce(http, options);
        }).ConfigurePrimaryHttpMessageHandler(provider => UpstreamSetup.Handler(provider.GetRequiredService<IOptions<PrometheusOptions>>().Value.CaFile)).RemoveAllLoggers();
        services.AddSingleton<RuleServerClient>();
        services.AddUpstream<IAlertmanagerApi, AlertmanagerOptions>("Alertmanager");
        services.AddSingleton(provider => new AlertmanagerClient(provider.GetRequiredService<IAlertmanagerApi>(), Calls<AlertmanagerOptions>(provider, "Alertmanager", blamesWith500: true)));
        services.AddUpstream<ILokiApi, LokiOptions>("Loki");
        services.AddSingleton(provider => new LokiClient(
            provider.GetRequiredService<ILokiApi>(), Calls<LokiOptions>(provider, "Loki", blamesWith500: true), provider.GetRequiredService<IOptions<LokiOptions>>().Value));
        return services;
    }

    private static UpstreamCalls Calls<TOptions>(IServiceProvider provider, string name, bool blamesWith500 = false) where TOptions : UpstreamOptions => new(
        provider.GetServices<Upstream>().Single(one => one.Name == name),
        provider.GetRequiredService<IOptions<TOptions>>().Value.QueryTimeout,
        blamesWith500,
        provider.GetRequiredService<UpstreamHealth>());
}
