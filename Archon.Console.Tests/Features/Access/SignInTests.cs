using System.Net;
using Archon.Data.Access;
using Archon.Features.Access;
using Archon.Tests.Kit;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Archon.Tests.Features.Access;

[SystemTest]
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
        Assert.False(
            wrong.Headers.TryGetValues("Set-Cookie", out var cookies)
                && cookies.Any(one => one.StartsWith("archon=", StringComparison.Ordinal))
        );
    }

    [Fact]
    public async Task During_an_attack_a_user_signs_in_from_a_known_browser_and_from_elsewhere_and_their_tokens_work()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await ArchonApp.StartAsync(database, ("Archon:Access:TrustedProxies", "127.0.0.1"));
        var commands = app.Services.GetRequiredService<AccessCommands>();
        var token = Assert
            .IsType<AccessResult.TokenMade>(
                await commands.CreateTokenAsync("script", Roles.Viewer, [], null, await app.ActorAsync("admin"), Token)
            )
            .Token;
        var known = From(app, "203.0.113.7");
        using (await ArchonApp.PostSignInAsync(known, "admin", ArchonApp.AdminPassword)) { }

        var attacker = From(app, "203.0.113.7");
        for (var i = 0; i < 5; i++)
        {
            using var wrong = await ArchonApp.PostSignInAsync(attacker, "admin", Wrong);
            Assert.Equal(HttpStatusCode.OK, wrong.StatusCode);
        }
        using var attacked = await ArchonApp.PostSignInAsync(attacker, "admin", ArchonApp.AdminPassword);
        using var fromKnown = await ArchonApp.PostSignInAsync(known, "admin", ArchonApp.AdminPassword);
        using var fromElsewhere = await ArchonApp.PostSignInAsync(From(app, "198.51.100.4"), "admin", ArchonApp.AdminPassword);
        var script = From(app, "203.0.113.7");
        script.DefaultRequestHeaders.Authorization = new("Bearer", token);

        Assert.Equal(HttpStatusCode.TooManyRequests, attacked.StatusCode);
        Assert.InRange(attacked.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 5);
        Assert.Matches(
            "Too many wrong passwords from this address. Try again in [1-5] s.",
            await attacked.Content.ReadAsStringAsync(Token)
        );
        Assert.Equal(HttpStatusCode.Redirect, fromKnown.StatusCode);
        Assert.Equal(HttpStatusCode.Redirect, fromElsewhere.StatusCode);
        Assert.Equal(HttpStatusCode.OK, await StatusOfAsync(script, "monitoring/intelligence/anomalies"));
    }

    [Fact]
    public async Task A_browser_is_known_for_the_users_who_signed_in_with_it_and_its_cookie_cannot_be_made_up()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await ArchonApp.StartAsync(database, ("Archon:Access:WrongPasswordsPerAddress", "1"));
        await app
            .Services.GetRequiredService<AccessCommands>()
            .CreateUserAsync("other", ArchonApp.AdminPassword, Roles.Viewer, TestActor.Admin, Token);
        var known = app.NewClient();
        using (await ArchonApp.PostSignInAsync(known, "admin", ArchonApp.AdminPassword)) { }
        var stranger = app.NewClient();
        stranger.DefaultRequestHeaders.Add("Cookie", "archon.device=ALICE");
        using var wrong = await ArchonApp.PostSignInAsync(stranger, "admin", Wrong);

        using var madeUp = await ArchonApp.PostSignInAsync(app.NewClient(), "admin", ArchonApp.AdminPassword);
        using var ofAnother = await ArchonApp.PostSignInAsync(known, "other", ArchonApp.AdminPassword);
        using var own = await ArchonApp.PostSignInAsync(known, "admin", ArchonApp.AdminPassword);

        Assert.Equal(HttpStatusCode.TooManyRequests, madeUp.StatusCode);
        Assert.Equal(HttpStatusCode.TooManyRequests, ofAnother.StatusCode);
        Assert.Equal(HttpStatusCode.Redirect, own.StatusCode);
    }

    [Fact]
    public async Task Known_and_unknown_names_cost_the_same_hashes()
    {
        await using var scope = console.App.Services.CreateAsyncScope();
        var hasher = new CountingHasher();
        scope.ServiceProvider.GetRequiredService<UserManager<ArchonUser>>().PasswordHasher = hasher;
        var commands = ActivatorUtilities.CreateInstance<SignInCommands>(scope.ServiceProvider, (IPasswordHasher<ArchonUser>)hasher);
        await EnterAsync("first"); // makes what later attempts compare with

        var known = await EnterAsync("admin");
        var unknown = await EnterAsync("nobody.at.all");

        Assert.Equal((Made: 0, Verified: 1), known);
        Assert.Equal(known, unknown);

        async Task<(int Made, int Verified)> EnterAsync(string name)
        {
            (hasher.Made, hasher.Verified) = (0, 0);
            var context = new DefaultHttpContext { RequestServices = scope.ServiceProvider, RequestAborted = Token };
            Assert.IsType<SignInOutcome.Wrong>(await commands.EnterAsync(context, name, Wrong, stay: false));
            return (hasher.Made, hasher.Verified);
        }
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
        using var form = new FormUrlEncodedContent(
            new Dictionary<string, string>
            {
                ["_handler"] = "sign-in",
                ["Input.Name"] = "admin",
                ["Input.Password"] = ArchonApp.AdminPassword,
            }
        );

        using var reply = await person.PostAsync(new Uri(path, UriKind.Relative), form, Token);

        Assert.Equal(HttpStatusCode.BadRequest, reply.StatusCode);
        Assert.Equal(HttpStatusCode.OK, await StatusOfAsync(person, "settings"));
    }

    [Fact]
    public async Task Signing_out_ends_the_sign_in()
    {
        var person = await console.App.SignInAsync();
        // The form stands on the page for those without a role, as well as in the frame.
        using var form = new FormUrlEncodedContent(
            ArchonApp.HiddenFields(await person.GetStringAsync(new Uri("denied", UriKind.Relative), Token))
        );

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

    [Theory]
    [InlineData(null, HttpStatusCode.TooManyRequests)]
    [InlineData("10.0.0.1", HttpStatusCode.TooManyRequests)]
    [InlineData("127.0.0.0/8", HttpStatusCode.OK)]
    public async Task What_a_client_says_of_its_address_counts_only_through_a_trusted_proxy(string? trusted, HttpStatusCode expected)
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await ArchonApp.StartAsync(
            database,
            ("Archon:Access:TrustedProxies", trusted),
            ("Archon:Access:WrongPasswordsPerAddress", "3")
        );
        for (var i = 0; i < 3; i++)
            (await ArchonApp.PostSignInAsync(From(app, $"203.0.113.{i}"), $"guess{i}", Wrong)).Dispose();

        using var reply = await ArchonApp.PostSignInAsync(From(app, "203.0.113.3"), "guess3", Wrong);

        Assert.Equal(expected, reply.StatusCode);
    }

    private static HttpClient From(ArchonApp app, string address)
    {
        var client = app.NewClient();
        client.DefaultRequestHeaders.Add("X-Forwarded-For", address);
        return client;
    }

    private static async Task<HttpStatusCode> StatusOfAsync(HttpClient client, string path)
    {
        using var reply = await client.GetAsync(new Uri(path, UriKind.Relative), Token);
        return reply.StatusCode;
    }

    private sealed class CountingHasher : PasswordHasher<ArchonUser>
    {
        public int Made { get; set; }
        public int Verified { get; set; }

        public override string HashPassword(ArchonUser user, string password)
        {
            Made++;
            return base.HashPassword(user, password);
        }

        public override PasswordVerificationResult VerifyHashedPassword(ArchonUser user, string hashedPassword, string providedPassword)
        {
            Verified++;
            return base.VerifyHashedPassword(user, hashedPassword, providedPassword);
        }
    }
}
