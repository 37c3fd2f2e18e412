using Archon.Data.Catalogue;
using Archon.Features.Scanning;
using Archon.Features.Watches;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace Archon.Tests.Features.Watches;

[SystemTest]
public sealed class WatchCommandsTests(PostgresFixture postgres)
{
    private static readonly WatchDraft Draft = new(
        "Queue",
        "queue",
        WatchSignal.Saturation,
        "{task}",
        TimeSpan.FromSeconds(15),
        AnomalyDirection.Up,
        0.5
    );

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_scan_meanwhile_does_not_turn_an_edit_away_but_another_edit_does()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var commands = bench.Get<WatchCommands>();
        bench.Metrics.Serve("queue", "checkout", _ => 1);
        var id = Assert.IsType<WatchResult.Done>(await commands.CreateAsync(1, Draft, TestActor.Named("ada"), Token)).Id;
        var seen = (await Watch(bench, id)).EditedAt;
        await bench.ScanAsync(id, TimeSpan.FromSeconds(30));

        var first = await commands.EditAsync(id, seen, Draft with { Name = "Queue length" }, TestActor.Named("ada"), Token);
        var second = await commands.EditAsync(id, seen, Draft with { Name = "Another" }, TestActor.Named("bob"), Token);

        Assert.IsType<WatchResult.Done>(first);
        Assert.IsType<WatchResult.ChangedMeanwhile>(second);
        Assert.Equal("Queue length", (await Watch(bench, id)).Name);
    }

    [Fact]
    public async Task Another_query_forgets_what_was_learnt()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var commands = bench.Get<WatchCommands>();
        bench.Metrics.Serve("queue", "checkout", _ => 1);
        var id = Assert.IsType<WatchResult.Done>(await commands.CreateAsync(1, Draft, TestActor.Named("ada"), Token)).Id;
        await bench.Get<FitModelsJob>().FitAsync(id, Token);
        var learnt = (await Watch(bench, id)).FittedAt;

        await commands.EditAsync(id, (await Watch(bench, id)).EditedAt, Draft with { Query = "queue * 2" }, TestActor.Named("ada"), Token);

        Assert.NotNull(learnt);
        Assert.Null((await Watch(bench, id)).FittedAt);
        Assert.Null((await bench.ReadAsync(db => db.WatchedSeries.AsNoTracking().SingleAsync(Token))).Model);
    }

    [Fact]
    public async Task A_query_that_could_not_be_tried_is_not_kept()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        bench.Metrics.Down = true;

        var result = await bench.Get<WatchCommands>().CreateAsync(1, Draft, TestActor.Named("ada"), Token);

        Assert.IsType<WatchResult.NotChecked>(result);
        Assert.Equal(0, await bench.ReadAsync(db => db.Watches.CountAsync(Token)));
    }

    [Fact]
    public async Task An_ignored_watch_is_not_scanned()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var id = await bench.AddWatchAsync();
        await bench.Get<WatchCommands>().IgnoreAsync(id, TestActor.Named("ada"), Token);

        await bench.ScanAsync(id, TimeSpan.FromMinutes(1));

        Assert.Null((await Watch(bench, id)).ScannedTo);
        Assert.Equal(0, bench.Metrics.RangeRequests);
    }

    private static Task<Watch> Watch(JobBench bench, int id) =>
        bench.ReadAsync(db => db.Watches.AsNoTracking().SingleAsync(watch => watch.Id == id));
}
