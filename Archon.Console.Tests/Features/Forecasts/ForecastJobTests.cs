using Archon.Data.Catalogue;
using Archon.Data.Forecasts;
using Archon.Features.Forecasts;
using Archon.Features.Scanning;
using Archon.Tests.Features.Watches;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace Archon.Tests.Features.Forecasts;

[SystemTest]
public sealed class ForecastJobTests(PostgresFixture postgres)
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(15);

    /// <summary>From half full two days before to full two days after the start of the bench.</summary>
    private static readonly DateTimeOffset Full = JobBench.Start.AddDays(2);
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_disk_that_fills_is_reported_with_an_interval_and_comes_true()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var watch = await LimitedAsync(bench, at => Math.Min(1, Filling(at)!.Value));

        await bench.Get<ForecastJob>().ForecastAsync(watch, Token);
        var first = await ForecastAsync(bench);
        Assert.Empty(bench.Metrics.PostedAlerts); // one projection alone tells nobody
        bench.Clock.Advance(TimeSpan.FromHours(1));
        await bench.Get<ForecastJob>().ForecastAsync(watch, Token);

        Assert.InRange((first.ReachedAt!.Value - Full).Duration(), TimeSpan.Zero, TimeSpan.FromHours(6));
        Assert.True(first.ReachedEarliest <= first.ReachedAt && first.ReachedAt <= first.ReachedLatest);
        Assert.NotEmpty(first.Median);
        var reported = Assert.Single(await PredictionsAsync(bench));
        Assert.Equal((PredictionOutcome.Open, PredictionKind.Exhaustion, true), (reported.Outcome, reported.Kind, reported.Alerted));
        var alert = Assert.Single(bench.Metrics.PostedAlerts);
        Assert.Contains("\"severity\":\"info\"", alert, StringComparison.Ordinal);
        Assert.Contains("No earlier prediction of this kind has come due yet.", alert, StringComparison.Ordinal);

        bench.Clock.Advance(TimeSpan.FromDays(2));
        await bench.Get<ForecastJob>().ForecastAsync(watch, Token);

        var settled = Assert.Single(await PredictionsAsync(bench));
        Assert.Equal(PredictionOutcome.CameTrue, settled.Outcome);
        Assert.InRange((settled.SettledAt!.Value - Full).Duration(), TimeSpan.Zero, TimeSpan.FromHours(1));
        var picture = await new ForecastQueries(bench.Database.Contexts, bench.Clock).PictureAsync(1, ForecastWindow.Everything, Token);
        Assert.Equal((1, 0), (picture.Exhaustion.Judged, picture.Exhaustion.False));
    }

    [Fact]
    public async Task A_disk_that_is_emptied_in_time_counts_as_reported_wrongly()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var cleaned = JobBench.Start.AddHours(3);
        var watch = await LimitedAsync(bench, at => DateTimeOffset.FromUnixTimeSeconds(at) < cleaned ? Filling(at) : 0.3);
        await bench.Get<ForecastJob>().ForecastAsync(watch, Token);
        bench.Clock.Advance(TimeSpan.FromHours(1));
        await bench.Get<ForecastJob>().ForecastAsync(watch, Token);

        bench.Clock.Advance(TimeSpan.FromDays(5));
        await bench.Get<ForecastJob>().ForecastAsync(watch, Token);

        Assert.Equal(PredictionOutcome.DidNot, Assert.Single(await PredictionsAsync(bench)).Outcome);
        Assert.Null((await ForecastAsync(bench)).ReachedAt);
        // Told as over, so that nobody goes on reading it.
        Assert.Equal(2, bench.Metrics.PostedAlerts.Count);
    }

    [Fact]
    public async Task What_does_not_grow_is_forecast_and_reported_to_no_one()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var watch = await LimitedAsync(bench, at => 0.4 + (0.05 * Math.Sin(2 * Math.PI * at / 86_400)));

        for (var round = 0; round < 3; round++)
        {
            await bench.Get<ForecastJob>().ForecastAsync(watch, Token);
            bench.Clock.Advance(TimeSpan.FromHours(1));
        }

        var forecast = await ForecastAsync(bench);
        Assert.Null(forecast.ReachedAt);
        Assert.NotEmpty(forecast.Outlook);
        Assert.InRange(forecast.PastError!.Value, 0, 0.1);
        Assert.Empty(await PredictionsAsync(bench));
        Assert.Empty(bench.Metrics.PostedAlerts);
    }

    [Fact]
    public async Task With_half_an_hour_of_history_nothing_is_known_yet_and_nothing_is_called_out_of_sight()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var young = JobBench.Start.AddMinutes(-30);
        var watch = await LimitedAsync(bench, at => DateTimeOffset.FromUnixTimeSeconds(at) < young ? null : 0.4);

        await bench.Get<ForecastJob>().ForecastAsync(watch, Token);

        var limit = Assert.Single(
            (await new ForecastQueries(bench.Database.Contexts, bench.Clock).PictureAsync(1, ForecastWindow.Everything, Token)).Limits
        );
        Assert.Null(limit.ReachedAt);
        Assert.False(limit.IsJudged);
    }

    [Fact]
    public async Task A_leak_of_minutes_is_seen_long_before_it_is_a_trend_of_days()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var began = JobBench.Start.AddMinutes(1);
        double Leaking(long at) =>
            0.3 + (0.001 * (at / 15 % 7)) + Math.Max(0, (DateTimeOffset.FromUnixTimeSeconds(at) - began).TotalMinutes * 0.01);
        var watch = await LimitedAsync(bench, at => Leaking(at));
        await bench.ScanAsync(watch, TimeSpan.FromMinutes(20));

        await bench.Get<ForecastJob>().ForecastAsync(watch, Token);

        var forecast = await ForecastAsync(bench);
        Assert.InRange((forecast.ReachedAt!.Value - began.AddMinutes(70)).Duration(), TimeSpan.Zero, TimeSpan.FromMinutes(10));
        Assert.Contains("left its band", forecast.Outlook, StringComparison.Ordinal);
        // The picture reaches the limit too.
        Assert.Contains(forecast.Median, value => value > 0.95);
    }

    [Fact]
    public async Task Without_an_answer_the_old_forecast_is_and_is_due_again()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var watch = await LimitedAsync(bench, at => Filling(at));
        await bench.Get<ForecastJob>().ForecastAsync(watch, Token);
        var before = await ForecastAsync(bench);
        bench.Clock.Advance(TimeSpan.FromHours(1));
        bench.Metrics.Down = true;

        await bench.Get<ForecastJob>().ForecastAsync(watch, Token);

        Assert.Equal(before.MadeAt, (await ForecastAsync(bench)).MadeAt);
        Assert.Equal(before.MadeAt, await bench.ReadAsync(db => db.Watches.Select(one => one.ForecastAt).SingleAsync(Token)));
    }

    private static double? Filling(long at) => 1 - (0.5 * (Full - DateTimeOffset.FromUnixTimeSeconds(at)).TotalDays / 4);

    private static async Task<int> LimitedAsync(JobBench bench, Func<long, double?> value)
    {
        bench.Metrics.Serve("disk", "store", at => DateTimeOffset.FromUnixTimeSeconds(at) < JobBench.Start.AddDays(-10) ? null : value(at));
        var watch = await bench.AddWatchAsync("disk");
        await bench.ReadAsync(db =>
            db.Watches.Where(one => one.Id == watch)
                .ExecuteUpdateAsync(
                    set =>
                        set.SetProperty(one => one.Signal, WatchSignal.Saturation)
                            .SetProperty(one => one.Unit, "1")
                            .SetProperty(one => one.Limit, 1.0),
                    Token
                )
        );
        await bench.Get<FitModelsJob>().FitAsync(watch, Token);
        await bench.ScanAsync(watch, Step);
        return watch;
    }

    private static Task<SeriesForecast> ForecastAsync(JobBench bench) =>
        bench.ReadAsync(db => db.SeriesForecasts.AsNoTracking().SingleAsync(Token));

    private static Task<List<Prediction>> PredictionsAsync(JobBench bench) =>
        bench.ReadAsync(db => db.Predictions.AsNoTracking().ToListAsync(Token));
}
