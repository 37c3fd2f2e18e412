using Archon.Tests.Kit;
using Microsoft.Playwright;
using Xunit;

namespace Archon.Tests.Browser;

/// <summary>Every page by the rules of axe, with an estate whose names were made by someone who means harm.</summary>
/// <remarks>Once, in the dark theme: the other theme changes colours alone, those are computed by <c>ContrastTests</c>, and /dev/ui shows every part in both.</remarks>
[SystemTest]
public sealed class AccessibilityTests(HostileConsole hostile, Chromium chromium) : IClassFixture<HostileConsole>
{
    [Theory, MemberData(nameof(HostileConsole.Pages), MemberType = typeof(HostileConsole))]
    public async Task No_page_breaks_a_rule_of_accessibility(string path)
    {
        var page = await hostile.OpenAsync(chromium, path);

        await page.BreaksNoRuleAsync(path);
        await page.Context.CloseAsync();
    }

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
}
