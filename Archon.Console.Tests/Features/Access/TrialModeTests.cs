using System.Net;
using Archon.Tests.Kit;
using Xunit;

namespace Archon.Tests.Features.Access;

[SystemTest]
public sealed class TrialModeTests(RunningConsole console, PostgresFixture postgres) : IClassFixture<RunningConsole>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("GET", "monitoring/metrics", HttpStatusCode.OK)]
    [InlineData("GET", "monitoring/health/intelligent", HttpStatusCode.OK)]
    [InlineData("GET", "monitoring/intelligence/anomalies", HttpStatusCode.OK)]
    [InlineData("GET", "monitoring/intelligence/insights", HttpStatusCode.OK)]
    [InlineData("GET", "monitoring/intelligence/predictions", HttpStatusCode.OK)]
    [InlineData("POST", "monitoring/intelligence/start_analysis", HttpStatusCode.Accepted)]
    public async Task A_plain_curl_of_the_consoles_user_is_answered(string method, string path, HttpStatusCode expected)
    {
        using var reply = await SendAsync(console.App, method, path);

        Assert.Equal(expected, reply.StatusCode);
    }

    [Theory]
    [InlineData("X-Forwarded-For", "203.0.113.7")]
    [InlineData("X-Forwarded-For", "127.0.0.1")]
    [InlineData("X-Forwarded-For", "::1")]
    [InlineData("X-Forwarded-Proto", "https")]
    [InlineData("X-Forwarded-Host", "localhost")]
    [InlineData("Forwarded", "for=127.0.0.1")]
    [InlineData("X-Real-IP", "127.0.0.1")]
    [InlineData("Via", "1.1 proxy")]
    [InlineData("Host", "rebound.example")]
    [InlineData("Host", "localhost.evil.example")]
    [InlineData("Host", "127.0.0.1.evil.example")]
    [InlineData("Origin", "http://evil.example")]
    [InlineData("Origin", "null")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Sec-Fetch-Site", "same-site")]
    public async Task A_request_that_may_come_from_elsewhere_needs_a_token(string header, string value)
    {
        foreach (
            var (method, path) in ((string, string)[])
                [
                    ("GET", "monitoring/metrics"),
                    ("GET", "monitoring/intelligence/anomalies"),
                    ("POST", "monitoring/intelligence/start_analysis"),
                ]
        )
        {
            using var reply = await SendAsync(console.App, method, path, (header, value));

            Assert.True(
                reply.StatusCode == HttpStatusCode.Unauthorized,
                $"{method} {path} with {header}: {value} was answered {(int)reply.StatusCode}."
            );
        }
    }

    [Fact]
    public async Task It_reaches_the_monitoring_surface_and_nothing_else()
    {
        foreach (var path in (string[])["", "settings", "jobs", "status", "hubs/live"])
        {
            using var reply = await SendAsync(console.App, "GET", path);
            Assert.True(reply.StatusCode == HttpStatusCode.Unauthorized, $"/{path}: {reply.StatusCode}");
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("false")]
    public async Task It_is_off_unless_it_is_turned_on(string? setting)
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await ArchonApp.StartAsync(database, ("Archon:Access:TrialMode", setting));

        foreach (
            var (method, path) in ((string, string)[])[("GET", "monitoring/metrics"), ("POST", "monitoring/intelligence/start_analysis")]
        )
        {
            using var reply = await SendAsync(app, method, path);
            Assert.Equal(HttpStatusCode.Unauthorized, reply.StatusCode);
        }
        Assert.Contains("Trial mode is off: every program needs a token.", await TokensPageAsync(app), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_settings_say_for_whom_it_is_on() =>
        Assert.Contains(
            $"Trial mode is on: programs of the user {Environment.UserName} on this machine",
            await TokensPageAsync(console.App),
            StringComparison.Ordinal
        );

    [Fact]
    public async Task Nginx_with_a_plain_proxy_pass_opens_nothing_to_others()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can start nginx under its own user.");
        await using var nginx = await RealNginx.StartAsync($"proxy_pass http://localhost:{console.App.Address.Port};", Token);
        using var outside = new HttpClient { BaseAddress = nginx.Address };

        foreach (
            var (method, path) in ((string, string)[])
                [
                    ("GET", "monitoring/metrics"),
                    ("GET", "monitoring/intelligence/anomalies"),
                    ("POST", "monitoring/intelligence/start_analysis"),
                ]
        )
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative));
            using var reply = await outside.SendAsync(request, Token);
            Assert.True(
                reply.StatusCode == HttpStatusCode.Unauthorized,
                $"{method} {path} through nginx was answered {(int)reply.StatusCode}."
            );
        }
        // It is nginx that is refused, and no fault between: what is open to all passes.
        using var health = await outside.GetAsync(new Uri("monitoring/health/live", UriKind.Relative), Token);
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
    }

    [Fact]
    public async Task A_connection_is_looked_up_once_and_serves_many_requests()
    {
        using var client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 1 }) { BaseAddress = console.App.Address };
        for (var i = 0; i < 3; i++)
        {
            using var reply = await client.GetAsync(new Uri("monitoring/intelligence/anomalies", UriKind.Relative), Token);
            Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        }
    }

    private static async Task<string> TokensPageAsync(ArchonApp app) =>
        WebUtility.HtmlDecode(await (await app.SignInAsync()).GetStringAsync(new Uri("settings?tab=tokens", UriKind.Relative), Token));

    private static async Task<HttpResponseMessage> SendAsync(
        ArchonApp app,
        string method,
        string path,
        params (string Name, string Value)[] headers
    )
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative));
        foreach (var (name, value) in headers)
            Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        return await app.NewClient(accept: null).SendAsync(request, Token);
    }
}
