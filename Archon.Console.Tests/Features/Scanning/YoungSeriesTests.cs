using Archon.Analysis.Detection;
using Archon.Data.Anomalies;
using Archon.Data.Catalogue;
using Archon.Features.Scanning;
using Archon.Features.Services;
using Archon.Tests.Features.Watches;
using Archon.Tests.Kit;
using Archon.Ui.Health;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace Archon.Tests.Features.Scanning;

/// <summary>Series with too little history for a band: nothing is reported of them but what needs none.</summary>
[SystemTest]
public sealed class YoungSeriesTests(PostgresFixture postgres)
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(15);
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_series_with_hours_of_history_has_no_anomaly_and_says_when_it_is_ready()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var begun = JobBench.Start.AddHours(-7).ToUnixTimeSeconds();
        bench.Metrics.Serve(
            "latency",
            "checkout",
            at =>
                at < begun ? null
                : at >= Unix(2) ? 9
                : Quiet(at)
        );
        var watch = await bench.AddWatchAsync();
        await bench.Get<FitModelsJob>().FitAsync(watch, Token);

        await ScansAsync(bench, watch, 12);

        Assert.Empty(await Anomalies(bench));
        var series = await SeriesAsync(bench);
        Assert.Equal((null, null, null), (series.Model, series.FittedAt, series.ExpectedUpper));
        var missing = bench.Options.LeastHistory - TimeSpan.FromHours(7);
        Assert.InRange(series.ReadyAt!.Value - JobBench.Start, missing - TimeSpan.FromMinutes(10), missing + TimeSpan.FromMinutes(10));
    }

    [Fact]
    public async Task What_was_learnt_of_a_series_with_history_enough_is_used()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var begun = (JobBench.Start - bench.Options.LeastHistory).AddMinutes(30).ToUnixTimeSeconds();
        var ready = JobBench.Start.AddHours(1).ToUnixTimeSeconds();
        bench.Metrics.Serve(
            "latency",
            "checkout",
            at =>
                at < begun ? null
                : at > ready ? 9
                : Quiet(at)
        );
        var watch = await bench.AddWatchAsync();
        await bench.Get<FitModelsJob>().FitAsync(watch, Token);
        await bench.ScanAsync(watch, TimeSpan.FromHours(1));
        var before = await SeriesAsync(bench);

        await bench.Get<FitModelsJob>().FitAsync(watch, Token);
        await ScansAsync(bench, watch, 4);

        Assert.Null(before.Model);
        var after = await SeriesAsync(bench);
        Assert.NotNull(after.Model);
        Assert.Null(after.ReadyAt);
        Assert.Single(await Anomalies(bench));
    }

    [Fact]
    public async Task A_target_that_is_down_is_reported_from_the_first_minute()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        bench.Metrics.Serve(
            "up",
            "checkout",
            at =>
                at < Unix(-8) ? null
                : at < Unix(2) ? 1
                : 0
        );
        var watch = await bench.AddWatchAsync("up", AnomalyDirection.Down);
        await bench.ReadAsync(db =>
            db.Watches.ExecuteUpdateAsync(
                set => set.SetProperty(one => one.Signal, WatchSignal.Availability).SetProperty(one => one.Unit, "1"),
                Token
            )
        );
        await bench.Get<FitModelsJob>().FitAsync(watch, Token);

        await ScansAsync(bench, watch, 8);

        Assert.Equal(AnomalySeverity.Critical, Assert.Single(await Anomalies(bench)).Severity);
    }

    [Fact]
    public async Task Time_without_samples_makes_a_series_ready_later()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var (begun, away, back) = (Unix(-1200), JobBench.Start.ToUnixTimeSeconds(), JobBench.Start.AddHours(4).ToUnixTimeSeconds());
        bench.Metrics.Serve("latency", "checkout", at => at < begun || (at > away && at < back) ? null : Quiet(at));
        var watch = await bench.AddWatchAsync();
        await bench.Get<FitModelsJob>().FitAsync(watch, Token);
        var first = (await SeriesAsync(bench)).ReadyAt!.Value;

        bench.Clock.Advance(TimeSpan.FromHours(5));
        await bench.Get<FitModelsJob>().FitAsync(watch, Token);

        var later = (await SeriesAsync(bench)).ReadyAt!.Value - first;
        Assert.InRange(later, TimeSpan.FromHours(3.7), TimeSpan.FromHours(4.3));
    }

    [Fact]
    public async Task A_server_that_keeps_few_hours_of_samples_is_waited_for_no_longer_than_one_that_keeps_all()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var kept = TimeSpan.FromHours(6);
        bench.Metrics.Serve("latency", "checkout", at => at < (bench.Clock.GetUtcNow() - kept).ToUnixTimeSeconds() ? null : Quiet(at));
        var watch = await bench.AddWatchAsync();
        await bench.Get<FitModelsJob>().FitAsync(watch, Token);
        var readyAt = (await SeriesAsync(bench)).ReadyAt!.Value;

        while (bench.Clock.GetUtcNow() < readyAt)
        {
            Assert.Null((await SeriesAsync(bench)).Model);
            bench.Clock.Advance(TimeSpan.FromHours(1));
            await bench.Get<FitModelsJob>().FitAsync(watch, Token);
        }

        Assert.NotNull((await SeriesAsync(bench)).Model);
    }

    [Fact]
    public async Task What_an_older_console_learnt_of_too_little_is_dropped()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        bench.Metrics.Serve("latency", "checkout", at => at < Unix(-1200) ? null : Quiet(at));
        var watch = await bench.AddWatchAsync();
        await bench.Get<FitModelsJob>().FitAsync(watch, Token);
        await bench.ReadAsync(db =>
            db.WatchedSeries.ExecuteUpdateAsync(
                set =>
                    set.SetProperty(one => one.Model, new byte[] { SeriesModel.FormatVersion - 1 })
                        .SetProperty(one => one.ModelVersion, SeriesModel.FormatVersion - 1)
                        .SetProperty(one => one.FittedSamples, 1200)
                        .SetProperty(one => one.FittedAt, JobBench.Start)
                        .SetProperty(one => one.ReadyAt, (DateTimeOffset?)null),
                Token
            )
        );

        await bench.Get<FitModelsJob>().FitAsync(watch, Token);

        var series = await SeriesAsync(bench);
        Assert.Null(series.Model);
        Assert.NotNull(series.ReadyAt);
    }

    [Fact]
    public async Task A_service_whose_series_are_all_young_is_learning_and_says_until_when()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        bench.Metrics.Serve("latency", "checkout", at => at < Unix(-240) ? null : Quiet(at));
        var watch = await bench.AddWatchAsync();
        await bench.ReadAsync(async db =>
        {
            db.Services.Add(
                new Service
                {
                    EnvironmentId = MonitoredEnvironment.DefaultId,
                    Name = "checkout",
                    Matchers = new() { ["service"] = "checkout" },
                    CreatedAt = JobBench.Start,
                    LastSeenAt = JobBench.Start,
                }
            );
            return await db.SaveChangesAsync(Token);
        });
        await bench.Get<FitModelsJob>().FitAsync(watch, Token);
        await ScansAsync(bench, watch, 2);
        var queries = new ServiceQueries(bench.Database.Contexts, bench.Clock);

        var detail = (await queries.FindAsync(MonitoredEnvironment.DefaultId, "checkout", Token))!;

        var readyAt = (await SeriesAsync(bench)).ReadyAt;
        Assert.Equal((HealthState.Learning, new HealthReason.NoBandYet(readyAt)), (detail.Health.State, detail.Health.Reason));
        var row = Assert.Single(detail.Watches);
        Assert.Equal((1, 0, readyAt), (row.Series, row.SeriesWithBand, row.ReadyAt));
        var picture = await queries.PictureAsync(MonitoredEnvironment.DefaultId, ServiceFilter.Everything, 0, 10, Token);
        Assert.Equal(HealthState.Learning, Assert.Single(picture.Services).State);
    }

    private static async Task ScansAsync(JobBench bench, int watch, int scans)
    {
        for (var i = 0; i < scans; i++)
            await bench.ScanAsync(watch, Step);
    }

    private static Task<WatchedSeries> SeriesAsync(JobBench bench) =>
        bench.ReadAsync(db => db.WatchedSeries.AsNoTracking().SingleAsync(Token));

    private static Task<List<Anomaly>> Anomalies(JobBench bench) => bench.ReadAsync(db => db.Anomalies.AsNoTracking().ToListAsync(Token));

    private static long Unix(int step) => (JobBench.Start + (step * Step)).ToUnixTimeSeconds();

    private static double Quiet(long at) => 0.1 + (at / 15 % 5 * 0.001);
}
