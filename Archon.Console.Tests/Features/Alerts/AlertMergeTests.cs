using Archon.Data.Alerts;
using Archon.Features.Alerts;
using Archon.Integrations.Alertmanager;
using Archon.Integrations.Prometheus;
using Xunit;

namespace Archon.Tests.Features.Alerts;

public sealed class AlertMergeTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 30, 3, 7, 18, TimeSpan.Zero);
    private static readonly HashSet<string> None = [];

    [Fact]
    public void An_alert_fires_from_the_first_evaluation_at_which_its_waiting_is_over()
    {
        var alerts = Merge([
            Rule("Slow", TimeSpan.FromSeconds(20), Alert("firing", Now.AddMinutes(-5), 0.4523, ("service", "search"))),
            Rule("Waits", TimeSpan.FromMinutes(5), Alert("pending", Now.AddMinutes(-1), 1)),
        ]);

        var (slow, waits) = (alerts[0], alerts[1]);
        // Every 15 s it is evaluated, so 20 s have passed at the second evaluation.
        Assert.Equal(Now.AddMinutes(-5).AddSeconds(30), slow.Since);
        Assert.Equal((ActiveAlertState.Firing, 0.452), (slow.State, slow.Value));
        Assert.Equal(("rules.yml", "group", 0), (slow.RuleFile, slow.RuleGroup, slow.RuleOrdinal));
        Assert.Equal((ActiveAlertState.Pending, Now.AddMinutes(-1)), (waits.State, waits.Since));
    }

    [Fact]
    public void Alertmanager_knows_an_alert_though_it_has_further_labels_of_it()
    {
        var received = Received("Slow", ["team"], ("service", "search"), ("cluster", "eu1")) with { SilencedBy = ["s1"] };

        var alert = Assert.Single(
            Merge([Rule("Slow", TimeSpan.Zero, Alert("firing", Now, 1, ("service", "search")))], [received], ["team"])
        );

        Assert.Equal(("Prometheus", received.Fingerprint, true), (alert.Source, alert.AlertmanagerFingerprint, alert.HasReceiver));
        Assert.Equal(["s1"], alert.SilencedBy);
    }

    [Fact]
    public void A_label_that_relabelling_takes_away_makes_no_other_alert()
    {
        var rule = Rule(
            "Slow",
            TimeSpan.Zero,
            Alert("firing", Now, 1, ("service", "search"), ("pod", "a")),
            Alert("firing", Now, 1, ("service", "search"), ("pod", "b"))
        );

        var alerts = Merge([rule], [Received("Slow", ["team"], ("service", "search"), ("cluster", "eu1"))], []);

        Assert.Equal(2, alerts.Count);
        Assert.All(alerts, alert => Assert.False(alert.HasReceiver));
    }

    [Fact]
    public void An_alert_that_only_Alertmanager_has_is_shown_too_until_it_is_known_to_have_ended()
    {
        var other = Received("Slow", [], ("service", "search"));

        var alerts = Merge([Rule("Slow", TimeSpan.Zero, Alert("firing", Now, 1, ("service", "shop")))], [other], []);

        Assert.Null(Assert.Single(alerts, alert => alert.Source == AlertMerge.Alertmanager).RuleFile);
        Assert.Single(alerts, alert => alert.Source == "Prometheus");
        Assert.Empty(AlertMerge.Of([], [], new ReceivedAlerts([other], null), new HashSet<string> { other.Fingerprint }, Now));
    }

    [Fact]
    public void Whether_someone_is_notified_is_unknown_while_Alertmanager_has_not_heard_of_it()
    {
        var rule = Rule("Slow", TimeSpan.Zero, Alert("firing", Now, 1));

        Assert.Null(Assert.Single(Merge([rule], [], ["team"])).HasReceiver);
        Assert.Null(Assert.Single(AlertMerge.Of([new EvaluatedRules("Prometheus", [rule])], [], null, None, Now)).HasReceiver);
    }

    [Fact]
    public void Alerts_that_fire_always_differ_from_others_by_their_expression_or_their_name()
    {
        var heartbeat = Rule("Heartbeat", TimeSpan.Zero, Alert("firing", Now, 1));
        var always = heartbeat with { Rules = [heartbeat.Rules[0] with { Query = "vector(1)" }] };
        var watchdog = Rule("Watchdog", TimeSpan.Zero, Alert("firing", Now, 1));

        var alerts = Merge([always, watchdog, Rule("Slow", TimeSpan.Zero, Alert("firing", Now, 1))]);

        Assert.Equal(
            [("Slow", false), ("Heartbeat", true), ("Watchdog", true)],
            alerts.Select(alert => (alert.Name, alert.IsHeartbeat)).OrderBy(one => one.IsHeartbeat).ThenBy(one => one.Name)
        );
    }

    [Fact]
    public void Two_rules_that_give_one_set_of_labels_are_one_alert_and_the_firing_one_is_it()
    {
        var alerts = Merge([
            Rule("Slow", TimeSpan.FromMinutes(5), Alert("pending", Now, 1, ("service", "search"))),
            Rule("Slow", TimeSpan.Zero, Alert("firing", Now, 1, ("service", "search"))),
        ]);

        Assert.Equal(ActiveAlertState.Firing, Assert.Single(alerts).State);
    }

    [Fact]
    public void Alerts_of_a_server_that_does_not_answer_stay_as_they_were()
    {
        var kept = new ActiveAlert
        {
            Fingerprint = "f",
            Name = "Slow",
            Labels = new() { ["alertname"] = "Slow", ["service"] = "search" },
            Source = "Prometheus",
            Since = Now.AddHours(-1),
        };

        var alert = Assert.Single(AlertMerge.Of([], [kept], new ReceivedAlerts([], None), None, Now));

        Assert.Equal((kept.Since, ActiveAlertState.Firing), (alert.Since, alert.State));
    }

    [Fact]
    public void Thousands_of_alerts_of_one_rule_are_matched_in_a_moment()
    {
        var alerts = Enumerable.Range(0, 5_000).Select(i => Alert("firing", Now, 1, ("instance", $"host-{i}"))).ToArray();
        var received = Enumerable
            .Range(0, 5_000)
            .Select(i => Received("Slow", ["team"], ("instance", $"host-{i}"), ("cluster", "eu1")))
            .ToList();
        var began = TimeProvider.System.GetTimestamp();

        var merged = Merge([Rule("Slow", TimeSpan.Zero, alerts)], received, ["team"]);

        Assert.Equal(5_000, merged.Count);
        Assert.All(merged, alert => Assert.True(alert.HasReceiver));
        Assert.InRange(TimeProvider.System.GetElapsedTime(began), TimeSpan.Zero, TimeSpan.FromSeconds(10));
    }

    [Theory]
    [InlineData(null, AlertSeverity.Warning)]
    [InlineData("page", AlertSeverity.Critical)]
    [InlineData("CRITICAL", AlertSeverity.Critical)]
    [InlineData("major", AlertSeverity.Warning)]
    [InlineData("none", AlertSeverity.Info)]
    public void An_unknown_severity_is_a_warning(string? label, AlertSeverity expected)
    {
        Assert.Equal(expected, AlertFacts.SeverityOf(label is null ? [] : new Dictionary<string, string> { ["severity"] = label }));
    }

    [Fact]
    public void Texts_of_any_length_are_cut_and_the_name_and_severity_stay()
    {
        var labels = Enumerable.Range(0, 200).ToDictionary(i => $"a{i:000}", i => new string('x', 5_000));
        (labels["alertname"], labels["severity"], labels["zero"]) = ("Slow", "critical", "a\0b");

        var kept = AlertFacts.Bounded(labels);

        Assert.Equal(("Slow", "critical"), (kept["alertname"], kept["severity"]));
        Assert.InRange(kept.Sum(label => label.Key.Length + label.Value.Length), 4_000, 8_000);
        Assert.Equal("a\uFFFDb", AlertFacts.Bounded(new Dictionary<string, string> { ["zero"] = "a\0b" })["zero"]);
    }

    [Theory]
    [InlineData(0.123456, 0.123)]
    [InlineData(-98765, -98800)]
    [InlineData(0, 0)]
    [InlineData(double.PositiveInfinity, double.PositiveInfinity)]
    [InlineData(5e-324, 5e-324)]
    public void A_value_is_kept_as_exactly_as_it_is_shown(double value, double kept)
    {
        Assert.Equal(kept, AlertFacts.Rounded(value)!.Value, 1e-9);
        Assert.Null(AlertFacts.Rounded(double.NaN));
    }

    private static List<ActiveAlert> Merge(
        IReadOnlyList<PrometheusRuleGroup> groups,
        IReadOnlyList<AlertmanagerAlert>? received = null,
        HashSet<string>? integrated = null
    ) =>
        AlertMerge.Of(
            [new EvaluatedRules("Prometheus", groups)],
            [],
            received is null ? null : new ReceivedAlerts(received, integrated),
            None,
            Now
        );

    private static PrometheusRuleGroup Rule(string name, TimeSpan pendingPeriod, params PrometheusAlert[] alerts) =>
        new(
            "group",
            "rules.yml",
            TimeSpan.FromSeconds(15),
            [
                new PrometheusRule(
                    name,
                    "latency > 1",
                    true,
                    "firing",
                    "ok",
                    null,
                    pendingPeriod,
                    TimeSpan.Zero,
                    new Dictionary<string, string>(),
                    new Dictionary<string, string>()
                )
                {
                    Alerts = [.. alerts.Select(alert => alert with { Labels = With(alert.Labels, name) })],
                },
            ]
        );

    private static Dictionary<string, string> With(IReadOnlyDictionary<string, string> labels, string name) =>
        new(labels, StringComparer.Ordinal) { ["alertname"] = name };

    private static PrometheusAlert Alert(
        string state,
        DateTimeOffset activeAt,
        double value,
        params (string Name, string Value)[] labels
    ) => new(labels.ToDictionary(), new Dictionary<string, string>(), state, activeAt, value);

    private static AlertmanagerAlert Received(string name, string[] receivers, params (string Name, string Value)[] labels) =>
        new(
            $"am-{string.Join('/', labels)}",
            With(labels.ToDictionary(), name),
            new Dictionary<string, string>(),
            Now,
            Now.AddMinutes(4),
            Now,
            null,
            "active",
            [],
            [],
            [],
            receivers
        );
}
