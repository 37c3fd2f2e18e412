using Archon.Features.Access;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Xunit;

namespace Archon.Tests.Browser;

/// <summary>An open page whose session ends leads to sign-in, which says why.</summary>
[SystemTest]
public sealed class SessionEndTests(RunningConsole console, Chromium chromium) : IClassFixture<RunningConsole>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_changed_role_ends_every_open_page_and_is_named_on_it()
    {
        var commands = console.App.Services.GetRequiredService<AccessCommands>();
        await commands.CreateUserAsync("demoted", ArchonApp.AdminPassword, Roles.Editor, TestActor.Admin, Token);
        var context = await chromium.NewContextAsync(console.App, new() { ReducedMotion = ReducedMotion.Reduce });
        var pages = new List<IPage> { await Chromium.NewPageAsync(context), await Chromium.NewPageAsync(context) };
        await pages[0].SignInAsync("demoted");
        foreach (var (page, path) in pages.Zip((string[])["/services/new", "/status"]))
        {
            await page.GotoAsync(path);
            await page.Locator("html[data-live]").WaitForAsync(new() { State = WaitForSelectorState.Attached });
        }
        await using var db = await console.Database.Contexts.CreateDbContextAsync(Token);
        var user = await db.Users.SingleAsync(one => one.UserName == "demoted", Token);

        await commands.GiveRoleAsync(user.Id, Roles.Viewer, TestActor.Admin, Token);

        foreach (var page in pages)
        {
            await Assertions
                .Expect(page.Locator(".door p[role=status]"))
                .ToHaveTextAsync("You were signed out because your role changed from editor to viewer.");
        }
        await pages[0].GetByLabel("User name").FillAsync("demoted");
        await pages[0].GetByLabel("Password").FillAsync(ArchonApp.AdminPassword);
        await pages[0].GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        // Back where the person was, which the new role does not include.
        await Assertions.Expect(pages[0].Locator("h1")).ToHaveTextAsync("You need the editor role for this page.");
        await context.CloseAsync();
    }
}
