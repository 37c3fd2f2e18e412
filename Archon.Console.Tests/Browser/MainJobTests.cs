using System.Collections.Concurrent;
using System.Text.Json;
using Archon.Features.Access;
using Archon.Features.Scanning;
using Archon.Live;
using Archon.Tests.Kit;
using Hangfire;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Xunit;

namespace Archon.Tests.Browser;

/// <summary>The way of a sample, from a service to the eyes of someone on call.</summary>
[SystemTest]
public sealed class MainJobTests(PostgresFixture postgres, Chromium chromium)
{
    private const string Watch = "HTTP latency P95";
    private static readonly TimeSpan Limit = Waits.For(TimeSpan.FromMinutes(5));
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_service_that_turns_slow_appears_on_an_open_page_and_at_a_client_and_goes_when_it_is_well_again()
    {
        await using var shop = await SlowedShop.OpenAsync();
        await using var prometheus = await RealPrometheus.StartAsync(
            $$"""
            global: { scrape_interval: 1s, scrape_timeout: 1s }
            scrape_configs: [ { job_name: shop, static_configs: [ { targets: [ '{{shop.Address.Authority}}' ] } ] } ]
            """,
            Token,
            folder => shop.WritePastAsync(folder, Token)
        );
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await ArchonApp.StartAsync(
            database,
            ("Archon:Role", "All"),
            ("Archon:ScanInterval", "00:00:05"),
            ("Archon:LeastHistory", "01:00:00"),
            ("Prometheus:BaseAddress", prometheus.Address.AbsoluteUri)
        );
        await LearnAsync(app, database);

        // Watched before anything happens, and not loaded again.
        var faults = new ConcurrentQueue<string>();
        var page = await chromium.SignInAsync(app, onFault: faults.Enqueue);
        await page.GotoAsync("anomalies");
        await page.EvaluateAsync("window.loadedOnce = true");
        await Assertions.Expect(page.GetByText("last scan", new() { Exact = false }).First).ToBeVisibleAsync();
        await using var hub = await ListenAsync(app);
        var heard = Next(hub);

        using var http = new HttpClient { BaseAddress = shop.Address };
        await http.PostAsync(new Uri("slow", UriKind.Relative), null, Token);

        var open = page.Locator("section[aria-labelledby=live-head], main").GetByText(Watch).First;
        await Assertions.Expect(open).ToBeVisibleAsync(new() { Timeout = (float)Limit.TotalMilliseconds });
        await heard.WaitAsync(Limit, Token);
        Assert.Contains("shop", await page.Locator("main").InnerTextAsync(), StringComparison.Ordinal);
        using var reported = JsonDocument.Parse(
            await (await app.WithTokenAsync(Roles.Viewer)).GetStringAsync("monitoring/intelligence/anomalies", Token)
        );
        Assert.Contains(
            reported.RootElement.GetProperty("anomalies").EnumerateArray(),
            one =>
                one.GetProperty("service").GetString() == "shop"
                && one.GetProperty("watch").GetString() == Watch
                && one.GetProperty("confidence").GetDouble() > 0.9
        );

        await http.PostAsync(new Uri("calm", UriKind.Relative), null, Token);

        await Waits.UntilAsync(
            async () =>
            {
                await using var db = await database.Contexts.CreateDbContextAsync(Token);
                return !await db.Anomalies.AnyAsync(anomaly => anomaly.EndedAt == null, Token);
            },
            Limit
        );
        await Assertions.Expect(page.Locator("main [data-chart-legend]").First).ToContainTextAsync("ms");
        await Assertions
            .Expect(page.GetByText("0 open", new() { Exact = false }).Or(page.GetByText("none open", new() { Exact = false })).First)
            .ToBeVisibleAsync(new() { Timeout = (float)Limit.TotalMilliseconds });
        Assert.Empty(faults);
        Assert.True(await page.EvaluateAsync<bool>("window.loadedOnce === true"), "The page was loaded again.");
    }

    /// <summary>Discovers, and analyses on demand until a band of the service is known; the schedules would take a minute more.</summary>
    private static async Task LearnAsync(ArchonApp app, TestDatabase database)
    {
        app.Services.GetRequiredService<IRecurringJobManager>().Trigger("discover");
        await Waits.UntilAsync(
            async () =>
            {
                await using var db = await database.Contexts.CreateDbContextAsync(Token);
                return await db.Services.AnyAsync(Token) && await db.Watches.AnyAsync(watch => watch.Name == Watch, Token);
            },
            Limit
        );
        var client = await app.WithTokenAsync(Roles.Responder);
        using var started = await client.PostAsync(new Uri("monitoring/intelligence/start_analysis", UriKind.Relative), null, Token);
        Assert.True(started.IsSuccessStatusCode, await started.Content.ReadAsStringAsync(Token));
        await Waits.UntilAsync(
            async () =>
            {
                await using var db = await database.Contexts.CreateDbContextAsync(Token);
                return await db.WatchedSeries.AnyAsync(
                    one =>
                        one.Model != null
                        && one.ServiceId != null
                        && db.Watches.Any(watch => watch.Id == one.WatchId && watch.Name == Watch),
                    Token
                );
            },
            Limit
        );
    }

    private static async Task<HubConnection> ListenAsync(ArchonApp app)
    {
        var made = await app
            .Services.GetRequiredService<AccessCommands>()
            .CreateTokenAsync("hub client", Roles.Viewer, [], TimeSpan.FromHours(1), await app.ActorAsync(FirstAdmin.UserName), Token);
        var token = Assert.IsType<AccessResult.TokenMade>(made).Token;
        var hub = new HubConnectionBuilder()
            .WithUrl(new Uri(app.Address, LiveHub.Path), options => options.Headers["Authorization"] = $"Bearer {token}")
            .Build();
        await hub.StartAsync(Token);
        return hub;
    }

    private static Task<TopicChanged> Next(HubConnection hub)
    {
        var next = new TaskCompletionSource<TopicChanged>(TaskCreationOptions.RunContinuationsAsynchronously);
        hub.On<TopicChanged>(
            nameof(ILiveClient.TopicChanged),
            change =>
            {
                if (change.Topic == AnomalyTopic.Id)
                    next.TrySetResult(change);
            }
        );
        return next.Task;
    }
}
