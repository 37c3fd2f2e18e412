using Microsoft.Playwright;
using Xunit;

namespace Archon.Tests.Kit;

internal static class Pages
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    /// <summary>Waits until the page is at an address, and has loaded.</summary>
    /// <remarks>Playwright's own wait for an address looks once and then listens: on a busy machine the navigation ends in between, and it waits for ever.</remarks>
    public static async Task ArriveAsync(this IPage page, Func<string, bool> isThere)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Waits.Limit);
        while (!isThere(page.Url) || !await IsLoadedAsync(page))
        {
            if (limit.IsCancellationRequested)
                Assert.Fail($"The page is still at {page.Url}.");
            await Task.Delay(Look, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Fills in the form of the sign-in page and waits for what comes after it.</summary>
    public static async Task SignInAsync(this IPage page, string name = "admin", string password = ArchonApp.AdminPassword)
    {
        await page.GotoAsync("sign-in");
        await page.GetByLabel("User name").FillAsync(name);
        await page.GetByLabel("Password").FillAsync(password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await page.ArriveAsync(url => !url.Contains("sign-in", StringComparison.Ordinal));
    }

    private static async Task<bool> IsLoadedAsync(IPage page)
    {
        try
        {
            return await page.EvaluateAsync<bool>("document.readyState === 'complete'");
        }
        catch (PlaywrightException)
        {
            return false; // it left for the next page while it was asked
        }
    }
}
