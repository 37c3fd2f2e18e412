using System.Diagnostics;
using System.Net.Http.Headers;
using Archon.Features.Access;
using Archon.Tests.Kit;
using Xunit;

namespace Archon.Tests.Hosting;

/// <summary>The console measures itself, in a form that Prometheus and OpenTelemetry take.</summary>
[SystemTest]
public sealed class TelemetryTests(PostgresFixture postgres) : IDisposable
{
    private readonly string home = Directory.CreateTempSubdirectory("archon-home").FullName;
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(home, recursive: true);

    [Fact]
    public async Task Jobs_queues_clients_and_requests_are_in_the_metrics_and_promtool_reads_them()
    {
        await using var fake = await FakeUpstream.SayAsync(200, "application/json", """{"status":"success","data":{"version":"3.5.3"}}""");
        await using var database = await postgres.NewDatabaseAsync();
        AuthenticationHeaderValue? token;
        await using (var app = await ArchonApp.StartAsync(database))
        {
            using var known = await app.WithTokenAsync(Roles.Viewer);
            token = known.DefaultRequestHeaders.Authorization;
        }
        // A process of its own: OpenTelemetry takes in the meters of every console of a process, and only so many.
        await using var console = ConsoleProcess.Start(
            home,
            ("ConnectionStrings__Archon", database.ConnectionString),
            ("Archon__Role", "All"),
            ("Prometheus__BaseAddress", fake.Address.AbsoluteUri)
        );
        await console.ReadyAsync(Token);
        using var client = new HttpClient { BaseAddress = console.Address, DefaultRequestHeaders = { Authorization = token } };

        string[] wanted =
        [
            "job=\"ScanJob.DispatchAsync\",outcome=\"succeeded\"",
            "\narchon_background_tasks_pending{",
            "\narchon_background_tasks_active{",
            "\nhttp_client_request_duration_seconds_count{",
            "\nhttp_server_request_duration_seconds_count{",
        ];
        var text = await UntilAsync(
            () => client.GetStringAsync(new Uri("monitoring/metrics", UriKind.Relative), Token),
            text => wanted.All(name => text.Contains(name, StringComparison.Ordinal))
        );

        // It was asked until it was ready, and refused: no errors of users.
        Assert.DoesNotMatch("(?m)^http_server_request_duration_seconds_count\\{.*/monitoring/health", text);
        // By the label "service" the console finds services, in its own metrics too.
        Assert.DoesNotMatch("[{,]service=\"", text);
        var (exitCode, words) = await CheckAsync(text);
        // 3: it was read, and some names are not to the linter's liking. Those of the .NET libraries are what they are; ours are beyond reproach.
        Assert.True(exitCode is 0 or 3, words);
        Assert.DoesNotContain("archon_", words, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Text_that_is_no_metrics_is_not_taken_for_some() =>
        Assert.Equal(1, (await CheckAsync("archon_up{a=\"b} 1\n")).ExitCode);

    [Fact]
    public async Task Where_a_collector_is_named_metrics_go_there_too()
    {
        await using var collector = await FakeUpstream.StartAsync(context =>
        {
            context.Response.ContentType = "application/x-protobuf";
            return Task.CompletedTask;
        });
        await using var database = await postgres.NewDatabaseAsync();

        await using (
            await ArchonApp.StartAsync(
                database,
                ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Address.AbsoluteUri),
                ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
                ("OTEL_METRIC_EXPORT_INTERVAL", "500")
            )
        )
        {
            await UntilAsync(
                () => Task.FromResult(collector.Requests),
                requests => requests.Any(one => one.Path == "/v1/metrics") && requests.Any(one => one.Path == "/v1/traces")
            );
        }

        Assert.Contains(collector.Requests, request => request.Body.Contains("archon-console", StringComparison.Ordinal));
    }

    private static async Task<T> UntilAsync<T>(Func<Task<T>> read, Func<T, bool> wanted)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(Waits.Limit);
        while (true)
        {
            var value = await read();
            if (wanted(value))
                return value;
            await Task.Delay(200, limit.Token);
        }
    }

    private static async Task<(int ExitCode, string Words)> CheckAsync(string text)
    {
        using var promtool = Process.Start(
            new ProcessStartInfo(Tools.Find("promtool"), ["check", "metrics"])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        var words = promtool.StandardError.ReadToEndAsync(Token);
        await promtool.StandardInput.WriteAsync(text.AsMemory(), Token);
        promtool.StandardInput.Close();
        await promtool.WaitForExitAsync(Token);
        return (promtool.ExitCode, await words);
    }
}
