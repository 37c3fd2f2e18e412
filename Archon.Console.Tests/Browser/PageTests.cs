using System.Collections.Concurrent;
using Archon.ConfigFiles.Rules;
using Archon.Data;
using Archon.Data.Access;
using Archon.Data.Anomalies;
using Archon.Data.Catalogue;
using Archon.Data.Forecasts;
using Archon.Data.Incidents;
using Archon.Data.Notifications;
using Archon.Data.Rules;
using Archon.Tests.Benchmarks;
using Archon.Tests.Kit;
using Microsoft.Playwright;
using Xunit;

namespace Archon.Tests.Browser;

/// <summary>What must hold on every page, with an estate whose names were made by someone who means harm.</summary>
[SystemTest]
public sealed class PageTests(HostileConsole hostile, Chromium chromium) : IClassFixture<HostileConsole>
{
    public static TheoryData<string> Pages =>
        new(
            "",
            "services",
            "services?q=no-such-name",
            $"services/{Uri.EscapeDataString(HostileConsole.Name)}",
            $"services/{Uri.EscapeDataString(HostileConsole.Name)}/edit",
            "services/new",
            "watches/new",
            $"watches/{HostileConsole.WatchId}",
            "anomalies",
            "forecasts",
            "anomalies?q=no-such-name",
            "rules",
            "rules?r=1",
            "rules/coverage",
            "rules/noise",
            "rules/1",
            "rules/new",
            "rules?view=deleted",
            "rules/import",
            "rules/apply",
            "channels",
            "status",
            "settings",
            "settings?tab=tokens",
            "settings?tab=users",
            "settings?tab=environments",
            "settings?tab=audit",
            "nowhere"
        );

    /// <summary>Where text that misleads is shown, beside those above.</summary>
    public static TheoryData<string> Misleading =>
        new([
            .. Pages.Select(page => page.Data),
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

    /// <summary>What floats over a page, and the button that brings it.</summary>
    public static TheoryData<string, string> Floating => new() { { "?", "Keyboard" }, { "Control+k", "Search or go to" } };

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

    /// <summary>Not in fields, whose value is what somebody edits: it stays as it is.</summary>
    [Theory, MemberData(nameof(Misleading))]
    public async Task No_character_that_turns_or_hides_text_reaches_a_page(string path)
    {
        var page = await OpenAsync(path);

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

    [Theory, MemberData(nameof(Pages))]
    public async Task Nothing_scrolls_sideways_and_no_name_figure_or_time_is_cut_by_dots(string path)
    {
        var page = await OpenAsync(path, 390);
        foreach (var width in (int[])[390, 768, 1440])
        {
            await page.SetViewportSizeAsync(width, 900);
            // A chart takes its new width with the next frame.
            await page.EvaluateAsync("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))");

            var over = await page.EvaluateAsync<int>("document.documentElement.scrollWidth - innerWidth");
            var cut = await page.EvaluateAsync<string[]>(
                "[...document.querySelectorAll('main *, header *')].filter(one => getComputedStyle(one).textOverflow === 'ellipsis' && one.scrollWidth > one.clientWidth).map(one => one.textContent)"
            );

            Assert.True(over <= 0, $"{path} is {over} px wider than {width} px.");
            Assert.Empty(cut);
        }
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task The_pages_before_sign_in_break_no_rule_of_accessibility()
    {
        foreach (var theme in new[] { ColorScheme.Dark, ColorScheme.Light })
        {
            var context = await chromium.NewContextAsync(hostile.App, new() { ColorScheme = theme });
            var page = await context.NewPageAsync();
            foreach (var path in (string[])["sign-in", "sign-in?out=true", "denied", "failed"])
            {
                await page.GotoAsync(path);
                await page.BreaksNoRuleAsync($"{theme} {path}");
            }
            await context.CloseAsync();
        }
    }

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
        await page.Context.CloseAsync();
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
        await page.Context.CloseAsync();
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
        await page.Context.CloseAsync();
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
        await page.Context.CloseAsync();
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

        await page.ArriveAsync(url => url.Contains("/services/", StringComparison.Ordinal));
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
        var page = await OpenAsync("services/service-003");

        await page.GetByRole(AriaRole.Button, new() { Name = "Last 1 h" }).ClickAsync();
        await page.GetByLabel("From, or a length such as 13h").FillAsync("13h");
        await page.GetByRole(AriaRole.Button, new() { Name = "Show range" }).ClickAsync();
        await page.ArriveAsync(url => url.Contains("from=now-13h", StringComparison.Ordinal));
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

    private Task<IPage> OpenAsync(string path, int width = 1440, ColorScheme theme = ColorScheme.Dark, Action<string>? onFault = null) =>
        hostile.OpenAsync(chromium, path, width, theme, onFault);
}

/// <summary>A console whose catalogue is full of names that would run, were they not text.</summary>
public sealed class HostileConsole(PostgresFixture postgres) : IAsyncLifetime
{
    public const string Name = "<img src=x onerror=\"window.pwned=true\">'\"</script><script>alert(1)</script>{{7*7}}";

    /// <summary>Reads as something else: turned around, hidden, coloured in a terminal, and as a line of its own in a log.</summary>
    public const string Misleading = "pay\u202Eload\u2066x\u2069\u200By\u001b[31mred\u001b[0m\r\nfail: forged\u061C\u00AD\u007Fend";

    /// <summary>The same as pages show it.</summary>
    public const string Shown = @"pay\u202Eload\u2066x\u2069\u200By\x1b[31mred\x1b[0m\r\nfail: forged\u061C\xad\x7fend";

    /// <summary>The one watch that means harm, after the six of the estate.</summary>
    public const int WatchId = 7;

    private string? signedIn;

    internal ArchonApp App { get; private set; } = null!;

    private TestDatabase Database { get; set; } = null!;

    private readonly string folder = Directory.CreateTempSubdirectory("archon-rules").FullName;

    /// <summary>A page of it, signed in and live.</summary>
    internal async Task<IPage> OpenAsync(
        Chromium chromium,
        string path,
        int width = 1440,
        ColorScheme theme = ColorScheme.Dark,
        Action<string>? onFault = null
    )
    {
        var context = await chromium.NewContextAsync(
            App,
            new()
            {
                ViewportSize = new() { Width = width, Height = 900 },
                ColorScheme = theme,
                ReducedMotion = ReducedMotion.Reduce,
                StorageState = await SignedInAsync(chromium),
            }
        );
        var page = await Chromium.NewPageAsync(context, onFault);
        await page.GotoAsync(path);
        // Until then buttons and keys do nothing, and figures may still be read.
        await page.Locator("html[data-live]").WaitForAsync(new() { State = WaitForSelectorState.Attached });
        await Assertions.Expect(page.Locator(".sk")).ToHaveCountAsync(0);
        return page;
    }

    /// <summary>The cookies of somebody who signed in, once for all windows.</summary>
    internal async Task<string> SignedInAsync(Chromium chromium)
    {
        if (signedIn is not null)
            return signedIn;
        var page = await chromium.SignInAsync(App);
        signedIn = await page.Context.StorageStateAsync();
        await page.Context.CloseAsync();
        return signedIn;
    }

    public async ValueTask InitializeAsync()
    {
        Database = await postgres.NewDatabaseAsync();
        await ScanBench.SeedAsync(Database, 12);
        await using (var db = await Database.Contexts.CreateDbContextAsync())
        {
            var now = DateTimeOffset.UtcNow;
            var service = new Service
            {
                EnvironmentId = 1,
                Name = Name,
                Team = Name,
                Description = Name,
                Matchers = new() { ["job"] = Name },
                Origin = CatalogueOrigin.Discovered,
                CreatedAt = now,
                LastSeenAt = now,
            };
            db.Services.Add(service);
            var watch = new Watch
            {
                EnvironmentId = 1,
                Name = Name,
                Query = $"up{{job=\"{Name}\"}}",
                Signal = WatchSignal.Duration,
                Unit = "s",
                CreatedAt = now,
                UncheckedSince = now,
                UncheckedReason = Name,
            };
            db.Watches.Add(watch);
            await db.SaveChangesAsync();
            Assert.Equal(WatchId, watch.Id);
            var series = new WatchedSeries
            {
                EnvironmentId = 1,
                WatchId = watch.Id,
                ServiceId = service.Id,
                LabelsKey = Name,
                Labels = new() { [Name] = Name },
                LastSampleAt = now,
                LastValue = 1,
                Recent = [1, 2, 3],
            };
            db.WatchedSeries.Add(series);
            await db.SaveChangesAsync();
            db.Anomalies.Add(
                new Anomaly
                {
                    EnvironmentId = 1,
                    WatchId = watch.Id,
                    SeriesId = series.Id,
                    ServiceId = service.Id,
                    StartedAt = now.AddMinutes(-3),
                    LastSeenAt = now,
                    Confidence = 0.99,
                    Score = 0.9,
                    Value = 3,
                    PeakValue = 3,
                    Expected = 1,
                    ExpectedLower = 0.5,
                    ExpectedUpper = 1.5,
                    Season = "day",
                }
            );
            var rule = new AlertRule
            {
                EnvironmentId = 1,
                File = Name,
                Group = Name,
                Name = Name,
                Kind = AlertRuleKind.Alerting,
                CurrentVersion = 1,
                ServerState = "firing",
                ServerHealth = "err",
                ServerError = Name,
                ServerSeenAt = now,
            };
            db.AlertRules.Add(rule);
            await db.SaveChangesAsync();
            db.AlertRuleVersions.Add(
                new AlertRuleVersion
                {
                    RuleId = rule.Id,
                    Number = 1,
                    Expression = Name,
                    Labels = new() { ["severity"] = Name },
                    Annotations = new() { ["summary"] = Name },
                    Author = Name,
                    Reason = Name,
                    CreatedAt = now,
                }
            );
            db.NotificationChannels.Add(
                new NotificationChannel
                {
                    EnvironmentId = 1,
                    Receiver = Name,
                    Kind = "webhook",
                    Target = Name,
                    ServerSeenAt = now,
                }
            );
            await db.SaveChangesAsync();
            await SeedMisleadingAsync(db, now);
            // One to be applied, whose group and rule mean harm too.
            db.RuleDocuments.Add(
                new RuleDocument
                {
                    EnvironmentId = 1,
                    Name = "harm.yml",
                    ServerFile = Path.Combine(folder, "harm.yml"),
                    Content = RuleFileEditor
                        .AddGroup(
                            RuleFile.Read("", out _)!,
                            new GroupContent(Name),
                            [
                                new RuleContent(Name, true, "up == 0")
                                {
                                    Labels = new Dictionary<string, string>
                                    {
                                        ["a"] = Name.Replace("{{7*7}}", "", StringComparison.Ordinal),
                                    },
                                },
                            ]
                        )
                        .ToBytes(),
                    CurrentVersion = 1,
                    CreatedAt = now,
                }
            );
            db.RuleApplies.Add(
                new RuleApply
                {
                    EnvironmentId = 1,
                    Author = Name,
                    Stage = RuleApplyStage.PutBack,
                    Message = Name,
                    Files = [new RuleApplyFile(1, Name, 1, null, null)],
                    StartedAt = now,
                    ChangedAt = now,
                    EndedAt = now,
                }
            );
            await db.SaveChangesAsync();
        }
        App = await ArchonApp.StartAsync(Database, ("Archon:Rules:Target", "Folder"), ("Archon:Rules:Folder", folder));
    }

    private static async Task SeedMisleadingAsync(ArchonDbContext db, DateTimeOffset now)
    {
        const string text = Misleading;
        var service = new Service
        {
            EnvironmentId = 1,
            Name = text,
            Team = text,
            Description = text,
            Matchers = new() { ["job"] = text },
            Origin = CatalogueOrigin.Discovered,
            CreatedAt = now,
            LastSeenAt = now,
            EditedBy = text,
            EditedAt = now,
            RunbookUrl = "https://example.org/",
            GrafanaDashboard = text,
            LokiSelector = text,
            JaegerService = text,
        };
        var watch = new Watch
        {
            EnvironmentId = 1,
            Name = text,
            Query = $"up{{job=\"{text}\"}}",
            Signal = WatchSignal.Duration,
            Unit = text[..20],
            CreatedAt = now,
            Limit = 9,
            EditedBy = text,
            EditedAt = now,
        };
        db.AddRange(service, watch);
        await db.SaveChangesAsync();
        var series = new WatchedSeries
        {
            EnvironmentId = 1,
            WatchId = watch.Id,
            ServiceId = service.Id,
            LabelsKey = text,
            Labels = new() { [text] = text },
            LastSampleAt = now,
            LastValue = 1,
            Recent = [1, 2, 3],
            Guarded = text,
        };
        var alone = new WatchedSeries
        {
            EnvironmentId = 1,
            WatchId = watch.Id,
            LabelsKey = text + "2",
            Labels = new() { [text] = text },
            LastSampleAt = now,
            LastValue = 1,
            Recent = [1, 2, 3],
        };
        db.AddRange(series, alone);
        await db.SaveChangesAsync();
        foreach (var one in (WatchedSeries[])[series, alone])
        {
            db.Anomalies.Add(
                new Anomaly
                {
                    EnvironmentId = 1,
                    WatchId = watch.Id,
                    SeriesId = one.Id,
                    ServiceId = one.ServiceId,
                    StartedAt = now.AddMinutes(-4),
                    LastSeenAt = now,
                    Confidence = 0.99,
                    Score = 0.9,
                    Value = 3,
                    PeakValue = 3,
                    Expected = 1,
                    ExpectedLower = 0.5,
                    ExpectedUpper = 1.5,
                    Season = text[..8],
                    Explanation = text,
                    Votes = [new AnomalyVote(text, 0.5)],
                    Verdict = AnomalyVerdict.Useful,
                    VerdictBy = text,
                    VerdictAt = now,
                }
            );
            db.SeriesForecasts.Add(
                new SeriesForecast
                {
                    SeriesId = one.Id,
                    EnvironmentId = 1,
                    WatchId = watch.Id,
                    ServiceId = one.ServiceId,
                    MadeAt = now,
                    Value = 1,
                    Step = TimeSpan.FromHours(1),
                    Median = [1, 2],
                    Lower = [1, 1],
                    Upper = [2, 3],
                    Limit = 9,
                    Probability = 0.5,
                    Outlook = text,
                }
            );
        }
        db.UncheckedSpans.Add(
            new UncheckedSpan
            {
                EnvironmentId = 1,
                WatchId = watch.Id,
                From = now.AddHours(-2),
                To = now.AddHours(-1),
                Reason = text,
            }
        );
        await db.SaveChangesAsync();
        var incident = new Incident
        {
            EnvironmentId = 1,
            OpenedAt = now,
            ChangedAt = now,
            Title = text,
            RankedAt = now,
            Hypotheses = [new IncidentHypothesis(text, text, 0.5, [text], [text], [text, text])],
        };
        foreach (var id in db.Anomalies.Where(one => one.WatchId == watch.Id).Select(one => one.Id).ToList())
        {
            incident.Members.Add(
                new IncidentMember
                {
                    EnvironmentId = 1,
                    Kind = IncidentMemberKind.Anomaly,
                    Key = id.ToString(System.Globalization.CultureInfo.InvariantCulture),
                    Title = text,
                    StartedAt = now,
                    Reason = text,
                }
            );
        }
        var rule = new AlertRule
        {
            EnvironmentId = 1,
            File = text,
            Group = text,
            Name = text,
            Kind = AlertRuleKind.Alerting,
            CurrentVersion = 1,
            ServerState = "firing",
            ServerHealth = "err",
            ServerError = text,
            ServerSeenAt = now,
        };
        db.AddRange(incident, rule);
        db.NotificationChannels.Add(
            new NotificationChannel
            {
                EnvironmentId = 1,
                Receiver = text,
                Kind = text[..8],
                Target = text,
                ServerSeenAt = now,
            }
        );
        db.AuditEntries.Add(
            new AuditEntry
            {
                At = now,
                Actor = text,
                Action = text,
                Subject = text,
                Detail = text,
            }
        );
        db.RuleApplies.Add(
            new RuleApply
            {
                EnvironmentId = 1,
                Author = text,
                Stage = RuleApplyStage.PutBack,
                Message = text,
                Files = [new RuleApplyFile(1, text, 1, null, null)],
                StartedAt = now,
                ChangedAt = now,
                EndedAt = now,
            }
        );
        await db.SaveChangesAsync();
        db.AlertRuleVersions.Add(
            new AlertRuleVersion
            {
                RuleId = rule.Id,
                Number = 1,
                Expression = text,
                Labels = new() { ["severity"] = text, [text] = text },
                Annotations = new() { ["summary"] = text, [text] = text },
                Author = text,
                Reason = text,
                CreatedAt = now,
            }
        );
        await db.SaveChangesAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (App is not null)
            await App.DisposeAsync();
        if (Database is not null)
            await Database.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}
