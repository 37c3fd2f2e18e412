using System.Collections.Concurrent;
using Archon.Tests.Kit;
using Microsoft.Playwright;
using Xunit;

namespace Archon.Tests.Browser;

/// <summary>When the files of MudBlazor are loaded, and what works then.</summary>
[SystemTest]
public sealed class MudBlazorFilesTests(RunningConsole console, Chromium chromium) : IClassFixture<RunningConsole>
{
    private readonly ConcurrentQueue<string> loaded = [];

    [Fact]
    public async Task Overview_loads_them_when_its_first_menu_opens()
    {
        var page = await OpenAsync("");
        Assert.Empty(loaded);
        var pace = page.GetByTitle("How often this page reads again");

        await pace.ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Menuitemradio, new() { Name = "Auto, as it changes" })).ToBeFocusedAsync();
        Assert.NotEmpty(loaded);
        await page.HasContrastAsync("an open menu");
        await page.Keyboard.PressAsync("ArrowDown");
        await Assertions.Expect(page.GetByRole(AriaRole.Menuitemradio, new() { Name = "At most every 15 s" })).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Enter");

        await Assertions.Expect(pace).ToContainTextAsync("15 s");
        await Assertions.Expect(pace).ToBeFocusedAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Menuitemradio)).ToHaveCountAsync(0);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task A_form_that_is_reached_without_a_reload_loads_them_and_can_be_filled_in()
    {
        var page = await OpenAsync("services");
        Assert.Empty(loaded);

        await page.EvaluateAsync("Blazor.navigateTo('/services/new')");
        await page.GetByLabel("Tier").ClickAsync();
        await page.GetByRole(AriaRole.Option, new() { Name = "critical" }).WaitForAsync();
        await page.Keyboard.PressAsync("ArrowUp");
        await page.Keyboard.PressAsync("Enter");

        await Assertions.Expect(page.GetByLabel("Tier")).ToHaveValueAsync("critical: users notice at once");
        Assert.NotEmpty(loaded);
        // The key chose from the list and did not submit the form.
        await Assertions.Expect(page.Locator("form [aria-invalid=true]")).ToHaveCountAsync(0);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task A_wrong_field_says_so_and_has_the_focus()
    {
        var page = await OpenAsync("services/new");

        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("checkout");
        await page.GetByLabel("Label 1 name").FillAsync("job");
        await page.GetByLabel("Label 1 value").FillAsync("checkout");
        await page.GetByLabel("Runbook").FillAsync("runbooks/checkout");
        await page.Keyboard.PressAsync("Enter");

        var runbook = page.GetByLabel("Runbook");
        await Assertions.Expect(runbook).ToBeFocusedAsync();
        await Assertions.Expect(runbook).ToHaveAttributeAsync("aria-invalid", "true");
        await Assertions
            .Expect(runbook)
            .ToHaveAccessibleDescriptionAsync("An http or https address, such as https://runbooks.example/checkout.");
        await page.Context.CloseAsync();
    }

    private async Task<IPage> OpenAsync(string path)
    {
        var page = await chromium.SignInAsync(console.App);
        page.Request += (_, request) =>
        {
            if (request.Url.Contains("/_content/MudBlazor/", StringComparison.Ordinal))
                loaded.Enqueue(request.Url);
        };
        await page.GotoAsync(path);
        await page.Locator("html[data-live]").WaitForAsync(new() { State = WaitForSelectorState.Attached });
        return page;
    }
}
