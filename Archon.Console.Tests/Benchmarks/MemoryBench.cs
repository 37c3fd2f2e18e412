using Archon.Data.Catalogue;
using Archon.Tests.Kit;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Xunit;

namespace Archon.Tests.Benchmarks;

/// <summary>Memory of the published console while it idles, under load, after it, and with upstreams that send without an end.</summary>
[SystemTest]
public sealed class MemoryBench(PostgresFixture postgres, Chromium chromium, BenchTable table)
{
    private const int Services = 200;
    private const int Watched = 2000;
    private const int Browsers = 4;
    private static readonly TimeSpan Settled = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LoadFor = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan After = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan HostileFor = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan AfterHostile = TimeSpan.FromSeconds(90);

    private static readonly string[] Pages =
    [
        "",
        "services",
        "anomalies",
        "forecasts",
        "incidents",
        "rules",
        "rules/coverage",
        "rules/noise",
        "channels",
        "status",
        "services/service-001",
        "rules/new",
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Explicit = true)]
    public async Task Memory_idle_under_load_and_five_minutes_after_it()
    {
        await using var target = await ScanBench.StartTargetAsync(Watched);
        var address = target.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        await using var prometheus = await RealPrometheus.StartAsync(
            $$"""
            global: { scrape_interval: 15s, scrape_timeout: 5s }
            scrape_configs: [ { job_name: bench, static_configs: [ { targets: [ '{{new Uri(address).Authority}}' ] } ] } ]
            """,
            Token
        );
        await using var database = await postgres.NewDatabaseAsync();
        await ScanBench.SeedAsync(database, Services);
        await using (var db = await database.Contexts.CreateDbContextAsync(Token))
        {
            db.Watches.Add(
                new Watch
                {
                    EnvironmentId = MonitoredEnvironment.DefaultId,
                    Name = "bench",
                    Query = "bench_value",
                    Signal = WatchSignal.Saturation,
                    Unit = "",
                    Interesting = AnomalyDirection.Both,
                    Step = TimeSpan.FromSeconds(15),
                    CreatedAt = DateTimeOffset.UtcNow,
                    Enabled = true,
                }
            );
            await db.SaveChangesAsync(Token);
        }
        await using var console = await PublishedConsole.StartAsync(
            database,
            Token,
            ("Prometheus__BaseAddress", prometheus.Address.AbsoluteUri)
        );

        await Task.Delay(Settled, Token);
        Add(console, "idle, before any page");
        var opened = await LoadAsync(console);
        Add(console, $"at the end of {LoadFor.TotalMinutes:0} minutes of load ({opened:#,0} pages, {Browsers} browsers)");
        await Task.Delay(After, Token);
        Add(console, $"{After.TotalMinutes:0} minutes after the load", 350);
    }

    [Theory(Explicit = true)]
    [InlineData(
        "Prometheus, samples",
        """{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"1"]""",
        ",[1700000000.123,\"0.25\"]"
    )]
    [InlineData(
        "Prometheus, series",
        """{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"value":[1,"1"]}""",
        ",{\"metric\":{\"service\":\"a\"},\"value\":[1,\"1\"]}"
    )]
    [InlineData("Alertmanager, a string", "{\"config\":{\"original\":\"", "x")]
    [InlineData("Loki, a string", "{\"version\":\"", "x")]
    public async Task Memory_during_and_after_a_reply_without_an_end(string name, string beginning, string repeated)
    {
        await using var hostile = await HostileUpstream.EndlessAsync(beginning, repeated);
        await using var database = await postgres.NewDatabaseAsync();
        await ScanBench.SeedAsync(database, 10);
        await using var console = await PublishedConsole.StartAsync(
            database,
            Token,
            ($"{name.Split(',')[0]}__BaseAddress", hostile.Address.AbsoluteUri)
        );

        await Task.Delay(HostileFor, Token);
        table.Add(new BenchRow($"memory, {name}, without an end: peak", console.PeakResident / 1e6, "MB", null, true));
        Add(console, $"{name}, without an end: {HostileFor.TotalSeconds:0} s later");
        await hostile.DisposeAsync();
        await Task.Delay(AfterHostile, Token);
        Add(console, $"{name}, without an end: {AfterHostile.TotalSeconds:0} s after it has gone");
    }

    private void Add(PublishedConsole console, string when, double? budget = null)
    {
        table.Add(new BenchRow($"memory, {when}", console.Resident / 1e6, "MB", budget, true));
        table.Add(new BenchRow($"memory, {when}: of it anonymous", console.Anonymous / 1e6, "MB", null, true));
    }

    /// <summary>Each browser opens one page after the other, waits until it is live and goes on.</summary>
    private async Task<int> LoadAsync(PublishedConsole console)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(LoadFor);
        var opened = 0;
        await Task.WhenAll(
            Enumerable
                .Range(0, Browsers)
                .Select(async browser =>
                {
                    var context = await chromium.NewContextAsync(
                        new()
                        {
                            BaseURL = console.Address.AbsoluteUri,
                            ViewportSize = new() { Width = 1440, Height = 900 },
                        }
                    );
                    var page = await context.NewPageAsync();
                    await page.SignInAsync();
                    for (var i = browser; !limit.IsCancellationRequested; i++)
                    {
                        await page.GotoAsync(Pages[i % Pages.Length]);
                        await page.Locator("html[data-live]").WaitForAsync(new() { State = WaitForSelectorState.Attached });
                        Interlocked.Increment(ref opened);
                    }
                    await context.CloseAsync();
                })
        );
        return opened;
    }
}
