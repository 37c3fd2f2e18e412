using System.Collections.Concurrent;
using Archon.Tests.Kit;
using Microsoft.Playwright;

namespace Archon.Tests.Browser;

/// <summary>What was found on one page.</summary>
/// <param name="BrokenRules">Of axe, and words that are not used.</param>
/// <param name="Layout">What is wider than the window or cut by dots, at each width.</param>
/// <param name="RanText">Text of others was taken for markup or script.</param>
/// <param name="Faults">Errors of scripts, and what the content security policy stopped.</param>
/// <param name="Unseen">Where characters are that turn or hide text.</param>
/// <param name="ShowsEscapes">Text that misleads is there with escapes, apart from what is around it.</param>
internal sealed record PageVisit(
    IReadOnlyList<string> BrokenRules,
    IReadOnlyList<string> Layout,
    bool RanText,
    IReadOnlyList<string> Faults,
    IReadOnlyList<string> Unseen,
    bool ShowsEscapes
);

/// <summary>Opens each page once, and finds out there all that is asserted about every page.</summary>
public sealed class PageVisits(HostileConsole hostile, Chromium chromium)
{
    internal const string Unseen = """
        () => {
          const bad = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/;
          const found = bad.test(document.title) ? [`title: ${JSON.stringify(document.title)}`] : [];
          const walk = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
          for (let node = walk.currentNode; node; node = walk.nextNode()) {
            const element = node.nodeType === Node.TEXT_NODE ? node.parentElement : node;
            if (element.closest("textarea, .cm-editor, script, style")) continue;
            if (node.nodeType === Node.TEXT_NODE) {
              if (bad.test(node.data)) found.push(`${element.outerHTML.slice(0, 200)}`);
              continue;
            }
            for (const { name, value } of element.attributes) {
              if (name === "value" && element.matches("input, option, select")) continue;
              if (bad.test(value)) found.push(`${name} of ${element.tagName}: ${JSON.stringify(value).slice(0, 200)}`);
            }
          }
          return found;
        }
        """;

    private const string Cut =
        "[...document.querySelectorAll('main *, header *')].filter(one => getComputedStyle(one).textOverflow === 'ellipsis' && one.scrollWidth > one.clientWidth).map(one => one.textContent)";

    private static readonly int[] Widths = [1440, 768, 390];
    private readonly Dictionary<string, Task<PageVisit>> visits = [];

    internal async Task<PageVisit> OfAsync(string path)
    {
        if (!visits.TryGetValue(path, out var visit))
            visits[path] = visit = VisitAsync(path);
        try
        {
            return await visit;
        }
        catch
        {
            // One visit that fails is one failed test: the next that asks for the page opens it again.
            visits.Remove(path);
            throw;
        }
    }

    /// <summary>In a page of its own: what the one before still does as it ends is not found on this one.</summary>
    private async Task<PageVisit> VisitAsync(string path)
    {
        var faults = new ConcurrentQueue<string>();
        var page = await hostile.NewPageAsync(chromium, faults.Enqueue);
        try
        {
            await HostileConsole.GoToAsync(page, path);
            var escapes = page.Locator("main bdi", new() { HasText = HostileConsole.Shown }).First;
            if (EveryPageTests.ShowMisleading.Any(one => one.Data == path))
                await escapes.WaitForAsync();
            var rules = await page.BrokenRulesAsync();
            var ran = await page.EvaluateAsync<bool>("window.pwned === true || document.querySelector('img[src=x]') !== null");
            var unseen = await page.EvaluateAsync<string[]>(Unseen);
            var shows = await escapes.IsVisibleAsync();
            return new PageVisit(rules, await LayoutAsync(page), ran, [.. faults], unseen, shows);
        }
        finally
        {
            await page.CloseAsync();
        }
    }

    internal static async Task<IReadOnlyList<string>> LayoutAsync(IPage page)
    {
        var found = new List<string>();
        foreach (var width in Widths)
        {
            await page.SetViewportSizeAsync(width, 900);
            // A chart takes its new width with the next frame.
            await page.EvaluateAsync("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))");
            var over = await page.EvaluateAsync<int>("document.documentElement.scrollWidth - innerWidth");
            if (over > 0)
                found.Add($"{over} px wider than {width} px");
            found.AddRange((await page.EvaluateAsync<string[]>(Cut)).Select(text => $"cut at {width} px: {text}"));
        }
        return found;
    }
}
