using System.Net;
using Archon.Data.Access;
using Archon.Features.Access;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Archon.Tests.Features.Access;

public sealed class SignInTests(RunningConsole console, PostgresFixture postgres) : IClassFixture<RunningConsole>
{
    private const string Wrong = "not the password at all";
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_wrong_password_and_an_unknown_name_are_answered_alike()
    {
        using var wrong = await ArchonApp.PostSignInAsync(console.App.NewClient(), "admin", Wrong);
        using var unknown = await ArchonApp.PostSignInAsync(console.App.NewClient(), "nobody.at.all", Wrong);

        Assert.Equal(HttpStatusCode.OK, wrong.StatusCode);
        Assert.Contains("User name or password is wrong.", await wrong.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        Assert.Contains("User name or password is wrong.", await unknown.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        Assert.False(wrong.Headers.TryGetValues("Set-Cookie", out var cookies) && cookies.Any(one => one.StartsWith("archon=", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Five_wrong_passwords_lock_a_user_out_until_an_administrator_unlocks_them()
    {
        const string Name = "locked.user";
        var commands = console.App.Services.GetRequiredService<AccessCommands>();
        await commands.CreateUserAsync(Name, ArchonApp.AdminPassword, Roles.Viewer, "test", Token);
        var client = console.App.NewClient();
        for (var i = 0; i < 5; i++) (await ArchonApp.PostSignInAsync(client, Name, Wrong)).Dispose();

        using var refused = await ArchonApp.PostSignInAsync(client, Name, ArchonApp.AdminPassword);
        Assert.Equal(HttpStatusCode.OK, refused.StatusCode);
        Assert.Contains("Too many wrong passwords.", await refused.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);

        await using var db = await console.Database.Contexts.CreateDbContextAsync(Token);
        var user = await db.Set<ArchonUser>().SingleAsync(one => one.UserName == Name, Token);
        await commands.UnlockAsync(user.Id, "admin", Token);
        (await console.App.SignInAsync(Name)).Dispose();
    }

    [Theory]
    [InlineData("/services?range=now-6h", "/services?range=now-6h")]
    [InlineData("/", "/")]
    [InlineData("https://evil.example/", "/")]
    [InlineData("//evil.example/", "/")]
    [InlineData("/\\evil.example/", "/")]
    [InlineData("\\\\evil.example/", "/")]
    [InlineData("/\t/evil.example/", "/")]
    [InlineData("/\n/evil.example", "/")]
    [InlineData("javascript:alert(1)", "/")]
    [InlineData("services", "/")]
    public async Task After_signing_in_one_is_led_within_the_console_only(string wanted, string led)
    {
        using var reply = await ArchonApp.PostSignInAsync(console.App.NewClient(), "admin", ArchonApp.AdminPassword, wanted);

        Assert.Equal(HttpStatusCode.Redirect, reply.StatusCode);
        Assert.Equal(new Uri(console.App.Address, led), new Uri(console.App.Address, reply.Headers.Location!));
    }

    [Theory]
    [InlineData("sign-in")]
    [InlineData("sign-out")]
    public async Task A_form_without_its_anti_forgery_token_changes_nothing(string path)
    {
        var person = await console.App.SignInAsync();
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["_handler"] = "sign-in", ["Input.Name"] = "admin", ["Input.Password"] = ArchonApp.AdminPassword,
        });

        using var reply = await person.PostAsync(new Uri(path, UriKind.Relative), form, Token);

        Assert.Equal(HttpStatusCode.BadRequest, reply.StatusCode);
        Assert.Equal(HttpStatusCode.OK, await StatusOfAsync(person, "settings"));
    }

    [Fact]
    public async Task Signing_out_ends_the_sign_in()
    {
        var person = await console.App.SignInAsync();
        // The form stands on the page for those without a role, as well as in the frame.
        using var form = new FormUrlEncodedContent(ArchonApp.HiddenFields(await person.GetStringAsync(new Uri("denied", UriKind.Relative), Token)));

        using var reply = await person.PostAsync(new Uri("sign-out", UriKind.Relative), form, Token);

        Assert.Equal("/sign-in?out=true", reply.Headers.Location!.OriginalString);
        Assert.Contains("You are signed out.", await person.GetStringAsync(reply.Headers.Location, Token), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Redirect, await StatusOfAsync(person, "settings"));
    }

    [Fact]
    public async Task The_sign_in_is_noted_on_the_user()
    {
        var before = DateTimeOffset.UtcNow;

        (await console.App.SignInAsync()).Dispose();

        await using var db = await console.Database.Contexts.CreateDbContextAsync(Token);
        Assert.True((await db.Set<ArchonUser>().SingleAsync(one => one.UserName == "admin", Token)).LastSignInAt >= before.AddSeconds(-1));
    }

    [Fact]
    public async Task One_address_may_not_try_passwords_without_end()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await ArchonApp.StartAsync(database, ("Archon:Access:SignInsPerMinute", "3"));
        var client = app.NewClient();
        for (var i = 0; i < 3; i++) (await ArchonApp.PostSignInAsync(client, $"guess{i}", Wrong)).Dispose();

        using var reply = await ArchonApp.PostSignInAsync(client, "guess4", Wrong);

        Assert.Equal(HttpStatusCode.TooManyRequests, reply.StatusCode);
    }

    private static async Task<HttpStatusCode> StatusOfAsync(HttpClient client, string path)
    {
        using var reply = await client.GetAsync(new Uri(path, UriKind.Relative), Token);
        return reply.StatusCode;
    }
}
