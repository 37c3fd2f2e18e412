using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Archon.Data.Catalogue;
using Archon.Tests.Features.Watches;
using Archon.Tests.Kit;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Xunit;

namespace Archon.Tests.Benchmarks;

/// <summary>The published console as a browser and the machine feel it, beside Prometheus' page in the same run.</summary>
[SystemTest]
public sealed class ConsoleBench(PostgresFixture postgres, Chromium chromium, BenchTable table)
{
    private const int Services = 200;
    private const int Watched = 2000;
    private const int Loads = 7;
    private static readonly TimeSpan IdleFor = TimeSpan.FromMinutes(2);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Explicit = true)]
    public async Task First_load_server_time_and_charts()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await ScanBench.SeedAsync(database, Services);
        await using var prometheus = await RealPrometheus.StartAsync("global: { scrape_interval: 15s }", Token);
        await using var console = await PublishedConsole.StartAsync(database, Token, ("Archon__Role", "Web"));
        var signedIn = await SignInAsync(console);

        await ServerTimeAsync(console, signedIn);
        await FirstLoadAsync(console, signedIn, prometheus);
        await ChartAsync(console, signedIn);
    }

    [Fact(Explicit = true)]
    public async Task Idle()
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
        BenchTable.Note($"waiting until {Watched:#,0} series are scanned and have a band");
        while (true)
        {
            await using var db = await database.Contexts.CreateDbContextAsync(Token);
            if (await db.WatchedSeries.CountAsync(one => one.Model != null && one.LastSampleAt != null, Token) >= Watched)
                break;
            await Task.Delay(TimeSpan.FromSeconds(5), Token);
        }

        var (spent, began) = (console.ProcessorTime, Stopwatch.GetTimestamp());
        await Task.Delay(IdleFor, Token);
        var share = (console.ProcessorTime - spent) / Stopwatch.GetElapsedTime(began);
        table.Add(new BenchRow($"idle, {Watched:#,0} series watched: memory", console.Resident / 1e6, "MB", 350, true));
        table.Add(new BenchRow($"idle, {Watched:#,0} series watched: CPU", 100 * share, "% of a core", 3, true));
    }

    /// <summary>How long after a sample an open page shows what it means. Each round another series leaves its band.</summary>
    [Fact(Explicit = true)]
    public async Task From_sample_to_screen()
    {
        const int Rounds = 6;
        const int Interval = 5;
        var brokenFrom = Enumerable.Repeat(long.MaxValue, Rounds).ToArray();
        await using var metrics = await FakeMetrics.StartAsync();
        for (var i = 0; i < Rounds; i++)
        {
            var round = i;
            metrics.Serve(
                "bench_value",
                $"bench-{round}",
                at => at >= Volatile.Read(ref brokenFrom[round]) ? 5000 : 10 + (at / Interval % 7)
            );
        }
        await using var database = await postgres.NewDatabaseAsync();
        await using (var db = await database.Contexts.CreateDbContextAsync(Token))
        {
            db.Watches.Add(
                new Watch
                {
                    EnvironmentId = MonitoredEnvironment.DefaultId,
                    Name = "bench",
                    Query = "bench_value",
                    Signal = WatchSignal.Saturation,
                    Interesting = AnomalyDirection.Both,
                    Step = TimeSpan.FromSeconds(Interval),
                    CreatedAt = DateTimeOffset.UtcNow,
                    Enabled = true,
                }
            );
            await db.SaveChangesAsync(Token);
        }
        await using var console = await PublishedConsole.StartAsync(
            database,
            Token,
            ("Prometheus__BaseAddress", metrics.Address.AbsoluteUri)
        );
        while (true)
        {
            await using var db = await database.Contexts.CreateDbContextAsync(Token);
            if (await db.WatchedSeries.CountAsync(one => one.Model != null && one.LastSampleAt != null, Token) == Rounds)
                break;
            await Task.Delay(TimeSpan.FromSeconds(1), Token);
        }
        var context = await chromium.NewContextAsync(
            new()
            {
                BaseURL = console.Address.AbsoluteUri,
                StorageState = await SignInAsync(console),
                ViewportSize = new() { Width = 1440, Height = 900 },
            }
        );
        var page = await context.NewPageAsync();
        await page.GotoAsync("anomalies");
        await page.Locator("html[data-live]").WaitForAsync(new() { State = WaitForSelectorState.Attached });

        var took = new List<double>();
        for (var round = 0; round < Rounds; round++)
        {
            // The first step of the watch from now on is the first sample outside.
            var sample = (DateTimeOffset.UtcNow.ToUnixTimeSeconds() / Interval * Interval) + Interval;
            Volatile.Write(ref brokenFrom[round], sample);
            var shown = await page.EvaluateAsync<double>(
                """
                name => new Promise(done => {
                  const look = () => document.querySelector("main").innerText.includes(name) && done(Date.now());
                  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
                  look();
                })
                """,
                $"bench-{round}"
            );
            took.Add((shown / 1000) - sample);
        }
        await context.CloseAsync();
        table.Add(new BenchRow($"sample to screen, a scan every {Interval} s, slowest of {Rounds}", took.Max(), "s", Interval + 2, true));
        table.Add(new BenchRow("sample to screen, median", Median(took), "s", null, true));
    }

    private async Task<string> SignInAsync(PublishedConsole console)
    {
        var context = await chromium.NewContextAsync(new() { BaseURL = console.Address.AbsoluteUri });
        var page = await context.NewPageAsync();
        await page.SignInAsync();
        var state = await context.StorageStateAsync();
        await context.CloseAsync();
        return state;
    }

    /// <summary>From the request to the last byte of the page that the server rendered, on a connection that is open.</summary>
    private async Task ServerTimeAsync(PublishedConsole console, string signedIn)
    {
        using var handler = new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None, AllowAutoRedirect = false };
        using var http = new HttpClient(handler) { BaseAddress = console.Address };
        http.DefaultRequestHeaders.Accept.ParseAdd("text/html");
        http.DefaultRequestHeaders.Add("Cookie", Cookies(signedIn));
        var took = new List<double>();
        for (var round = 0; round < 40; round++)
        {
            var began = Stopwatch.GetTimestamp();
            using var reply = await http.GetAsync(new Uri("", UriKind.Relative), Token);
            var page = await reply.Content.ReadAsStringAsync(Token);
            took.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            Assert.Contains("service-000", page, StringComparison.Ordinal);
        }
        table.Add(new BenchRow($"Overview with {Services} services, whole page from the server", Median(took.Skip(10)), "ms", 150, true));
    }

    private static string Cookies(string state)
    {
        using var json = JsonDocument.Parse(state);
        return string.Join(
            "; ",
            json.RootElement.GetProperty("cookies")
                .EnumerateArray()
                .Select(one => $"{one.GetProperty("name").GetString()}={one.GetProperty("value").GetString()}")
        );
    }

    private async Task FirstLoadAsync(PublishedConsole console, string signedIn, RealPrometheus prometheus)
    {
        var (ours, classic) = (new List<PageLoad>(), new List<PageLoad>());
        for (var round = 0; round < Loads; round++)
        {
            // In turns, so that a busy moment of the machine hits all alike.
            ours.Add(await LoadAsync(console.Address, signedIn));
            classic.Add(await LoadAsync(new Uri(prometheus.Address, "classic/graph"), null));
        }
        var peer = Median(classic.Select(one => one.LargestPaint));
        table.Add(
            new BenchRow(
                "Overview, first load over the wire",
                Median(ours.Select(one => one.Bytes)) / 1000,
                "kB",
                100,
                true,
                "Prometheus' page",
                Median(ours.Select(one => one.Bytes)) / Median(classic.Select(one => one.Bytes))
            )
        );
        table.Add(
            new BenchRow(
                "Overview, first contentful paint",
                Median(ours.Select(one => one.FirstPaint)),
                "ms",
                null,
                true,
                "Prometheus' page",
                Median(ours.Select(one => one.FirstPaint)) / Median(classic.Select(one => one.FirstPaint))
            )
        );
        table.Add(
            new BenchRow(
                "Overview, largest contentful paint",
                Median(ours.Select(one => one.LargestPaint)),
                "ms",
                .7 * peer,
                true,
                "Prometheus' page",
                Median(ours.Select(one => one.LargestPaint)) / peer
            )
        );
        table.Add(
            new BenchRow(
                "Prometheus' classic page, first load over the wire",
                Median(classic.Select(one => one.Bytes)) / 1000,
                "kB",
                null,
                true
            )
        );
        table.Add(
            new BenchRow(
                "Prometheus' classic page, first contentful paint",
                Median(classic.Select(one => one.FirstPaint)),
                "ms",
                null,
                true
            )
        );
        table.Add(new BenchRow("Prometheus' classic page, largest contentful paint", peer, "ms", null, true));
    }

    /// <summary>One visit with nothing cached, until the network has been still for a while.</summary>
    private async Task<PageLoad> LoadAsync(Uri address, string? signedIn)
    {
        var context = await chromium.NewContextAsync(
            new()
            {
                StorageState = signedIn,
                ViewportSize = new() { Width = 1440, Height = 900 },
            }
        );
        var page = await context.NewPageAsync();
        var network = await context.NewCDPSessionAsync(page);
        await network.SendAsync("Network.enable");
        double bytes = 0;
        network.Event("Network.loadingFinished").OnEvent += (_, data) => bytes += data!.Value.GetProperty("encodedDataLength").GetDouble();
        await page.GotoAsync(address.AbsoluteUri, new() { WaitUntil = WaitUntilState.NetworkIdle });
        var paints = await page.EvaluateAsync<double[]>(
            """
            () => new Promise(done => new PerformanceObserver(list => {
              const first = performance.getEntriesByName("first-contentful-paint")[0];
              done([first.startTime, list.getEntries().at(-1).startTime]);
            }).observe({ type: "largest-contentful-paint", buffered: true }))
            """
        );
        await context.CloseAsync();
        return new PageLoad(bytes, paints[0], paints[1]);
    }

    private async Task ChartAsync(PublishedConsole console, string signedIn)
    {
        var context = await chromium.NewContextAsync(
            new()
            {
                BaseURL = console.Address.AbsoluteUri,
                StorageState = signedIn,
                ViewportSize = new() { Width = 1440, Height = 900 },
            }
        );
        var page = await context.NewPageAsync();
        await page.GotoAsync("status");
        await page.Locator("html[data-live]").WaitForAsync(new() { State = WaitForSelectorState.Attached });
        var took = await page.EvaluateAsync<double[]>(
            """
            async () => {
              const [lines, points] = [20, 10000];
              const { draw } = await archon.chart();
              const values = new Float64Array((lines + 1) * points);
              for (let at = 0; at < points; at++) values[at] = 1.7e9 + at * 15;
              for (let at = points; at < values.length; at++) values[at] = 50 + 20 * Math.sin(at / 300) + 5 * Math.random() + Math.floor(at / points);
              const chart = {
                height: 400, syncKey: null, points, hasBand: false, anomalies: [], gaps: [], thresholds: [], zone: "UTC", canZoom: true,
                lines: Array.from({ length: lines }, (_, at) => ({ name: `series ${at}`, unit: "", color: at % 8 + 1 })),
              };
              const host = document.createElement("div");
              host.style.cssText = "position: fixed; inset: 0; z-index: 99";
              document.body.append(host);
              const took = [];
              for (let round = 0; round < 9; round++) {
                const began = performance.now();
                const drawing = draw(host, { invokeMethodAsync: async () => {} }, chart, new Uint8Array(values.buffer));
                await Promise.resolve();
                // After the next frame what was drawn is on the screen.
                await new Promise(painted => requestAnimationFrame(() => { const channel = new MessageChannel(); channel.port1.onmessage = painted; channel.port2.postMessage(0); }));
                took.push(performance.now() - began);
                drawing.destroy();
              }
              return took;
            }
            """
        );
        await context.CloseAsync();
        table.Add(new BenchRow("chart of 20 series with 10,000 points, drawn and painted", Median(took), "ms", 100, true));
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted[sorted.Count / 2];
    }

    private sealed record PageLoad(double Bytes, double FirstPaint, double LargestPaint);
}
