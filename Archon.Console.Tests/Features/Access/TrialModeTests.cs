using System.Net;
using Archon.Tests.Kit;
using Xunit;

namespace Archon.Tests.Features.Access;

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
    public async Task On_loopback_a_plain_curl_is_answered(string method, string path, HttpStatusCode expected)
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
        foreach (var (method, path) in ((string, string)[])[("GET", "monitoring/metrics"), ("GET", "monitoring/intelligence/anomalies"), ("POST", "monitoring/intelligence/start_analysis")])
        {
            using var reply = await SendAsync(console.App, method, path, (header, value));

            Assert.True(reply.StatusCode == HttpStatusCode.Unauthorized, $"{method} {path} with {header}: {value} was answered {(int)reply.StatusCode}.");
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

    [Fact]
    public async Task It_can_be_switched_off()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await ArchonApp.StartAsync(database, ("Archon:Access:TrialMode", "false"));

        using var reply = await SendAsync(app, "GET", "monitoring/metrics");

        Assert.Equal(HttpStatusCode.Unauthorized, reply.StatusCode);
    }

    [Fact]
    public async Task A_console_that_listens_to_the_network_is_not_on_trial()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await ArchonApp.StartAsync(database, ("urls", "http://0.0.0.0:0"));
        using var client = new HttpClient { BaseAddress = new UriBuilder("http", "127.0.0.1", app.Address.Port).Uri };

        using var reply = await client.GetAsync(new Uri("monitoring/metrics", UriKind.Relative), Token);

        Assert.Equal(HttpStatusCode.Unauthorized, reply.StatusCode);
    }

    private static async Task<HttpResponseMessage> SendAsync(ArchonApp app, string method, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative));
        foreach (var (name, value) in headers) Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        return await app.NewClient(accept: null).SendAsync(request, Token);
    }
}
