using Archon.Integrations;
using Archon.Integrations.Alertmanager;
using Archon.Integrations.Loki;
using Archon.Integrations.Prometheus;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Archon.Tests.Kit;

/// <summary>The clients as the console makes them, at an address of the test's choice.</summary>
internal static class UpstreamClients
{
    private const int Environment = 1;

    public static Upstreams At(Uri prometheus, Uri alertmanager) =>
        Build(("Prometheus:BaseAddress", prometheus.AbsoluteUri), ("Alertmanager:BaseAddress", alertmanager.AbsoluteUri))
            .GetRequiredService<Upstreams>();

    public static PrometheusClient Prometheus(Uri address) =>
        Build(("Prometheus:BaseAddress", address.AbsoluteUri)).GetRequiredService<PrometheusClient>();

    public static AlertmanagerClient Alertmanager(Uri address) =>
        Build(("Alertmanager:BaseAddress", address.AbsoluteUri)).GetRequiredService<AlertmanagerClient>();

    public static LokiClient Loki(Uri address) => Build(("Loki:BaseAddress", address.AbsoluteUri)).GetRequiredService<LokiClient>();

    public static ServiceProvider Build(params (string Name, string Value)[] settings) =>
        new ServiceCollection()
            .AddSingleton(TimeProvider.System)
            .AddSingleton<IConfiguration>(
                new ConfigurationBuilder().AddInMemoryCollection(settings.ToDictionary(one => one.Name, string? (one) => one.Value)).Build()
            )
            .AddLogging()
            .AddIntegrations(Environment)
            .AddSingleton(provider => provider.GetRequiredService<Upstreams>().For(Environment).Prometheus)
            .AddSingleton(provider => provider.GetRequiredService<Upstreams>().For(Environment).Alertmanager)
            .AddSingleton(provider => provider.GetRequiredService<Upstreams>().For(Environment).Loki)
            .BuildServiceProvider();
}
