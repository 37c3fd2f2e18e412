using Archon.Analysis.RuleReplay;
using Archon.Analysis.Series;
using Xunit;

namespace Archon.Tests.Analysis.RuleReplay;

public sealed class RuleReplayerTests
{
    private const long Step = 15_000;
    private static readonly SeriesLabels One = new([new("__name__", "up"), new("instance", "a:80"), new("job", "api")]);
    private static readonly SeriesLabels Other = new([new("__name__", "up"), new("instance", "b:80"), new("job", "api")]);
    private static readonly Dictionary<string, string> NoLabels = [];

    [Fact]
    public void An_alert_fires_at_the_evaluation_that_completes_its_time_not_one_later()
    {
        var replay = new RuleReplayer(new ReplayRule("Down", TimeSpan.FromSeconds(30), TimeSpan.Zero, NoLabels));

        var states = Enumerable
            .Range(0, 4)
            .Select(i => Assert.Single(replay.Evaluate(i * Step, [new ReplaySample(One, 1)]).Active).State)
            .ToList();

        Assert.Equal([AlertState.Pending, AlertState.Pending, AlertState.Firing, AlertState.Firing], states);
    }

    [Fact]
    public void One_missing_sample_starts_the_time_anew()
    {
        var replay = new RuleReplayer(new ReplayRule("Down", TimeSpan.FromSeconds(30), TimeSpan.Zero, NoLabels));
        replay.Evaluate(0, [new ReplaySample(One, 1)]);
        replay.Evaluate(Step, [new ReplaySample(One, 1)]);

        Assert.Empty(replay.Evaluate(2 * Step, []).Active);
        Assert.Equal(3 * Step, Assert.Single(replay.Evaluate(3 * Step, [new ReplaySample(One, 1)]).Active).ActiveAt);
    }

    [Fact]
    public void A_kept_alert_fires_on_for_less_than_its_time_and_begins_anew_when_it_is_seen()
    {
        var replay = new RuleReplayer(new ReplayRule("Down", TimeSpan.Zero, TimeSpan.FromSeconds(30), NoLabels));
        replay.Evaluate(0, [new ReplaySample(One, 1)]);

        Assert.Single(replay.Evaluate(1 * Step, []).Active);
        Assert.Single(replay.Evaluate(2 * Step, []).Active);
        Assert.Single(replay.Evaluate(2 * Step + 1, [new ReplaySample(One, 1)]).Active);
        Assert.Single(replay.Evaluate(3 * Step, []).Active);
        Assert.Single(replay.Evaluate(4 * Step, []).Active);
        Assert.Empty(replay.Evaluate(5 * Step, []).Active);
    }

    [Fact]
    public void A_pending_alert_is_never_kept()
    {
        var replay = new RuleReplayer(new ReplayRule("Down", TimeSpan.FromMinutes(1), TimeSpan.FromHours(1), NoLabels));
        replay.Evaluate(0, [new ReplaySample(One, 1)]);

        Assert.Empty(replay.Evaluate(Step, []).Active);
        Assert.Equal(0, replay.Known);
    }

    [Fact]
    public void A_resolved_alert_is_known_for_a_quarter_of_an_hour_so_that_Alertmanager_is_reported()
    {
        var replay = new RuleReplayer(new ReplayRule("Down", TimeSpan.Zero, TimeSpan.Zero, NoLabels));
        replay.Evaluate(0, [new ReplaySample(One, 1)]);
        replay.Evaluate(Step, []);

        replay.Evaluate(Step + (15 * 60_000), []);
        Assert.Equal(1, replay.Known);
        replay.Evaluate(Step + (15 * 60_000) + 1, []);
        Assert.Equal(0, replay.Known);
    }

    [Fact]
    public void Labels_of_the_rule_win_and_empty_ones_take_a_label_away()
    {
        var replay = new RuleReplayer(
            new ReplayRule(
                "Down",
                TimeSpan.Zero,
                TimeSpan.Zero,
                new Dictionary<string, string>
                {
                    ["job"] = "mine",
                    ["instance"] = "",
                    ["host"] = "{{ $labels.instance | stripPort }}",
                    ["none"] = "{{ $labels.none }}",
                }
            )
        );

        var alert = Assert.Single(replay.Evaluate(0, [new ReplaySample(One, 1)]).Active);

        Assert.Equal("""alertname="Down",host="a",job="mine" """.TrimEnd(), alert.Labels.Key);
        Assert.Equal("""alertname="Down",host="a",job="mine",none="{{ $labels.none }}" """.TrimEnd(), alert.Recorded.Key);
    }

    [Fact]
    public void Two_samples_with_one_label_set_fail_the_evaluation_and_change_nothing()
    {
        var replay = new RuleReplayer(
            new ReplayRule("Down", TimeSpan.FromSeconds(30), TimeSpan.Zero, new Dictionary<string, string> { ["instance"] = "" })
        );
        replay.Evaluate(0, [new ReplaySample(One, 1)]);

        var failed = replay.Evaluate(Step, [new ReplaySample(One, 1), new ReplaySample(Other, 1)]);

        Assert.Contains("same labelset", failed.Failure, StringComparison.Ordinal);
        Assert.Empty(failed.Active);
        Assert.Equal(AlertState.Firing, Assert.Single(replay.Evaluate(2 * Step, [new ReplaySample(One, 1)]).Active).State);
    }

    [Fact]
    public void Too_many_alerts_fail_the_evaluation_and_forget_them_all()
    {
        var replay = new RuleReplayer(new ReplayRule("Down", TimeSpan.FromSeconds(15), TimeSpan.Zero, NoLabels) { Limit = 1 });
        replay.Evaluate(0, [new ReplaySample(One, 1)]);

        Assert.Equal(
            "exceeded limit of 1 with 2 alerts",
            replay.Evaluate(Step, [new ReplaySample(One, 1), new ReplaySample(Other, 1)]).Failure
        );
        Assert.Equal(AlertState.Pending, Assert.Single(replay.Evaluate(2 * Step, [new ReplaySample(One, 1)]).Active).State);
    }

    [Fact]
    public void A_label_made_of_the_value_makes_another_alert_with_every_value()
    {
        var replay = new RuleReplayer(
            new ReplayRule("Down", TimeSpan.FromSeconds(15), TimeSpan.Zero, new Dictionary<string, string> { ["level"] = "{{ .Value }}" })
        );

        replay.Evaluate(0, [new ReplaySample(One, 1)]);
        var alert = Assert.Single(replay.Evaluate(Step, [new ReplaySample(One, 2)]).Active);

        Assert.Equal(("2", AlertState.Pending), (alert.Labels["level"], alert.State));
    }

    [Fact]
    public void A_value_that_is_no_number_is_an_alert_like_any_other()
    {
        var replay = new RuleReplayer(new ReplayRule("Odd", TimeSpan.Zero, TimeSpan.Zero, NoLabels));

        Assert.True(double.IsNaN(Assert.Single(replay.Evaluate(0, [new ReplaySample(One, double.NaN)]).Active).Value));
    }

    [Fact]
    public void A_history_counts_firings_flaps_and_near_misses()
    {
        var rule = new ReplayRule("Down", TimeSpan.FromSeconds(15), TimeSpan.Zero, NoLabels);
        // Firing twice within a quarter of an hour, once long after, and once only pending.
        var present = ((int, int)[])[(0, 4), (10, 12), (200, 203), (300, 300)];
        var times = present
            .SelectMany(range => Enumerable.Range(range.Item1, range.Item2 - range.Item1 + 1))
            .Select(i => i * Step)
            .ToArray();
        var series = new MetricSeries(One, times, times.Select(_ => 1.0).ToArray());
        var history = new ReplayHistory(TimeSpan.FromSeconds(15));

        MatrixReplay.Run(new RuleReplayer(rule), 0, Step, 400, 0, [series], history.Add, CancellationToken.None);
        history.Close();

        Assert.Equal(new ReplaySummary(3, TimeSpan.FromSeconds(15 * (4 + 2 + 3)), 1, 1, 1), history.Summary());
        Assert.Equal(
            [(1, 4), (11, 12), (201, 203)],
            history.Spans.Where(span => span.State == AlertState.Firing).Select(span => ((int)(span.From / Step), (int)(span.To / Step)))
        );
    }

    [Fact]
    public void Two_halves_of_a_replay_are_the_same_as_the_whole()
    {
        var series = SeriesText.Of(400, TimeSpan.FromSeconds(15), (i, _) => i, DateTimeOffset.UnixEpoch);
        var kept = new MetricSeries(
            One,
            series.Times.ToArray().Where((_, i) => i % 37 < 20).ToArray(),
            series.Values.ToArray().Where((_, i) => i % 37 < 20).ToArray()
        );
        var rule = new ReplayRule("Down", TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(1), NoLabels);
        var (whole, halves) = (new ReplayHistory(TimeSpan.FromSeconds(15)), new ReplayHistory(TimeSpan.FromSeconds(15)));
        MatrixReplay.Run(new RuleReplayer(rule), 0, Step, 400, 0, [kept], whole.Add, CancellationToken.None);

        var replay = new RuleReplayer(rule);
        MatrixReplay.Run(replay, 0, Step, 150, 0, [Part(kept, 0, 150)], halves.Add, CancellationToken.None);
        MatrixReplay.Run(replay, 150 * Step, Step, 250, 0, [Part(kept, 150, 400)], halves.Add, CancellationToken.None);
        whole.Close();
        halves.Close();

        Assert.NotEmpty(whole.Spans);
        Assert.Equal(whole.Spans, halves.Spans);
    }

    [Fact]
    public void A_replay_stops_when_it_is_reported_to()
    {
        using var stop = new CancellationTokenSource();
        var seen = 0;

        Assert.Throws<OperationCanceledException>(() =>
            MatrixReplay.Run(
                new RuleReplayer(new ReplayRule("A", TimeSpan.Zero, TimeSpan.Zero, NoLabels)),
                0,
                Step,
                1_000_000,
                0,
                [],
                (_, _) =>
                {
                    if (++seen == 10)
                        stop.Cancel();
                },
                stop.Token
            )
        );
        Assert.True(seen < 5000);
    }

    [Fact]
    public void Thresholds_are_tried_over_the_values_there_were()
    {
        var series = SeriesText.Of(100, TimeSpan.FromSeconds(15), (i, _) => i % 10, DateTimeOffset.UnixEpoch);
        var named = new MetricSeries(One, series.Times, series.Values);
        var rule = new ReplayRule("High", TimeSpan.Zero, TimeSpan.Zero, NoLabels);

        var candidates = ThresholdSweep.Candidates([named], 8.5, 4);
        var outcomes = ThresholdSweep.Run(rule, ">", candidates, 0, Step, 100, 0, [named], 0, CancellationToken.None);

        Assert.Equal([0, 3, 6, 8.5, 9], candidates);
        Assert.Equal([10, 10, 10, 10, 0], outcomes.Select(outcome => outcome.Summary.Firings));
        Assert.Equal([90, 60, 30, 10, 0], outcomes.Select(outcome => (int)(outcome.Summary.FiringTime / TimeSpan.FromSeconds(15))));
    }

    [Fact]
    public void Firings_are_held_against_what_was_really_wrong()
    {
        List<ReplaySpan> spans =
        [
            new(One, AlertState.Firing, 100, 200, 50),
            new(One, AlertState.Pending, 300, 400, 300),
            new(Other, AlertState.Firing, 1000, 1100, 900),
        ];

        var comparison = ReplayComparison.Of(
            spans,
            [new KnownTrouble("early", 150, 500), new KnownTrouble("missed", 600, 700)],
            TimeSpan.Zero
        );

        Assert.Equal((new KnownTrouble("early", 150, 500), TimeSpan.FromMilliseconds(-50)), Assert.Single(comparison.Caught));
        Assert.Equal("missed", Assert.Single(comparison.Missed).Name);
        Assert.Equal(1000, Assert.Single(comparison.Extra).From);
    }

    private static MetricSeries Part(MetricSeries series, int from, int to)
    {
        var kept = series.Times.ToArray().Select((at, i) => (at, i)).Where(one => one.at >= from * Step && one.at < to * Step).ToList();
        return new MetricSeries(
            series.Labels,
            kept.Select(one => one.at).ToArray(),
            kept.Select(one => series.Values.Span[one.i]).ToArray()
        );
    }
}
