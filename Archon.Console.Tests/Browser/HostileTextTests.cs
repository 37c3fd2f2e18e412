using Archon.Tests.Kit;
using Microsoft.Playwright;
using Xunit;

namespace Archon.Tests.Browser;

/// <summary>Names and texts of other systems, made by someone who means harm, in what is used; <see cref="EveryPageTests"/> looks at them on every page.</summary>
[SystemTest, Collection(typeof(HostilePages))]
public sealed class HostileTextTests(HostileConsole hostile, Chromium chromium)
{
    [Fact]
    public async Task The_palette_and_a_question_show_text_that_misleads_with_escapes()
    {
        var page = await OpenAsync("services");
        await page.Keyboard.PressAsync("Control+k");
        await page.GetByRole(AriaRole.Combobox, new() { Name = "Search" }).FillAsync("pay\u202E");
        await Assertions.Expect(page.GetByRole(AriaRole.Option).First).ToContainTextAsync(HostileConsole.Shown);
        Assert.Empty(await page.EvaluateAsync<string[]>(PageVisits.Unseen));
        await page.BreaksNoRuleAsync("the palette with what it found");
        await page.Keyboard.PressAsync("Escape");

        await page.GetByRole(AriaRole.Checkbox, new() { Name = $"Choose {HostileConsole.Shown}" }).CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Ignore 1", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Dialog)).ToContainTextAsync(HostileConsole.Shown);
        await page.BreaksNoRuleAsync("a question");

        Assert.Empty(await page.EvaluateAsync<string[]>(PageVisits.Unseen));
        await page.CloseAsync();
    }

    [Fact]
    public async Task What_is_edited_and_copied_keeps_the_characters_that_are_not_shown()
    {
        var page = await OpenAsync($"services/{Uri.EscapeDataString(HostileConsole.Misleading)}/edit");

        // A field of one line takes no ends of lines; that is the browser's doing.
        Assert.Equal(
            HostileConsole.Misleading.Replace("\r\n", "", StringComparison.Ordinal),
            await page.GetByLabel("Name", new() { Exact = true }).InputValueAsync()
        );

        await page.GotoAsync("rules?r=2");
        await page.Locator("html[data-live]").WaitForAsync(new() { State = WaitForSelectorState.Attached });
        await page.EvaluateAsync("navigator.clipboard.writeText = async text => { window.copiedText = text; }");
        await page.GetByRole(AriaRole.Button, new() { Name = $"Copy expression of {HostileConsole.Shown}" }).ClickAsync();
        Assert.Equal(HostileConsole.Misleading, await page.EvaluateAsync<string>("window.copiedText"));
        await page.CloseAsync();
    }

    private Task<IPage> OpenAsync(string path) => hostile.OpenAsync(chromium, path);
}
