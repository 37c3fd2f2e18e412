using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json;
using Archon.Features.Access;
using Archon.Tests.Kit;
using Hangfire;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Xunit;

namespace Archon.Tests.Browser;

/// <summary>The way of an alert, from a rule of Prometheus to the eyes of someone on call.</summary>
[SystemTest]
public sealed class FiringAlertTests(PostgresFixture postgres, Chromium chromium)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_alert_that_fires_is_on_Overview_at_its_service_and_at_its_rule_until_it_ends()
    {
        var isDown = false;
        await using var shop = await FakeUpstream.StartAsync(context =>
        {
            context.Response.StatusCode = isDown ? StatusCodes.Status500InternalServerError : StatusCodes.Status200OK;
            return context.Response.WriteAsync("shop_orders 1\n");
        });
        await using var alertmanager = await RealAlertmanager.StartAsync(Token);
        await using var prometheus = await RealPrometheus.StartAsync(
            $$"""
            global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }
            rule_files: [ rules.yml ]
            alerting: { alertmanagers: [ { static_configs: [ { targets: [ '{{alertmanager.Address.Authority}}' ] } ] } ] }
            scrape_configs: [ { job_name: shop, static_configs: [ { targets: [ '{{shop.Address.Authority}}' ] } ] } ]
            """,
            Token,
            folder =>
                File.WriteAllTextAsync(
                    Path.Combine(folder, "rules.yml"),
                    """
                    groups:
                      - name: shop
                        rules:
                          - alert: ShopDown
                            expr: up{job="shop"} == 0
                            labels: { severity: critical }
                            annotations: { summary: '{{ $labels.job }} cannot be scraped <b>now</b>' }
                    """,
                    Token
                )
        );
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await ArchonApp.StartAsync(
            database,
            ("Archon:Role", "All"),
            ("Prometheus:BaseAddress", prometheus.Address.AbsoluteUri),
            ("Alertmanager:BaseAddress", alertmanager.Address.AbsoluteUri)
        );
        var jobs = app.Services.GetRequiredService<IRecurringJobManager>();
        jobs.Trigger("discover");
        jobs.Trigger("import-rules");
        await Waits.UntilAsync(async () =>
        {
            await using var db = await database.Contexts.CreateDbContextAsync(Token);
            return await db.Services.AnyAsync(Token) && await db.AlertRules.AnyAsync(Token);
        });
        var faults = new ConcurrentQueue<string>();
        var page = await chromium.SignInAsync(app, onFault: faults.Enqueue);
        await page.GotoAsync("");
        var alerts = page.GetByRole(AriaRole.Region, new() { Name = "Alerts", Exact = true });
        await Assertions.Expect(alerts.GetByText("No alert fires.")).ToBeVisibleAsync(new() { Timeout = Waits.Milliseconds });
        await Assertions.Expect(alerts).ToContainTextAsync("No notifications are sent: no receiver has an integration.");

        isDown = true;
        var link = alerts.GetByRole(AriaRole.Link, new() { Name = "ShopDown" });
        await PollUntilAsync(
            jobs,
            async () => await link.IsVisibleAsync() && await alerts.GetByText("no receiver", Exact).IsVisibleAsync()
        );

        await Assertions.Expect(alerts).ToContainTextAsync(shop.Address.Authority);
        await Assertions.Expect(alerts).ToContainTextAsync("shop cannot be scraped <b>now</b>");
        await Assertions.Expect(page.Locator("table.svc tbody tr").First).ToContainTextAsync("ShopDown fires");
        await Assertions.Expect(page.Locator("nav.nav a[href='/rules']")).ToContainTextAsync("1");
        var verdict = await (await app.WithTokenAsync(Roles.Viewer)).GetFromJsonAsync<JsonElement>(
            new Uri("monitoring/health/intelligent", UriKind.Relative),
            Token
        );
        Assert.Equal("critical", verdict.GetProperty("status").GetString());
        var worst = Assert.Single(verdict.GetProperty("alerts").GetProperty("worst").EnumerateArray());
        Assert.Equal(("ShopDown", "shop"), (worst.GetProperty("rule").GetString(), worst.GetProperty("service").GetString()));
        Assert.False(worst.GetProperty("hasReceiver").GetBoolean());

        await link.ClickAsync();
        var pane = page.GetByRole(AriaRole.Region, new() { Name = "Alerts now" });
        await Assertions.Expect(pane).ToContainTextAsync("shop cannot be scraped <b>now</b>");
        await Assertions.Expect(pane).ToContainTextAsync(shop.Address.Authority);

        await page.GotoAsync("services/shop");
        await Assertions.Expect(page.GetByRole(AriaRole.Region, new() { Name = "State" })).ToContainTextAsync("Critical");
        await Assertions.Expect(alerts.GetByRole(AriaRole.Link, new() { Name = "ShopDown" })).ToBeVisibleAsync();

        isDown = false;
        await PollUntilAsync(jobs, async () => await alerts.GetByText("No alert fires for this service.").IsVisibleAsync());
        await Assertions.Expect(page.GetByRole(AriaRole.Region, new() { Name = "State" })).Not.ToContainTextAsync("Critical");
        Assert.Empty(faults);
    }

    private static LocatorGetByTextOptions Exact => new() { Exact = true };

    /// <summary>The schedule would take 15 s each time.</summary>
    private static Task PollUntilAsync(IRecurringJobManager jobs, Func<Task<bool>> isSo) =>
        Waits.UntilAsync(async () =>
        {
            jobs.Trigger("alert-poll");
            await Task.Delay(500, Token);
            return await isSo();
        });
}
