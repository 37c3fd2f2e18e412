using Archon.Features.Access;
using Archon.Tests.Kit;
using Archon.Ui.Dialogs;
using Bunit;
using Bunit.TestDoubles;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
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
}
