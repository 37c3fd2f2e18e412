using Archon.Features.Rules.Catalogue;
using Archon.Tests.Kit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Xunit;

namespace Archon.Tests.Browser;

/// <summary>Rules of Loki's ruler, by the pages.</summary>
[SystemTest]
public sealed class LogqlRuleTests(PostgresFixture postgres, Chromium chromium)
{
    private const string Editor = "[contenteditable][aria-label='Expression in LogQL']";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_rule_in_LogQL_is_written_applied_and_listed_as_running()
    {
        await using var ruler = await FakeRuler.StartAsync("/loki/api/v1/rules");
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await ArchonApp.StartAsync(
            database,
            ("Prometheus:BaseAddress", "http://127.0.0.1:9/"),
            ("Archon:Rules:Target", "Ruler"),
            ("Archon:Rules:RulerAddress", ruler.Rules.AbsoluteUri)
        );
        var page = await chromium.SignInAsync(app);
        await page.GotoAsync("rules/new");
        await page.Locator("html[data-live]").WaitForAsync(new() { State = WaitForSelectorState.Attached });

        await page.Locator(Editor).ClickAsync();
        await page.Keyboard.InsertTextAsync("""sum by (service) (rate({app="rag"} |= "error" [5m])) > 5""");
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("Errors");
        await page.GetByRole(AriaRole.Combobox, new() { Name = "File" }).FillAsync("logs");
        await page.GetByRole(AriaRole.Combobox, new() { Name = "Group" }).FillAsync("errors");
        await Assertions.Expect(page.GetByText("No backtest for LogQL.")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("PromQL checks do not apply to LogQL").First).ToBeVisibleAsync();
        await page.GetByLabel("Reason for the save").FillAsync("The shop writes errors");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create rule" }).ClickAsync();
        await page.ArriveAsync(url => url.EndsWith("/rules/1", StringComparison.Ordinal));
        await page.GotoAsync("rules/apply");
        await page.Locator("html[data-live]").WaitForAsync(new() { State = WaitForSelectorState.Attached });
        await page.GetByRole(AriaRole.Button, new() { Name = "Apply 1 file" }).ClickAsync();
        await Assertions.Expect(page.GetByText("The server runs every rule as the catalogue says.")).ToBeVisibleAsync();
        using (var scope = app.Services.CreateScope())
            await scope.ServiceProvider.GetRequiredService<ImportRulesJob>().ImportAsync(1, Token);
        await page.GotoAsync("rules");

        await Assertions.Expect(page.GetByRole(AriaRole.Row, new() { Name = "Errors" })).ToContainTextAsync("Quiet");
        await Assertions.Expect(page.GetByText("Not applied")).ToHaveCountAsync(0);
        await page.Context.CloseAsync();
    }
}
