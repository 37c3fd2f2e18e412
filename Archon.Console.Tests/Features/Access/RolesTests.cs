using System.Net;
using System.Security.Claims;
using Archon.Data.Access;
using Archon.Features.Access;
using Archon.Tests.Kit;
using Microsoft.AspNetCore.Authorization;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Archon.Tests.Features.Access;

[SystemTest]
public sealed class RolesTests(RunningConsole console) : IClassFixture<RunningConsole>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private AccessCommands Commands => console.App.Services.GetRequiredService<AccessCommands>();

    /// <summary>What each role may do beyond the one before it, by the names of the policies.</summary>
    private static readonly (string Role, string[] Policies)[] More =
    [
        (Roles.Viewer, [Policies.Viewer]),
        (Roles.Responder, [Permissions.JudgeAnomalies, Permissions.RespondToAlerts, Permissions.StartAnalysis]),
        (Roles.Editor, [Permissions.EditServices, Permissions.EditWatches, Permissions.EditRules, Permissions.ApplyRules]),
        (
            Roles.Admin,
            [
                Permissions.ManageUsers,
                Permissions.ManageTokens,
                Permissions.ManageTeams,
                Permissions.ManageEnvironments,
                Permissions.ManagePermissions,
            ]
        ),
    ];

    [Theory]
    [InlineData(Roles.Viewer)]
    [InlineData(Roles.Responder)]
    [InlineData(Roles.Editor)]
    [InlineData(Roles.Admin)]
    [InlineData("owner")]
    public async Task A_role_meets_the_policies_of_its_own_permissions_and_of_those_below(string role)
    {
        var user = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Role, role)], "test"));
        var authorization = console.App.Services.GetRequiredService<IAuthorizationService>();
        var mine = More.Take(Array.FindIndex(More, one => one.Role == role) + 1)
            .SelectMany(one => one.Policies)
            .Order(StringComparer.Ordinal);

        var met = new List<string>();
        foreach (var policy in Permission.All.Select(one => one.Name).Append(Policies.Viewer))
        {
            if ((await authorization.AuthorizeAsync(user, policy)).Succeeded)
                met.Add(policy);
        }

        Assert.Equal(mine, met.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Only_editors_reach_the_page_that_changes_services_and_only_they_act_on_jobs()
    {
        foreach (var role in Roles.All)
        {
            var person = await console.App.SignInAsRoleAsync(role);
            var mayEdit = Roles.From(Roles.Editor).Contains(role);

            using var edit = await person.GetAsync(new Uri("services/new", UriKind.Relative), Token);
            Assert.Equal(mayEdit ? HttpStatusCode.OK : HttpStatusCode.Redirect, edit.StatusCode);
            if (!mayEdit)
                Assert.Equal("/denied", edit.Headers.Location!.AbsolutePath);

            using var seen = await person.GetAsync(new Uri("jobs", UriKind.Relative), Token);
            Assert.Equal(HttpStatusCode.OK, seen.StatusCode);
            using var acted = await person.PostAsync(new Uri("jobs/recurring/trigger", UriKind.Relative), null, Token);
            Assert.True(
                role == Roles.Admin || !acted.IsSuccessStatusCode,
                $"A {role} could trigger a job past the permissions: {acted.StatusCode}"
            );
        }
    }

    [Fact]
    public async Task Settings_show_users_to_administrators_only()
    {
        await Commands.CreateUserAsync("someone.else", ArchonApp.AdminPassword, Roles.Viewer, TestActor.Admin, Token);
        await Commands.CreateUserAsync("curious", ArchonApp.AdminPassword, Roles.Editor, TestActor.Admin, Token);

        var admin = await (await console.App.SignInAsync()).GetStringAsync(new Uri("settings?tab=users", UriKind.Relative), Token);
        var editor = await (await console.App.SignInAsync("curious")).GetStringAsync(
            new Uri("settings?tab=users", UriKind.Relative),
            Token
        );

        Assert.Contains("someone.else", admin, StringComparison.Ordinal);
        Assert.DoesNotContain("someone.else", editor, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_last_administrator_can_be_neither_removed_nor_demoted()
    {
        await using var db = await console.Database.Contexts.CreateDbContextAsync(Token);
        await db.Set<ArchonUser>().Where(user => user.UserName != FirstAdmin.UserName).ExecuteDeleteAsync(Token);
        var admin = await db.Set<ArchonUser>().SingleAsync(Token);

        Assert.IsType<AccessResult.Invalid>(await Commands.DeleteUserAsync(admin.Id, TestActor.Admin, Token));
        Assert.IsType<AccessResult.Invalid>(await Commands.GiveRoleAsync(admin.Id, Roles.Viewer, TestActor.Admin, Token));

        (await console.App.SignInAsync()).Dispose();
    }

    [Fact]
    public async Task Changes_of_access_leave_a_trace_without_a_secret()
    {
        const string Password = "never to be written down";
        await Commands.CreateUserAsync("traced", Password, Roles.Viewer, TestActor.Admin, Token);
        await using var db = await console.Database.Contexts.CreateDbContextAsync(Token);
        var user = await db.Set<ArchonUser>().SingleAsync(one => one.UserName == "traced", Token);
        await Commands.GiveRoleAsync(user.Id, Roles.Editor, TestActor.Admin, Token);
        var token = Assert
            .IsType<AccessResult.TokenMade>(
                await Commands.CreateTokenAsync("ci", Roles.Viewer, [], null, await console.App.ActorAsync("traced"), Token)
            )
            .Token;
        await Commands.DeleteUserAsync(user.Id, TestActor.Admin, Token);

        var trace = await db
            .AuditEntries.AsNoTracking()
            .Where(entry => entry.SubjectName == "traced" || entry.Subject == "token ci")
            .OrderBy(entry => entry.Id)
            .ToListAsync(Token);

        Assert.Equal(["user.create", "user.role", "token.create", "user.delete"], trace.Select(entry => entry.Action));
        Assert.All(trace, entry => Assert.DoesNotContain(Password, entry.Detail + entry.Changes, StringComparison.Ordinal));
        Assert.All(trace, entry => Assert.DoesNotContain(token, entry.Detail + entry.Changes, StringComparison.Ordinal));
    }
}
