using Deque.AxeCore.Commons;
using Microsoft.Playwright;
using Xunit;

namespace Archon.Tests.Kit;

/// <summary>The rules of axe on a page, and its words.</summary>
/// <remarks>
/// Only what is broken leaves the browser. The call of the package for Playwright carries a report on every element to a second page and back, which costs
/// more than the check; it is made for pages with frames of other sites, and these have none.
/// </remarks>
internal static class Accessibility
{
    private static readonly string Axe = new BundledAxeScriptProvider().GetScript();

    private const string Run = """
        async rules => {
          const options = { resultTypes: ["violations"] };
          if (rules.length > 0) options.runOnly = { type: "rule", values: rules };
          const found = await axe.run(document, options);
          return found.violations.map(one => `${one.id}: ${one.help}: ${one.nodes.slice(0, 4).map(node => node.html).join(" | ")}`);
        }
        """;

    /// <summary>All rules of axe, and no word of <see cref="BannedWords"/> among the texts.</summary>
    public static async Task BreaksNoRuleAsync(this IPage page, string where) => IsEmpty(await page.BrokenRulesAsync(), where);

    /// <summary>Contrast alone: it is all that a theme changes.</summary>
    public static async Task HasContrastAsync(this IPage page, string where) => IsEmpty(await FindAsync(page, "color-contrast"), where);

    /// <summary>The rules of axe that the page breaks, each with up to four elements, and the words of <see cref="BannedWords"/> in its texts.</summary>
    public static async Task<IReadOnlyList<string>> BrokenRulesAsync(this IPage page)
    {
        var words = BannedWords.InText(await page.Locator("body").InnerTextAsync()).Select(BannedWords.Advice).Distinct();
        return [.. await FindAsync(page), .. words];
    }

    private static void IsEmpty(IReadOnlyList<string> found, string where) =>
        Assert.True(found.Count == 0, $"{where}:\n{string.Join('\n', found)}");

    private static async Task<string[]> FindAsync(IPage page, params string[] rules)
    {
        if (!await page.EvaluateAsync<bool>("typeof axe === 'object'"))
            await page.EvaluateAsync(Axe);
        return await page.EvaluateAsync<string[]>(Run, rules);
    }
}
