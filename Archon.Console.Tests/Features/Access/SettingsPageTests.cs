using System.Security.Claims;
using Archon.Features.Access;
using Archon.Tests.Kit;
using Archon.Ui.Dialogs;
using Bunit;
using Bunit.TestDoubles;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;
using Xunit;

namespace Archon.Tests.Features.Access;

/// <summary>What the settings show to whom.</summary>
[SystemTest]
public sealed class SettingsPageTests : BunitContext, IClassFixture<RunningConsole>
{
    private const string Secret = "nightly-backup-of-payroll";
    private readonly RunningConsole console;
    private readonly BunitAuthorizationContext reader;

    public SettingsPageTests(RunningConsole console)
    {
        this.console = console;
        this.AddShellParts();
        reader = this.AddAuthorization();
        Services.AddScoped<Floats>();
        Services.AddScoped<CurrentActor>();
        foreach (
            var shared in (Type[])
                [
                    typeof(AccessQueries),
                    typeof(AccessCommands),
                    typeof(TeamCommands),
                    typeof(PermissionCommands),
                    typeof(ProfileCommands),
                    typeof(Actors),
                    typeof(TrialMode),
                ]
        )
        {
            Services.AddSingleton(shared, console.App.Services.GetRequiredService(shared));
        }
    }

    private static CancellationToken Token => Xunit.TestContext.Current.CancellationToken;

    private AccessCommands Commands => console.App.Services.GetRequiredService<AccessCommands>();

    [Fact]
    public async Task What_an_administrator_saw_is_never_drawn_for_a_viewer()
    {
        await Commands.CreateUserAsync("night.watch", ArchonApp.AdminPassword, Roles.Viewer, TestActor.Named(FirstAdmin.UserName), Token);
        Assert.IsType<AccessResult.TokenMade>(
            await Commands.CreateTokenAsync(Secret, Roles.Admin, [], null, await console.App.ActorAsync(FirstAdmin.UserName), Token)
        );
        Services.GetRequiredService<NavigationManager>().NavigateTo("settings?tab=tokens");
        reader.SetAuthorized(FirstAdmin.UserName).SetRoles(Roles.Admin);
        var asAdmin = Render<SettingsPage>();
        asAdmin.WaitForAssertion(() => Assert.Contains(Secret, asAdmin.Markup, StringComparison.Ordinal));
        await DisposeComponentsAsync();

        // The viewer's own reading waits, so what is drawn first can be seen.
        await using var holder = new NpgsqlConnection(console.Database.ConnectionString);
        await holder.OpenAsync(Token);
        await using var transaction = await holder.BeginTransactionAsync(Token);
        await using (var block = new NpgsqlCommand("LOCK TABLE api_tokens IN ACCESS EXCLUSIVE MODE", holder, transaction))
            await block.ExecuteNonQueryAsync(Token);
        reader.SetAuthorized("night.watch").SetRoles(Roles.Viewer);
        var page = Render<SettingsPage>();
        Assert.DoesNotContain(Secret, page.Markup, StringComparison.Ordinal);

        await transaction.RollbackAsync(Token);
        page.WaitForAssertion(() => Assert.Contains("No token was made yet.", page.Markup, StringComparison.Ordinal));
        Assert.DoesNotContain(Secret, page.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_team_that_is_made_is_listed_and_a_refused_one_is_reported()
    {
        await AsAdminAsync("settings?tab=teams");
        var page = Render<SettingsPage>();
        page.WaitForElement("#team-new");

        Create("payments");
        page.WaitForAssertion(() =>
            Assert.Contains("Created the team payments.", page.Find("[role=status]").TextContent, StringComparison.Ordinal)
        );
        page.WaitForAssertion(() => Assert.Equal("payments", NameOf("payments")));

        WaitUntilIdle(page, "form.vfrm button");
        Create("payments");
        page.WaitForAssertion(() =>
            Assert.Contains("There is a team payments already.", page.Find("[role=alert]").TextContent, StringComparison.Ordinal)
        );
        Assert.Equal("payments", page.Find("form.vfrm input").GetAttribute("value"));
        page.WaitForAssertion(() => Assert.False(page.Find("form.vfrm button").HasAttribute("disabled")));

        string? NameOf(string team) =>
            page.Find($"#{page.FindAll("label").Single(one => one.TextContent.Trim() == $"Name of {team}").GetAttribute("for")}")
                .GetAttribute("value");

        void Create(string name)
        {
            page.Find("form.vfrm input").Input(name);
            page.Find("form.vfrm").Submit();
        }
    }

    [Fact]
    public async Task A_profile_that_is_saved_is_reported_and_a_wrong_one_keeps_what_was_typed()
    {
        await AsAdminAsync("settings");
        var page = Render<SettingsPage>();
        page.WaitForElement("#profile-head");

        Type("Name", "Ada");
        page.Find("section[aria-labelledby=profile-head] form").Submit();
        page.WaitForAssertion(() =>
            Assert.Contains("The profile is saved.", page.Find("[role=status]").TextContent, StringComparison.Ordinal)
        );

        WaitUntilIdle(page, "section[aria-labelledby=profile-head] form button[type=submit]");
        Type("E-mail", "ada");
        page.Find("section[aria-labelledby=profile-head] form").Submit();
        page.WaitForAssertion(() =>
            Assert.Contains("must look like name@example.org", page.Find("[role=alert]").TextContent, StringComparison.Ordinal)
        );
        Assert.Equal("ada", Field("E-mail").GetAttribute("value"));

        AngleSharp.Dom.IElement Field(string label) =>
            page.Find(
                $"#{page.FindAll("section[aria-labelledby=profile-head] label").Single(one => one.TextContent.Trim() == label).GetAttribute("for")}"
            );

        void Type(string label, string text) => Field(label).Input(text);
    }

    /// <summary>The result of a change is shown before what it changed is read again; until then the page takes no other one.</summary>
    private static void WaitUntilIdle(IRenderedComponent<SettingsPage> page, string button) =>
        page.WaitForAssertion(() => Assert.False(page.Find(button).HasAttribute("disabled")));

    [Fact]
    public async Task The_matrix_of_permissions_names_what_can_be_changed_for_whom()
    {
        await AsAdminAsync("settings?tab=permissions");

        var page = Render<SettingsPage>();

        page.WaitForElement("#permissions-head");
        var services = page.FindAll("tbody tr").Single(row => row.TextContent.Contains("edit services", StringComparison.Ordinal));
        Assert.Equal(["no", "no", "all teams", "all teams"], services.QuerySelectorAll("td").Select(cell => cell.TextContent.Trim()));
        Assert.Equal("editor may edit services: all teams", Assert.Single(services.QuerySelectorAll("button")).GetAttribute("aria-label"));
    }

    [Fact]
    public async Task A_password_is_refused_on_the_page_that_is_shorter_than_what_is_accepted()
    {
        var least = console.App.Services.GetRequiredService<IOptions<IdentityOptions>>().Value.Password.RequiredLength;
        await AsAdminAsync("settings?tab=users");
        var page = Render<SettingsPage>();
        var form = page.WaitForElement("section[aria-labelledby=user-new] form");
        Assert.Contains($"{least} characters or more", form.TextContent, StringComparison.Ordinal);

        page.FindAll("section[aria-labelledby=user-new] input")[0].Input("grace");
        Submit(least - 1);
        page.WaitForAssertion(() => Assert.Contains($"Enter {least} characters or more.", page.Markup, StringComparison.Ordinal));
        Submit(least);
        page.WaitForAssertion(() => Assert.Contains("Created grace.", page.Find("[role=status]").TextContent, StringComparison.Ordinal));

        void Submit(int length)
        {
            page.Find("section[aria-labelledby=user-new] input[type=password]").Input(new string('p', length));
            page.Find("section[aria-labelledby=user-new] form").Submit();
        }
    }

    private async Task AsAdminAsync(string path)
    {
        var admin = await console.App.ActorAsync(FirstAdmin.UserName);
        reader
            .SetAuthorized(FirstAdmin.UserName)
            .SetRoles(Roles.Admin)
            .SetClaims(new Claim(ClaimTypes.NameIdentifier, admin.Id.ToString()!));
        Services.GetRequiredService<NavigationManager>().NavigateTo(path);
    }
}
