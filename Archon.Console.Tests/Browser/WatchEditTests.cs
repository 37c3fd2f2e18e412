using Archon.Data.Catalogue;
using Archon.Tests.Features.Watches;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Xunit;

namespace Archon.Tests.Browser;

/// <summary>What a person does to a watch, by the page.</summary>
[SystemTest]
public sealed class WatchEditTests(PostgresFixture postgres, Chromium chromium)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_query_is_tried_and_kept_and_what_the_server_says_about_it_is_shown()
    {
        await using var metrics = await FakeMetrics.StartAsync();
        metrics.Serve("queue_length", "checkout", _ => 3);
        metrics.Warnings.Add("bucket label \"le\" is missing (1:5)");
        metrics.Infos.Add("metric might not be a counter");
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await ArchonApp.StartAsync(database, ("Prometheus:BaseAddress", metrics.Address.AbsoluteUri));
        var page = await OpenAsync(app, "watches/new");

        await page.GetByLabel("Name").FillAsync("Queue");
        await page.GetByLabel("Query", new() { Exact = false }).First.FillAsync("queue_length");
        await page.GetByRole(AriaRole.Button, new() { Name = "Try the query" }).ClickAsync();
        await Assertions.Expect(page.GetByText("1 series.")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("bucket label \"le\" is missing (1:5)")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("metric might not be a counter")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Create watch" }).ClickAsync();

        await page.ArriveAsync(url => url.Contains("/watches/1", StringComparison.Ordinal));
        await using var db = await database.Contexts.CreateDbContextAsync(Token);
        var made = await db.Watches.SingleAsync(Token);
        Assert.Equal(("Queue", "queue_length", CatalogueOrigin.Edited, "admin"), (made.Name, made.Query, made.Origin, made.EditedBy));
    }

    [Fact]
    public async Task A_discovered_watch_is_marked_so_and_can_be_accepted_ignored_restored_and_edited()
    {
        await using var metrics = await FakeMetrics.StartAsync();
        metrics.Serve("queue_length", "checkout", _ => 3);
        await using var database = await postgres.NewDatabaseAsync();
        int id;
        await using (var db = await database.Contexts.CreateDbContextAsync(Token))
        {
            var watch = new Watch
            {
                EnvironmentId = 1,
                Name = "Queue",
                Template = "queue",
                Query = "queue_length",
                Signal = WatchSignal.Saturation,
                CreatedAt = DateTimeOffset.UtcNow,
            };
            db.Watches.Add(watch);
            await db.SaveChangesAsync(Token);
            id = watch.Id;
        }
        await using var app = await ArchonApp.StartAsync(database, ("Prometheus:BaseAddress", metrics.Address.AbsoluteUri));
        var page = await OpenAsync(app, "status");

        await Assertions.Expect(page.Locator("#watches").GetByText("discovered")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Queue" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Accept Queue" }).ClickAsync();
        await Assertions.Expect(page.GetByText("Accepted.")).ToBeVisibleAsync();
        Assert.Equal(CatalogueOrigin.Accepted, await OriginAsync(database, id));
        await page.GetByRole(AriaRole.Button, new() { Name = "Ignore Queue" }).ClickAsync();
        await Assertions.Expect(page.GetByText("Ignored. It is not scanned any more.")).ToBeVisibleAsync();
        Assert.Equal(CatalogueOrigin.Ignored, await OriginAsync(database, id));
        await page.GetByRole(AriaRole.Button, new() { Name = "Restore Queue" }).ClickAsync();
        await Assertions.Expect(page.GetByText("Restored.")).ToBeVisibleAsync();
        await page.GetByLabel("Sensitivity").FillAsync("0.7");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save watch" }).ClickAsync();
        await Assertions.Expect(page.GetByText("Saved.")).ToBeVisibleAsync();
        Assert.Equal(CatalogueOrigin.Edited, await OriginAsync(database, id));
    }

    private async Task<IPage> OpenAsync(ArchonApp app, string path)
    {
        var page = await chromium.SignInAsync(app);
        await page.GotoAsync(path);
        await page.Locator("html[data-live]").WaitForAsync(new() { State = WaitForSelectorState.Attached });
        return page;
    }

    private static async Task<CatalogueOrigin> OriginAsync(TestDatabase database, int id)
    {
        await using var db = await database.Contexts.CreateDbContextAsync(Token);
        return await db.Watches.Where(watch => watch.Id == id).Select(watch => watch.Origin).SingleAsync(Token);
    }
}
