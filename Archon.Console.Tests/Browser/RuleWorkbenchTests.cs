using Archon.ConfigFiles.Rules;
using Archon.Features.Access;
using Archon.Features.Rules.Catalogue;
using Archon.Tests.Features.Rules.Editor;
using Archon.Tests.Kit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Xunit;

namespace Archon.Tests.Browser;

/// <summary>What a person does at the rule workbench, against a real Prometheus.</summary>
[SystemTest]
public sealed class RuleWorkbenchTests(PostgresFixture postgres, Chromium chromium)
{
    // Not the plain field that stands in its place until it has come.
    private const string Editor = "[contenteditable][aria-label='Expression in PromQL']";
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_rule_is_written_seen_over_the_past_and_saved_and_saved_again()
    {
        await using var server = await RecordedQueue.StartAsync(Token);
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await ArchonApp.StartAsync(
            database,
            ("Prometheus:BaseAddress", server.Address.AbsoluteUri),
            ("Archon:Rules:Promtool", Tools.Find("promtool"))
        );
        var faults = new List<string>();
        var page = await OpenAsync(app, "rules/new?expr=queue_length+%3E+3&for=1m&severity=critical&name=QueueLong", faults);

        // From elsewhere the fields are filled.
        await Assertions.Expect(page.GetByLabel("for", new() { Exact = true })).ToHaveValueAsync("1m");
        await Assertions.Expect(page.GetByRole(AriaRole.Combobox, new() { Name = "Severity" })).ToHaveValueAsync("critical");
        await page.GetByRole(AriaRole.Button, new() { Name = "1 h", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByText("2 firings")).ToBeVisibleAsync();

        // Another threshold: the number in the expression and the bars follow.
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Threshold", Exact = true }).FillAsync("5");
        await page.Keyboard.PressAsync("Tab");
        await Assertions.Expect(page.Locator(Editor)).ToContainTextAsync("queue_length > 5");
        await Assertions.Expect(page.GetByText("1 firing", new() { Exact = true })).ToBeVisibleAsync();

        // A test of the real spike, run by the real promtool.
        await DragAsync(page, 0.18, 0.36);
        await page.GetByRole(AriaRole.Button, new() { Name = "This must fire" }).ClickAsync();
        await Assertions.Expect(page.GetByText("1 of 1 pass")).ToBeVisibleAsync();

        await page.GetByRole(AriaRole.Combobox, new() { Name = "File" }).FillAsync("shop.yml");
        await page.GetByRole(AriaRole.Combobox, new() { Name = "Group" }).FillAsync("queues");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create rule" }).ClickAsync();
        await Assertions.Expect(page.GetByText("Enter a reason. It is shown")).ToBeVisibleAsync();
        await page.GetByLabel("Reason for the save").FillAsync("Queues block the shop");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create rule" }).ClickAsync();
        await page.ArriveAsync(url => url.EndsWith("/rules/1", StringComparison.Ordinal));

        // The second version, typed into the editor.
        var editor = page.Locator(Editor);
        await Assertions.Expect(editor).ToContainTextAsync("queue_length > 5");
        await editor.ClickAsync();
        await page.Keyboard.PressAsync("ControlOrMeta+End");
        await page.Keyboard.PressAsync("Backspace");
        await page.Keyboard.TypeAsync("3");
        await Assertions.Expect(page.GetByText("Draft of v1")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "1 h", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByText("saved 1", new() { Exact = true }).First).ToBeVisibleAsync();
        await page.GetByLabel("Reason for the save").FillAsync("Sooner");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save as v2" }).ClickAsync();
        await Assertions.Expect(page.GetByText("Saved as v2.")).ToBeVisibleAsync();

        var rule = (await app.Services.GetRequiredService<RuleQueries>().FindAsync(1, Token))!;
        Assert.Equal(
            ("queue_length > 3", 2, "Sooner", "admin"),
            (rule.Content.Expression, rule.CurrentVersion, rule.Versions[0].Reason, rule.Versions[0].Author)
        );
        Assert.Contains("exp_alerts", rule.Tests, StringComparison.Ordinal);

        // Someone else saves meanwhile: theirs is shown next to what is written here.
        await page.GetByLabel("for", new() { Exact = true }).FillAsync("2m");
        var theirs = new RuleDraft(1, 1, rule.File, rule.Group.Name, rule.Content with { For = TimeSpan.FromMinutes(9) }, 2, "patience");
        Assert.IsType<RuleSaveResult.Saved>(
            await app.Services.GetRequiredService<RuleCommands>().SaveAsync(theirs, TestActor.Named("ada"), Token)
        );
        await page.GetByLabel("Reason for the save").FillAsync("impatience");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save as v3" }).ClickAsync();
        await Assertions.Expect(page.GetByText("ada saved v3 while you were writing")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Region, new() { Name = "Difference" })).ToContainTextAsync("for: 9m");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save mine over it" }).ClickAsync();
        await Assertions.Expect(page.GetByText("Saved as v4.")).ToBeVisibleAsync();
        Assert.Empty(faults);
    }

    [Fact]
    public async Task Who_may_only_look_changes_nothing_and_a_server_that_is_away_is_not_calm()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await ArchonApp.StartAsync(database, ("Prometheus:BaseAddress", NoServer.Address.AbsoluteUri));
        var commands = app.Services.GetRequiredService<RuleCommands>();
        var content = new RuleContent("QueueLong", true, "queue_length > 3")
        {
            Labels = new Dictionary<string, string> { ["severity"] = "warning", ["note"] = "<img src=x onerror=alert(1)>" },
        };
        Assert.IsType<RuleSaveResult.Saved>(
            await commands.SaveAsync(new RuleDraft(1, null, "shop.yml", "queues", content, 0, "first"), TestActor.Named("ada"), Token)
        );
        Assert.IsType<AccessResult.Done>(
            await app
                .Services.GetRequiredService<AccessCommands>()
                .CreateUserAsync("eve", ArchonApp.AdminPassword, Roles.Viewer, TestActor.Admin, Token)
        );
        var page = await OpenAsync(app, "rules/1", user: "eve");

        await Assertions.Expect(page.GetByText("You need the editor role to edit rules. What you write is not kept.")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByLabel("for", new() { Exact = true })).ToBeDisabledAsync();
        await Assertions.Expect(page.GetByText("Not checked against the server.")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("The value is not known")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("not known", new() { Exact = true }).First).ToBeVisibleAsync();
        Assert.Equal(0, await page.GetByRole(AriaRole.Button, new() { Name = "Delete" }).CountAsync());
        await page.GotoAsync("rules/new");
        await Assertions.Expect(page.GetByText("You need the editor role to edit rules.")).ToBeVisibleAsync();
    }

    private async Task<IPage> OpenAsync(ArchonApp app, string path, List<string>? faults = null, string user = FirstAdmin.UserName)
    {
        var context = await chromium.SignedInAsync(
            app,
            new()
            {
                ViewportSize = new() { Width = 1440, Height = 900 },
                ReducedMotion = ReducedMotion.Reduce,
            },
            user
        );
        var page = await Chromium.NewPageAsync(context, faults is null ? null : faults.Add);
        await page.GotoAsync(path);
        await page.Locator("html[data-live]").WaitForAsync(new() { State = WaitForSelectorState.Attached });
        return page;
    }

    /// <summary>Picks a stretch of the graph, by parts of its width.</summary>
    private static async Task DragAsync(IPage page, double from, double to)
    {
        var plot = page.Locator(".u-over").First;
        await plot.ScrollIntoViewIfNeededAsync();
        var box = (await plot.BoundingBoxAsync())!;
        await page.Mouse.MoveAsync((float)(box.X + (box.Width * from)), box.Y + 60);
        await page.Mouse.DownAsync();
        await page.Mouse.MoveAsync((float)(box.X + (box.Width * to)), box.Y + 60, new() { Steps = 8 });
        await page.Mouse.UpAsync();
    }
}
