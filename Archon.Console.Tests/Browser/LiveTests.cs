using Archon.Data.Anomalies;
using Archon.Features.Scanning;
using Archon.Live;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Xunit;

namespace Archon.Tests.Browser;

/// <summary>Pages that go on by themselves, stand still when asked, and come back after the console was gone.</summary>
[SystemTest]
public sealed class LiveTests(PostgresFixture postgres, Chromium chromium)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_paused_list_counts_what_comes_shows_it_when_asked_and_goes_on()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await Benchmarks.ScanBench.SeedAsync(database, 2);
        await using var app = await ArchonApp.StartAsync(database);
        var page = await OpenAsync(app, "anomalies");
        await Assertions.Expect(page.Locator("main .an")).ToHaveCountAsync(1);

        await page.Keyboard.PressAsync("p");
        await Assertions.Expect(page.GetByText("Paused at")).ToBeVisibleAsync();
        await BeginAsync(database);

        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Show 1 new" })).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("main .an")).ToHaveCountAsync(1);
        await page.GetByRole(AriaRole.Button, new() { Name = "Show 1 new" }).ClickAsync();
        await Assertions.Expect(page.Locator("main .an")).ToHaveCountAsync(2);
        await page.GetByRole(AriaRole.Button, new() { Name = "Resume", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByText("Paused at")).ToHaveCountAsync(0);
        await Assertions.Expect(page.Locator(".nav [data-go=n] .n")).ToContainTextAsync("2");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task A_console_that_was_restarted_finds_the_page_the_view_and_the_draft_as_they_were()
    {
        await using var database = await postgres.NewDatabaseAsync();
        var app = await ArchonApp.StartAsync(database);
        var address = app.Address;
        var page = await OpenAsync(app, "services/new?tz=Europe/Berlin");
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("checkout");
        await page.GetByLabel("Label 1 name").FillAsync("job");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add a label" }).ClickAsync();
        await page.GetByLabel("Label 2 name").FillAsync("stage");
        // Playwright's own wait evaluates again within the page, where the content security policy forbids it.
        await Waits.UntilAsync(() =>
            page.EvaluateAsync<bool>(
                "Object.entries(sessionStorage).some(([key, text]) => key.startsWith('archon.draft.') && text.includes('stage'))"
            )
        );

        await app.StopAsync();
        await Assertions.Expect(page.GetByText("Connection lost")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("#lost")).ToContainTextAsync("Europe/Berlin");
        await Assertions.Expect(page.Locator("footer.foot")).ToContainTextAsync("Disconnected");
        await Assertions.Expect(page.GetByText("Live", new() { Exact = true })).ToBeHiddenAsync();
        await using var again = await ArchonApp.StartAsync(database, ("urls", address.AbsoluteUri.TrimEnd('/')));

        await Assertions.Expect(page.GetByText("What you wrote is back")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByLabel("Name", new() { Exact = true })).ToHaveValueAsync("checkout");
        await Assertions.Expect(page.GetByLabel("Label 2 name")).ToHaveValueAsync("stage");
        Assert.Contains("tz=Europe", page.Url, StringComparison.Ordinal);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task A_chosen_theme_is_there_before_the_page_is_painted()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await ArchonApp.StartAsync(database);
        var page = await OpenAsync(app, "status");

        // System, then dark, then light.
        await page.Keyboard.PressAsync("d");
        await page.Keyboard.PressAsync("d");
        await Assertions.Expect(page.Locator("html")).ToHaveAttributeAsync("data-theme", "light");

        // As the server wrote it, before any script of ours ran.
        var html = await (await page.Context.APIRequest.GetAsync(new Uri(app.Address, "status").AbsoluteUri)).TextAsync();
        Assert.Contains("data-theme=\"light\"", html, StringComparison.Ordinal);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task One_key_changes_the_zone_everywhere_and_the_address_says_so()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await Benchmarks.ScanBench.SeedAsync(database, 1);
        await using var app = await ArchonApp.StartAsync(database);
        var context = await chromium.NewContextAsync(app, new() { TimezoneId = "Asia/Tokyo" });
        var page = await Chromium.NewPageAsync(context);
        await page.SignInAsync();
        // The zone of the browser is known to the server from its second page on.
        await page.GotoAsync("anomalies");
        await page.Locator("html[data-live]").WaitForAsync(new() { State = WaitForSelectorState.Attached });
        var utc = await page.Locator("main time[title]").First.GetAttributeAsync("title");

        await page.Keyboard.PressAsync("z");

        await Assertions.Expect(page.Locator("main time[title*='Asia/Tokyo']").First).ToBeVisibleAsync();
        Assert.EndsWith("UTC", utc, StringComparison.Ordinal);
        await page.ArriveAsync(url => url.Contains("tz=Asia", StringComparison.Ordinal));
        await context.CloseAsync();
    }

    [Fact]
    public async Task What_hits_many_is_asked_first_and_what_hits_one_can_be_undone()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await Benchmarks.ScanBench.SeedAsync(database, 3);
        await using var app = await ArchonApp.StartAsync(database);
        var page = await OpenAsync(app, "services");

        await page.GetByRole(AriaRole.Button, new() { Name = "Select 3" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Ignore 3", Exact = true }).ClickAsync();
        var question = page.GetByRole(AriaRole.Dialog);
        await Assertions.Expect(question).ToContainTextAsync("Ignore 3 services?");
        await Assertions.Expect(question.GetByRole(AriaRole.Button, new() { Name = "Keep watching" })).ToBeFocusedAsync();
        await page.BreaksNoRuleAsync("a question");
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(question).ToHaveCountAsync(0);
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Ignore 3", Exact = true })).ToBeFocusedAsync();
        await Assertions.Expect(page.Locator("main tbody tr")).ToHaveCountAsync(3);

        await page.GetByRole(AriaRole.Button, new() { Name = "Ignore service-001" }).ClickAsync();
        await Assertions.Expect(page.GetByText("Ignored service-001.")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator(".mud-snackbar")).ToHaveCSSAsync("opacity", "1"); // half faded in it is no test of contrast
        await Assertions.Expect(page.Locator("main tbody tr")).ToHaveCountAsync(2);
        await page.BreaksNoRuleAsync("a result that can be undone");
        await page.GetByRole(AriaRole.Button, new() { Name = "Undo" }).ClickAsync();
        await Assertions.Expect(page.Locator("main tbody tr")).ToHaveCountAsync(3);
        await page.Context.CloseAsync();
    }

    /// <summary>What a scan does when it finds something: a row, and word of it.</summary>
    private static async Task BeginAsync(TestDatabase database)
    {
        await using var db = await database.Contexts.CreateDbContextAsync(Token);
        var series = await db
            .WatchedSeries.Where(one => !db.Anomalies.Any(anomaly => anomaly.SeriesId == one.Id))
            .OrderBy(one => one.Id)
            .FirstAsync(Token);
        var now = DateTimeOffset.UtcNow;
        db.Anomalies.Add(
            new Anomaly
            {
                EnvironmentId = 1,
                WatchId = series.WatchId,
                SeriesId = series.Id,
                ServiceId = series.ServiceId,
                StartedAt = now,
                LastSeenAt = now,
                Severity = AnomalySeverity.Critical,
                Confidence = 0.97,
                Score = 0.9,
                Value = 0.9,
                PeakValue = 0.9,
                Expected = 0.4,
                ExpectedLower = 0.3,
                ExpectedUpper = 0.5,
                Season = "day",
            }
        );
        await db.SaveChangesAsync(Token);
        await db.AnnounceAsync(AnomalyTopic.Id, 1, Token);
    }

    private async Task<IPage> OpenAsync(ArchonApp app, string path)
    {
        var page = await chromium.SignInAsync(app);
        await page.GotoAsync(path);
        await page.Locator("html[data-live]").WaitForAsync(new() { State = WaitForSelectorState.Attached });
        return page;
    }
}
