using Archon.Analysis.RuleReplay;
using Archon.Analysis.Series;
using Archon.ConfigFiles.Rules;
using Archon.Features.Rules.Backtest;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Archon.Tests.Features.Rules.Editor;
using Archon.Tests.Features.Watches;
using Archon.Tests.Kit;
using Xunit;

namespace Archon.Tests.Features.Rules.Backtest;

/// <summary>The workbench's replays over a real Prometheus.</summary>
[SystemTest]
public sealed class LiveBacktestTests
{
    private static readonly GroupContent Group = new("queues") { Interval = TimeSpan.FromSeconds(15) };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_comparison_made_here_has_the_alerts_of_one_made_by_the_server()
    {
        await using var server = await RecordedQueue.StartAsync(Token);
        var prometheus = UpstreamClients.Prometheus(server.Address);
        var range = Range();
        foreach (var threshold in (double[])[0.5, 1, 3, 5, 20])
        {
            var here = Alert($"queue_length > {threshold}");
            // What is joined to it changes nothing, but leaves the decision to the server.
            var there = Alert($"queue_length > {threshold} and queue_length");

            var (mine, theirs) = (
                await LastAsync(prometheus, Question(here, null, range)),
                await LastAsync(prometheus, Question(there, null, range))
            );

            Assert.True(mine.IsDone && theirs.IsDone);
            Assert.Equal(theirs.Draft!.Summary, mine.Draft!.Summary);
            Assert.Equal(Spans(theirs.Draft), Spans(mine.Draft));
        }
    }

    [Fact]
    public async Task A_draft_is_seen_beside_what_is_saved_and_what_was_really_wrong()
    {
        await using var server = await RecordedQueue.StartAsync(Token);
        var prometheus = UpstreamClients.Prometheus(server.Address);
        var range = Range();
        var spike = range.End.ToUnixTimeMilliseconds() - (49 * 60_000);
        KnownTrouble[] troubles =
        [
            new("INC-1", spike, spike + (9 * 60_000)),
            new("INC-2", range.Start.ToUnixTimeMilliseconds() + 60_000, range.Start.ToUnixTimeMilliseconds() + 120_000),
        ];

        var picture = await LastAsync(
            prometheus,
            Question(Alert("queue_length > 5"), Alert("queue_length > 3"), range) with
            {
                Troubles = troubles,
            }
        );

        Assert.Equal((1, 2), (picture.Draft!.Summary.Firings, picture.Saved!.Summary.Firings));
        Assert.Equal((1, 1, 0), (picture.Draft.Judged!.Caught.Count, picture.Draft.Judged.Missed.Count, picture.Draft.Judged.Extra.Count));
        Assert.Single(picture.Saved.Judged!.Extra);
        Assert.Equal(["draft 5", "saved 3"], picture.Chart!.Thresholds.Select(one => one.Words));
        Assert.Equal(["shop", "mail"], picture.Chart.Lines.Select(line => line.Name));
    }

    [Fact]
    public async Task The_threshold_that_pages_half_as_often_is_found_and_has()
    {
        await using var server = await RecordedQueue.StartAsync(Token);
        var live = Page(UpstreamClients.Prometheus(server.Address));
        BacktestPicture? last = null;
        await foreach (var picture in live.RunAsync(Question(Alert("queue_length > 3"), null, Range()), Token))
            last = picture;

        var outcomes = Tried(await live.SweepAsync(last!, Token));

        Assert.Equal(last!.Draft!.Summary, outcomes.Single(one => one.Threshold.Equals(3)).Summary);
        var half = WorkbenchMath.Half(outcomes, 3, ">")!;
        Assert.Equal(1, half.Summary.Firings);
        Assert.InRange(half.Threshold, 4, 9);
    }

    [Fact]
    public async Task A_server_that_is_away_is_not_known_and_never_quiet()
    {
        var picture = await LastAsync(
            UpstreamClients.Prometheus(NoServer.Address),
            Question(Alert("queue_length > 5"), Alert("queue_length > 3"), Range())
        );

        Assert.True(picture.IsDone);
        Assert.NotNull(picture.Draft!.Ended);
        Assert.NotNull(picture.Saved!.Ended);
        Assert.NotNull(picture.ChartFailure);
    }

    [Fact]
    public async Task Where_there_were_no_samples_the_chart_says_so()
    {
        await using var server = await RecordedQueue.StartAsync(Token);
        var now = DateTimeOffset.UtcNow;

        var picture = await LastAsync(
            UpstreamClients.Prometheus(server.Address),
            Question(Alert("queue_length > 5"), null, new TimeRange(now.AddHours(-6), now))
        );

        var gap = Assert.Single(picture.Chart!.Gaps);
        Assert.Equal("no data", gap.Words);
        Assert.InRange((gap.To!.Value - gap.From) / 3600, 2.9, 3.1);
    }

    [Fact]
    public async Task Two_replays_of_one_page_do_not_keep_each_others_answers()
    {
        await using var server = await RecordedQueue.StartAsync(Token);
        var prometheus = UpstreamClients.Prometheus(server.Address);
        var now = DateTimeOffset.UtcNow.AddMinutes(-1);
        // So long that the server is asked for it in several slices.
        var question = Question(Alert("queue_length > 3"), null, new TimeRange(now.AddDays(-2), now));
        var alone = await LastAsync(prometheus, question);
        var page = Page(prometheus);

        var both = await Task.WhenAll(LastAsync(page, question), LastAsync(page, question with { Draft = Alert("queue_length > 3.0") }));

        Assert.All(both, picture => Assert.Equal(Spans(alone.Draft!), Spans(picture.Draft!)));
        Assert.NotEmpty(Tried(await page.SweepAsync(both[1], Token)));
    }

    [Fact]
    public async Task What_one_page_has_asked_the_server_is_given_to_the_others()
    {
        await using var server = await FakeMetrics.StartAsync();
        server.Serve("queue_length", "shop", at => at / 600 % 2 == 0 ? 9 : 1);
        var prometheus = UpstreamClients.Prometheus(server.Address);
        using var samples = new BacktestSampleCache(TimeProvider.System);
        var now = DateTimeOffset.UtcNow.AddHours(-1);
        var question = Question(Alert("queue_length > 3"), null, new TimeRange(now.AddDays(-3), now));
        var first = await LastAsync(Page(prometheus, samples), question);
        var asked = server.RangeRequests;

        var second = await LastAsync(Page(prometheus, samples), question with { Draft = Alert("queue_length > 5.0") });
        var other = await LastAsync(new LiveBacktest(prometheus, samples, 2, TimeProvider.System), question);

        Assert.True(first.Draft!.Summary.Firings > 0);
        Assert.Equal(Spans(first.Draft), Spans(second.Draft!));
        Assert.Equal(Spans(first.Draft), Spans(other.Draft!));
        // Again for the page of another environment, and for no other.
        Assert.InRange(asked, 25, 26);
        Assert.Equal(2 * asked, server.RangeRequests);
    }

    [Fact]
    public async Task What_does_not_fit_into_the_memory_of_all_is_asked_again()
    {
        await using var server = await FakeMetrics.StartAsync();
        server.Serve("queue_length", "shop", at => at / 600 % 2 == 0 ? 9 : 1);
        var prometheus = UpstreamClients.Prometheus(server.Address);
        var now = DateTimeOffset.UtcNow.AddHours(-1);
        var question = Question(Alert("queue_length > 3"), null, new TimeRange(now.AddDays(-3), now));
        var enough = Page(prometheus);
        var none = Page(prometheus, new BacktestSampleCache(TimeProvider.System, mostBytes: 1));

        var (kept, forgotten) = (await LastAsync(enough, question), await LastAsync(none, question));

        Assert.Equal(Spans(kept.Draft!), Spans(forgotten.Draft!));
        var asked = server.RangeRequests;
        var outcomes = Tried(await enough.SweepAsync(kept, Token));
        Assert.Equal(asked, server.RangeRequests);
        Assert.Equal(
            outcomes.Select(one => (one.Threshold, one.Summary)),
            Tried(await none.SweepAsync(forgotten, Token)).Select(one => (one.Threshold, one.Summary))
        );
        Assert.True(server.RangeRequests > asked);
    }

    [Fact]
    public async Task Other_thresholds_that_were_not_tried_have_a_reason()
    {
        await using var server = await FakeMetrics.StartAsync();
        server.Serve("queue_length", "shop", at => at / 600 % 2 == 0 ? 9 : 1);
        var now = DateTimeOffset.UtcNow.AddHours(-1);
        var question = Question(Alert("queue_length > 3"), null, new TimeRange(now.AddHours(-1), now));
        var page = Page(UpstreamClients.Prometheus(server.Address), new BacktestSampleCache(TimeProvider.System, mostBytes: 1));
        var whole = await LastAsync(page, question);
        var other = await LastAsync(
            UpstreamClients.Prometheus(server.Address),
            question with
            {
                Draft = Alert("queue_length > 3 and on () vector(1)"),
            }
        );

        server.Down = true;
        var away = Assert.IsType<Fetch<IReadOnlyList<ThresholdOutcome>>.Unavailable>(await page.SweepAsync(whole, Token));
        var none = Assert.IsType<Fetch<IReadOnlyList<ThresholdOutcome>>.Rejected>(await page.SweepAsync(other, Token));

        Assert.Contains("Prometheus", away.Reason, StringComparison.Ordinal);
        Assert.Equal("The rule has no single threshold over this range.", none.Reason);
    }

    [Theory]
    [InlineData(1, 15, 360)]
    [InlineData(1, 60, 90)]
    [InlineData(7, 15, 1440)]
    [InlineData(30, 15, 5760)]
    public void Ranges_that_overlap_are_asked_for_in_the_same_stretches(int days, int seconds, int size)
    {
        var now = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);
        var interval = TimeSpan.FromSeconds(seconds);
        var schedule = GroupSchedule.Through(now.AddSeconds(7), interval);
        BacktestRun Run(TimeSpan ago) => new(Question(Alert("up > 3"), null, new TimeRange(now.AddDays(-days) - ago, now - ago)), schedule);

        var (early, late) = (Run(TimeSpan.FromMinutes(13)).Slices().ToList(), Run(TimeSpan.Zero).Slices().ToList());

        Assert.Equal(size, Run(TimeSpan.Zero).EvaluationsPerSlice);
        Assert.InRange(late.Count, 16, 33);
        // All but the first and the last two: those that begin or end with the range, and the one that the later range has more.
        Assert.InRange(early.Intersect(late).Count(), late.Count - 3, late.Count);
        Assert.All(early, slice => Assert.InRange(slice.Count, 1, size));
        Assert.All(
            early.Zip(early.Skip(1)),
            pair => Assert.Equal(pair.Second.First, pair.First.First + (pair.First.Count * (long)interval.TotalMilliseconds))
        );
    }

    [Fact]
    public void A_short_range_is_not_asked_for_in_many_small_stretches()
    {
        var now = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);
        var schedule = GroupSchedule.Through(now, TimeSpan.FromMinutes(1));

        var slices = new BacktestRun(Question(Alert("up > 3"), null, new TimeRange(now.AddHours(-1), now)), schedule).Slices();

        Assert.InRange(slices.Count(), 3, 4);
    }

    private static LiveBacktest Page(PrometheusClient prometheus, BacktestSampleCache? samples = null) =>
        new(prometheus, samples ?? new BacktestSampleCache(TimeProvider.System), RuleBench.Environment, TimeProvider.System);

    private static IReadOnlyList<ThresholdOutcome> Tried(Fetch<IReadOnlyList<ThresholdOutcome>> sweep) =>
        Assert.IsType<Fetch<IReadOnlyList<ThresholdOutcome>>.Ok>(sweep).Value;

    private static TimeRange Range() => new(DateTimeOffset.UtcNow.AddHours(-2), DateTimeOffset.UtcNow.AddMinutes(-1));

    private static RuleContent Alert(string expression) => new("QueueLong", true, expression) { For = TimeSpan.FromMinutes(2) };

    private static BacktestQuestion Question(RuleContent draft, RuleContent? saved, TimeRange range) =>
        new(draft, saved, "rules.yml", Group, range, null);

    private static IEnumerable<(string Key, AlertState State, long From, long To)> Spans(BacktestLane lane) =>
        lane.Spans.Select(span => (span.Labels.Key, span.State, span.From, span.To)).Order();

    private static Task<BacktestPicture> LastAsync(PrometheusClient prometheus, BacktestQuestion question) =>
        LastAsync(Page(prometheus), question);

    private static async Task<BacktestPicture> LastAsync(LiveBacktest live, BacktestQuestion question)
    {
        BacktestPicture? last = null;
        await foreach (var picture in live.RunAsync(question, Token))
            last = picture;
        return last!;
    }
}
