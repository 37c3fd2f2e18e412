using Archon.Features.Access;
using Archon.Features.Rules.List;
using Archon.Tests.Kit;
using Bunit;
using Xunit;

namespace Archon.Tests.Features.Rules.List;

/// <summary>Which links the list of rules offers to whom.</summary>
[SystemTest]
public sealed class RulesPageTests(PostgresFixture postgres) : BunitContext
{
    private const string Text = "groups:\n  - name: shop\n    rules:\n      - alert: One\n        expr: up == 1\n";

    [Theory]
    [InlineData(Permissions.EditRules, "/rules/new /rules/import")]
    [InlineData(Permissions.ApplyRules, "/rules/apply")]
    [InlineData($"{Permissions.EditRules} {Permissions.ApplyRules}", "/rules/new /rules/import /rules/apply")]
    public async Task Each_link_is_offered_with_the_permission_of_its_page(string permissions, string links)
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        this.AddRulePages(bench, permissions: permissions.Split(' '));

        var page = Render<RulesPage>();

        string[] limited = ["/rules/new", "/rules/import", "/rules/apply"];
        page.WaitForAssertion(() =>
            Assert.Equal(links.Split(' '), page.FindAll(".ph a").Select(link => link.GetAttribute("href")!).Where(limited.Contains))
        );
    }

    [Theory]
    [InlineData(false, "/rules/import?source=target")]
    [InlineData(true, "/rules/apply")]
    public async Task A_file_that_was_changed_is_compared_and_one_that_is_gone_is_chosen_for_where_it_can_be_written_again(
        bool isGone,
        string link
    )
    {
        await using var bench = await RuleBench.StartAsync(postgres, hasFolder: true);
        await bench.WriteAsync("shop.yml", Text);
        await bench.ImportFromTargetAsync("shop.yml", Text);
        if (isGone)
            File.Delete(Path.Combine(bench.Folder, "shop.yml"));
        else
            await bench.WriteAsync("shop.yml", "# by hand\n" + Text);
        await bench.WatchFilesAsync();
        this.AddRulePages(bench);

        var page = Render<RulesPage>();

        page.WaitForAssertion(() => Assert.Equal(link, page.Find(".ban.warn a").GetAttribute("href")));
    }
}
