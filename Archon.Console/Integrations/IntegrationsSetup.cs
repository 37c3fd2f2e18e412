using Archon.Integrations.Alertmanager;
using Archon.Integrations.Prometheus;

namespace Archon.Integrations;

public static class IntegrationsSetup
{
    public static IServiceCollection AddIntegrations(this IServiceCollection services)
    {
        services.AddSingleton<UpstreamHealth>();
        services.AddHttpClient<PrometheusClient>((provider, http) => http.BaseAddress = new Uri(provider.GetRequiredService<IConfiguration>()["Prometheus:BaseAddress"]!));
        services.AddHttpClient<AlertmanagerClient>((provider, http) => http.BaseAddress = new Uri(provider.GetRequiredService<IConfiguration>()["Alertmanager:BaseAddress"]!));
        return services;
    }
}
