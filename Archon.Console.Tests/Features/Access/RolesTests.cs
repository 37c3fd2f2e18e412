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

    [Theory]
    [InlineData(Roles.Viewer, Policies.Viewer)]
    [InlineData(Roles.Responder, Policies.Viewer, Policies.Responder)]
    [InlineData(Roles.Editor, Policies.Viewer, Policies.Responder, Policies.Editor)]
    [InlineData(Roles.Admin, Policies.Viewer, Policies.Responder, Policies.Editor, Policies.Admin)]
    [InlineData("owner")]
    public async Task A_role_meets_its_own_policy_and_those_below(string role, params string[] met)
    {
        var user = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Role, role)], "test"));
        var authorization = console.App.Services.GetRequiredService<IAuthorizationService>();

        foreach (var policy in (string[])[Policies.Viewer, Policies.Responder, Policies.Editor, Policies.Admin])
        {
            Assert.Equal(met.Contains(policy), (await authorization.AuthorizeAsync(user, policy)).Succeeded);
        }
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
