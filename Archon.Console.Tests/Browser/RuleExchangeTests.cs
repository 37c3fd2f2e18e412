using Archon.ConfigFiles.Rules;
using Archon.Data;
using Archon.Data.Rules;
using Archon.Features.Rules.Catalogue;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Xunit;

namespace Archon.Tests.Browser;

/// <summary>How rules come in, go to the server and come back, by the pages.</summary>
[SystemTest]
public sealed class RuleExchangeTests(PostgresFixture postgres, Chromium chromium) : IDisposable
{
    // Not the plain field that stands in its place until it has come.
    private const string Editor = "[contenteditable][aria-label='Expression in PromQL']";
    private const string Text =
        "# ours\ngroups:\n  - name: shop\n    interval: 1s\n    rules:\n      - alert: Quiet\n        expr: vector(1) == 2\n        labels: {severity: warning}\n        annotations: {summary: quiet, description: quiet, runbook: rest}\n";
    private readonly string folder = Directory.CreateTempSubdirectory("archon-rules").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_pasted_file_is_imported_reviewed_and_applied_and_runs()
    {
        await using var prometheus = await PrometheusAsync();
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await AppAsync(database, prometheus);
        var page = await OpenAsync(app, "rules/import");

        await page.GetByLabel("Name of the file").FillAsync("shop.yml");
        await page.GetByLabel("Text of the file").FillAsync(Text.Replace("vector(1) == 2", "rate(up)", StringComparison.Ordinal));
        await page.GetByRole(AriaRole.Button, new() { Name = "Preview import" }).ClickAsync();
        await Assertions.Expect(page.GetByText("Refused as a whole")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("line 7: could not parse expression")).ToBeVisibleAsync();
        await page.GetByLabel("Text of the file").FillAsync(Text);
        await page.GetByRole(AriaRole.Button, new() { Name = "Preview import" }).ClickAsync();
        await Assertions.Expect(page.GetByText("New, 1 rule")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Import 1 file" }).ClickAsync();
        await page.GetByRole(AriaRole.Status).GetByRole(AriaRole.Link, new() { Name = "Review and apply" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Show the text" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Region, new() { Name = "Text of shop.yml" })).ToContainTextAsync("# ours");
        await page.GetByRole(AriaRole.Button, new() { Name = "Apply 1 file" }).ClickAsync();

        await Assertions.Expect(page.GetByText("The server runs every rule as the catalogue says.")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Cell, new() { Name = "Applied" }).First).ToBeVisibleAsync();
        Assert.Equal(Text, await File.ReadAllTextAsync(Path.Combine(folder, "shop.yml"), Token));
        using var http = new HttpClient { BaseAddress = prometheus.Address };
        Assert.Contains("Quiet", await http.GetStringAsync(new Uri("api/v1/rules", UriKind.Relative), Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rule_is_edited_backtested_applied_fires_and_is_rolled_back()
    {
        await using var alertmanager = await RealAlertmanager.StartAsync(Token);
        await using var prometheus = await PrometheusAsync(
            $"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{alertmanager.Address.Authority}']}}]}}]}}\n"
        );
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await AppAsync(database, prometheus);
        await SaveAsync(app, database, "vector(1) == 2");
        using var http = new HttpClient();
        async Task<bool> FiresAsync() =>
            (await http.GetStringAsync(new Uri(alertmanager.Address, "api/v2/alerts"), Token)).Contains("Quiet", StringComparison.Ordinal);
        async Task<bool> IsActiveAsync() =>
            (await http.GetStringAsync(new Uri(prometheus.Address, "api/v1/alerts"), Token)).Contains("Quiet", StringComparison.Ordinal);
        var page = await OpenAsync(app, "rules/1");
        await ApplyAsync(page);
        Assert.False(await IsActiveAsync());

        await page.GotoAsync("rules/1");
        await page.Locator("html[data-live]").WaitForAsync(new() { State = WaitForSelectorState.Attached });
        var editor = page.Locator(Editor);
        await Assertions.Expect(editor).ToContainTextAsync("vector(1) == 2");
        await editor.ClickAsync();
        await page.Keyboard.PressAsync("ControlOrMeta+End");
        await page.Keyboard.PressAsync("Backspace");
        await page.Keyboard.TypeAsync("1");
        await page.GetByRole(AriaRole.Button, new() { Name = "1 h", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByText("1 firing", new() { Exact = true })).ToBeVisibleAsync();
        await page.GetByLabel("Reason for the save").FillAsync("To see it fire");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save as v2" }).ClickAsync();
        await Assertions.Expect(page.GetByText("Saved as v2.")).ToBeVisibleAsync();
        await ApplyAsync(page);
        await Waits.UntilAsync(FiresAsync);

        await page.GotoAsync("rules/1");
        await page.Locator("html[data-live]").WaitForAsync(new() { State = WaitForSelectorState.Attached });
        await page.GetByRole(AriaRole.Button, new() { Name = "Restore v1", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Restore v1" }).ClickAsync();
        await Assertions.Expect(page.GetByText("v1 is back as v3.")).ToBeVisibleAsync();
        await ApplyAsync(page);
        await Waits.UntilAsync(async () => !await IsActiveAsync());
    }

    [Fact]
    public async Task A_rule_that_both_sides_changed_waits_for_a_choice()
    {
        await using var prometheus = await PrometheusAsync();
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await AppAsync(database, prometheus);
        await File.WriteAllTextAsync(Path.Combine(folder, "shop.yml"), Text, Token);
        var page = await OpenAsync(app, "rules/import?source=target");
        await page.GetByRole(AriaRole.Button, new() { Name = "Import 1 file" }).ClickAsync();
        await Assertions.Expect(page.GetByText("1 file imported.")).ToBeVisibleAsync();
        await SaveAsync(app, database, "vector(1) == 3");
        await File.WriteAllTextAsync(
            Path.Combine(folder, "shop.yml"),
            Text.Replace("vector(1) == 2", "vector(1) == 4", StringComparison.Ordinal),
            Token
        );

        await page.GotoAsync("rules/apply");
        await page.Locator("html[data-live]").WaitForAsync(new() { State = WaitForSelectorState.Attached });
        await Assertions.Expect(page.GetByText("Changed outside", new() { Exact = true })).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("Both the target and the catalogue changed since the last apply.")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Compare and choose for shop.yml" }).ClickAsync();
        await Assertions.Expect(page.GetByText("both changed it")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "1 choice is open" })).ToBeDisabledAsync();
        await page.GetByLabel("Take theirs").CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Import 1 file" }).ClickAsync();
        await Assertions.Expect(page.GetByText("1 file imported.")).ToBeVisibleAsync();

        await using var db = await database.Contexts.CreateDbContextAsync(Token);
        Assert.Equal(
            "vector(1) == 4",
            Assert.Single(RuleFile.Read((await db.RuleDocuments.SingleAsync(Token)).Content, out _)!.Rules).Content.Expression
        );
    }

    [Fact]
    public async Task A_deleted_rule_is_listed_and_restored_and_the_list_says_what_is_not_applied()
    {
        await using var prometheus = await PrometheusAsync();
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await AppAsync(database, prometheus);
        var id = await SaveAsync(app, database, "vector(1) == 3");
        await app.Services.GetRequiredService<RuleCommands>().DeleteAsync(id, 1, TestActor.Named("ada"), "gone", Token);
        var page = await OpenAsync(app, "rules?view=deleted");

        await page.GetByRole(AriaRole.Button, new() { Name = "Restore Quiet" }).ClickAsync();
        await Assertions.Expect(page.GetByText("Quiet is back in shop.yml. It runs once it is applied.")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Rules in use" }).ClickAsync();

        await Assertions.Expect(page.GetByRole(AriaRole.Cell, new() { Name = "Not applied" })).ToBeVisibleAsync();
        var download = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Link, new() { Name = "Export" }).ClickAsync());
        Assert.Equal("rules.zip", download.SuggestedFilename);
    }

    [Fact]
    public async Task A_console_that_is_killed_in_the_middle_leaves_a_whole_file_and_the_next_one_ends_the_apply()
    {
        await using var prometheus = await PrometheusAsync();
        await using var database = await postgres.NewDatabaseAsync();
        await File.WriteAllTextAsync(Path.Combine(folder, "shop.yml"), Text, Token);
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var http = new HttpClient { BaseAddress = prometheus.Address };
        await using var reload = await FakeUpstream.StartAsync(async context =>
        {
            // The first one hangs until its console is gone; the others reach the server.
            if (reached.TrySetResult())
                await Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted);
            context.Response.StatusCode = (int)
                (await http.PostAsync(new Uri("-/reload", UriKind.Relative), null, context.RequestAborted)).StatusCode;
        });
        (string, string)[] settings =
        [
            ("ConnectionStrings__Archon", database.ConnectionString),
            ("Archon__Access__AdminPassword", ArchonApp.AdminPassword),
            ("Prometheus__BaseAddress", prometheus.Address.AbsoluteUri),
            ("Archon__Rules__Target", "Folder"),
            ("Archon__Rules__Folder", folder),
            ("Archon__Rules__ReloadAddress", new Uri(reload.Address, "-/reload").AbsoluteUri),
        ];
        using var home = new Home();
        await using (var console = ConsoleProcess.Start(home.Path, settings))
        {
            await console.ReadyAsync(Token);
            await UntilAsync(database, db => db.Users.AnyAsync(Token));
            var page = await (await chromium.NewContextAsync(new() { BaseURL = console.Address.AbsoluteUri })).NewPageAsync();
            await page.SignInAsync();
            await page.GotoAsync("rules/import?source=target");
            await page.Locator("html[data-live]").WaitForAsync(new() { State = WaitForSelectorState.Attached });
            await page.GetByRole(AriaRole.Button, new() { Name = "Import 1 file" }).ClickAsync();
            await Assertions.Expect(page.GetByText("1 file imported.")).ToBeVisibleAsync();
            await SaveAsync(
                new RuleCommands(TestActor.Gate(database.Contexts), database.Contexts, new NoTarget(), TimeProvider.System),
                database,
                "vector(1) == 3"
            );
            await page.GotoAsync("rules/apply");
            await page.Locator("html[data-live]").WaitForAsync(new() { State = WaitForSelectorState.Attached });
            await page.GetByRole(AriaRole.Button, new() { Name = "Apply 1 file" }).ClickAsync();
            await reached.Task.WaitAsync(Token);

            await console.KillAsync(Token);
            await page.Context.CloseAsync();
        }
        Assert.Contains("vector(1) == 3", await File.ReadAllTextAsync(Path.Combine(folder, "shop.yml"), Token), StringComparison.Ordinal);
        await using (var db = await database.Contexts.CreateDbContextAsync(Token))
            Assert.Equal(RuleApplyStage.Reloading, (await db.RuleApplies.SingleAsync(Token)).Stage);

        await using var next = ConsoleProcess.Start(home.Path, settings);
        await next.ReadyAsync(Token);

        await UntilAsync(database, db => db.RuleApplies.AnyAsync(apply => apply.EndedAt != null, Token));
        await using var after = await database.Contexts.CreateDbContextAsync(Token);
        Assert.Equal(RuleApplyStage.Done, (await after.RuleApplies.SingleAsync(Token)).Stage);
        Assert.Equal(1, await after.AuditEntries.CountAsync(entry => entry.Action == "rules.recover", Token));
        Assert.Contains(
            "vector(1) == 3",
            await http.GetStringAsync(new Uri("api/v1/rules", UriKind.Relative), Token),
            StringComparison.Ordinal
        );
    }

    private Task<RealPrometheus> PrometheusAsync(string more = "") =>
        RealPrometheus.StartAsync(
            $"global: {{evaluation_interval: 1s}}\nrule_files: ['{folder}/*.yml']\n{more}",
            Token,
            // An alert that fires before a reload has found the Alertmanager again would be sent a minute later.
            flags: ["--web.enable-lifecycle", "--rules.alert.resend-delay=1s"]
        );

    private static async Task ApplyAsync(IPage page)
    {
        await page.GetByRole(AriaRole.Link, new() { Name = "Review and apply" }).First.ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Apply 1 file" }).ClickAsync();
        await Assertions.Expect(page.GetByText("The server runs every rule as the catalogue says.")).ToBeVisibleAsync();
    }

    private Task<ArchonApp> AppAsync(TestDatabase database, RealPrometheus prometheus) =>
        ArchonApp.StartAsync(
            database,
            ("Prometheus:BaseAddress", prometheus.Address.AbsoluteUri),
            ("Archon:Rules:Target", "Folder"),
            ("Archon:Rules:Folder", folder)
        );

    private static Task<int> SaveAsync(ArchonApp app, TestDatabase database, string expression) =>
        SaveAsync(app.Services.GetRequiredService<RuleCommands>(), database, expression);

    private static async Task<int> SaveAsync(RuleCommands commands, TestDatabase database, string expression)
    {
        await using var db = await database.Contexts.CreateDbContextAsync(Token);
        var known = await db.AlertRules.AsNoTracking().SingleOrDefaultAsync(Token);
        var content = new RuleContent("Quiet", true, expression) { Labels = new Dictionary<string, string> { ["severity"] = "warning" } };
        var result = await commands.SaveAsync(
            new RuleDraft(1, known?.Id, "shop.yml", "shop", content, known?.CurrentVersion ?? 0, "wanted"),
            TestActor.Named("ada"),
            Token
        );
        return Assert.IsType<RuleSaveResult.Saved>(result).RuleId;
    }

    private static Task UntilAsync(TestDatabase database, Func<ArchonDbContext, Task<bool>> isSo) =>
        Waits.UntilAsync(async () =>
        {
            await using var db = await database.Contexts.CreateDbContextAsync(Token);
            return await isSo(db);
        });

    private async Task<IPage> OpenAsync(ArchonApp app, string path)
    {
        var page = await chromium.SignInAsync(app);
        await page.GotoAsync(path);
        await page.Locator("html[data-live]").WaitForAsync(new() { State = WaitForSelectorState.Attached });
        return page;
    }

    private sealed class Home : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("archon-home").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
