using System.Collections.Concurrent;
using System.Diagnostics;
using Archon.Data;
using Archon.Data.Rules;
using Archon.Features.Access;
using Archon.Shell;
using Archon.Tests.Benchmarks;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Xunit;

namespace Archon.Tests.Browser;

/// <summary>A database that is stopped or frozen under open pages: they say so, and go on when it is back without being loaded again.</summary>
[SystemTest]
public sealed class DatabaseOutageTests(Chromium chromium, ITestOutputHelper output)
{
    private const string Viewer = "viewer.user";
    private static readonly string[] OfEditors =
    [
        "/services/service-000/edit",
        "/services/new",
        "/watches/1",
        "/watches/new",
        "/rules/1",
        "/rules/new",
        "/rules/import",
        "/rules/apply",
        "/rules/from-anomaly/1",
        "/settings?tab=users",
    ];

    private static readonly string[] OfAll = ["/services/service-000", "/anomalies?a=1", "/rules?r=1", "/rules/coverage", "/rules/noise"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false, FirstAdmin.UserName, Viewer)]
    [InlineData(true, FirstAdmin.UserName)]
    public async Task Every_open_page_says_that_the_database_is_away_and_goes_on_when_it_is_back(bool isFrozen, params string[] users)
    {
        await using var server = await OwnPostgres.StartNewAsync(Token);
        await using var app = await StartAsync(server);
        var database = app.Services.GetRequiredService<ArchonDatabase>();
        var faults = new ConcurrentQueue<string>();
        // Each with the path of its window that comes after it.
        var pages = new List<(IPage Page, string Path, string Next)>();
        foreach (var user in users)
        {
            var context = await SignedInAsync(app, user);
            var paths = app
                .Services.GetRequiredService<NavItems>()
                .All.Select(item => item.Href)
                .Concat(OfAll)
                .Concat(user == Viewer ? [] : OfEditors)
                .ToList();
            foreach (var (path, next) in paths.Zip(paths.Skip(1).Append(paths[0])))
            {
                var page = await Chromium.NewPageAsync(context, faults.Enqueue);
                await page.GotoAsync(path);
                await LiveAsync(page);
                await page.EvaluateAsync("window.loadedOnce = true");
                pages.Add((page, path, next));
            }
        }

        // Pages that were open before; then pages that are gone to while it is away.
        foreach (var isMoved in (bool[])[false, true])
        {
            if (isFrozen)
                server.Freeze();
            else
                await server.StopAsync();
            await UntilAsync(() => Task.FromResult(!database.IsReady), "The console did not notice.");
            if (isMoved)
            {
                foreach (var (page, _, next) in pages)
                    await page.EvaluateAsync("path => Blazor.navigateTo(path)", next);
            }
            await UntilAsync(
                async () => await SaysAsync(pages[0].Page, "database has not responded since", "cannot be read"),
                "The page says nothing."
            );
            if (isFrozen)
                server.Thaw();
            else
                await server.StartAsync(Token);
            await database.WhenReadyAsync(Token).WaitAsync(Waits.Limit, Token);

            var began = Stopwatch.GetTimestamp();
            foreach (var (page, before, next) in pages)
            {
                var path = isMoved ? next : before;
                await UntilAsync(
                    async () => await page.Locator("h1").CountAsync() > 0 && !await IsTroubledAsync(page),
                    $"{path} did not come back, {Unhandled(app) ?? "without an unhandled exception"}",
                    page
                );
                Assert.True(await page.EvaluateAsync<bool>("window.loadedOnce === true"), $"{path} was loaded again.");
            }
            output.WriteLine(
                $"{string.Join(" and ", users)}, {(isFrozen ? "frozen" : "stopped")}, {(isMoved ? "gone to meanwhile" : "open before")}: all {pages.Count} pages back after {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s."
            );
        }
        Assert.Null(Unhandled(app));
    }

    [Fact]
    public async Task A_button_that_is_pressed_while_the_database_is_away_answers_that_it_was_not_done_and_keeps_what_was_typed()
    {
        await using var server = await OwnPostgres.StartNewAsync(Token);
        await using var app = await StartAsync(server);
        var database = app.Services.GetRequiredService<ArchonDatabase>();
        var context = await SignedInAsync(app, FirstAdmin.UserName);
        (string Path, Func<IPage, Task> Type, Func<IPage, ILocator> Button)[] presses =
        [
            ("/anomalies?a=1", _ => Task.CompletedTask, page => page.Locator("button[data-key='n']")),
            ("/services", _ => Task.CompletedTask, Button("Accept service-000")),
            ("/services/service-000", _ => Task.CompletedTask, Button("Accept")),
            ("/services/service-000/edit", page => page.GetByLabel("Team").FillAsync("typed"), Button("Save service")),
            ("/watches/1", page => page.GetByLabel("Query").FillAsync("typed"), Button("Ignore Rate")),
            (
                "/rules/import",
                async page =>
                {
                    await page.GetByLabel("Name of the file").FillAsync("typed.yml");
                    await page.GetByLabel("Text of the file").FillAsync("groups: []");
                },
                Button("Preview import")
            ),
            ("/settings?tab=tokens", page => page.GetByLabel("Used by").FillAsync("typed"), Button("Create token")),
        ];
        var pages = new List<IPage>();
        foreach (var (path, type, _) in presses)
        {
            var page = await Chromium.NewPageAsync(context);
            await page.GotoAsync(path);
            await LiveAsync(page);
            await type(page);
            pages.Add(page);
        }

        await server.StopAsync();
        foreach (var (page, press) in pages.Zip(presses))
        {
            await press.Button(page).First.ClickAsync();
            await UntilAsync(
                () => SaysAsync(page, "Not done:", "Not saved:", "Nothing was changed:"),
                $"{press.Path} did not answer",
                page
            );
            Assert.False(await SaysAsync(page, "This part of the page failed", "This page cannot be read."), press.Path);
        }
        await server.StartAsync(Token);
        await database.WhenReadyAsync(Token).WaitAsync(Waits.Limit, Token);

        foreach (var (page, press) in pages.Zip(presses))
        {
            await UntilAsync(
                async () => !await SaysAsync(page, "database has not responded since"),
                $"{press.Path} did not come back",
                page
            );
        }
        await Assertions.Expect(pages[3].GetByLabel("Team")).ToHaveValueAsync("typed");
        await Assertions.Expect(pages[6].GetByLabel("Used by")).ToHaveValueAsync("typed");
        await context.CloseAsync();

        static Func<IPage, ILocator> Button(string name) => page => page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });
    }

    private static async Task<ArchonApp> StartAsync(OwnPostgres server)
    {
        var app = await ArchonApp.StartAsync(server.ConnectionString);
        await app.WaitUntilUsableAsync(server.Contexts);
        await ScanBench.SeedAsync(server.Contexts, 3);
        await using var db = await server.Contexts.CreateDbContextAsync(Token);
        var now = DateTimeOffset.UtcNow;
        db.AlertRules.Add(
            new AlertRule
            {
                EnvironmentId = 1,
                File = "rules.yml",
                Group = "shop",
                Name = "Slow",
                Kind = AlertRuleKind.Alerting,
                CurrentVersion = 1,
                ServerSeenAt = now,
                Versions =
                {
                    new AlertRuleVersion
                    {
                        Number = 1,
                        Expression = "up == 0",
                        Author = "test",
                        Reason = "test",
                        CreatedAt = now,
                    },
                },
            }
        );
        await db.SaveChangesAsync(Token);
        // A service is saved only with the labels that find its series.
        foreach (var service in await db.Services.ToListAsync(Token))
            service.Matchers = new() { ["job"] = service.Name };
        await db.SaveChangesAsync(Token);
        return app;
    }

    private static string? Unhandled(ArchonApp app) =>
        app.Log.FirstOrDefault(line => line.Contains("Unhandled exception", StringComparison.Ordinal));

    private async Task<IBrowserContext> SignedInAsync(ArchonApp app, string user)
    {
        if (user == Viewer)
            (await app.SignInAsRoleAsync(Roles.Viewer)).Dispose();
        return await chromium.SignedInAsync(app, new() { ReducedMotion = ReducedMotion.Reduce }, user);
    }

    /// <summary>Until the circuit has taken over from the first reply.</summary>
    private static Task LiveAsync(IPage page) =>
        page.Locator("html[data-live]").WaitForAsync(new() { State = WaitForSelectorState.Attached });

    private static async Task<bool> SaysAsync(IPage page, params string[] words)
    {
        var text = await page.Locator("body").InnerTextAsync();
        return words.Any(word => text.Contains(word, StringComparison.OrdinalIgnoreCase));
    }

    private static Task<bool> IsTroubledAsync(IPage page) =>
        SaysAsync(
            page,
            "database has not responded",
            "database does not",
            "This part of the page failed",
            "Your role does not reach",
            "This page has stopped",
            "Connection lost"
        );

    private static async Task UntilAsync(Func<Task<bool>> condition, string otherwise, IPage? page = null)
    {
        var began = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(began) > Waits.Limit)
            {
                Assert.Fail(page is null ? otherwise : $"{otherwise}: {page.Url}\n{await page.Locator("body").InnerTextAsync()}");
            }
            await Task.Delay(100, Token);
        }
    }
}
