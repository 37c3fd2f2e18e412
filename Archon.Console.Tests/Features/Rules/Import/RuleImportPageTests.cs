using Archon.Features.Access;
using Archon.Features.Rules.Import;
using Archon.Tests.Kit;
using Archon.Ui.View;
using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Archon.Tests.Features.Rules.Import;

/// <summary>Of which environment the page imports, and how it says what became of the files.</summary>
[SystemTest]
public sealed class RuleImportPageTests(PostgresFixture postgres) : BunitContext
{
    private const string Text = "groups:\n  - name: shop\n    rules:\n      - alert: One\n        expr: up == 1\n";

    [Fact]
    public async Task A_preview_ends_when_another_environment_is_chosen()
    {
        await using var bench = await RuleBench.StartAsync(postgres, hasFolder: true);
        await bench.WriteAsync("shop.yml", Text);
        this.AddRulePages(bench);
        var page = Open();
        page.WaitForAssertion(() => Assert.Contains("Import 1 file", page.Markup, StringComparison.Ordinal));

        await page.InvokeAsync(() => Services.GetRequiredService<ViewState>().ChooseEnvironment(2));

        page.WaitForAssertion(() => Assert.DoesNotContain("Import 1 file", page.Markup, StringComparison.Ordinal));
        Assert.DoesNotContain("What would happen", page.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_preview_that_comes_after_another_environment_was_chosen_is_not_shown()
    {
        await using var bench = await RuleBench.StartAsync(postgres, hasFolder: true);
        await bench.WriteAsync("shop.yml", Text);
        var contexts = new HeldContexts(bench.Contexts);
        contexts.Pause();
        this.AddRulePages(bench, contexts);
        var page = Open();

        await page.InvokeAsync(() => Services.GetRequiredService<ViewState>().ChooseEnvironment(2));
        contexts.Release();

        page.WaitForAssertion(() =>
            Assert.Contains(page.FindAll("button:not([disabled])"), button => button.TextContent.Contains("Read", StringComparison.Ordinal))
        );
        Assert.DoesNotContain("What would happen", page.Markup, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Permissions.EditRules, 0)]
    [InlineData($"{Permissions.EditRules} {Permissions.ApplyRules}", 1)]
    public async Task A_file_of_the_target_that_was_kept_can_be_applied_by_who_may(string permissions, int links)
    {
        await using var bench = await RuleBench.StartAsync(postgres, hasFolder: true);
        await bench.WriteAsync("shop.yml", Text);
        await bench.ImportFromTargetAsync("shop.yml", Text);
        await bench.WriteAsync("shop.yml", Text.Replace("up == 1", "up == 2", StringComparison.Ordinal));
        this.AddRulePages(bench, permissions: permissions.Split(' '));
        var page = Open();
        page.WaitForAssertion(() => Assert.Contains("Keep all of ours", page.Markup, StringComparison.Ordinal));

        Click(page, "Keep all of ours");
        page.WaitForAssertion(() => Assert.Contains(page.FindAll("button.pri"), button => button.TextContent.Trim() == "Keep ours"));
        page.Find("button.pri").Click();

        page.WaitForAssertion(() =>
            Assert.Equal(
                "The catalogue's version was kept for 1 file. Apply it to replace the file on the target.",
                page.Find(".outcome .grow").TextContent
            )
        );
        Assert.Equal(links, page.FindAll(".outcome a[href='/rules/apply']").Count);
    }

    [Theory]
    [InlineData(1, 0, 0, 0, "1 file imported.")]
    [InlineData(2, 1, 0, 0, "2 files imported, 1 refused.")]
    [InlineData(0, 2, 0, 0, "2 files refused.")]
    [InlineData(0, 0, 1, 0, "The catalogue's version was kept for 1 file.")]
    [InlineData(
        1,
        0,
        3,
        2,
        "1 file imported. The catalogue's version was kept for 3 files. Apply them to replace the files on the target."
    )]
    [InlineData(0, 0, 0, 0, "Nothing to import: the catalogue already has it.")]
    public void How_an_import_ended_is_said_without_what_did_not_happen(
        int taken,
        int refused,
        int kept,
        int keptFromTarget,
        string words
    ) => Assert.Equal(words, ImportWords.Ended(taken, refused, kept, keptFromTarget));

    private IRenderedComponent<RuleImportPage> Open()
    {
        Services.GetRequiredService<NavigationManager>().NavigateTo("rules/import?source=target");
        return Render<RuleImportPage>();
    }

    private static void Click(IRenderedComponent<RuleImportPage> page, string words) =>
        page.FindAll("button").Single(button => button.TextContent.Trim() == words).Click();
}
