using Archon.Analysis.Series;
using Archon.Integrations;
using Archon.Integrations.Alertmanager;
using Archon.Integrations.Loki;
using Archon.Integrations.Prometheus;
using Archon.Tests.Kit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Archon.Tests.Integrations;

public sealed class UpstreamsTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 8, 0, 0, TimeSpan.Zero);
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_environment_without_outside_systems_is_refused_and_gets_nothing_of_another()
    {
        await using var fake = await FakeUpstream.SayAsync(200, "application/json", "{}");
        await using var services = UpstreamClients.Build(
            ("Prometheus:BaseAddress", fake.Address.AbsoluteUri),
            ("Alertmanager:BaseAddress", fake.Address.AbsoluteUri),
            ("Loki:BaseAddress", fake.Address.AbsoluteUri)
        );
        var other = services.GetRequiredService<Upstreams>().For(2);

        var samples = await other.Prometheus.QueryRangeAsync("up", new TimeRange(Now, Now), TimeSpan.FromMinutes(1), Token);
        var alerts = await other.Alertmanager.AlertsAsync(null, null, Token);
        var lines = await other.Loki.QueryAsync("{}", null, Token);
        var tail = await Assert.ThrowsAsync<LokiTailException>(async () =>
        {
            await foreach (var _ in other.Loki.TailAsync("{}", Now, 1, Token)) { }
        });

        Assert.Equal("No Prometheus is configured for environment 2.", Assert.IsType<Fetch<MatrixResult>.Unavailable>(samples).Reason);
        Assert.Equal(
            "No Alertmanager is configured for environment 2.",
            Assert.IsType<Fetch<IReadOnlyList<AlertmanagerAlert>>.Unavailable>(alerts).Reason
        );
        Assert.Equal("No Loki is configured for environment 2.", Assert.IsType<Fetch<LogResult>.Unavailable>(lines).Reason);
        Assert.Equal("No Loki is configured for environment 2.", tail.Message);
        Assert.Empty(fake.Requests);
        var health = services.GetRequiredService<UpstreamHealth>();
        Assert.All(health.Of(2), one => Assert.Equal((false, null, null), (one.Configured, one.Address, one.FailingSince)));
        Assert.All(health.Of(1), one => Assert.True(one.Configured));
    }

    [Fact]
    public async Task No_client_can_be_had_without_an_environment()
    {
        await using var services = new ServiceCollection()
            .AddSingleton(TimeProvider.System)
            .AddSingleton<IConfiguration>(new ConfigurationBuilder().Build())
            .AddLogging()
            .AddIntegrations(1)
            .BuildServiceProvider();

        Assert.NotNull(services.GetService<Upstreams>());
        foreach (var client in (Type[])[typeof(PrometheusClient), typeof(AlertmanagerClient), typeof(LokiClient)])
            Assert.Null(services.GetService(client));
    }
}
