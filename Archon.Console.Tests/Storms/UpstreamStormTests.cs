using System.Net;
using Archon.Integrations;
using Archon.Tests.Kit;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Archon.Tests.Storms;

/// <summary>Prometheus and Alertmanager go away, hang and reply nonsense, and come back, while the console scans.</summary>
[SystemTest, LongTest]
public sealed class UpstreamStormTests(PostgresFixture postgres)
{
    private const int Seed = 20261201;
    private static readonly int Changes = StormLength.Of(40);
    private static readonly Trouble[] Troubles = Enum.GetValues<Trouble>();
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Explicit = true)]
    public async Task Every_spike_is_one_anomaly_and_every_gap_is_caught_up_however_often_the_upstreams_fail()
    {
        await using var target = await SpikingTarget.StartAsync();
        await using var prometheus = await RealPrometheus.StartAsync(target.ScrapeConfig, Token);
        await using var alertmanager = await RealAlertmanager.StartAsync(Token);
        await using var metrics = await TroubledUpstream.StartAsync(prometheus.Address);
        await using var alerts = await TroubledUpstream.StartAsync(alertmanager.Address);
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await ArchonApp.StartAsync(
            database,
            ("Archon:Role", "All"),
            ("Archon:ScanInterval", "00:00:05"),
            ("Archon:HistoryWindow", "01:00:00"),
            ("Archon:LeastHistory", "00:00:00"),
            ("Prometheus:BaseAddress", metrics.Address.AbsoluteUri),
            ("Prometheus:QueryTimeout", "00:00:02"),
            ("Alertmanager:BaseAddress", alerts.Address.AbsoluteUri)
        );
        await app.LearnAsync(Token);
        var watch = (await Learning.WatchAsync(database.Contexts, Token))!.Id;
        var person = await app.SignInAsync();
        var random = new Random(Seed);

        target.BeginSpikes();
        for (var change = 0; change < Changes; change++)
        {
            await (random.Next(3) == 0 ? alerts : metrics).BecomeAsync(Troubles[random.Next(Troubles.Length)]);
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(500, 12_000)), Token);

            using var page = await person.GetAsync(new Uri("", UriKind.Relative), Token);
            Assert.Equal(HttpStatusCode.OK, page.StatusCode);
            await using var db = await database.Contexts.CreateDbContextAsync(Token);
            await ScanInvariants.NothingIsDoubledAsync(db, watch, Token);
        }
        await metrics.BecomeAsync(Trouble.None);
        await alerts.BecomeAsync(Trouble.None);
        var spikes = await target.EndSpikesAsync();

        var health = app.Services.GetRequiredService<UpstreamHealth>();
        await Waits.UntilAsync(() => health.Of(1).Where(one => one.Configured).All(one => one.FailingSince is null));
        await Waits.UntilAsync(
            async () =>
                await Learning.WatchAsync(database.Contexts, Token) is { UncheckedSince: null } now
                && now.ScannedTo > spikes[^1].To + TimeSpan.FromSeconds(30),
            Waits.For(TimeSpan.FromMinutes(5))
        );
        await using var last = await database.Contexts.CreateDbContextAsync(Token);
        await ScanInvariants.EachSpikeIsOneAnomalyAsync(last, watch, spikes, Token);
        Assert.Empty(app.Errors);
    }
}
