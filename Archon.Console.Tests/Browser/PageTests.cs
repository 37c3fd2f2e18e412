using Archon.Tests.Kit;
using Microsoft.Playwright;
using Xunit;

namespace Archon.Tests.Browser;

/// <summary>Pages and what floats over them, used by keyboard and by touch.</summary>
[SystemTest, Collection(typeof(HostilePages))]
public sealed class PageTests(HostileConsole hostile, Chromium chromium)
{
    /// <summary>What floats over a page, and the button that brings it.</summary>
    public static TheoryData<string, string> Floating => new() { { "?", "Keyboard" }, { "Control+k", "Search or go to" } };

    [Theory, MemberData(nameof(Floating))]
    public async Task What_floats_takes_the_focus_breaks_no_rule_and_gives_the_focus_back(string key, string name)
    {
        var page = await OpenAsync("services");
        await page.Keyboard.PressAsync(key);
        var dialog = page.GetByRole(AriaRole.Dialog, new() { Name = name });
        await dialog.WaitForAsync();
        await page.BreaksNoRuleAsync(name);

        // Tab goes round within it.
        for (var turn = 0; turn < 12; turn++)
            await page.Keyboard.PressAsync("Tab");
        Assert.True(await dialog.EvaluateAsync<bool>("dialog => dialog.contains(document.activeElement)"));

        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(dialog).ToHaveCountAsync(0);
        Assert.Equal(
            key.Replace("Control", "mod", StringComparison.Ordinal),
            await page.EvaluateAsync<string>("document.activeElement.dataset.key")
        );
        await page.CloseAsync();
    }

    [Fact]
    public async Task Every_key_of_the_sheet_presses_something_that_is_on_the_screen()
    {
        var page = await OpenAsync("anomalies");
        await page.Keyboard.PressAsync("?");
        await page.GetByRole(AriaRole.Dialog, new() { Name = "Keyboard" }).WaitForAsync();
        // Keys of lists move in them, and Esc closes what is open.
        string[] lists = ["j", "k", "Enter", "/", "Esc"];
        var keys = (await page.EvaluateAsync<string[]>("[...document.querySelectorAll('.keys dd .vh')].map(one => one.textContent)"))
            .Except(lists)
            .ToList();
        await page.Keyboard.PressAsync("Escape");

        Assert.True(keys.Count > 15);
        foreach (var key in keys)
        {
            var selector = key.StartsWith("g ", StringComparison.Ordinal)
                ? $"[data-go='{key[2..]}']"
                : $"[data-key='{key.Replace("Ctrl K", "mod+k", StringComparison.Ordinal).Replace('\u2212', '-')}']";
            Assert.True(await page.Locator(selector).First.IsVisibleAsync(), $"Nothing on the screen says {key}.");
        }
        await page.CloseAsync();
    }

    [Fact]
    public async Task Rows_are_moved_through_and_opened_by_keys_and_a_filter_is_typed_after_a_slash()
    {
        var page = await OpenAsync("services");

        await page.Keyboard.PressAsync("j");
        await page.Keyboard.PressAsync("j");
        await page.Keyboard.PressAsync("k");
        var name = (await page.EvaluateAsync<string>("document.activeElement.textContent")).Trim();
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync(name);

        await page.Keyboard.PressAsync("g");
        await page.Keyboard.PressAsync("s");
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Services");
        await Assertions.Expect(page.Locator("h1")).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("/");
        await page.Keyboard.TypeAsync("service-003");
        await page.ArriveAsync(url => url.Contains("q=service-003", StringComparison.Ordinal));
        await Assertions.Expect(page.Locator("main tbody tr")).ToHaveCountAsync(1);
        await page.CloseAsync();
    }

    [Fact]
    public async Task A_rule_opens_under_its_row_and_the_link_opens_it_again()
    {
        var page = await OpenAsync("rules");

        await page.GetByRole(AriaRole.Link, new() { Name = $"Versions of {HostileConsole.Name}" }).ClickAsync();

        await page.ArriveAsync(url => url.Contains("r=1", StringComparison.Ordinal));
        await Assertions.Expect(page.GetByText("Versions", new() { Exact = true })).ToBeVisibleAsync();
        await page.ReloadAsync();
        await Assertions.Expect(page.GetByText("v1", new() { Exact = true })).ToBeVisibleAsync();
        await page.CloseAsync();
    }

    [Fact]
    public async Task A_phone_reaches_every_screen_and_the_pause_and_the_zone()
    {
        var page = await OpenAsync("", width: 390);

        await page.GetByRole(AriaRole.Button, new() { Name = "More" }).ClickAsync();
        var more = page.GetByRole(AriaRole.Dialog, new() { Name = "More" });
        await more.WaitForAsync();
        await page.BreaksNoRuleAsync("More");
        await Assertions.Expect(more.GetByText("Pause live updates")).ToBeVisibleAsync();
        await Assertions.Expect(more.GetByText("Time zone")).ToBeVisibleAsync();
        await more.GetByRole(AriaRole.Link, new() { Name = "Rules" }).ClickAsync();

        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Rules");
        await page.CloseAsync();
    }

    [Fact]
    public async Task The_palette_finds_a_service_by_the_keyboard_alone()
    {
        var page = await OpenAsync("status");

        await page.Keyboard.PressAsync("Control+k");
        await page.GetByRole(AriaRole.Combobox, new() { Name = "Search" }).FillAsync("alert(1)");
        await Assertions.Expect(page.GetByRole(AriaRole.Option).First).ToContainTextAsync("alert(1)");
        await page.Keyboard.PressAsync("Enter");

        await page.ArriveAsync(url => url.Contains("/services/", StringComparison.Ordinal));
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync(HostileConsole.Name);
        await page.CloseAsync();
    }

    [Fact]
    public async Task What_is_typed_at_once_after_the_key_of_the_palette_is_all_there()
    {
        var page = await OpenAsync("status");

        await page.Keyboard.PressAsync("Control+k");
        await page.Keyboard.TypeAsync("servcie-003");

        await Assertions.Expect(page.GetByRole(AriaRole.Combobox, new() { Name = "Search" })).ToHaveValueAsync("servcie-003");
        await Assertions.Expect(page.GetByRole(AriaRole.Option).First).ToContainTextAsync("service-003");
        await page.CloseAsync();
    }

    [Fact]
    public async Task Keys_go_to_pages_change_the_zone_and_open_the_help()
    {
        var page = await OpenAsync("");

        await page.Keyboard.PressAsync("g");
        await page.Keyboard.PressAsync("s");
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Services");
        await page.Keyboard.PressAsync("?");
        await Assertions.Expect(page.GetByRole(AriaRole.Dialog, new() { Name = "Keyboard" })).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(page.GetByRole(AriaRole.Dialog)).ToHaveCountAsync(0);
        await page.CloseAsync();
    }

    [Fact]
    public async Task A_chosen_range_is_in_the_address_and_comes_back_with_it()
    {
        var page = await OpenAsync("services/service-003");

        await page.GetByRole(AriaRole.Button, new() { Name = "Last 1 h" }).ClickAsync();
        await page.GetByLabel("From, or a length such as 13h").FillAsync("13h");
        await page.GetByRole(AriaRole.Button, new() { Name = "Show range" }).ClickAsync();
        await page.ArriveAsync(url => url.Contains("from=now-13h", StringComparison.Ordinal));
        await page.ReloadAsync();

        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Last 13 h" })).ToBeVisibleAsync();
        await page.CloseAsync();
    }

    [Fact]
    public async Task A_page_whose_server_side_fell_says_that_it_is_no_longer_live()
    {
        var page = await OpenAsync("status");
        // What the server believes to be on the page is not there, so the note that it is paused has no place: it cannot go on.
        await page.Locator("main").EvaluateAsync("main => main.replaceChildren()");
        await page.Keyboard.PressAsync("p");

        await Assertions.Expect(page.GetByText("This page has stopped.")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Load again" }).ClickAsync();
        await Assertions.Expect(page.GetByText("This page has stopped.")).ToBeHiddenAsync();
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Status");
        await page.CloseAsync();
    }

    private Task<IPage> OpenAsync(string path, int width = 1440) => hostile.OpenAsync(chromium, path, width);
}
