using System.Net;
using System.Text.RegularExpressions;
using Archon.Features.DevUi;
using Archon.Shell;
using Archon.Tests.Deploy;
using Archon.Tests.Kit;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Playwright;
using Xunit;

namespace Archon.Tests.Features.DevUi;

/// <summary>Every part of the pages in every state, where those who develop the console look at them.</summary>
[SystemTest]
public sealed partial class DevUiPageTests(DevelopmentConsole development, PostgresFixture postgres, Chromium chromium)
    : IClassFixture<DevelopmentConsole>
{
    private const string Address = "dev/ui";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Parts without a look of their own, and those that are drawn by another one.</summary>
    private static readonly string[] Unseen = ["FloatLayer", "MudGate", "ConfirmDialog", "DatabaseAway", "DatabaseRetry"];

    [Theory]
    [InlineData(1440, ColorScheme.Dark)]
    [InlineData(1440, ColorScheme.Light)]
    [InlineData(390, ColorScheme.Dark)]
    [InlineData(390, ColorScheme.Light)]
    public async Task Every_part_is_photographed_and_breaks_no_rule_of_accessibility(int width, ColorScheme theme)
    {
        var faults = new List<string>();
        var page = await chromium.SignInAsync(development.App, width, theme, faults.Add);
        await page.GotoAsync(Address);
        await page.Locator("html[data-live]").WaitForAsync(new() { State = WaitForSelectorState.Attached });
        await page.Locator(".plot-host canvas").First.WaitForAsync();
        await page.Locator(".cm-editor").Last.WaitForAsync();

        TestContext.Current.AddAttachment(
            $"parts-{theme}-{width}.png",
            await page.ScreenshotAsync(new() { FullPage = true, Animations = ScreenshotAnimations.Disabled }),
            "image/png"
        );
        await (theme == ColorScheme.Dark ? page.BreaksNoRuleAsync($"{theme} {width}") : page.HasContrastAsync($"{theme} {width}"));
        Assert.True(
            await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= window.innerWidth"),
            "The page is wider than the window."
        );
        await page.GetByLabel("One of").ClickAsync();
        await page.GetByRole(AriaRole.Option, new() { Name = "best effort" }).WaitForAsync();
        await page.HasContrastAsync($"{theme} {width}, an open list");
        await page.Keyboard.PressAsync("Escape");
        Assert.Empty(faults);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task A_deployed_console_does_not_have_the_page()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await ArchonApp.StartAsync(database);
        var admin = await app.SignInAsync();

        using var reply = await admin.GetAsync(new Uri(Address, UriKind.Relative), Token);

        Assert.Equal(HttpStatusCode.NotFound, reply.StatusCode);
        Assert.False(app.Services.GetRequiredService<ConsoleFeatures>().Has(typeof(DevUiPage)));
    }

    [Fact]
    public void No_part_is_missing()
    {
        var markup = File.ReadAllText(Path.Combine(DeployTests.Checkout(), "Archon.Console/Features/DevUi/DevUiPage.razor"));
        var shown = Element().Matches(markup).Select(match => match.Groups[1].Value).ToHashSet(StringComparer.Ordinal);
        var parts = typeof(DevUiPage)
            .Assembly.GetTypes()
            .Where(type => type.Namespace?.StartsWith("Archon.Ui.", StringComparison.Ordinal) == true && !type.IsAbstract)
            .Where(type => typeof(IComponent).IsAssignableFrom(type) && !type.IsNested)
            .Select(type => type.Name.Split('`')[0])
            .ToList();

        Assert.True(parts.Count > 25, $"{parts.Count} parts: not all were found.");
        Assert.Empty(parts.Except(shown).Except(Unseen));
    }

    [GeneratedRegex("<([A-Z][A-Za-z]+)")]
    private static partial Regex Element();
}

/// <summary>A console in the environment Development.</summary>
public sealed class DevelopmentConsole(PostgresFixture postgres) : IAsyncLifetime
{
    private TestDatabase? database;

    internal ArchonApp App { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        database = await postgres.NewDatabaseAsync();
        App = await ArchonApp.StartAsync(database, (HostDefaults.EnvironmentKey, Environments.Development));
    }

    public async ValueTask DisposeAsync()
    {
        if (App is not null)
            await App.DisposeAsync();
        if (database is not null)
            await database.DisposeAsync();
    }
}
