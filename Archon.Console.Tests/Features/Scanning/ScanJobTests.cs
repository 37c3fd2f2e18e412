using Archon.Data.Anomalies;
using Archon.Data.Catalogue;
using Archon.Features.Scanning;
using Archon.Tests.Features.Watches;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace Archon.Tests.Features.Scanning;

[SystemTest]
public sealed class ScanJobTests(PostgresFixture postgres)
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(15);
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Calm_samples_move_the_mark_and_open_nothing()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var watch = await FittedAsync(bench, Quiet);

        await bench.ScanAsync(watch, Step);
        await bench.ScanAsync(watch, Step);

        Assert.Empty(await Anomalies(bench));
        Assert.Equal(JobBench.Start + (2 * Step), (await Watch(bench, watch)).ScannedTo);
        var series = await bench.ReadAsync(db => db.WatchedSeries.SingleAsync(Token));
        Assert.Equal(JobBench.Start + (2 * Step), series.LastSampleAt);
        Assert.Equal([Quiet(Unix(1)), Quiet(Unix(2))], series.Recent[^2..].Select(value => (double?)value));
        Assert.NotNull(series.ExpectedUpper);
    }

    [Fact]
    public async Task A_fault_opens_one_anomaly_that_goes_on_and_ends()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var watch = await FittedAsync(bench, at => at >= Unix(3) && at < Unix(8) ? 2 : Quiet(at));

        for (var i = 0; i < 5; i++)
            await bench.ScanAsync(watch, Step);
        var open = Assert.Single(await Anomalies(bench));
        for (var i = 0; i < 8; i++)
            await bench.ScanAsync(watch, Step);
        var ended = Assert.Single(await Anomalies(bench));

        Assert.Null(open.EndedAt);
        Assert.Equal(JobBench.Start + (3 * Step), open.StartedAt);
        Assert.Equal(AnomalyDirection.Up, open.Direction);
        Assert.Equal(open.Id, ended.Id);
        Assert.Equal(JobBench.Start + (7 * Step), ended.LastSeenAt);
        Assert.Equal(JobBench.Start + (8 * Step), ended.EndedAt);
        Assert.Equal(2, ended.PeakValue);
    }

    [Fact]
    public async Task A_second_scan_of_the_same_moment_changes_nothing()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var watch = await FittedAsync(bench, at => at >= Unix(1) ? 2 : Quiet(at));
        await bench.ScanAsync(watch, 4 * Step);
        var (before, requests) = (Assert.Single(await Anomalies(bench)), bench.Metrics.RangeRequests);

        await bench.ScanAsync(watch, TimeSpan.Zero);
        await bench.ScanAsync(watch, TimeSpan.FromSeconds(2));

        Assert.Equal(before.SamplesOutside, Assert.Single(await Anomalies(bench)).SamplesOutside);
        Assert.Equal(requests, bench.Metrics.RangeRequests);
    }

    [Fact]
    public async Task A_restart_in_the_middle_of_an_anomaly_goes_on_with_it()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var watch = await FittedAsync(bench, at => at >= Unix(2) && at < Unix(6) ? 2 : Quiet(at));
        for (var i = 0; i < 4; i++)
            await bench.ScanAsync(watch, Step);

        bench.Forget(watch);
        for (var i = 0; i < 8; i++)
            await bench.ScanAsync(watch, Step);

        var anomaly = Assert.Single(await Anomalies(bench));
        Assert.Equal(JobBench.Start + (2 * Step), anomaly.StartedAt);
        Assert.Equal(JobBench.Start + (6 * Step), anomaly.EndedAt);
        Assert.Equal(4, anomaly.SamplesOutside);
    }

    [Fact]
    public async Task A_crash_before_the_commit_loses_nothing_and_doubles_nothing()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var watch = await FittedAsync(bench, at => at >= Unix(1) ? 2 : Quiet(at));
        await bench.ScanAsync(watch, 2 * Step);
        using var stopped = new CancellationTokenSource();
        bench.Metrics.BeforeAnswer = stopped.CancelAsync;
        bench.Clock.Advance(2 * Step);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => bench.Get<ScanJob>().ScanAsync(watch, stopped.Token));
        var mark = (await Watch(bench, watch)).ScannedTo;
        bench.Metrics.BeforeAnswer = null;
        await bench.ScanAsync(watch, TimeSpan.Zero);

        Assert.Equal(JobBench.Start + (2 * Step), mark);
        Assert.Equal(4, Assert.Single(await Anomalies(bench)).SamplesOutside);
    }

    [Fact]
    public async Task Ten_minutes_without_an_answer_are_caught_up_and_reported()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var watch = await FittedAsync(bench, at => at >= Unix(10) && at < Unix(20) ? 2 : Quiet(at));
        await bench.ScanAsync(watch, Step);
        bench.Metrics.Down = true;
        await bench.ScanAsync(watch, Step);
        await bench.ScanAsync(watch, TimeSpan.FromMinutes(10));
        var away = await Watch(bench, watch);
        bench.Metrics.Down = false;

        await bench.ScanAsync(watch, Step);

        Assert.Equal(JobBench.Start + Step, away.UncheckedSince);
        Assert.Equal(JobBench.Start + Step, away.ScannedTo);
        var span = await bench.ReadAsync(db => db.UncheckedSpans.SingleAsync(Token));
        Assert.Equal(JobBench.Start + Step, span.From);
        Assert.Equal(JobBench.Start + (2 * Step) + TimeSpan.FromMinutes(10), span.To);
        Assert.NotNull(span.CaughtUpAt);
        var anomaly = Assert.Single(await Anomalies(bench));
        Assert.Equal((JobBench.Start + (10 * Step), JobBench.Start + (20 * Step)), (anomaly.StartedAt, anomaly.EndedAt!.Value));
        Assert.Null((await Watch(bench, watch)).UncheckedSince);
    }

    [Fact]
    public async Task A_gap_the_upstream_never_recorded_stays_not_checked()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var watch = await FittedAsync(bench, at => at > Unix(1) && at <= Unix(42) ? null : Quiet(at));
        await bench.ScanAsync(watch, Step);
        bench.Metrics.Down = true;
        await bench.ScanAsync(watch, TimeSpan.FromMinutes(10));
        bench.Metrics.Down = false;

        await bench.ScanAsync(watch, 2 * Step);

        var span = await bench.ReadAsync(db => db.UncheckedSpans.SingleAsync(Token));
        Assert.Null(span.CaughtUpAt);
        Assert.Empty(await Anomalies(bench));
    }

    [Fact]
    public async Task Time_in_which_no_scan_ran_is_reported_and_caught_up()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var watch = await FittedAsync(bench, Quiet);
        await bench.ScanAsync(watch, Step);

        await bench.ScanAsync(watch, TimeSpan.FromHours(2));

        var span = await bench.ReadAsync(db => db.UncheckedSpans.SingleAsync(Token));
        Assert.Equal((JobBench.Start + Step, JobBench.Start + Step + TimeSpan.FromHours(2)), (span.From, span.To));
        Assert.NotNull(span.CaughtUpAt);
        Assert.Equal(JobBench.Start + Step + TimeSpan.FromHours(2), (await Watch(bench, watch)).ScannedTo);
    }

    [Fact]
    public async Task Scans_go_on_from_the_newest_sample_when_a_clock_that_was_ahead_is_set_back()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var watch = await FittedAsync(
            bench,
            at =>
                at >= Unix(5) && at < Unix(8) ? 2
                : at > Unix(20) ? null
                : Quiet(at)
        );
        for (var i = 0; i < 3; i++)
            await bench.ScanAsync(watch, Step);
        var real = bench.Clock.GetUtcNow();
        bench.Clock.AdjustTime(real + TimeSpan.FromDays(2)); // Prometheus has no samples of then
        await bench.ScanAsync(watch, TimeSpan.Zero);
        var ahead = (await Watch(bench, watch)).ScannedTo;

        bench.Clock.AdjustTime(real);
        for (var i = 0; i < 5; i++)
            await bench.ScanAsync(watch, Step);

        Assert.True(ahead > real + TimeSpan.FromDays(1), $"{ahead}");
        Assert.Equal(real + (5 * Step), (await Watch(bench, watch)).ScannedTo);
        Assert.Equal(JobBench.Start + (5 * Step), Assert.Single(await Anomalies(bench)).StartedAt);
        Assert.DoesNotContain(await bench.ReadAsync(db => db.UncheckedSpans.ToListAsync(Token)), span => span.To > bench.Clock.GetUtcNow());
    }

    [Fact]
    public async Task A_model_that_saw_samples_of_the_future_is_learnt_anew_and_its_anomalies_end()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        // The clock of Prometheus was ahead as well.
        var later = JobBench.Start + TimeSpan.FromHours(2);
        var watch = await FittedAsync(bench, at => at >= later.ToUnixTimeSeconds() ? 2 : Quiet(at));
        bench.Clock.AdjustTime(later);
        for (var i = 0; i < 4; i++)
            await bench.ScanAsync(watch, Step);
        Assert.Null(Assert.Single(await Anomalies(bench)).EndedAt);

        bench.Clock.AdjustTime(JobBench.Start);
        await bench.ScanAsync(watch, 2 * Step);
        await bench.Get<FitModelsJob>().FitAsync(watch, Token);
        await bench.ScanAsync(watch, Step);

        Assert.NotNull(Assert.Single(await Anomalies(bench)).EndedAt);
        Assert.Equal(bench.Clock.GetUtcNow(), (await Watch(bench, watch)).ScannedTo);
        Assert.NotNull((await bench.ReadAsync(db => db.WatchedSeries.SingleAsync(Token))).ExpectedUpper);
    }

    [Fact]
    public async Task A_scan_without_an_answer_is_still_a_scan()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var watch = await FittedAsync(bench, Quiet);
        bench.Metrics.Down = true;

        await bench.ScanAsync(watch, Step);

        Assert.Equal(bench.Clock.GetUtcNow(), (await Watch(bench, watch)).LastScanAt);
        Assert.NotNull((await Watch(bench, watch)).UncheckedSince);
    }

    [Fact]
    public async Task A_watch_of_an_environment_without_outside_systems_is_not_checked_and_asks_no_other()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var watch = await FittedAsync(bench, Quiet);
        await bench.ReadAsync(async db =>
        {
            db.Environments.Add(new MonitoredEnvironment { Id = 2, Name = "other" });
            await db.SaveChangesAsync(Token);
            return await db.Watches.ExecuteUpdateAsync(set => set.SetProperty(one => one.EnvironmentId, 2), Token);
        });
        var requests = bench.Metrics.RangeRequests;

        await bench.ScanAsync(watch, Step);

        Assert.Equal(requests, bench.Metrics.RangeRequests);
        Assert.Equal("No Prometheus is configured for environment 2.", (await Watch(bench, watch)).UncheckedReason);
    }

    [Fact]
    public async Task Two_workers_on_one_watch_score_each_sample_once()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var watch = await FittedAsync(bench, at => at >= Unix(1) ? 2 : Quiet(at));
        bench.Clock.Advance(4 * Step);

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => bench.Get<ScanJob>().ScanAsync(watch, Token)));

        Assert.Equal(4, Assert.Single(await Anomalies(bench)).SamplesOutside);
    }

    [Fact]
    public async Task A_direction_no_one_asked_for_is_no_anomaly()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var watch = await FittedAsync(bench, at => at >= Unix(1) ? -2 : Quiet(at));

        await bench.ScanAsync(watch, 4 * Step);

        Assert.Empty(await Anomalies(bench));
    }

    [Fact]
    public async Task An_anomaly_of_a_series_that_vanished_ends_with_its_last_sample()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var watch = await FittedAsync(
            bench,
            at =>
                at > Unix(4) ? null
                : at >= Unix(1) ? 2
                : Quiet(at)
        );
        for (var i = 0; i < 4; i++)
            await bench.ScanAsync(watch, Step);

        for (var i = 0; i < 12; i++)
            await bench.ScanAsync(watch, TimeSpan.FromMinutes(1));

        Assert.Equal(JobBench.Start + (4 * Step), Assert.Single(await Anomalies(bench)).EndedAt);
    }

    [Fact]
    public async Task Labels_that_look_like_code_are_only_labels()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        const string hostile = "'; DROP TABLE watched_series; -- <script>\"\\";
        bench.Metrics.Serve("latency", hostile, at => Quiet(at));
        var watch = await bench.AddWatchAsync();

        await bench.ScanAsync(watch, Step);

        Assert.Equal(hostile, (await bench.ReadAsync(db => db.WatchedSeries.SingleAsync(Token))).Labels["service"]);
    }

    [Theory]
    [InlineData(2, false)]
    [InlineData(900, true)]
    public async Task A_value_of_a_handful_of_requests_is_drawn_and_not_judged(double requests, bool isReported)
    {
        await using var bench = await JobBench.StartAsync(postgres);
        bench.Metrics.Serve("latency", "checkout", at => at > Unix(1) ? 9 : Quiet(at));
        bench.Metrics.Serve("requests", "checkout", at => at > Unix(1) ? requests : 900);
        var watch = await bench.AddWatchAsync();
        await bench.ReadAsync(db => db.Watches.ExecuteUpdateAsync(set => set.SetProperty(one => one.VolumeQuery, "requests"), Token));
        await bench.Get<FitModelsJob>().FitAsync(watch, Token);
        await bench.ScanAsync(watch, Step);

        await bench.ScanAsync(watch, 6 * Step);

        Assert.Equal(isReported, (await Anomalies(bench)).Count == 1);
        var series = await bench.ReadAsync(db => db.WatchedSeries.AsNoTracking().SingleAsync(Token));
        Assert.Equal(isReported, series.Guarded is null);
        Assert.Equal(9, series.LastValue);
    }

    [Fact]
    public async Task Requests_that_two_watches_need_are_asked_for_once()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        bench.Metrics.Serve("requests", "checkout", _ => 900);
        var watches = new List<int>();
        foreach (var query in (string[])["latency", "errors"])
        {
            bench.Metrics.Serve(query, "checkout", Quiet);
            watches.Add(await bench.AddWatchAsync(query));
        }
        await bench.ReadAsync(db => db.Watches.ExecuteUpdateAsync(set => set.SetProperty(one => one.VolumeQuery, "requests"), Token));
        var before = bench.Metrics.RangeRequests;

        await bench.Get<ScanJob>().ScanShardAsync([.. watches], Token);

        // The two, the requests behind both, and when the server took samples.
        Assert.Equal(4, bench.Metrics.RangeRequests - before);
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

    private static Task<List<Anomaly>> Anomalies(JobBench bench) => bench.ReadAsync(db => db.Anomalies.AsNoTracking().ToListAsync(Token));

    private static Task<Watch> Watch(JobBench bench, int id) =>
        bench.ReadAsync(db => db.Watches.AsNoTracking().SingleAsync(watch => watch.Id == id));
}
