using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Xunit;

namespace Archon.Tests.Kit;

/// <summary>The rules of axe on a page, and its words.</summary>
internal static class Accessibility
{
    /// <summary>All rules of axe, and no word of <see cref="BannedWords"/> among the texts.</summary>
    public static async Task BreaksNoRuleAsync(this IPage page, string where)
    {
        await CheckAsync(page, where, new AxeRunOptions());
        var words = BannedWords.InText(await page.Locator("body").InnerTextAsync()).Select(BannedWords.Advice).Distinct();
        Assert.True(!words.Any(), $"{where}: {string.Join(", ", words)}");
    }

    /// <summary>Contrast alone: it is all that a theme changes.</summary>
    public static Task HasContrastAsync(this IPage page, string where) =>
        CheckAsync(page, where, new AxeRunOptions { RunOnly = RunOnlyOptions.Rules("color-contrast") });

    private static async Task CheckAsync(IPage page, string where, AxeRunOptions options)
    {
        var found = await page.RunAxe(options);
        Assert.True(
            found.Violations.Length == 0,
            string.Join(
                "\n",
                found.Violations.Select(one =>
                    $"{where}: {one.Id}: {one.Help}: {string.Join(" | ", one.Nodes.Take(4).Select(node => node.Html))}"
                )
            )
        );
    }
}
