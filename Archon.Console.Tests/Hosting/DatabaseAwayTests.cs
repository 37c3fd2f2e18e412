using System.Net;
using Archon.Tests.Kit;
using Npgsql;
using Xunit;

namespace Archon.Tests.Hosting;

[SystemTest]
public sealed class DatabaseAwayTests
{
    private const string Secret = "hunter2hunter2";
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_page_says_that_the_database_is_away_and_shows_neither_stack_trace_nor_secret()
    {
        await using var app = await StartWithoutDatabaseAsync();
        var client = app.NewClient();

        foreach (var path in (string[])["", "sign-in", "settings", "services/checkout", "jobs"])
        {
            using var reply = await client.GetAsync(new Uri(path, UriKind.Relative), Token);
            var page = await reply.Content.ReadAsStringAsync(Token);

            Assert.Equal(HttpStatusCode.ServiceUnavailable, reply.StatusCode);
            Assert.Equal("text/html", reply.Content.Headers.ContentType!.MediaType);
            Assert.NotNull(reply.Headers.RetryAfter);
            Assert.DoesNotContain("   at ", page, StringComparison.Ordinal);
            Assert.DoesNotContain("Exception", page, StringComparison.Ordinal);
            Assert.DoesNotContain(Secret, page, StringComparison.Ordinal);
            Assert.True(reply.Headers.Contains("Content-Security-Policy"));
        }
        await Waits.UntilAsync(async () =>
            (await client.GetAsync(new Uri("", UriKind.Relative), Token)) is var reply
            && (await reply.Content.ReadAsStringAsync(Token)).Contains("The database is away", StringComparison.Ordinal)
        );
        Assert.Matches(
            "Away since [0-9]{2}:[0-9]{2}:[0-9]{2} UTC\\.",
            await (await client.GetAsync(new Uri("", UriKind.Relative), Token)).Content.ReadAsStringAsync(Token)
        );
    }

    [Fact]
    public async Task A_script_gets_the_same_as_problem_json()
    {
        await using var app = await StartWithoutDatabaseAsync();

        using var reply = await app.NewClient("application/json")
            .GetAsync(new Uri("monitoring/intelligence/anomalies", UriKind.Relative), Token);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, reply.StatusCode);
        Assert.Equal("application/problem+json", reply.Content.Headers.ContentType!.MediaType);
        Assert.DoesNotContain(Secret, await reply.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_process_is_alive_but_not_ready()
    {
        await using var app = await StartWithoutDatabaseAsync();
        var client = app.NewClient(accept: null);

        using var live = await client.GetAsync(new Uri("monitoring/health/live", UriKind.Relative), Token);
        using var ready = await client.GetAsync(new Uri("monitoring/health/ready", UriKind.Relative), Token);
        using var metrics = await client.GetAsync(new Uri("monitoring/metrics", UriKind.Relative), Token);

        Assert.Equal(HttpStatusCode.OK, live.StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Equal(HttpStatusCode.OK, metrics.StatusCode);
    }

    private static Task<ArchonApp> StartWithoutDatabaseAsync() =>
        ArchonApp.StartAsync(
            new NpgsqlConnectionStringBuilder
            {
                Host = "127.0.0.1",
                Port = NoServer.Port,
                Username = "archon",
                Password = Secret,
                Database = "archon",
                Timeout = 2,
            }.ConnectionString
        );
}
