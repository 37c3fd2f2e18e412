using Archon.Analysis.Series;
using Archon.Data.Anomalies;
using Archon.Data.Catalogue;
using Archon.Data.States;
using Archon.Features.Scanning;
using Archon.Features.Watches;
using Archon.Tests.Features.Watches;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace Archon.Tests.Features.Scanning;

/// <summary>Samples that say nothing: they open no anomaly and keep none open for ever.</summary>
[SystemTest]
public sealed class UnjudgedSampleTests(PostgresFixture postgres)
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(15);
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_anomaly_whose_samples_cannot_be_judged_any_more_ends_after_ten_minutes()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var watch = await GuardedAsync(bench, faultFrom: 2, tooFewFrom: 6);
        await ScansAsync(bench, watch, 44);
        var open = Assert.Single(await Anomalies(bench));

        await ScansAsync(bench, watch, 2);

        Assert.Null(open.EndedAt);
        var ended = Assert.Single(await Anomalies(bench));
        Assert.Equal((open.Id, ended.LastSeenAt), (ended.Id, ended.EndedAt));
        Assert.StartsWith("No longer judged for 10 min. Not judged: 2 requests", ended.EndReason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_anomaly_stays_open_while_its_source_does_not_answer()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var watch = await GuardedAsync(bench, faultFrom: 2, tooFewFrom: 6);
        await ScansAsync(bench, watch, 10);
        bench.Metrics.Down = true;
        await ScansAsync(bench, watch, 12, TimeSpan.FromMinutes(5));
        bench.Forget(watch);
        var away = Assert.Single(await Anomalies(bench));

        bench.Metrics.Down = false;
        await ScansAsync(bench, watch, 1);

        Assert.Null(away.EndedAt);
        Assert.NotNull(Assert.Single(await Anomalies(bench)).EndedAt);
    }

    [Fact]
    public async Task A_console_that_keeps_restarting_ends_an_anomaly_that_is_not_judged_any_more()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var watch = await GuardedAsync(bench, faultFrom: 2, tooFewFrom: 6);

        for (var restarts = 0; restarts < 12; restarts++)
        {
            bench.Forget(watch);
            await ScansAsync(bench, watch, 4);
        }

        Assert.NotNull(Assert.Single(await Anomalies(bench)).EndedAt);
    }

    [Fact]
    public async Task An_anomaly_of_a_watch_that_has_to_learn_anew_does_not_stay_open()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var watch = await FittedAsync(bench, at => at >= Unix(2) ? 2 : Quiet(at));
        await ScansAsync(bench, watch, 6);
        var open = Assert.Single(await Anomalies(bench));
        await bench.ReadAsync(db => db.WatchedSeries.ExecuteUpdateAsync(set => set.SetProperty(one => one.Model, (byte[]?)null), Token));
        await bench.ReadAsync(db =>
            db.Watches.ExecuteUpdateAsync(set => set.SetProperty(one => one.FittedAt, (DateTimeOffset?)null), Token)
        );

        await ScansAsync(bench, watch, 42);

        Assert.Null(open.EndedAt);
        var ended = Assert.Single(await Anomalies(bench));
        Assert.Equal((open.LastSeenAt, "No longer judged: what is normal is learnt anew."), (ended.EndedAt!.Value, ended.EndReason));
    }

    [Fact]
    public async Task Anomalies_of_a_watch_that_is_ignored_end()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var watch = await FittedAsync(bench, at => at >= Unix(2) ? 2 : Quiet(at));
        await ScansAsync(bench, watch, 6);

        await bench.Get<WatchCommands>().IgnoreAsync(watch, TestActor.Named("ada"), Token);

        var ended = Assert.Single(await Anomalies(bench));
        Assert.Equal((ended.LastSeenAt, "The watch is ignored."), (ended.EndedAt!.Value, ended.EndReason));
        var states = await bench.ReadAsync(db =>
            db.StateChanges.Where(change => change.Subject == StateSubject.Anomaly).OrderBy(change => change.Id).ToListAsync(Token)
        );
        Assert.Equal((AnomalyStates.Ended, "The watch is ignored."), (states[^1].State, states[^1].Reason));

        await bench.Get<WatchCommands>().RestoreAsync(watch, TestActor.Named("ada"), Token);
        await ScansAsync(bench, watch, 4);

        Assert.Single(await Anomalies(bench), anomaly => anomaly.EndedAt is null);
    }

    [Fact]
    public async Task A_share_of_too_few_requests_is_not_judged_of_a_series_that_is_new_either()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        bench.Metrics.Serve("latency", "checkout", at => at > Unix(2) ? 1 : null);
        bench.Metrics.Serve("requests", "checkout", _ => 2);
        var watch = await bench.AddWatchAsync();
        await bench.ReadAsync(db =>
            db.Watches.ExecuteUpdateAsync(
                set =>
                    set.SetProperty(one => one.VolumeQuery, "requests")
                        .SetProperty(one => one.Signal, WatchSignal.Errors)
                        .SetProperty(one => one.Unit, "1"),
                Token
            )
        );

        await ScansAsync(bench, watch, 12);

        Assert.Empty(await Anomalies(bench));
        Assert.NotNull((await bench.ReadAsync(db => db.WatchedSeries.AsNoTracking().SingleAsync(Token))).Guarded);
    }

    [Fact]
    public async Task Where_it_is_not_known_whether_the_server_took_samples_nothing_is_checked()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var first = await FittedAsync(bench, at => at >= Unix(1) ? 9 : Quiet(at));
        bench.Metrics.Serve("errors", "checkout", Quiet);
        var second = await bench.AddWatchAsync("errors");
        await bench.ScanAsync(second, TimeSpan.Zero);
        bench.Metrics.Failing.Add(SourceGaps.Query);

        var forOne = await RequestsAsync(first);
        var forTwo = await RequestsAsync(first, second);

        Assert.Empty(await Anomalies(bench));
        Assert.All(await bench.ReadAsync(db => db.Watches.AsNoTracking().ToListAsync(Token)), one => Assert.NotNull(one.UncheckedSince));
        // A failure is an answer for the whole shard: only the values of the second watch are asked for besides.
        Assert.Equal(forOne + 1, forTwo);

        async Task<int> RequestsAsync(params int[] watches)
        {
            bench.Clock.Advance(Step);
            var before = bench.Metrics.RangeRequests;
            await bench.Get<ScanJob>().ScanShardAsync(watches, Token);
            return bench.Metrics.RangeRequests - before;
        }
    }

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 1)]
    public async Task What_a_server_repeats_or_computes_while_it_took_no_samples_is_no_anomaly(bool isKnown, int reported)
    {
        const string query = "rate(requests_total[1m])";
        await using var bench = await JobBench.StartAsync(postgres);
        // It took no samples from step 4 to step 10; the rates of the minute after that are of half-empty windows.
        bench.Metrics.Serve(query, "checkout", at => at > Unix(5) && at < Unix(13) ? 9 : Quiet(at));
        if (isKnown)
            bench.Metrics.Serve(SourceGaps.Query, "checkout", at => at > Unix(4) && at < Unix(10) ? Unix(4) : at);
        var watch = await bench.AddWatchAsync(query);
        await bench.Get<FitModelsJob>().FitAsync(watch, Token);
        await bench.ScanAsync(watch, TimeSpan.Zero);

        // A server that takes no samples usually does not answer either.
        await ScansAsync(bench, watch, 4);
        bench.Metrics.Down = true;
        await ScansAsync(bench, watch, 5);
        bench.Metrics.Down = false;
        await ScansAsync(bench, watch, 10);

        Assert.Equal(reported, (await Anomalies(bench)).Count);
    }

    [Fact]
    public async Task A_fault_that_lasts_beyond_a_gap_of_the_server_is_reported()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        bench.Metrics.Serve("latency", "checkout", at => at > Unix(6) ? 9 : Quiet(at));
        bench.Metrics.Serve(SourceGaps.Query, "checkout", at => at > Unix(4) && at < Unix(10) ? Unix(4) : at);
        var watch = await bench.AddWatchAsync();
        await bench.Get<FitModelsJob>().FitAsync(watch, Token);
        await bench.ScanAsync(watch, TimeSpan.Zero);

        await ScansAsync(bench, watch, 4);
        bench.Metrics.Down = true;
        await ScansAsync(bench, watch, 5);
        bench.Metrics.Down = false;
        await ScansAsync(bench, watch, 5);

        Assert.Equal(JobBench.Start + (10 * Step), Assert.Single(await Anomalies(bench)).StartedAt);
    }

    [Theory]
    [InlineData(60, 1)]
    [InlineData(60, 3)]
    [InlineData(60, 5)]
    [InlineData(120, 3)]
    [InlineData(30, 8)]
    public void Targets_that_are_scraped_in_turn_leave_no_gaps(int interval, int targets)
    {
        var range = new TimeRange(JobBench.Start, JobBench.Start + TimeSpan.FromMinutes(30));
        var times = Enumerable.Range(0, 121).Select(i => Unix(i) * 1000).ToArray();
        var random = new Random(7);
        for (var layout = 0; layout < 200; layout++)
        {
            var offsets = Enumerable.Range(0, targets).Select(_ => random.NextDouble() * interval).ToList();
            var newest = times.Select(at => offsets.Max(offset => offset + (Math.Floor(((at / 1000.0) - offset) / interval) * interval)));
            var labels = new SeriesLabels([new("job", "shop")]);

            var gaps = SourceGaps.Of([new MetricSeries(labels, times, newest.ToArray())], range, Step);

            Assert.All(times, at => Assert.Null(gaps.Reason(labels, at, TimeSpan.FromMinutes(2))));
            Assert.Equal(range.Length, gaps.Answered(range.Start, range.End));
        }
    }

    [Theory]
    [InlineData(45, true)]
    [InlineData(90, false)]
    public void Samples_that_come_late_are_no_gap(int delay, bool isJudged)
    {
        var range = new TimeRange(JobBench.Start, JobBench.Start + TimeSpan.FromMinutes(30));
        var times = Enumerable.Range(0, 121).Select(i => Unix(i) * 1000).ToArray();
        var seen = (times[^1] / 1000.0) - delay;
        var labels = new SeriesLabels([new("job", "shop")]);
        var newest = times.Select(at => Math.Min(at / 1000.0, seen)).ToArray();

        var gaps = SourceGaps.Of([new MetricSeries(labels, times, newest)], range, Step);

        Assert.Equal(isJudged, gaps.Reason(labels, times[^1], TimeSpan.Zero) is null);
    }

    [Fact]
    public async Task A_rate_of_a_series_that_was_away_is_judged_once_samples_fill_its_window()
    {
        const string query = "rate(requests_total[1m])";
        await using var bench = await JobBench.StartAsync(postgres);
        bench.Metrics.Serve(
            query,
            "checkout",
            at =>
                at > Unix(4) && at < Unix(12) ? null
                : at >= Unix(12) && at < Unix(15) ? 9
                : Quiet(at)
        );
        var watch = await bench.AddWatchAsync(query);
        await bench.Get<FitModelsJob>().FitAsync(watch, Token);
        await bench.ScanAsync(watch, TimeSpan.Zero);

        await ScansAsync(bench, watch, 24);

        Assert.Empty(await Anomalies(bench));
    }

    private static double? Quiet(long at) => 0.1 + (at / 15 % 5 * 0.001);

    private static long Unix(int steps) => (JobBench.Start + (steps * Step)).ToUnixTimeSeconds();

    private static async Task<int> FittedAsync(JobBench bench, Func<long, double?> value)
    {
        bench.Metrics.Serve("latency", "checkout", value);
        var watch = await bench.AddWatchAsync();
        await bench.Get<FitModelsJob>().FitAsync(watch, Token);
        await bench.ScanAsync(watch, TimeSpan.Zero);
        return watch;
    }

    /// <summary>A watch whose value is a fault from a step on, and is computed from too few requests to be judged from another one on.</summary>
    private static async Task<int> GuardedAsync(JobBench bench, int faultFrom, int tooFewFrom)
    {
        bench.Metrics.Serve("latency", "checkout", at => at >= Unix(faultFrom) ? 9 : Quiet(at));
        bench.Metrics.Serve("requests", "checkout", at => at >= Unix(tooFewFrom) ? 2 : 900);
        var watch = await bench.AddWatchAsync();
        await bench.ReadAsync(db => db.Watches.ExecuteUpdateAsync(set => set.SetProperty(one => one.VolumeQuery, "requests"), Token));
        await bench.Get<FitModelsJob>().FitAsync(watch, Token);
        await bench.ScanAsync(watch, TimeSpan.Zero);
        return watch;
    }

    private static async Task ScansAsync(JobBench bench, int watch, int scans, TimeSpan? every = null)
    {
        for (var i = 0; i < scans; i++)
            await bench.ScanAsync(watch, every ?? Step);
    }

    private static Task<List<Anomaly>> Anomalies(JobBench bench) => bench.ReadAsync(db => db.Anomalies.AsNoTracking().ToListAsync(Token));
}
