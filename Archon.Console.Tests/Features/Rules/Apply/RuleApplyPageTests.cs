using System.Text;
using Archon.Data.Rules;
using Archon.Features.Access;
using Archon.Features.Rules.Apply;
using Archon.Tests.Kit;
using Archon.Ui.View;
using Bunit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Archon.Tests.Features.Rules.Apply;

/// <summary>What the page offers for each file, to whom, and of which environment.</summary>
[SystemTest]
public sealed class RuleApplyPageTests(PostgresFixture postgres) : BunitContext
{
    private const string Text = "groups:\n  - name: shop\n    rules:\n      - alert: One\n        expr: up == 1\n";

    private static CancellationToken Token => Xunit.TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_file_that_is_gone_from_the_target_is_written_again_from_its_row()
    {
        await using var bench = await AgreedAsync();
        File.Delete(Path.Combine(bench.Folder, "shop.yml"));
        this.AddRulePages(bench);
        var page = Render<RuleApplyPage>();
        page.WaitForAssertion(() => Assert.Contains("missing on the target", page.Markup, StringComparison.Ordinal));
        Assert.DoesNotContain("Compare and choose", page.Markup, StringComparison.Ordinal);

        page.Find("[aria-label='Write it again: shop.yml']").Click();

        page.WaitForAssertion(() => Assert.Contains("shop.yml can be applied again.", page.Markup, StringComparison.Ordinal));
        page.WaitForAssertion(() => Assert.NotNull(page.Find("[aria-label='Apply shop.yml']")));
    }

    [Fact]
    public async Task A_file_that_is_gone_from_the_target_is_deleted_from_its_row_once_that_is_confirmed()
    {
        await using var bench = await AgreedAsync();
        File.Delete(Path.Combine(bench.Folder, "shop.yml"));
        this.AddRulePages(bench);
        var floats = this.RenderFloats();
        var page = Render<RuleApplyPage>();
        page.WaitForAssertion(() => Assert.NotNull(page.Find("[aria-label='Delete it here too: shop.yml']")));

        var deleting = page.Find("[aria-label='Delete it here too: shop.yml']").ClickAsync(new());
        floats.WaitForAssertion(() => Assert.Contains(floats.FindAll("button"), one => one.TextContent == "Delete the file"));
        floats.FindAll("button").Single(one => one.TextContent == "Delete the file").Click();
        await deleting;

        page.WaitForAssertion(() => Assert.Contains("shop.yml is deleted in the catalogue.", page.Markup, StringComparison.Ordinal));
        Assert.NotNull((await bench.RuleAsync("One")).DeletedAt);
    }

    [Theory]
    [InlineData(Permissions.ApplyRules, false)]
    [InlineData($"{Permissions.ApplyRules} {Permissions.EditRules}", true)]
    public async Task What_needs_the_permission_to_edit_rules_is_offered_only_with_it(string permissions, bool isOffered)
    {
        await using var bench = await AgreedAsync();
        await bench.WriteAsync("shop.yml", "# by hand\n" + Text);
        await bench.WriteAsync("theirs.yml", Text);
        this.AddRulePages(bench, permissions: permissions.Split(' '));

        var page = Render<RuleApplyPage>();

        page.WaitForAssertion(() => Assert.Contains("Changed outside", page.Markup, StringComparison.Ordinal));
        Assert.Contains("theirs.yml", page.Markup, StringComparison.Ordinal);
        Assert.Equal(isOffered ? 2 : 0, page.FindAll("a[href^='/rules/import']").Count);
    }

    [Fact]
    public async Task A_stuck_file_is_not_up_to_date_and_can_be_applied_again()
    {
        await using var bench = await AgreedAsync();
        await bench.ReadAsync(async db =>
        {
            var document = await db.RuleDocuments.SingleAsync(Token);
            db.RuleApplies.Add(
                new RuleApply
                {
                    EnvironmentId = RuleBench.Environment,
                    Author = "ada",
                    Stage = RuleApplyStage.Stuck,
                    Message = "The disk is full.",
                    Files = [new(document.Id, "shop.yml", 1, Encoding.UTF8.GetBytes("groups: []"), document.Content)],
                    StartedAt = DateTimeOffset.UtcNow,
                    ChangedAt = DateTimeOffset.UtcNow,
                    EndedAt = DateTimeOffset.UtcNow,
                }
            );
            return await db.SaveChangesAsync(Token);
        });
        this.AddRulePages(bench);

        var page = Render<RuleApplyPage>();

        page.WaitForAssertion(() => Assert.Contains("Last apply stuck", page.Markup, StringComparison.Ordinal));
        Assert.DoesNotContain("up to date", page.Markup, StringComparison.Ordinal);
        Assert.Contains(page.FindAll("button:not([disabled])"), button => button.TextContent.Trim() == "Apply 1 file");
    }

    [Fact]
    public async Task Files_of_one_environment_are_not_offered_once_another_is_chosen()
    {
        await using var bench = await RuleBench.StartAsync(postgres, hasFolder: true);
        await bench.SavedAsync(RuleBench.New("shop.yml", "shop", RuleBench.Alert("Down", "up == 0")));
        var contexts = new HeldContexts(bench.Contexts);
        this.AddRulePages(bench, contexts);
        var page = Render<RuleApplyPage>();
        page.WaitForAssertion(() => Assert.Contains("Apply 1 file", page.Markup, StringComparison.Ordinal));

        contexts.Pause();
        await page.InvokeAsync(() => Services.GetRequiredService<ViewState>().ChooseEnvironment(2));

        page.WaitForAssertion(() => Assert.Contains("Comparing the catalogue with the target", page.Markup, StringComparison.Ordinal));
        Assert.DoesNotContain("Apply 1 file", page.Markup, StringComparison.Ordinal);
        contexts.Release();
        page.WaitForAssertion(() => Assert.Contains("No rule files in the catalogue yet.", page.Markup, StringComparison.Ordinal));
    }

    /// <summary>The catalogue and the folder have the same file.</summary>
    private async Task<RuleBench> AgreedAsync()
    {
        var bench = await RuleBench.StartAsync(postgres, hasFolder: true);
        await bench.WriteAsync("shop.yml", Text);
        await bench.ImportFromTargetAsync("shop.yml", Text);
        return bench;
    }
}
