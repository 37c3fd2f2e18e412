using System.Diagnostics;
using System.Net;
using Archon.Data;
using Archon.Features.Access;
using Archon.Tests.Kit;
using Xunit;

namespace Archon.Tests.Hosting;

/// <summary>A server that is stopped or frozen under a running console, with the settings that it has by default.</summary>
[SystemTest]
public sealed class DatabaseTroubleTests(ITestOutputHelper output)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_frozen_server_makes_it_not_ready_until_it_goes_on()
    {
        await using var server = await OwnPostgres.StartNewAsync(Token);
        await using var app = await ArchonApp.StartAsync(server.ConnectionString);
        await app.WaitUntilUsableAsync(server.Contexts);

        server.Freeze();
        var down = await TimeUntilAsync(app, HttpStatusCode.ServiceUnavailable);
        server.Thaw();
        var up = await TimeUntilAsync(app, HttpStatusCode.OK);

        output.WriteLine($"Frozen: not ready after {down.TotalSeconds:0.0} s, ready {up.TotalSeconds:0.0} s after it went on.");
        Assert.True(down < Waits.Limit, $"{down}");
        Assert.True(up < Waits.Limit, $"{up}");
    }

    [Fact]
    public async Task A_server_that_is_stopped_makes_it_not_ready_and_its_start_ready()
    {
        await using var server = await OwnPostgres.StartNewAsync(Token);
        await using var app = await ArchonApp.StartAsync(server.ConnectionString);
        await app.WaitUntilUsableAsync(server.Contexts);

        await server.StopAsync();
        var down = await TimeUntilAsync(app, HttpStatusCode.ServiceUnavailable);
        await server.StartAsync(Token);
        var up = await TimeUntilAsync(app, HttpStatusCode.OK);

        output.WriteLine($"Stopped: not ready after {down.TotalSeconds:0.0} s, ready {up.TotalSeconds:0.0} s after the start.");
        Assert.True(down < Waits.Limit, $"{down}");
        Assert.True(up < Waits.Limit, $"{up}");
    }

    [Fact]
    public void A_probe_and_the_pause_before_it_end_within_ten_seconds()
    {
        var options = new DatabaseOptions();

        Assert.True(options.ProbeInterval + options.ProbeTimeout < TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task A_request_that_waits_for_a_frozen_server_is_answered_as_soon_as_that_is_known()
    {
        await using var server = await OwnPostgres.StartNewAsync(Token);
        await using var app = await ArchonApp.StartAsync(server.ConnectionString);
        await app.WaitUntilUsableAsync(server.Contexts);
        using var program = await app.WithTokenAsync(Roles.Viewer);
        server.Freeze();
        var began = Stopwatch.GetTimestamp();

        using var reply = await program.GetAsync(new Uri("monitoring/intelligence/anomalies", UriKind.Relative), Token);

        var took = Stopwatch.GetElapsedTime(began);
        output.WriteLine($"Frozen: a request that waited was answered after {took.TotalSeconds:0.0} s.");
        await IsProblemAsync(reply, "monitoring/intelligence/anomalies");
    }

    [Fact]
    public async Task Replies_to_programs_are_503_with_a_problem_from_the_first_one_on()
    {
        await using var server = await OwnPostgres.StartNewAsync(Token);
        // So that no probe finds out before the requests do.
        await using var app = await ArchonApp.StartAsync(server.ConnectionString, ("Archon:Database:ProbeInterval", "00:05:00"));
        await app.WaitUntilUsableAsync(server.Contexts);
        string[] reads =
        [
            "monitoring/metrics",
            "monitoring/health/intelligent",
            "monitoring/intelligence/anomalies",
            "monitoring/intelligence/insights",
            "monitoring/intelligence/predictions",
            "openapi/v1.json",
            "rules/prometheus/1/api/v1/labels",
        ];
        string[] posts = ["monitoring/intelligence/start_analysis", "hubs/live/negotiate?negotiateVersion=1"];
        using var program = await app.WithTokenAsync(Roles.Responder);
        program.DefaultRequestHeaders.Accept.ParseAdd("application/json");

        await server.StopAsync();
        var replies = await Task.WhenAll([
            .. reads.Select(path => program.GetAsync(new Uri(path, UriKind.Relative), Token)),
            .. posts.Select(path => program.PostAsync(new Uri(path, UriKind.Relative), null, Token)),
        ]);

        foreach (var (path, reply) in reads.Concat(posts).Zip(replies))
            await IsProblemAsync(reply, path);
        Assert.Empty(app.Errors);
    }

    private static async Task IsProblemAsync(HttpResponseMessage reply, string path)
    {
        var body = await reply.Content.ReadAsStringAsync(Token);
        Assert.True(reply.StatusCode == HttpStatusCode.ServiceUnavailable, $"{path}: {reply.StatusCode} {body}");
        Assert.Equal("application/problem+json", reply.Content.Headers.ContentType?.MediaType);
        Assert.NotNull(reply.Headers.RetryAfter);
        Assert.Contains("The database is away", body, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", body, StringComparison.Ordinal);
    }

    private static async Task<TimeSpan> TimeUntilAsync(ArchonApp app, HttpStatusCode wanted)
    {
        var client = app.NewClient(accept: null);
        var began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < Waits.Limit)
        {
            using var reply = await client.GetAsync(new Uri("monitoring/health/ready", UriKind.Relative), Token);
            if (reply.StatusCode == wanted)
                return Stopwatch.GetElapsedTime(began);
            await Task.Delay(50, Token);
        }
        return Waits.Limit;
    }
}
