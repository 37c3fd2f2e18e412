using System.Collections.Concurrent;
using Archon.Tests.Kit;
using Microsoft.Playwright;
using Xunit;

namespace Archon.Tests.Browser;

/// <summary>Names and texts of other systems, made by someone who means harm, on every page.</summary>
[SystemTest]
public sealed class HostileTextTests(HostileConsole hostile, Chromium chromium) : IClassFixture<HostileConsole>
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

    private const string Unseen = """
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

    /// <summary>Not in fields, whose value is what somebody edits: it stays as it is.</summary>
    [Theory, MemberData(nameof(Misleading))]
    public async Task Text_of_others_runs_nothing_and_shows_no_character_that_turns_or_hides_text(string path)
    {
        var faults = new ConcurrentQueue<string>();
        var page = await OpenAsync(path, faults.Enqueue);

        Assert.False(await page.EvaluateAsync<bool>("window.pwned === true"));
        Assert.Equal(0, await page.Locator("img[src=x]").CountAsync());
        // What the content security policy stops is among them.
        Assert.DoesNotContain(faults, fault => !fault.Contains("404", StringComparison.Ordinal));
        Assert.Empty(await page.EvaluateAsync<string[]>(Unseen));
        await page.Context.CloseAsync();
    }

    [Theory]
    [InlineData("")]
    [InlineData("services")]
    [InlineData("anomalies")]
    [InlineData("rules")]
    [InlineData("rules/coverage")]
    [InlineData("channels")]
    [InlineData("status")]
    [InlineData("settings?tab=audit")]
    public async Task Text_that_misleads_is_shown_with_escapes_and_apart_from_what_is_around_it(string path)
    {
        var page = await OpenAsync(path);

        await Assertions.Expect(page.Locator("main bdi", new() { HasText = HostileConsole.Shown }).First).ToBeVisibleAsync();
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task The_palette_and_a_question_show_text_that_misleads_with_escapes()
    {
        var page = await OpenAsync("services");
        await page.Keyboard.PressAsync("Control+k");
        await page.GetByRole(AriaRole.Combobox, new() { Name = "Search" }).FillAsync("pay\u202E");
        await Assertions.Expect(page.GetByRole(AriaRole.Option).First).ToContainTextAsync(HostileConsole.Shown);
        Assert.Empty(await page.EvaluateAsync<string[]>(Unseen));
        await page.Keyboard.PressAsync("Escape");

        await page.GetByRole(AriaRole.Checkbox, new() { Name = $"Choose {HostileConsole.Shown}" }).CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Ignore 1", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Dialog)).ToContainTextAsync(HostileConsole.Shown);

        Assert.Empty(await page.EvaluateAsync<string[]>(Unseen));
        await page.Context.CloseAsync();
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
        await page.Context.CloseAsync();
    }

    private Task<IPage> OpenAsync(string path, Action<string>? onFault = null) => hostile.OpenAsync(chromium, path, onFault: onFault);
}
