using Archon.Integrations.Alertmanager;
using Archon.Integrations.Loki;
using Archon.Integrations.Prometheus;
using Archon.Integrations.Replies;
using Microsoft.Extensions.Options;

namespace Archon.Integrations;

public static class IntegrationsSetup
{
    public static IServiceCollection AddIntegrations(this IServiceCollection services)
    {
        services.AddSingleton(provider => new UpstreamHealth(
            provider.GetServices<Upstream>(),
            provider.GetRequiredService<TimeProvider>()
        ));
        services.AddOptions<ReplyOptions>().BindConfiguration(ReplyOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ReplyOptions>>(new SectionValidator<ReplyOptions>(ReplyOptions.Section));
        services.AddSingleton<ReplyReading>();
        services.AddUpstream<IPrometheusApi, PrometheusOptions>("Prometheus");
        services.AddSingleton(provider => new PrometheusClient(
            provider.GetRequiredService<IPrometheusApi>(),
            Calls<PrometheusOptions>(provider, "Prometheus")
        ));
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
        services.AddSingleton(provider => new AlertmanagerClient(
            provider.GetRequiredService<IAlertmanagerApi>(),
            Calls<AlertmanagerOptions>(provider, "Alertmanager", blamesWith500: true)
        ));
        services.AddUpstream<ILokiApi, LokiOptions>("Loki");
        services.AddSingleton(provider => new LokiClient(
            provider.GetRequiredService<ILokiApi>(),
            Calls<LokiOptions>(provider, "Loki", blamesWith500: true),
            provider.GetRequiredService<IOptions<LokiOptions>>().Value,
            provider.GetRequiredService<ReplyReading>()
        ));
        return services;
    }

    private static UpstreamCalls Calls<TOptions>(IServiceProvider provider, string name, bool blamesWith500 = false)
        where TOptions : UpstreamOptions =>
        new(
            provider.GetServices<Upstream>().Single(one => one.Name == name),
            provider.GetRequiredService<IOptions<TOptions>>().Value.QueryTimeout,
            blamesWith500,
            provider.GetRequiredService<UpstreamHealth>(),
            provider.GetRequiredService<ReplyReading>(),
            provider.GetRequiredService<ILogger<UpstreamCalls>>()
        );
}
