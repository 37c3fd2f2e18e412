using Archon.Analysis.Series;
using Archon.Data.Rules;
using Archon.Features.Rules.Catalogue;
using Archon.Features.Rules.Noise;
using Archon.Integrations.Alertmanager;
using Xunit;

namespace Archon.Tests.Features.Rules.Noise;

public sealed class RuleNoiseTests
{
    private const long Minute = 60_000;
    private static readonly TimeSpan Step = TimeSpan.FromMinutes(1);

    [Fact]
    public void Samples_in_a_row_are_one_firing_also_over_the_edge_of_a_slice()
    {
        var history = new FiringHistory(Step);
        history.Add([Alert("a", 0, 1, 2, 5)], Minutes(0, 5));
        history.Add([Alert("a", 6, 7)], Minutes(6, 10));

        Assert.Equal([(0, 2 * Minute), (5 * Minute, 7 * Minute)], history.Close().Select(one => (one.From, one.To)));
    }

    [Fact]
    public void While_the_server_was_away_an_alert_has_not_ended()
    {
        var history = new FiringHistory(Step);
        history.Add([Alert("a", 0, 1, 8, 9)], [0, Minute, 8 * Minute, 9 * Minute]);
        history.Add([Alert("a", 15)], [15 * Minute]);
        Assert.Equal([(0, 15 * Minute)], history.Close().Select(one => (one.From, one.To)));

        var seen = new FiringHistory(Step);
        seen.Add([Alert("a", 0, 1)], Minutes(0, 5));
        seen.Add([Alert("a", 15)], [15 * Minute]);
        Assert.Equal(2, seen.Close().Count);
    }

    [Fact]
    public void Where_no_one_can_report_when_the_server_recorded_a_gap_is_a_gap()
    {
        var history = new FiringHistory(Step);
        history.Add([Alert("a", 0, 3)], []);

        Assert.Equal(2, history.Close().Count);
        Assert.Equal(0, history.Seen);
    }

    [Fact]
    public void Firings_flaps_time_and_instances_are_counted_for_each_rule()
    {
        var row = Assert.Single(
            RuleNoise.Of(
                [Rule(7, "a")],
                [Firing("a", 0, 4), Firing("a", 10, 10), Firing("a", 60, 61), new AlertFiring(Labels("a", "other"), 0, 0)],
                [],
                [],
                Step
            )
        );

        Assert.Equal((7, 4, 1, 2), (row.Rule!.Id, row.Firings, row.Flaps, row.Instances));
        Assert.Equal(TimeSpan.FromMinutes(5 + 1 + 2 + 1), row.FiringTime);
    }

    [Fact]
    public void What_no_one_said_is_not_known_and_rates_are_out_of_what_was_said()
    {
        var (first, second, third) = (Firing("a", 0, 4), Firing("a", 30, 34), Firing("a", 90, 94));
        Assert.False(RuleNoise.Of([Rule(7, "a")], [first], [], [], Step).Single().IsKnown);

        var row = RuleNoise
            .Of(
                [Rule(7, "a")],
                [first, second, third],
                [Given(first, AlertResponseKind.ActedOn), Given(second, AlertResponseKind.FalsePositive)],
                [],
                Step
            )
            .Single();

        Assert.Equal((3, 2, 1, 1, 1), (row.Firings, row.Answered, row.Acknowledged, row.ActedOn, row.FalseAlarms));
        Assert.Equal([third, second, first], row.Last.Select(one => one.Firing));
    }

    [Fact]
    public void A_response_stays_with_its_firing_when_another_window_sees_its_start_elsewhere()
    {
        var given = Given(Firing("a", 10, 20), AlertResponseKind.Acknowledged);

        var row = RuleNoise.Of([Rule(7, "a")], [Firing("a", 11, 20), Firing("a", 40, 41)], [given], [], Step).Single();

        Assert.Equal([false, true], row.Last.Select(one => one.IsAnswered));
    }

    [Theory]
    [InlineData(5, "web", false, true, true)]
    [InlineData(5, "w.*", true, true, true)]
    [InlineData(5, "other", false, true, false)]
    [InlineData(5, "web", false, false, false)]
    [InlineData(50, "web", false, true, false)]
    public void A_silence_that_began_while_it_fired_and_matches_acknowledges(
        int minute,
        string value,
        bool isRegex,
        bool isEqual,
        bool isAcknowledged
    )
    {
        var at = DateTimeOffset.FromUnixTimeMilliseconds(minute * Minute);
        var silence = new AlertmanagerSilence(
            "s",
            "active",
            [new SilenceMatcher("service", value, isRegex, isEqual)],
            at,
            at.AddHours(1),
            at,
            "ada",
            ""
        );

        var row = RuleNoise.Of([Rule(7, "a")], [Firing("a", 0, 10)], [], [silence], Step).Single();

        Assert.Equal(isAcknowledged ? 1 : 0, row.Acknowledged);
        Assert.Equal(isAcknowledged ? "ada" : null, row.Last.Single().SilencedBy);
        Assert.Equal(0, row.Answered);
    }

    [Fact]
    public void The_median_until_somebody_took_it_up_counts_what_was_said_while_it_fired()
    {
        var (first, second, third) = (Firing("a", 0, 20), Firing("a", 100, 120), Firing("a", 200, 220));

        var row = RuleNoise
            .Of(
                [Rule(7, "a")],
                [first, second, third],
                [At(first, 2), At(second, 106), At(third, 900), At(third, 203) with { Kind = AlertResponseKind.FalsePositive }],
                [],
                Step
            )
            .Single();

        Assert.Equal((3, TimeSpan.FromMinutes(4)), (row.Acknowledged, row.MedianTakenUp));
        Assert.Null(RuleNoise.Of([Rule(7, "a")], [first], [], [], Step).Single().MedianTakenUp);

        static GivenResponse At(AlertFiring firing, int minute) =>
            Given(firing, AlertResponseKind.Acknowledged) with
            {
                At = DateTimeOffset.FromUnixTimeMilliseconds(minute * Minute),
            };
    }

    [Fact]
    public void Of_two_rules_of_one_name_each_alert_is_of_the_one_whose_labels_it_carries()
    {
        var rows = RuleNoise.Of(
            [Rule(1, "a", ("severity", "critical")), Rule(2, "a", ("severity", "warning")), Rule(3, "b", ("team", "{{ $labels.team }}"))],
            [
                new AlertFiring(new SeriesLabels(new Dictionary<string, string> { ["alertname"] = "a", ["severity"] = "warning" }), 0, 0),
                Firing("b", 0, 0),
                Firing("gone", 0, 0),
            ],
            [],
            [],
            Step
        );

        Assert.Equal([2, 3, null], rows.OrderBy(row => row.Name, StringComparer.Ordinal).Select(row => row.Rule?.Id));
    }

    [Fact]
    public void The_worst_is_what_fired_most_without_anybody_having_acted()
    {
        var busy = Enumerable.Range(0, 3).Select(place => Firing("busy", place * 30, place * 30)).ToList();

        var rows = RuleNoise.Of(
            [Rule(1, "busy"), Rule(2, "calm")],
            [.. busy, Firing("calm", 0, 0), Firing("calm", 30, 30)],
            [.. busy.Select(one => Given(one, AlertResponseKind.ActedOn))],
            [],
            Step
        );

        Assert.Equal(["calm", "busy"], rows.Select(row => row.Name));
    }

    private static long[] Minutes(int from, int to) => [.. Enumerable.Range(from, to - from + 1).Select(minute => minute * Minute)];

    private static SeriesLabels Labels(string name, string service = "web") =>
        new(new Dictionary<string, string> { ["alertname"] = name, ["service"] = service });

    private static AlertFiring Firing(string name, int from, int to) => new(Labels(name), from * Minute, to * Minute);

    private static MetricSeries Alert(string name, params int[] minutes) =>
        new(
            new SeriesLabels(
                new Dictionary<string, string>
                {
                    ["__name__"] = "ALERTS",
                    ["alertstate"] = "firing",
                    ["alertname"] = name,
                }
            ),
            minutes.Select(minute => minute * Minute).ToArray(),
            minutes.Select(_ => 1.0).ToArray()
        );

    private static GivenResponse Given(AlertFiring firing, AlertResponseKind kind) =>
        new(
            firing.Fingerprint,
            DateTimeOffset.FromUnixTimeMilliseconds(firing.From),
            kind,
            "ada",
            DateTimeOffset.FromUnixTimeMilliseconds(firing.To)
        );

    private static RuleRow Rule(int id, string name, params (string Name, string Value)[] labels) =>
        new(
            id,
            "shop.yml",
            "shop",
            name,
            AlertRuleKind.Alerting,
            "up == 0",
            TimeSpan.Zero,
            labels.ToDictionary(one => one.Name, one => one.Value),
            1,
            "inactive",
            "ok",
            null,
            null
        );
}
