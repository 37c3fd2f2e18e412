using System.Net;
using Archon.Features.Access;
using Archon.Tests.Kit;
using Microsoft.Playwright;
using Xunit;

[assembly: AssemblyFixture(typeof(Chromium))]

namespace Archon.Tests.Kit;

/// <summary>The system's Chromium, started when the first test asks for it.</summary>
public sealed class Chromium : IAsyncDisposable
{
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    private readonly Lazy<Task<IBrowser>> browser = new(StartAsync);

    /// <summary>A window of its own, signed in as the first administrator.</summary>
    internal async Task<IPage> SignInAsync(
        ArchonApp app,
        int width = 1440,
        ColorScheme theme = ColorScheme.Dark,
        Action<string>? onFault = null
    )
    {
        var context = await SignedInAsync(
            app,
            new()
            {
                ViewportSize = new() { Width = width, Height = 900 },
                ColorScheme = theme,
                ReducedMotion = ReducedMotion.Reduce,
            }
        );
        return await NewPageAsync(context, onFault);
    }

    /// <summary>A browser in which somebody is signed in and no page is open.</summary>
    /// <remarks>The form is sent without the browser, which would load two pages for it; <see cref="Pages.SignInAsync"/> fills it in.</remarks>
    internal async Task<IBrowserContext> SignedInAsync(ArchonApp app, BrowserNewContextOptions options, string user = FirstAdmin.UserName)
    {
        var cookies = new CookieContainer();
        (await app.SignInAsync(user, cookies: cookies)).Dispose();
        var context = await NewContextAsync(app, options);
        await context.AddCookiesAsync(
            cookies
                .GetAllCookies()
                .Select(one => new Microsoft.Playwright.Cookie
                {
                    Name = one.Name,
                    Value = one.Value,
                    Url = app.Address.AbsoluteUri,
                    HttpOnly = one.HttpOnly,
                })
        );
        return context;
    }

    internal static async Task<IPage> NewPageAsync(IBrowserContext context, Action<string>? onFault = null)
    {
        var page = await context.NewPageAsync();
        if (onFault is not null)
        {
            // What the Content-Security-Policy stops, and scripts that fail, are told here and nowhere else.
            page.Console += (_, message) =>
            {
                if (message.Type == "error")
                    onFault($"{page.Url}: {message.Text}");
            };
            page.PageError += (_, error) => onFault($"{page.Url}: {error}");
        }
        return page;
    }

    /// <summary>A browser without cookies for one console, closed with it at the latest.</summary>
    /// <remarks>A page that is left open tries to reach its console again, and would meet another server that got its port.</remarks>
    internal async Task<IBrowserContext> NewContextAsync(ArchonApp app, BrowserNewContextOptions options)
    {
        options.BaseURL = app.Address.AbsoluteUri;
        var context = await NewContextAsync(options);
        app.WhenEnding(() => context.CloseAsync());
        return context;
    }

    internal async Task<IBrowserContext> NewContextAsync(BrowserNewContextOptions options)
    {
        var context = await (await browser.Value).NewContextAsync(options);
        context.SetDefaultTimeout(Waits.Milliseconds);
        return context;
    }

    public async ValueTask DisposeAsync()
    {
        if (browser.IsValueCreated)
            await (await browser.Value).CloseAsync();
    }

    private static async Task<IBrowser> StartAsync()
    {
        var playwright = await Playwright.CreateAsync();
        return await playwright.Chromium.LaunchAsync(
            new() { ExecutablePath = Program(), Args = ["--no-sandbox", "--disable-dev-shm-usage"] }
        );
    }

    private static string Program() =>
        Environment.GetEnvironmentVariable("ARCHON_CHROMIUM") is { Length: > 0 } named
            ? named
            : Names
                .SelectMany(name =>
                    (Environment.GetEnvironmentVariable("PATH") ?? "")
                        .Split(Path.PathSeparator)
                        .Select(folder => Path.Combine(folder, name))
                )
                .FirstOrDefault(File.Exists)
                ?? throw new InvalidOperationException("Chromium is not here. Run the tests by ./archon test, which brings it.");
}
