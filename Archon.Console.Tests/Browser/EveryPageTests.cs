using Archon.Tests.Kit;
using Microsoft.Playwright;
using Xunit;

namespace Archon.Tests.Browser;

/// <summary>Every page, with an estate whose names and texts were made by someone who means harm. Each is opened once.</summary>
/// <remarks>
/// In the dark theme: the other theme changes colours alone, those are computed by <c>ContrastTests</c>, and /dev/ui shows every part in both.
/// </remarks>
[SystemTest, Collection(typeof(HostilePages))]
public sealed class EveryPageTests(HostileConsole hostile, PageVisits visits, Chromium chromium) : IClassFixture<PageVisits>
{
    /// <summary>Where text that misleads is shown, beside all pages.</summary>
    public static TheoryData<string> Misleading =>
        new([
            .. HostileConsole.Pages.Select(page => page.Data),
            $"services/{Uri.EscapeDataString(HostileConsole.Misleading)}",
            $"services/{Uri.EscapeDataString(HostileConsole.Misleading)}/edit",
            $"watches/{HostileConsole.WatchId + 1}",
            "anomalies?a=4",
            "anomalies?a=5",
            "rules?r=2",
            "rules/2",
            "forecasts?all=1",
            $"services?q={Uri.EscapeDataString("nothing\u202Ehere")}",
            $"rules?q={Uri.EscapeDataString("\u202E")}",
            "rules/from-anomaly/4",
        ]);

    /// <summary>Pages that show the text that misleads by itself, not in a field.</summary>
    public static TheoryData<string> ShowMisleading =>
        new("", "services", "anomalies", "rules", "rules/coverage", "channels", "status", "settings?tab=audit");

    [Theory, MemberData(nameof(HostileConsole.Pages), MemberType = typeof(HostileConsole))]
    public async Task No_page_breaks_a_rule_of_accessibility(string path) => Assert.Empty((await visits.OfAsync(path)).BrokenRules);

    [Fact]
    public async Task The_pages_before_sign_in_break_no_rule_of_accessibility()
    {
        var context = await chromium.NewContextAsync(hostile.App, new() { ColorScheme = ColorScheme.Dark });
        var page = await context.NewPageAsync();
        foreach (var path in (string[])["sign-in", "sign-in?out=true", "denied", "failed"])
        {
            await page.GotoAsync(path);
            await page.BreaksNoRuleAsync(path);
        }
        await context.CloseAsync();
    }

    [Fact]
    public async Task What_is_wrong_with_a_page_is_found()
    {
        var page = await hostile.NewPageAsync(chromium);
        await page.SetContentAsync(
            "<main><img src='data:,'><p style='width: 2000px'>pay\u202Eload</p>"
                + "<p style='width: 3em; overflow: hidden; white-space: nowrap; text-overflow: ellipsis'>cut by dots</p></main>"
        );

        Assert.Contains(await page.BrokenRulesAsync(), one => one.StartsWith("image-alt: ", StringComparison.Ordinal));
        var layout = await PageVisits.LayoutAsync(page);
        Assert.Contains(layout, one => one.EndsWith("px wider than 390 px", StringComparison.Ordinal));
        Assert.Contains("cut at 1440 px: cut by dots", layout);
        Assert.Single(await page.EvaluateAsync<string[]>(PageVisits.Unseen));
        await page.CloseAsync();
    }

    [Fact]
    public async Task A_visit_that_fails_leaves_no_page_open_and_is_made_again()
    {
        const string nowhere = "http://127.0.0.1:1/";
        var page = await hostile.NewPageAsync(chromium);
        var open = page.Context.Pages.Count;

        var first = await Assert.ThrowsAsync<PlaywrightException>(() => visits.OfAsync(nowhere));
        var second = await Assert.ThrowsAsync<PlaywrightException>(() => visits.OfAsync(nowhere));

        Assert.NotSame(first, second);
        Assert.Equal(open, page.Context.Pages.Count);
        await page.CloseAsync();
    }

    /// <summary>At the widths of a phone, a tablet and a desk.</summary>
    [Theory, MemberData(nameof(HostileConsole.Pages), MemberType = typeof(HostileConsole))]
    public async Task Nothing_scrolls_sideways_and_no_name_figure_or_time_is_cut_by_dots(string path) =>
        Assert.Empty((await visits.OfAsync(path)).Layout);

    /// <summary>Not in fields, whose value is what somebody edits: it stays as it is.</summary>
    [Theory, MemberData(nameof(Misleading))]
    public async Task Text_of_others_runs_nothing_and_shows_no_character_that_turns_or_hides_text(string path)
    {
        var visit = await visits.OfAsync(path);

        Assert.False(visit.RanText);
        // What the content security policy stops is among them.
        Assert.DoesNotContain(visit.Faults, fault => !fault.Contains("404", StringComparison.Ordinal));
        Assert.Empty(visit.Unseen);
    }

    [Theory, MemberData(nameof(ShowMisleading))]
    public async Task Text_that_misleads_is_shown_with_escapes_and_apart_from_what_is_around_it(string path) =>
        Assert.True((await visits.OfAsync(path)).ShowsEscapes);
}
