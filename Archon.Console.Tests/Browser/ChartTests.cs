using System.Collections.Concurrent;
using System.Web;
using Archon.Tests.Kit;
using Microsoft.Playwright;
using Xunit;

namespace Archon.Tests.Browser;

/// <summary>Charts as people use them: by pointer, by keyboard, and without seeing them.</summary>
[SystemTest]
public sealed class ChartTests(ChartedConsole console, Chromium chromium) : IClassFixture<ChartedConsole>
{
    [Fact]
    public async Task A_stretch_that_is_dragged_over_is_shown_larger_on_every_chart_and_is_in_the_address()
    {
        var page = await OpenAsync();
        var area = (await Chart(page, 0).Locator(".u-over").BoundingBoxAsync())!;

        await page.Mouse.MoveAsync(area.X + (area.Width / 4), area.Y + 20);
        await page.Mouse.DownAsync();
        await page.Mouse.MoveAsync(area.X + (area.Width / 2), area.Y + 20, new() { Steps = 5 });
        await page.Mouse.UpAsync();

        await page.ArriveAsync(url => url.Contains("from=", StringComparison.Ordinal));
        var query = HttpUtility.ParseQueryString(new Uri(page.Url).Query);
        var length = TimeSpan.FromMilliseconds(long.Parse(query["to"]!, null) - long.Parse(query["from"]!, null));
        Assert.InRange(length, TimeSpan.FromMinutes(14), TimeSpan.FromMinutes(16));
        await page.Keyboard.PressAsync("t");
        await page.Keyboard.PressAsync("z");
        await page.ArriveAsync(url => HttpUtility.ParseQueryString(new Uri(url).Query)["from"] != query["from"]);
        await page.CloseAsync();
    }

    [Fact]
    public async Task The_cursor_is_shared_by_all_charts_of_a_page()
    {
        var page = await OpenAsync();

        await Chart(page, 0).Locator(".u-over").HoverAsync();

        await Assertions.Expect(Chart(page, 1).Locator(".u-at")).ToBeVisibleAsync();
        Assert.Equal(await Chart(page, 0).Locator(".u-at").TextContentAsync(), await Chart(page, 1).Locator(".u-at").TextContentAsync());
        await page.CloseAsync();
    }

    [Fact]
    public async Task A_chart_is_read_by_the_keyboard_and_as_a_table()
    {
        var page = await OpenAsync();
        var chart = Chart(page, 0);

        await chart.Locator(".plot-host").FocusAsync();
        await page.Keyboard.PressAsync("Home");
        await Assertions.Expect(chart.Locator("[data-chart-said]")).ToContainTextAsync("%");
        var first = await chart.Locator("[data-chart-said]").TextContentAsync();
        await page.Keyboard.PressAsync("PageDown");
        await Assertions.Expect(chart.Locator("[data-chart-said]")).Not.ToHaveTextAsync(first!);

        await chart.GetByRole(AriaRole.Button, new() { NameRegex = new("^Data table of") }).ClickAsync();
        await Assertions.Expect(chart.GetByRole(AriaRole.Region)).ToContainTextAsync("Time, UTC");
        await page.CloseAsync();
    }

    [Fact]
    public async Task A_line_is_shown_alone_by_its_name_and_all_come_back()
    {
        var page = await OpenAsync();
        var names = Chart(page, 0).Locator("[data-chart-legend] button");

        await Assertions.Expect(names).ToHaveCountAsync(2);
        await names.First.PressAsync("Enter");
        await Assertions.Expect(names.First).ToHaveAttributeAsync("aria-pressed", "true");
        await names.First.PressAsync("Enter");
        await Assertions.Expect(names.First).ToHaveAttributeAsync("aria-pressed", "false");
        await page.CloseAsync();
    }

    [Theory, InlineData("services/" + ChartedConsole.Service), InlineData("anomalies")]
    public async Task A_page_with_charts_breaks_no_rule_of_accessibility_and_runs_no_label(string path)
    {
        var faults = new ConcurrentQueue<string>();
        var page = await OpenAsync(path, faults.Enqueue);

        await page.BreaksNoRuleAsync(path);

        Assert.Empty(faults);
        Assert.False(await page.EvaluateAsync<bool>("window.pwned === true"));
        Assert.Equal(0, await page.Locator("img").CountAsync());
        await page.CloseAsync();
    }

    [Fact]
    public async Task An_anomaly_suggests_its_range_and_the_readers_own_one_is_kept_in_the_address()
    {
        var page = await OpenAsync("anomalies");
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Fit" })).ToHaveAttributeAsync("aria-pressed", "true");
        Assert.DoesNotContain("from=", page.Url, StringComparison.Ordinal);

        await page.GetByRole(AriaRole.Button, new() { Name = "6 h", Exact = true }).ClickAsync();

        await page.ArriveAsync(url => url.Contains("from=now-6h", StringComparison.Ordinal));
        await page.ReloadAsync();
        await Assertions
            .Expect(page.GetByRole(AriaRole.Button, new() { Name = "6 h", Exact = true }))
            .ToHaveAttributeAsync("aria-pressed", "true");
        await page.CloseAsync();
    }

    [Fact]
    public async Task A_link_that_was_copied_is_confirmed_where_the_eye_is()
    {
        var page = await OpenAsync("anomalies");
        await page.Context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);

        await page.Keyboard.PressAsync("y");

        await Assertions.Expect(page.GetByText("Link copied.")).ToBeVisibleAsync();
        Assert.Equal(page.Url, await page.EvaluateAsync<string>("navigator.clipboard.readText()"));
        await page.CloseAsync();
    }

    [Fact]
    public async Task What_is_copied_is_the_query_that_Prometheus_was_asked()
    {
        var page = await OpenAsync("anomalies");
        await page.Context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);

        await page.GetByRole(AriaRole.Button, new() { Name = "Copy PromQL of this series" }).ClickAsync();

        await Assertions.Expect(page.Locator("#said")).ToContainTextAsync("copied");
        Assert.Contains("bench_Duration", await page.EvaluateAsync<string>("navigator.clipboard.readText()"), StringComparison.Ordinal);
        Assert.Contains(
            "/graph?g0.expr=",
            await page.GetByRole(AriaRole.Link, new() { Name = "Open in Prometheus" }).GetAttributeAsync("href"),
            StringComparison.Ordinal
        );
        await page.CloseAsync();
    }

    private static ILocator Chart(IPage page, int place) => page.Locator("figure.sch").Nth(place);

    private async Task<IPage> OpenAsync(string path = "services/" + ChartedConsole.Service, Action<string>? onFault = null)
    {
        var page = await console.NewPageAsync(chromium, onFault);
        await page.GotoAsync(path);
        await page.Locator("html[data-live]").WaitForAsync(new() { State = WaitForSelectorState.Attached });
        await page.Locator("figure.sch canvas").First.WaitForAsync();
        return page;
    }
}
