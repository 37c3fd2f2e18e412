using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Xunit;

namespace Archon.Tests.Kit;

/// <summary>The rules of axe on a page.</summary>
internal static class Accessibility
{
    public static Task BreaksNoRuleAsync(this IPage page, string where) => CheckAsync(page, where, new AxeRunOptions());

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
