using Archon.Tests.Kit;
using Xunit;

namespace Archon.Tests.Browser;

/// <summary>Every page by the rules of axe, with an estate whose names were made by someone who means harm.</summary>
[SystemTest]
public sealed class AccessibilityTests(HostileConsole hostile, Chromium chromium) : IClassFixture<HostileConsole>
{
    [Theory, MemberData(nameof(PageTests.Pages), MemberType = typeof(PageTests))]
    public async Task No_page_breaks_a_rule_of_accessibility_in_either_theme(string path)
    {
        var page = await hostile.OpenAsync(chromium, path);

        await page.BreaksNoRuleAsync($"dark {path}");
        await page.EvaluateAsync("document.documentElement.dataset.theme = 'light'");
        await page.HasContrastAsync($"light {path}");
        await page.Context.CloseAsync();
    }
}
