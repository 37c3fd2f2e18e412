using System.Diagnostics;
using System.Net;
using Archon.Data.Access;
using Archon.Features.Access;
using Archon.Live;
using Archon.Tests.Kit;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Archon.Tests.Features.Access;

/// <summary>Two consoles on one database: what ends at one is over at the other.</summary>
[SystemTest]
public sealed class SessionTests(TwoConsoles consoles) : IClassFixture<TwoConsoles>
{
    private const string NewPassword = "quite another password";

    // Below the minute after which sessions are checked without a notification.
    private static readonly TimeSpan Limit = Waits.For(TimeSpan.FromSeconds(30));
    private static int users;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private AccessCommands Commands => consoles.First.Services.GetRequiredService<AccessCommands>();

    [Fact]
    public async Task A_copied_cookie_does_not_work_after_sign_out_at_neither_console()
    {
        var (person, cookie) = await SignInAsync(consoles.First, (await NewUserAsync(Roles.Viewer)).Name);
        var copies = new[] { consoles.First, consoles.Second }.Select(app => WithCookie(app, cookie)).ToList();
        foreach (var copy in copies)
            Assert.Equal(HttpStatusCode.OK, await StatusAsync(copy, "settings"));
        using var form = new FormUrlEncodedContent(
            ArchonApp.HiddenFields(await person.GetStringAsync(new Uri("settings", UriKind.Relative), Token))
        );

        using (await person.PostAsync(new Uri("sign-out", UriKind.Relative), form, Token))
        {
            foreach (var copy in copies)
                await AssertEndsAsync(copy, "You are signed out.");
        }
    }

    [Theory]
    [InlineData("password reset", "You were signed out because your password was reset.")]
    [InlineData("admin reset", "You were signed out because your password was reset.")]
    [InlineData("password changed elsewhere", "You were signed out because your password was changed.")]
    [InlineData("other role", "You were signed out because your role changed from editor to viewer.")]
    [InlineData("removed", "You were signed out because your user was removed.")]
    public async Task A_change_ends_the_session_at_the_other_console_and_is_named(string change, string words)
    {
        var user = await NewUserAsync(change == "admin reset" ? Roles.Admin : Roles.Editor);
        var (_, cookie) = await SignInAsync(consoles.First, user.Name);
        var person = WithCookie(consoles.Second, cookie);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(person, "settings"));

        switch (change)
        {
            case "password reset":
                await Commands.ResetPasswordAsync(user.Id, NewPassword, TestActor.Admin, Token);
                break;
            case "admin reset":
                await consoles.First.Services.GetRequiredService<AdminReset>().ResetAsync(user.Name, Token);
                break;
            case "password changed elsewhere":
                await Commands.ChangeOwnPasswordAsync(
                    ArchonApp.AdminPassword,
                    NewPassword,
                    await consoles.First.ActorAsync(user.Name),
                    Token
                );
                break;
            case "other role":
                await Commands.GiveRoleAsync(user.Id, Roles.Viewer, TestActor.Admin, Token);
                break;
            default:
                await Commands.DeleteUserAsync(user.Id, TestActor.Admin, Token);
                break;
        }

        await AssertEndsAsync(person, words);
    }

    [Fact]
    public async Task The_session_that_a_password_is_changed_in_goes_on_and_the_others_end()
    {
        var user = await NewUserAsync(Roles.Viewer);
        var (here, cookie) = await SignInAsync(consoles.First, user.Name);
        var (elsewhere, _) = await SignInAsync(consoles.Second, user.Name);
        await using var db = await consoles.Database.Contexts.CreateDbContextAsync(Token);
        var mine = await db
            .Sessions.AsNoTracking()
            .Where(one => one.UserId == user.Id)
            .OrderBy(one => one.CreatedAt)
            .Select(one => one.Id)
            .FirstAsync(Token);

        await Commands.ChangeOwnPasswordAsync(
            ArchonApp.AdminPassword,
            NewPassword,
            await consoles.First.ActorAsync(user.Name, new Credential.Session(mine)),
            Token
        );

        await AssertEndsAsync(elsewhere, "You were signed out because your password was changed.");
        foreach (var same in (HttpClient[])[here, WithCookie(consoles.Second, cookie)])
            Assert.Equal(HttpStatusCode.OK, await StatusAsync(same, "settings"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_hub_connection_ends_with_the_session_or_token_that_opened_it(bool byToken)
    {
        var user = await NewUserAsync(Roles.Viewer);
        var made = byToken
            ? (AccessResult.TokenMade)
                await Commands.CreateTokenAsync("hub", Roles.Viewer, [], null, await consoles.First.ActorAsync(user.Name), Token)
            : null;
        var cookie = byToken ? "" : (await SignInAsync(consoles.First, user.Name)).Cookie;
        await using var client = new HubConnectionBuilder()
            .WithUrl(
                new Uri(consoles.Second.Address, LiveHub.Path),
                options =>
                {
                    if (made is not null)
                        options.AccessTokenProvider = () => Task.FromResult<string?>(made.Token);
                    else
                        options.Headers.Add("Cookie", cookie);
                }
            )
            .Build();
        var closed = new TaskCompletionSource();
        client.Closed += _ =>
        {
            closed.TrySetResult();
            return Task.CompletedTask;
        };
        await client.StartAsync(Token);
        Assert.Equal(HubConnectionState.Connected, client.State);

        await Commands.DeleteUserAsync(user.Id, TestActor.Admin, Token);

        await closed.Task.WaitAsync(Limit, Token);
    }

    [Fact]
    public async Task A_user_has_so_many_sessions_at_once_and_no_more()
    {
        var user = await NewUserAsync(Roles.Viewer);
        var (oldest, _) = await SignInAsync(consoles.First, user.Name);
        await using var db = await consoles.Database.Contexts.CreateDbContextAsync(Token);
        var now = DateTimeOffset.UtcNow;
        var begun = await db.Sessions.AsNoTracking().SingleAsync(one => one.UserId == user.Id, Token);
        for (var i = 1; i < UserLimits.Sessions; i++)
            db.Sessions.Add(Session(now.AddMinutes(i), ends: null));
        for (var i = 0; i < UserLimits.Sessions + 5; i++)
            db.Sessions.Add(Session(now.AddMinutes(-i), ends: now));
        await db.SaveChangesAsync(Token);

        var (newest, _) = await SignInAsync(consoles.First, user.Name);

        await AssertEndsAsync(
            oldest,
            "You were signed out because this user has more than 50 sessions; the one not used for longest ended."
        );
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(newest, "settings"));
        Assert.Equal(UserLimits.Sessions, await db.Sessions.CountAsync(one => one.UserId == user.Id && one.EndedAt == null, Token));
        Assert.Equal(UserLimits.Sessions, await db.Sessions.CountAsync(one => one.UserId == user.Id && one.EndedAt != null, Token));

        UserSession Session(DateTimeOffset used, DateTimeOffset? ends) =>
            new()
            {
                Id = Guid.NewGuid(),
                UserId = user.Id,
                Role = Roles.Viewer,
                SecurityStamp = begun.SecurityStamp,
                CreatedAt = used,
                LastUsedAt = used,
                ExpiresAt = now.AddHours(12),
                EndedAt = ends,
                EndReason = ends is null ? null : SessionEnd.SignedOut,
            };
    }

    [Fact]
    public async Task A_page_whose_role_is_not_enough_names_the_role_that_is()
    {
        var (viewer, _) = await SignInAsync(consoles.First, (await NewUserAsync(Roles.Viewer)).Name);

        using var reply = await viewer.GetAsync(new Uri("services/new", UriKind.Relative), Token);

        Assert.Contains(
            "You need the editor role for this page.",
            await viewer.GetStringAsync(reply.Headers.Location, Token),
            StringComparison.Ordinal
        );
    }

    private async Task<(Guid Id, string Name)> NewUserAsync(string role)
    {
        var name = $"session.user{Interlocked.Increment(ref users)}";
        Assert.IsType<AccessResult.Done>(await Commands.CreateUserAsync(name, ArchonApp.AdminPassword, role, TestActor.Admin, Token));
        await using var db = await consoles.Database.Contexts.CreateDbContextAsync(Token);
        return ((await db.Users.SingleAsync(one => one.UserName == name, Token)).Id, name);
    }

    private static async Task<(HttpClient Client, string Cookie)> SignInAsync(ArchonApp app, string name)
    {
        var client = app.NewClient();
        using var reply = await ArchonApp.PostSignInAsync(client, name, ArchonApp.AdminPassword);
        Assert.Equal(HttpStatusCode.Redirect, reply.StatusCode);
        return (
            client,
            reply.Headers.GetValues("Set-Cookie").Single(one => one.StartsWith("archon=", StringComparison.Ordinal)).Split(';')[0]
        );
    }

    private static HttpClient WithCookie(ArchonApp app, string cookie)
    {
        var client = app.NewClient();
        client.DefaultRequestHeaders.Add("Cookie", cookie);
        return client;
    }

    /// <summary>Within the limit the page leads to sign-in, which says why, and a script is refused.</summary>
    private static async Task AssertEndsAsync(HttpClient person, string words)
    {
        var began = Stopwatch.GetTimestamp();
        while (await StatusAsync(person, "settings") != HttpStatusCode.Redirect)
        {
            Assert.True(Stopwatch.GetElapsedTime(began) < Limit, "The session goes on.");
            await Task.Delay(20, Token);
        }
        Assert.Contains(
            WebUtility.HtmlEncode(words),
            await person.GetStringAsync(new Uri("sign-in?return=%2Fsettings", UriKind.Relative), Token),
            StringComparison.Ordinal
        );
        using var script = new HttpRequestMessage(HttpMethod.Get, new Uri("monitoring/intelligence/anomalies", UriKind.Relative));
        script.Headers.Accept.ParseAdd("application/json");
        // From elsewhere: on this machine itself a script may need no session.
        script.Headers.Add("X-Forwarded-For", "203.0.113.7");
        person.DefaultRequestHeaders.Accept.Clear();
        using var refused = await person.SendAsync(script, Token);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient client, string path)
    {
        using var reply = await client.GetAsync(new Uri(path, UriKind.Relative), Token);
        return reply.StatusCode;
    }
}

/// <summary>Two processes of one installation, as far as their memory goes.</summary>
public sealed class TwoConsoles(PostgresFixture postgres) : IAsyncLifetime
{
    internal ArchonApp First { get; private set; } = null!;
    internal ArchonApp Second { get; private set; } = null!;
    internal TestDatabase Database { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Database = await postgres.NewDatabaseAsync();
        First = await ArchonApp.StartAsync(Database);
        Second = await ArchonApp.StartAsync(Database);
    }

    public async ValueTask DisposeAsync()
    {
        if (Second is not null)
            await Second.DisposeAsync();
        if (First is not null)
            await First.DisposeAsync();
        if (Database is not null)
            await Database.DisposeAsync();
    }
}
