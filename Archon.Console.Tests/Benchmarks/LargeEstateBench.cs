using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using Archon.Features.Access;
using Archon.Tests.Features.Watches;
using Archon.Tests.Kit;
using Microsoft.Playwright;
using Xunit;

namespace Archon.Tests.Benchmarks;

/// <summary>How much a page sends first and how long the server takes for it, with 10,000 services, 20,000 series, 5,000 open anomalies and
/// 2,000 rules.</summary>
[SystemTest]
public sealed class LargeEstateBench(PostgresFixture postgres, Chromium chromium, BenchTable table)
{
    private const double MostKilobytes = 300;
    private const double MostMilliseconds = 300;
    private const int WarmUps = 2;
    private const int Rounds = 7;

    private static readonly string[] Pages = ["", "services", "anomalies", "rules", "rules/coverage", "rules/noise", "forecasts", "status"];

    private static readonly string[] Endpoints =
    [
        "monitoring/health/intelligent",
        "monitoring/intelligence/anomalies",
        "monitoring/intelligence/insights",
        "monitoring/intelligence/predictions",
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Explicit = true)]
    public async Task Pages_palette_and_monitoring_of_a_large_estate()
    {
        await using var metrics = await FakeMetrics.StartAsync();
        LargeEstate.Full.Serve(metrics);
        await using var database = await postgres.NewDatabaseAsync();
        var seeding = Stopwatch.StartNew();
        await LargeEstate.Full.SeedAsync(database, Token);
        BenchTable.Note($"seeded in {seeding.Elapsed.TotalSeconds:0.0} s");
        await using var app = await ArchonApp.StartAsync(database, ("Prometheus:BaseAddress", metrics.Address.AbsoluteUri));

        var person = await app.SignInAsync();
        foreach (var page in Pages)
            await AskAsync(person, page);
        var program = await app.WithTokenAsync(Roles.Viewer);
        foreach (var endpoint in Endpoints)
            await AskAsync(program, endpoint);
        await AskForMetricsAsync(database, metrics.Address, program.DefaultRequestHeaders.Authorization);
        var reader = await chromium.SignInAsync(app);
        foreach (var page in Pages)
            await OpenAsync(reader, page);
        await SearchAsync(reader);
        await reader.Context.CloseAsync();
    }

    /// <summary>Of a console in a process of its own: the one of the test also counts what the test does.</summary>
    private async Task AskForMetricsAsync(TestDatabase database, Uri prometheus, AuthenticationHeaderValue? token)
    {
        // Without jobs: they would take up what the server of the test runs, which is no rule.
        await using var console = await PublishedConsole.StartAsync(
            database,
            Token,
            ("Prometheus__BaseAddress", prometheus.AbsoluteUri),
            ("Archon__Role", "Web")
        );
        using var program = new HttpClient { BaseAddress = console.Address };
        program.DefaultRequestHeaders.Authorization = token;
        // Requests are measured too.
        foreach (var endpoint in Endpoints)
            (await program.GetAsync(new Uri(endpoint, UriKind.Relative), Token)).Dispose();
        await AskAsync(program, "monitoring/metrics");
    }

    private async Task AskAsync(HttpClient client, string path)
    {
        var (took, bytes) = (new List<double>(), 0);
        for (var round = 0; round < WarmUps + Rounds; round++)
        {
            var began = Stopwatch.GetTimestamp();
            using var reply = await client.GetAsync(new Uri(path, UriKind.Relative), Token);
            bytes = (await reply.Content.ReadAsByteArrayAsync(Token)).Length;
            if (round >= WarmUps)
                took.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            else
                BenchTable.Note($"/{path}: {Stopwatch.GetElapsedTime(began).TotalMilliseconds:0} ms to warm up");
            Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        }
        table.Add(new BenchRow($"large estate: /{path}, first reply", bytes / 1000.0, "kB", MostKilobytes, true));
        table.Add(
            new BenchRow($"large estate: /{path}, server time", took.Order().ElementAt(took.Count / 2), "ms", MostMilliseconds, true)
        );
    }

    /// <summary>What the circuit sends until the page is live and what it waited for has come.</summary>
    private async Task OpenAsync(IPage page, string path)
    {
        long bytes = 0;
        page.WebSocket += Count;
        await page.GotoAsync(path);
        await page.Locator("html[data-live]").WaitForAsync(new() { State = WaitForSelectorState.Attached });
        await Assertions.Expect(page.Locator("main td, main .an, main .cr").First).ToBeVisibleAsync();
        page.WebSocket -= Count;
        table.Add(
            new BenchRow(
                $"large estate: /{path}, over the circuit until it is live",
                Interlocked.Read(ref bytes) / 1000.0,
                "kB",
                MostKilobytes,
                true
            )
        );

        void Count(object? sender, IWebSocket socket) =>
            socket.FrameReceived += (_, frame) => Interlocked.Add(ref bytes, frame.Binary?.Length ?? frame.Text?.Length ?? 0);
    }

    private async Task SearchAsync(IPage page)
    {
        long bytes = 0;
        page.WebSocket += (_, socket) => socket.FrameReceived += (_, frame) => Interlocked.Add(ref bytes, frame.Binary?.Length ?? 0);
        await page.GotoAsync("channels");
        await page.Locator("html[data-live]").WaitForAsync(new() { State = WaitForSelectorState.Attached });
        var took = new List<double>();
        foreach (var wanted in (string[])["service-09999", "service-04242", "Rule1999", "service-00007", "Rule0042"])
        {
            Interlocked.Exchange(ref bytes, 0);
            await page.Keyboard.PressAsync("Control+k");
            await page.GetByRole(AriaRole.Option).First.WaitForAsync();
            var box = page.GetByRole(AriaRole.Combobox, new() { Name = "Search" });
            took.Add(
                await box.EvaluateAsync<double>(
                    """
                    (field, wanted) => new Promise(done => {
                      const began = performance.now();
                      const look = () => document.querySelector("#palette-0")?.textContent.trim() === wanted && done(performance.now() - began);
                      new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
                      field.value = wanted;
                      field.dispatchEvent(new Event("input", { bubbles: true }));
                    })
                    """,
                    wanted
                )
            );
            await page.Keyboard.PressAsync("Escape");
            await page.GetByRole(AriaRole.Dialog).WaitForAsync(new() { State = WaitForSelectorState.Detached });
        }
        table.Add(
            new BenchRow(
                "large estate: the palette opened and searched, over the circuit",
                Interlocked.Read(ref bytes) / 1000.0,
                "kB",
                MostKilobytes,
                true
            )
        );
        table.Add(
            new BenchRow(
                "large estate: the palette, from what was typed to what was found, median",
                took.Order().ElementAt(took.Count / 2),
                "ms",
                MostMilliseconds,
                true
            )
        );
    }
}
