using Archon.Data.Alerts;
using Archon.Data.Catalogue;
using Archon.Data.States;
using Archon.Features.Alerts;
using Archon.Features.Scanning.States;
using Archon.Features.Services;
using Archon.Tests.Features.Watches;
using Archon.Tests.Kit;
using Archon.Ui.Health;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Xunit;

namespace Archon.Tests.Features.Alerts;

/// <summary>What a poll stores of what fires.</summary>
[SystemTest]
public sealed class AlertPollJobTests(PostgresFixture postgres)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_fires_is_stored_with_its_service_and_team_and_goes_when_it_ends()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var shop = await AddServiceAsync(bench, "shop", "storefront");
        bench.Metrics.AlertmanagerConfig = Config("default");
        bench.Metrics.Rules = Rules(Alert("shop", "critical", value: "0.12"));
        bench.Metrics.Alerts = Received("shop", "default");

        await PollAsync(bench);
        var known = await bench.Get<AlertQueries>().FiringAsync(1, 6, Token);

        var alert = Assert.Single(known.Rows);
        Assert.Equal(("ErrorsHigh", "shop", "storefront"), (alert.Name, alert.Service, alert.Team));
        Assert.Equal((AlertSeverity.Critical, 0.12, "12 % of requests fail"), (alert.Severity, alert.Value, alert.Summary));
        Assert.Equal((true, (bool?)false), (alert.IsAtAlertmanager, alert.HasReceiver));
        Assert.Equal((1, 1, 0), (known.Known.Firing, known.Known.Critical, known.Known.Pending));
        Assert.True(known.Known.NotifiesNoOne);
        Assert.Equal(1, (await bench.Get<AlertQueries>().OfServiceAsync(1, shop, Token)).InAll);

        bench.Metrics.Rules = Rules();
        await PollAsync(bench);
        var after = await bench.Get<AlertQueries>().FiringAsync(1, 6, Token);

        // Alertmanager has it until it learns of the end; that is no other alert.
        Assert.Empty(after.Rows);
        Assert.True(after.Known.IsChecked);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_ends_nothing_and_the_time_of_the_last_answer_is_kept()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        bench.Metrics.Rules = Rules(Alert("shop", "critical"));
        await PollAsync(bench);
        var checkedAt = bench.Clock.GetUtcNow();

        bench.Metrics.Down = true;
        await PollAsync(bench);
        var known = await bench.Get<AlertQueries>().FiringAsync(1, 6, Token);

        Assert.Single(known.Rows);
        Assert.False(known.Known.IsChecked);
        Assert.Equal(checkedAt, known.Known.CheckedAt);
        Assert.StartsWith("Prometheus: ", known.Known.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_polls_it_is_unknown_what_fires()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        Assert.False((await bench.Get<AlertQueries>().KnownAsync(1, Token)).IsChecked);
        bench.Metrics.Rules = Rules();
        await PollAsync(bench);
        Assert.True((await bench.Get<AlertQueries>().KnownAsync(1, Token)).IsChecked);

        bench.Clock.Advance(TimeSpan.FromMinutes(2));

        Assert.False((await bench.Get<AlertQueries>().KnownAsync(1, Token)).IsChecked);
    }

    [Fact]
    public async Task A_poll_that_finds_the_same_announces_nothing()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        await AddServiceAsync(bench, "shop");
        bench.Metrics.Rules = Rules(Alert("shop", "critical", value: "0.1201"));
        await PollAsync(bench);
        await using var connection = new NpgsqlConnection(bench.Database.ConnectionString);
        await connection.OpenAsync(Token);
        var heard = new List<string>();
        connection.Notification += (_, announced) => heard.Add(announced.Channel);
        await RunAsync(connection, "LISTEN archon_alerts; LISTEN archon_services");

        await PollAsync(bench);
        bench.Metrics.Rules = Rules(Alert("shop", "critical", value: "0.1202")); // shown as before
        await PollAsync(bench);
        await RunAsync(connection, "SELECT 1");
        Assert.Empty(heard);

        bench.Metrics.Rules = Rules(Alert("shop", "critical", value: "0.45"));
        await PollAsync(bench);
        await RunAsync(connection, "SELECT 1"); // what was announced comes with the next answer
        Assert.Equal(["archon_alerts", "archon_services"], heard.Order());
    }

    private static async Task RunAsync(NpgsqlConnection connection, string text)
    {
        await using var command = new NpgsqlCommand(text, connection);
        await command.ExecuteNonQueryAsync(Token);
    }

    [Fact]
    public async Task Of_very_many_alerts_the_worst_are_stored_and_all_are_counted()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        bench.Metrics.Rules = Rules([
            .. Enumerable.Range(0, AlertPollJob.MostStored + 500).Select(i => Alert($"s{i}", "warning")),
            Alert("shop", "critical"),
        ]);

        await PollAsync(bench);
        var known = await bench.Get<AlertQueries>().FiringAsync(1, 6, Token);

        Assert.Equal(AlertPollJob.MostStored + 501, known.Known.Firing);
        Assert.Equal(AlertPollJob.MostStored, known.InAll);
        Assert.Equal(AlertSeverity.Critical, known.Rows[0].Severity);
    }

    [Fact]
    public async Task A_critical_alert_is_the_stored_state_of_its_service_with_its_reason_and_so_is_its_end()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var shop = await AddServiceAsync(bench, "shop");
        await AddCalmSeriesAsync(bench, shop);
        bench.Metrics.Rules = Rules();
        await PollAsync(bench);
        await bench.Get<StateRecorder>().RecordAsync(Token);

        bench.Metrics.Rules = Rules(Alert("shop", "critical"));
        await PollAsync(bench);
        await bench.Get<StateRecorder>().RecordAsync(Token);
        await bench.Get<StateRecorder>().RecordAsync(Token);
        bench.Metrics.Rules = Rules();
        await PollAsync(bench);
        await bench.Get<StateRecorder>().RecordAsync(Token);

        var rows = await bench.ReadAsync(db =>
            db.StateChanges.Where(row => row.Subject == StateSubject.Service).OrderBy(row => row.Id).ToListAsync(Token)
        );
        Assert.Equal(["Healthy", "Critical", "Healthy"], rows.Select(row => row.State));
        Assert.Equal("ErrorsHigh fires: 12 % of requests fail", rows[1].Reason);
    }

    [Theory]
    [InlineData("info", "firing")]
    [InlineData("critical", "pending")]
    public async Task What_is_no_more_than_information_or_only_pending_leaves_a_service_healthy(string severity, string state)
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var shop = await AddServiceAsync(bench, "shop");
        await AddCalmSeriesAsync(bench, shop);
        bench.Metrics.Rules = Rules(Alert("shop", severity, state));

        await PollAsync(bench);

        var queries = new ServiceQueries(bench.Database.Contexts, bench.Clock);
        var services = await queries.PictureAsync(1, ServiceFilter.Everything, 0, 5, Token);
        Assert.Equal(HealthState.Healthy, Assert.Single(services.Services).State);
        Assert.Equal(1, (await bench.Get<AlertQueries>().OfServiceAsync(1, shop, Token)).InAll);
    }

    [Fact]
    public async Task An_alert_of_a_label_that_names_the_service_is_its_own_and_another_has_the_team_of_its_label()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        await AddServiceAsync(bench, "shop", matchers: new() { ["job"] = "web", ["service"] = "shop" });
        bench.Metrics.Rules = Rules(Alert("shop", "warning"), Alert("unknown", "warning"));

        await PollAsync(bench);
        var rows = (await bench.Get<AlertQueries>().FiringAsync(1, 6, Token)).Rows;

        Assert.Equal([(null, "labelled"), ("shop", "labelled")], rows.OrderBy(row => row.Service).Select(row => (row.Service, row.Team)));
    }

    private static async Task PollAsync(JobBench bench)
    {
        bench.Clock.Advance(Interval);
        await bench.Get<AlertPollJob>().PollAsync(1, Token);
    }

    private static async Task<int> AddServiceAsync(
        JobBench bench,
        string name,
        string? team = null,
        Dictionary<string, string>? matchers = null
    )
    {
        var service = new Service
        {
            EnvironmentId = 1,
            Name = name,
            Team = team,
            Matchers = matchers ?? new() { ["service"] = name },
            Origin = CatalogueOrigin.Accepted,
            CreatedAt = JobBench.Start,
            LastSeenAt = JobBench.Start,
        };
        await bench.ReadAsync(db =>
        {
            db.Services.Add(service);
            return db.SaveChangesAsync(Token);
        });
        return service.Id;
    }

    private static async Task AddCalmSeriesAsync(JobBench bench, int service)
    {
        var watch = await bench.AddWatchAsync();
        await bench.ReadAsync(db =>
        {
            db.WatchedSeries.Add(
                new WatchedSeries
                {
                    EnvironmentId = 1,
                    WatchId = watch,
                    ServiceId = service,
                    LabelsKey = "",
                    Model = [1],
                    LastSampleAt = JobBench.Start.AddMinutes(10),
                }
            );
            return db.SaveChangesAsync(Token);
        });
    }

    private static string Rules(params IEnumerable<string> alerts) =>
        $$"""
            {"groups":[{"name":"shop","file":"shop.yml","interval":15,"rules":[{"name":"ErrorsHigh","query":"errors > 0.1","type":"alerting",
            "state":"firing","health":"ok","duration":0,"labels":{},"annotations":{},"alerts":[{{string.Join(',', alerts)}}]}]}]}
            """;

    private static string Alert(string service, string severity, string state = "firing", string value = "0.12") =>
        $$"""
            {"labels":{"alertname":"ErrorsHigh","service":"{{service}}","severity":"{{severity}}","team":"labelled"},
            "annotations":{"summary":"12 % of requests fail"},"state":"{{state}}","activeAt":"2026-11-24T07:55:00Z","value":"{{value}}"}
            """;

    private static string Received(string service, string receiver) =>
        $$"""
            [{"fingerprint":"f1","labels":{"alertname":"ErrorsHigh","service":"{{service}}","severity":"critical","team":"labelled","cluster":"eu1"},
            "annotations":{},"startsAt":"2026-11-24T07:55:00Z","endsAt":"2026-11-25T08:04:00Z","updatedAt":"2026-11-24T08:00:00Z",
            "status":{"state":"active","silencedBy":[],"inhibitedBy":[]},"receivers":[{"name":"{{receiver}}"}]}]
            """;

    private static string Config(string receiver) => $"route: {{ receiver: {receiver} }}\nreceivers: [ {{ name: {receiver} }} ]\n";
}
