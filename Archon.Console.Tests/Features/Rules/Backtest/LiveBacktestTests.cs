using Archon.Analysis.RuleReplay;
using Archon.Analysis.Series;
using Archon.ConfigFiles.Rules;
using Archon.Features.Rules.Backtest;
using Archon.Integrations.Prometheus;
using Archon.Tests.Features.Rules.Editor;
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
        var live = new LiveBacktest(UpstreamClients.Prometheus(server.Address), TimeProvider.System);
        BacktestPicture? last = null;
        await foreach (var picture in live.RunAsync(Question(Alert("queue_length > 3"), null, Range()), Token))
            last = picture;

        var outcomes = (await live.SweepAsync(last!, Token))!;

        Assert.Equal(last!.Draft!.Summary, outcomes.Single(one => one.Threshold.Equals(3)).Summary);
        var half = WorkbenchMath.Half(outcomes, 3, ">")!;
        Assert.Equal(1, half.Summary.Firings);
        Assert.InRange(half.Threshold, 4, 9);
    }

    [Fact]
    public async Task A_server_that_is_away_is_not_known_and_never_quiet()
    {
        var picture = await LastAsync(
            UpstreamClients.Prometheus(new Uri($"http://127.0.0.1:{Tools.FreePort()}/")),
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
        var page = new LiveBacktest(prometheus, TimeProvider.System);

        var both = await Task.WhenAll(LastAsync(page, question), LastAsync(page, question with { Draft = Alert("queue_length > 3.0") }));

        Assert.All(both, picture => Assert.Equal(Spans(alone.Draft!), Spans(picture.Draft!)));
        Assert.NotNull(await page.SweepAsync(both[1], Token));
    }

    private static TimeRange Range() => new(DateTimeOffset.UtcNow.AddHours(-2), DateTimeOffset.UtcNow.AddMinutes(-1));

    private static RuleContent Alert(string expression) => new("QueueLong", true, expression) { For = TimeSpan.FromMinutes(2) };

    private static BacktestQuestion Question(RuleContent draft, RuleContent? saved, TimeRange range) =>
        new(draft, saved, "rules.yml", Group, range, null);

    private static IEnumerable<(string Key, AlertState State, long From, long To)> Spans(BacktestLane lane) =>
        lane.Spans.Select(span => (span.Labels.Key, span.State, span.From, span.To)).Order();

    private static Task<BacktestPicture> LastAsync(PrometheusClient prometheus, BacktestQuestion question) =>
        LastAsync(new LiveBacktest(prometheus, TimeProvider.System), question);

    private static async Task<BacktestPicture> LastAsync(LiveBacktest live, BacktestQuestion question)
    {
        BacktestPicture? last = null;
        await foreach (var picture in live.RunAsync(question, Token))
            last = picture;
        return last!;
    }
}
