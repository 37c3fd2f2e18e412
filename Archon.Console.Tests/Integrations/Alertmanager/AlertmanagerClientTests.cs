using System.Text.Json;
using Archon.Integrations;
using Archon.Integrations.Alertmanager;
using Archon.Tests.Kit;
using Xunit;

namespace Archon.Tests.Integrations.Alertmanager;

[SystemTest]
public sealed partial class AlertmanagerClientTests
{
    public static readonly TheoryData<string> Versions = ["0.25.0", "0.33.1"];

    private static readonly DateTimeOffset At = new(2026, 11, 23, 9, 0, 0, TimeSpan.Zero);
    private static readonly SilenceDraft Draft = new(
        null,
        [new SilenceMatcher("service", "svc-x", IsRegex: false, IsEqual: true)],
        At,
        At.AddHours(2),
        "ada",
        "planned work"
    );

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory, MemberData(nameof(Versions))]
    public async Task Alerts_report_whether_they_are_active_silenced_or_inhibited_and_by_what(string version)
    {
        var alerts = (await AskAsync(version, "alerts-all-states", client => client.AlertsAsync(null, null, Token))).ToDictionary(alert =>
            alert.Labels["alertname"]
        );

        Assert.Equal("active", alerts["HostDown"].State);
        Assert.Equal(["default"], alerts["HostDown"].Receivers);
        Assert.Equal(
            ("suppressed", 1, 0),
            (alerts["SilencedOne"].State, alerts["SilencedOne"].SilencedBy.Count, alerts["SilencedOne"].InhibitedBy.Count)
        );
        Assert.Equal(["b219aa9b1d1da31c"], alerts["ServiceSlow"].InhibitedBy);
        Assert.Equal("b219aa9b1d1da31c", alerts["HostDown"].Fingerprint);
        Assert.Equal(new DateTimeOffset(2026, 11, 23, 9, 27, 19, 250, TimeSpan.Zero), alerts["HostDown"].StartsAt);
        Assert.StartsWith(
            "http://prometheus.example:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1",
            alerts["SingleA"].GeneratorUrl,
            StringComparison.Ordinal
        );
        Assert.Equal("https://runbooks.example/SingleA?a=1&b=<2>", alerts["SingleA"].Annotations["runbook_url"]);
    }

    [Fact]
    public async Task The_order_of_alerts_is_the_same_at_every_look()
    {
        var alerts = await AskAsync("0.33.1", "alerts-all-states", client => client.AlertsAsync(null, null, Token));

        Assert.Equal(alerts.Select(alert => alert.Fingerprint).Order(StringComparer.Ordinal), alerts.Select(alert => alert.Fingerprint));
    }

    [Theory]
    [InlineData("0.25.0", "active", "")]
    [InlineData("0.33.1", "suppressed", "never")]
    public async Task Groups_name_the_time_that_mutes_an_alert_where_the_server_does(string version, string state, string muted)
    {
        var groups = await AskAsync(version, "groups-muted", client => client.GroupsAsync(null, null, Token));

        var group = groups.Single(one => one.Labels["alertname"] == "InactiveOne");
        Assert.Equal("web.muted", group.Receiver);
        var alert = Assert.Single(group.Alerts);
        Assert.Equal((state, muted), (alert.State, string.Join(',', alert.MutedBy)));
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task Silences_come_with_their_state_and_matchers_also_negative_ones(string version)
    {
        var silences = await AskAsync(version, "silences", client => client.SilencesAsync(null, Token));

        Assert.Equal(["active", "active", "expired", "pending"], silences.Select(silence => silence.State).Order());
        Assert.Equal(
            [new SilenceMatcher("alertname", "SilencedOne", false, true), new("severity", "warning|critical", true, true)],
            silences.Single(silence => silence.Comment == "planned work").Matchers
        );
        Assert.Contains(
            new SilenceMatcher("team", "core", false, IsEqual: false),
            silences.Single(silence => silence.Comment == "later").Matchers
        );
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task One_silence_is_read_and_one_that_no_one_knows_is_none(string version)
    {
        var known = await AskAsync(version, "silence-active", client => client.SilenceAsync("x", Token));
        var unknown = await AskAsync(version, "silence-unknown", client => client.SilenceAsync("x", Token));

        Assert.Equal(("active", "alice", "planned work"), (known!.State, known.CreatedBy, known.Comment));
        Assert.Null(unknown);
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task A_silence_is_made_and_its_id_reported(string version)
    {
        await using var fake = await FakeUpstream.ReplayAsync(Reply(version, "silence-create"));

        var id = Value(await Client(fake).PutSilenceAsync(Draft, Token));

        Assert.True(Guid.TryParse(id, out _));
        var request = Assert.Single(fake.Requests);
        Assert.Equal(("POST", "/api/v2/silences"), (request.Method, request.Path));
        using var body = JsonDocument.Parse(request.Body);
        Assert.False(body.RootElement.TryGetProperty("id", out _)); // with one it would be an update
        var matcher = body.RootElement.GetProperty("matchers")[0];
        Assert.Equal(
            ("service", "svc-x", false, true),
            (
                matcher.GetProperty("name").GetString(),
                matcher.GetProperty("value").GetString(),
                matcher.GetProperty("isRegex").GetBoolean(),
                matcher.GetProperty("isEqual").GetBoolean()
            )
        );
        Assert.Equal(Draft.EndsAt, body.RootElement.GetProperty("endsAt").GetDateTimeOffset());
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task A_silence_that_is_wrong_is_rejected_in_the_servers_own_words(string version)
    {
        Assert.Contains("missing closing )", await RejectedAsync(version, "silence-bad-regex"), StringComparison.Ordinal);
        Assert.Equal("comment in body is required", await RejectedAsync(version, "silence-bad-missing-field"));
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task Ending_a_silence_ends_it_and_one_that_is_not_there_is_ended(string version)
    {
        Assert.True(await AskAsync(version, "silence-expire", client => client.ExpireSilenceAsync("x", Token)));
        Assert.True(await AskAsync(version, "silence-expire-unknown", client => client.ExpireSilenceAsync("x", Token)));
    }

    [Fact]
    public async Task A_silence_is_posted_once_even_where_the_server_fails()
    {
        await using var fake = await FakeUpstream.SayAsync(503, "text/plain", "overloaded");

        Assert.IsType<Fetch<string>.Unavailable>(await Client(fake).PutSilenceAsync(Draft, Token));

        Assert.Single(fake.Requests);
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task Alerts_are_posted_and_what_is_wrong_with_them_is_reported(string version)
    {
        PostedAlert[] alerts =
        [
            new(
                new Dictionary<string, string> { ["alertname"] = "A" },
                new Dictionary<string, string>(),
                At,
                null,
                "http://archon.example/anomalies/1"
            ),
        ];
        await using var fake = await FakeUpstream.ReplayAsync(Reply(version, "alerts-post-ok"));

        Assert.True(Value(await Client(fake).PostAlertsAsync(alerts, Token)));

        using var body = JsonDocument.Parse(Assert.Single(fake.Requests).Body);
        Assert.Equal("http://archon.example/anomalies/1", body.RootElement[0].GetProperty("generatorURL").GetString());
        Assert.False(body.RootElement[0].TryGetProperty("endsAt", out _)); // it lasts for as long as it is posted
        await using var refusing = await FakeUpstream.ReplayAsync(Reply(version, "alerts-post-no-labels"));
        Assert.Equal(
            "0.labels in body is required",
            Assert.IsType<Fetch<bool>.Rejected>(await Client(refusing).PostAlertsAsync([], Token)).Reason
        );
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task The_status_has_the_configuration_the_version_and_the_cluster(string version)
    {
        var status = await AskAsync(version, "status", client => client.StatusAsync(Token));

        Assert.Equal((version, "ready"), (status.Version, status.ClusterState));
        Assert.Single(status.Peers);
        Assert.Contains("receivers:", status.ConfigYaml, StringComparison.Ordinal);
        Assert.Contains("<secret>", status.ConfigYaml, StringComparison.Ordinal);
        Assert.Equal(2026, status.StartedAt!.Value.Year);
        Assert.Contains("web.muted", await AskAsync(version, "receivers", client => client.ReceiversAsync(Token)));
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task A_filter_is_sent_as_written_and_a_wrong_one_is_rejected(string version)
    {
        await using var fake = await FakeUpstream.ReplayAsync(Reply(version, "alerts-bad-filter"));

        var answer = await Client(fake).AlertsAsync(["service=\"a&b+c\"", "severity=~\"x|y\""], "team-.*", Token);

        Assert.StartsWith(
            "bad matcher format",
            Assert.IsType<Fetch<IReadOnlyList<AlertmanagerAlert>>.Rejected>(answer).Reason,
            StringComparison.Ordinal
        );
        Assert.Equal(["service=\"a&b+c\"", "severity=~\"x|y\""], fake.Requests[0].Query["filter"]);
        Assert.Equal(["team-.*"], fake.Requests[0].Query["receiver"]);
    }

    [Fact]
    public async Task Where_only_the_gone_first_API_answers_its_own_words_say_so()
    {
        await using var fake = await FakeUpstream.ReplayAsync(Reply("0.33.1", "v1-status"));

        var answer = Assert.IsType<Fetch<AlertmanagerStatus>.Rejected>(await Client(fake).StatusAsync(Token));

        Assert.Contains("use the equivalent route in the v2 API", answer.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_commands_that_the_documents_give_for_it_work()
    {
        var text = await File.ReadAllTextAsync(Path.Combine(Deploy.DeployTests.Checkout(), "docs", "operations.md"), Token);
        var paths = DocumentedPath().Matches(text).Select(match => match.Groups["path"].Value).ToList();
        await using var server = await RealAlertmanager.StartAsync(Token);
        using var http = new HttpClient { BaseAddress = server.Address };

        Assert.Equal(["api/v2/alerts", "api/v2/status"], paths);
        Assert.Equal("[]", (await http.GetStringAsync(new Uri(paths[0], UriKind.Relative), Token)).Trim());
        using var status = System.Text.Json.JsonDocument.Parse(await http.GetStringAsync(new Uri(paths[1], UriKind.Relative), Token));
        Assert.Contains(
            "receiver: nobody",
            status.RootElement.GetProperty("config").GetProperty("original").GetString(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task The_real_program_takes_alerts_and_silences_and_reports_them()
    {
        await using var server = await RealAlertmanager.StartAsync(Token);
        var client = UpstreamClients.Alertmanager(server.Address);
        var now = DateTimeOffset.UtcNow;
        var labels = new Dictionary<string, string> { ["alertname"] = "Slow", ["service"] = "a \"b\" <c>" };

        Assert.True(
            Value(
                await client.PostAlertsAsync(
                    [new PostedAlert(labels, new Dictionary<string, string> { ["summary"] = "slow" }, now, null, null)],
                    Token
                )
            )
        );
        var id = Value(
            await client.PutSilenceAsync(
                Draft with
                {
                    Matchers = [new SilenceMatcher("alertname", "Slow", false, true)],
                    StartsAt = now,
                    EndsAt = now.AddHours(1),
                },
                Token
            )
        );
        var alert = await UntilAsync(async () => (await AlertsAsync()).SingleOrDefault(), one => one is { State: "suppressed" });

        Assert.Equal([id], alert!.SilencedBy);
        Assert.Equal(labels["service"], alert.Labels["service"]);
        Assert.Equal(["nobody"], alert.Receivers);
        Assert.Empty(Value(await client.AlertsAsync(["alertname=\"Other\""], null, Token)));
        Assert.Equal("Slow", Assert.Single(Value(await client.GroupsAsync(null, null, Token))).Labels["alertname"]);
        var silence = Value(await client.SilenceAsync(id, Token));
        Assert.Equal("planned work", silence!.Comment);
        Assert.Equal(
            id,
            Value(
                await client.PutSilenceAsync(
                    new SilenceDraft(id, silence.Matchers, silence.StartsAt, silence.EndsAt.AddHours(1), "ada", "longer"),
                    Token
                )
            )
        );
        Assert.True(Value(await client.ExpireSilenceAsync(id, Token)));
        Assert.Equal("expired", Value(await client.SilenceAsync(id, Token))!.State);
        Assert.Equal(["nobody"], Value(await client.ReceiversAsync(Token)));
        Assert.Contains("nobody", Value(await client.StatusAsync(Token)).ConfigYaml, StringComparison.Ordinal);
        Assert.IsType<Fetch<string>.Rejected>(
            await client.PutSilenceAsync(Draft with { Matchers = [], StartsAt = now, EndsAt = now.AddHours(1) }, Token)
        );

        async Task<IReadOnlyList<AlertmanagerAlert>> AlertsAsync() => Value(await client.AlertsAsync(null, null, Token));
    }

    private static async Task<T> UntilAsync<T>(Func<Task<T>> read, Func<T, bool> wanted)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(Waits.Limit);
        while (true)
        {
            var value = await read();
            if (wanted(value))
                return value;
            await Task.Delay(50, limit.Token);
        }
    }

    private static RecordedReply Reply(string version, string name) => RecordedReply.Read($"Alertmanager/{version}/{name}");

    private static AlertmanagerClient Client(FakeUpstream fake) => UpstreamClients.Alertmanager(fake.Address);

    private static T Value<T>(Fetch<T> answer) => Assert.IsType<Fetch<T>.Ok>(answer).Value;

    private static async Task<T> AskAsync<T>(string version, string name, Func<AlertmanagerClient, Task<Fetch<T>>> ask)
    {
        await using var fake = await FakeUpstream.ReplayAsync(Reply(version, name));
        return Value(await ask(Client(fake)));
    }

    private static async Task<string> RejectedAsync(string version, string name)
    {
        await using var fake = await FakeUpstream.ReplayAsync(Reply(version, name));
        return Assert.IsType<Fetch<string>.Rejected>(await Client(fake).PutSilenceAsync(Draft, Token)).Reason;
    }

    [System.Text.RegularExpressions.GeneratedRegex(@"curl http://localhost:9093/(?<path>[\w/]+)")]
    private static partial System.Text.RegularExpressions.Regex DocumentedPath();
}
