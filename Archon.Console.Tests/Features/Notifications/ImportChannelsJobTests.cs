using Archon.ConfigFiles.Alertmanager;
using Archon.Data.Catalogue;
using Archon.Data.Notifications;
using Archon.Features.Notifications;
using Archon.Tests.Features.Watches;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace Archon.Tests.Features.Notifications;

[SystemTest]
public sealed class ImportChannelsJobTests(PostgresFixture postgres)
{
    private const string Config = """
        route: {receiver: ops}
        receivers:
          - name: ops
            slack_configs:
              - {api_url: "https://hooks.example/services/T000/B000/SECRETPART", channel: "#ops", send_resolved: true}
              - {api_url: "https://hooks.example/services/T000/B000/SECRETPART"}
            email_configs:
              - {to: ops@example.org, auth_password: SECRETPART}
            pagerduty_configs:
              - {routing_key: SECRETPART, client: '{{ template "pagerduty.default.client" . }}'}
          - name: web
            webhook_configs:
              - {url: "https://user:SECRETPART@example.org:8443/hook/SECRETPART?token=SECRETPART"}
          - name: nothing
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Receivers_become_channels_without_their_secrets()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        bench.Metrics.AlertmanagerConfig = Config;

        await ImportAsync(bench);

        var channels = await Channels(bench);
        Assert.Equal(5, channels.Count);
        Assert.All(channels, channel => Assert.DoesNotContain("SECRETPART", channel.Target, StringComparison.Ordinal));
        Assert.Equal("#ops", channels.Single(channel => channel is { Kind: "slack", Ordinal: 0 }).Target);
        Assert.Equal("https://hooks.example/•••", channels.Single(channel => channel is { Kind: "slack", Ordinal: 1 }).Target);
        Assert.Equal("ops@example.org", channels.Single(channel => channel.Kind == "email").Target);
        Assert.Equal("https://example.org:8443/•••", channels.Single(channel => channel.Kind == "webhook").Target);
        Assert.Equal(ReceiverReader.Masked, channels.Single(channel => channel.Kind == "pagerduty").Target);
    }

    [Fact]
    public async Task A_receiver_that_is_gone_is_marked_and_comes_back_as_itself()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        bench.Metrics.AlertmanagerConfig = Config;
        await ImportAsync(bench);
        bench.Metrics.AlertmanagerConfig = "receivers: [{name: web}]";
        await ImportAsync(bench);
        var gone = await Channels(bench);
        bench.Metrics.AlertmanagerConfig = Config;

        await ImportAsync(bench);

        Assert.All(gone, channel => Assert.NotNull(channel.DeletedAt));
        var back = await Channels(bench);
        Assert.Equal(gone.Select(channel => channel.Id).Order(), back.Select(channel => channel.Id).Order());
        Assert.All(back, channel => Assert.Null(channel.DeletedAt));
    }

    [Theory]
    [InlineData("")]
    [InlineData("just text")]
    [InlineData("receivers: 3")]
    [InlineData("receivers: [{slack_configs: 3}, {name: x, slack_configs: [1, 2]}]")]
    public void A_configuration_of_another_shape_gives_no_channels(string yaml) => Assert.Empty(ReceiverReader.Read(yaml).Channels!);

    [Fact]
    public void A_broken_configuration_says_where() =>
        Assert.StartsWith("Line ", ReceiverReader.Read("receivers:\n  - {name: [").Fault, StringComparison.Ordinal);

    private static Task ImportAsync(JobBench bench) => bench.Get<ImportChannelsJob>().ImportAsync(MonitoredEnvironment.DefaultId, Token);

    private static Task<List<NotificationChannel>> Channels(JobBench bench) =>
        bench.ReadAsync(db => db.NotificationChannels.AsNoTracking().ToListAsync(Token));
}
