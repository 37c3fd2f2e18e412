using System.Collections.Concurrent;
using Archon.Data.Anomalies;
using Archon.Data.Catalogue;
using Archon.Data.Notifications;
using Archon.Data.Rules;
using Archon.Tests.Benchmarks;
using Archon.Tests.Kit;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Xunit;

namespace Archon.Tests.Browser;

/// <summary>What must hold on every page, with an estate whose names were made by someone who means harm.</summary>
public sealed class PageTests(HostileConsole hostile, Chromium chromium) : IClassFixture<HostileConsole>
{
    public static TheoryData<string> Pages => new("", "services", $"services/{Uri.EscapeDataString(HostileConsole.Name)}", "services/new", "watches/new", $"watches/{HostileConsole.WatchId}", "anomalies", "rules", "channels", "status", "settings", "nowhere");

    [Theory, MemberData(nameof(Pages))]
    public async Task No_page_breaks_a_rule_of_accessibility_in_either_theme(string path)
    {
        foreach (var theme in new[] { ColorScheme.Dark, ColorScheme.Light })
        {
            var page = await OpenAsync(path, theme: theme);

            var found = await page.RunAxe();

            Assert.True(found.Violations.Length == 0, string.Join("\n", found.Violations.Select(one =>
                $"{theme} {path}: {one.Id}: {one.Help}: {string.Join(" | ", one.Nodes.Take(4).Select(node => node.Html))}")));
            await page.Context.CloseAsync();
        }
    }

    [Theory, MemberData(nameof(Pages))]
    public async Task Hostile_labels_are_text_and_nothing_is_stopped_by_the_security_policy(string path)
    {
        var faults = new ConcurrentQueue<string>();
        var page = await OpenAsync(path, onFault: faults.Enqueue);

        Assert.False(await page.EvaluateAsync<bool>("window.pwned === true"));
        Assert.Equal(0, await page.Locator("img[src=x]").CountAsync());
        Assert.DoesNotContain(faults, fault => !fault.Contains("404", StringComparison.Ordinal));
        await page.Context.CloseAsync();
    }

    [Theory, MemberData(nameof(Pages))]
    public async Task A_phone_never_scrolls_sideways(string path)
    {
        var page = await OpenAsync(path, width: 390);

        var over = await page.EvaluateAsync<int>("document.documentElement.scrollWidth - innerWidth");

        Assert.True(over <= 0, $"{path} is {over} px wider than the phone.");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task The_palette_finds_a_service_by_the_keyboard_alone()
    {
        var page = await OpenAsync("status");

        await page.Keyboard.PressAsync("Control+k");
        await page.GetByRole(AriaRole.Combobox, new() { Name = "Search" }).FillAsync("alert(1)");
        await Assertions.Expect(page.GetByRole(AriaRole.Option).First).ToContainTextAsync("alert(1)");
        await page.Keyboard.PressAsync("Enter");

        await page.WaitForURLAsync(url => url.Contains("/services/", StringComparison.Ordinal));
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync(HostileConsole.Name);
        await page.Context.CloseAsync();
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
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task A_chosen_range_is_in_the_address_and_comes_back_with_it()
    {
        var page = await OpenAsync("services");

        await page.GetByRole(AriaRole.Button, new() { Name = "Last 1 h" }).ClickAsync();
        await page.GetByLabel("From, or a length such as 13h").FillAsync("13h");
        await page.GetByRole(AriaRole.Button, new() { Name = "Show range" }).ClickAsync();
        await page.WaitForURLAsync(url => url.Contains("from=now-13h", StringComparison.Ordinal));
        await page.ReloadAsync();

        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Last 13 h" })).ToBeVisibleAsync();
        await page.Context.CloseAsync();
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
        await page.Context.CloseAsync();
    }

    private async Task<IPage> OpenAsync(string path, int width = 1440, ColorScheme theme = ColorScheme.Dark, Action<string>? onFault = null)
    {
        var page = await chromium.SignInAsync(hostile.App, width, theme, onFault);
        await page.GotoAsync(path);
        // Until then buttons and keys do nothing, and figures may still be read.
        await page.Locator("html[data-live]").WaitForAsync(new() { State = WaitForSelectorState.Attached });
        await Assertions.Expect(page.Locator(".sk")).ToHaveCountAsync(0);
        return page;
    }
}

/// <summary>A console whose catalogue is full of names that would run, were they not text.</summary>
public sealed class HostileConsole(PostgresFixture postgres) : IAsyncLifetime
{
    public const string Name = "<img src=x onerror=\"window.pwned=true\">'\"</script><script>alert(1)</script>{{7*7}}";

    /// <summary>The one watch that means harm, after the six of the estate.</summary>
    public const int WatchId = 7;

    internal ArchonApp App { get; private set; } = null!;

    private TestDatabase Database { get; set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Database = await postgres.NewDatabaseAsync();
        await ScanBench.SeedAsync(Database, 12);
        await using (var db = await Database.Contexts.CreateDbContextAsync())
        {
            var now = DateTimeOffset.UtcNow;
            var service = new Service { EnvironmentId = 1, Name = Name, Team = Name, Description = Name, Matchers = new() { ["job"] = Name }, Origin = CatalogueOrigin.Discovered, CreatedAt = now, LastSeenAt = now };
            db.Services.Add(service);
            var watch = new Watch { EnvironmentId = 1, Name = Name, Query = $"up{{job=\"{Name}\"}}", Signal = WatchSignal.Duration, Unit = "s", CreatedAt = now, UncheckedSince = now, UncheckedReason = Name };
            db.Watches.Add(watch);
            await db.SaveChangesAsync();
            Assert.Equal(WatchId, watch.Id);
            var series = new WatchedSeries { EnvironmentId = 1, WatchId = watch.Id, ServiceId = service.Id, LabelsKey = Name, Labels = new() { [Name] = Name }, LastSampleAt = now, LastValue = 1, Recent = [1, 2, 3] };
            db.WatchedSeries.Add(series);
            await db.SaveChangesAsync();
            db.Anomalies.Add(new Anomaly
            {
                EnvironmentId = 1, WatchId = watch.Id, SeriesId = series.Id, ServiceId = service.Id, StartedAt = now.AddMinutes(-3), LastSeenAt = now,
                Confidence = 0.99, Score = 0.9, Value = 3, PeakValue = 3, Expected = 1, ExpectedLower = 0.5, ExpectedUpper = 1.5, Season = "day",
            });
            var rule = new AlertRule { EnvironmentId = 1, File = Name, Group = Name, Name = Name, Kind = AlertRuleKind.Alerting, CurrentVersion = 1, ServerState = "firing", ServerHealth = "err", ServerError = Name, ServerSeenAt = now };
            db.AlertRules.Add(rule);
            await db.SaveChangesAsync();
            db.AlertRuleVersions.Add(new AlertRuleVersion { RuleId = rule.Id, Number = 1, Expression = Name, Labels = new() { ["severity"] = Name }, Annotations = new() { ["summary"] = Name }, Author = Name, Reason = Name, CreatedAt = now });
            db.NotificationChannels.Add(new NotificationChannel { EnvironmentId = 1, Receiver = Name, Kind = "webhook", Target = Name, ServerSeenAt = now });
            await db.SaveChangesAsync();
        }
        App = await ArchonApp.StartAsync(Database);
    }

    public async ValueTask DisposeAsync()
    {
        if (App is not null) await App.DisposeAsync();
        if (Database is not null) await Database.DisposeAsync();
    }
}
