using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Archon.Tests.Kit;
using Xunit;

namespace Archon.Tests.Deploy;

/// <summary>The demo estate runs as newcomers run it: by node, on ports of its own.</summary>
[SystemTest]
public sealed partial class DemoEstateTests : IAsyncLifetime
{
    private static readonly TimeSpan TimeLimit = Waits.Limit;
    private readonly string folder = Directory.CreateTempSubdirectory("archon-demo-").FullName;
    private readonly HttpClient http = new() { Timeout = TimeSpan.FromSeconds(15) };
    private readonly CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private Process estate = null!;
    private Dictionary<string, Uri> services = [];

    [Fact]
    public void At_least_eight_services_listen_on_loopback()
    {
        Assert.True(services.Count >= 8);
        Assert.All(services.Values, address => Assert.Equal("127.0.0.1", address.Host));
    }

    [Fact]
    public async Task A_request_to_the_gateway_goes_on_to_those_behind_it()
    {
        await Waits.UntilAsync(async () =>
        {
            await http.GetAsync(new Uri(services["gateway"], "api"), limit.Token);
            return (await MetricsAsync("gateway")).Contains("archon_client_requests_total{callee=\"auth\"", StringComparison.Ordinal)
                && (await MetricsAsync("auth")).Contains("archon_http_requests_total{method=\"GET\"", StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task Latency_slows_its_service_until_all_is_calm()
    {
        await ControlAsync("fault", "latency", "--service", "auth", "--for", "5m");
        var slow = await TimeAsync("auth");
        await ControlAsync("calm");
        var calm = await TimeAsync("auth");

        Assert.True(slow > TimeSpan.FromMilliseconds(250), $"{slow}");
        Assert.True(calm < slow, $"{calm}");
    }

    [Fact]
    public async Task Errors_make_its_service_fail_some_requests()
    {
        await ControlAsync("fault", "errors", "--service", "auth");

        await Waits.UntilAsync(async () => (int)(await http.GetAsync(services["auth"], limit.Token)).StatusCode == 500);
    }

    [Fact]
    public async Task An_outage_refuses_connections_and_ends_by_itself()
    {
        await ControlAsync("fault", "outage", "--service", "live", "--for", "1s");

        await Waits.UntilAsync(async () => !await AnswersAsync("live"));
        await Waits.UntilAsync(() => AnswersAsync("live"));
    }

    [Fact]
    public async Task A_leak_grows()
    {
        await ControlAsync("fault", "leak", "--service", "live");
        var before = await ResidentAsync("live");

        await Waits.UntilAsync(async () => await ResidentAsync("live") > before + 10_000_000);
    }

    [Fact]
    public async Task A_burning_CPU_shows_in_what_the_process_has_used()
    {
        await ControlAsync("fault", "cpu", "--service", "live");
        var before = await FigureAsync("live", ProcessorTime());

        // An idle service would take minutes for a second of it.
        await Waits.UntilAsync(async () => await FigureAsync("live", ProcessorTime()) > before + 1);
    }

    [Fact]
    public async Task More_traffic_than_usual_arrives_at_its_service()
    {
        async Task<TimeSpan> FortyRequestsAsync()
        {
            var (before, began) = (await FigureAsync("gateway", Requests()), Stopwatch.GetTimestamp());
            await Waits.UntilAsync(async () => await FigureAsync("gateway", Requests()) >= before + 40);
            return Stopwatch.GetElapsedTime(began);
        }

        var usual = await FortyRequestsAsync();
        await ControlAsync("fault", "traffic");
        var more = await FortyRequestsAsync();

        Assert.True(more < usual / 2, $"Forty requests took {usual}, then {more}.");
    }

    [Fact]
    public async Task A_fault_or_a_service_that_is_not_there_is_refused_with_the_names_of_those_that_are()
    {
        var (faultExit, faultWords) = await RunAsync("node", Source("control.mjs"), "fault", "gremlins");
        var (serviceExit, serviceWords) = await RunAsync("node", Source("control.mjs"), "fault", "latency", "--service", "nobody");

        Assert.Equal((1, 1), (faultExit, serviceExit));
        Assert.Contains("outage", faultWords, StringComparison.Ordinal);
        Assert.Contains("rag-engine", serviceWords, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_past_has_the_names_that_the_present_has()
    {
        var (exitCode, output) = await RunAsync(
            "node",
            Source("history.mjs"),
            "--promtool",
            Tools.Find("promtool"),
            "--data",
            Path.Combine(folder, "data"),
            "--scratch",
            Path.Combine(folder, "scratch"),
            "--until",
            "1790000000",
            "--days",
            "0.25"
        );
        Assert.True(exitCode == 0, output);
        Directory.CreateDirectory(Path.Combine(folder, "data", "wal")); // without one nothing is dumped
        var (_, dump) = await RunAsync(Tools.Find("promtool"), "tsdb", "dump", Path.Combine(folder, "data"));
        var past = DumpedSeries()
            .Matches(dump)
            .Select(match => (Service: match.Groups[2].Value, Metric: match.Groups[1].Value))
            .Where(one => one.Metric != "up")
            .ToHashSet();

        var present = new HashSet<(string, string)>();
        foreach (var name in services.Keys)
        {
            foreach (Match type in DeclaredMetric().Matches(await MetricsAsync(name)))
            {
                string[] suffixes = type.Groups[2].Value == "histogram" ? ["_bucket", "_count", "_sum"] : [""];
                foreach (var suffix in suffixes)
                    present.Add((name, type.Groups[1].Value + suffix));
            }
        }

        Assert.NotEmpty(past);
        Assert.Equal(present.Order(), past.Order());
    }

    public async ValueTask InitializeAsync()
    {
        limit.CancelAfter(TimeLimit);
        var modules = Path.Combine(DeployTests.Checkout(), ".archon", "demo", "node_modules");
        Assert.True(Directory.Exists(modules), "The demo's packages are not here. Run the tests by ./archon test, which installs them.");
        Directory.CreateSymbolicLink(Path.Combine(folder, "node_modules"), modules);
        var targets = Path.Combine(folder, "targets.json");
        estate = Process.Start(
            new ProcessStartInfo("node", [Source("estate.mjs"), "--port", "0", "--targets", targets])
            {
                WorkingDirectory = folder,
                RedirectStandardOutput = true,
            }
        )!;
        await Waits.UntilAsync(() => Task.FromResult(File.Exists(targets) && File.Exists(Path.Combine(folder, "control.sock"))));
        using var found = JsonDocument.Parse(await File.ReadAllTextAsync(targets, limit.Token));
        services = found
            .RootElement.EnumerateArray()
            .ToDictionary(
                one => one.GetProperty("labels").GetProperty("service").GetString()!,
                one => new Uri($"http://{one.GetProperty("targets")[0].GetString()}/")
            );
    }

    public async ValueTask DisposeAsync()
    {
        estate.Kill();
        await estate.WaitForExitAsync(CancellationToken.None);
        estate.Dispose();
        http.Dispose();
        limit.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private static string Source(string file) => Path.Combine(DeployTests.Checkout(), "deploy", "demo", file);

    private Task<string> MetricsAsync(string service) => http.GetStringAsync(new Uri(services[service], "metrics"), limit.Token);

    private Task<double> ResidentAsync(string service) => FigureAsync(service, Resident());

    /// <summary>The sum over all series that match.</summary>
    private async Task<double> FigureAsync(string service, Regex series) =>
        series
            .Matches(await MetricsAsync(service))
            .Sum(match => double.Parse(match.Groups[1].ValueSpan, System.Globalization.CultureInfo.InvariantCulture));

    private async Task<TimeSpan> TimeAsync(string service)
    {
        var started = Stopwatch.GetTimestamp();
        await http.GetAsync(services[service], limit.Token);
        return Stopwatch.GetElapsedTime(started);
    }

    private async Task<bool> AnswersAsync(string service)
    {
        try
        {
            await MetricsAsync(service);
            return true;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private async Task ControlAsync(params string[] words)
    {
        var (exitCode, output) = await RunAsync("node", [Source("control.mjs"), .. words]);
        Assert.True(exitCode == 0, output);
    }

    private async Task<(int ExitCode, string Output)> RunAsync(string program, params string[] words)
    {
        var start = new ProcessStartInfo(program, words)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(limit.Token);
        var errors = process.StandardError.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        return (process.ExitCode, await output + await errors);
    }

    [GeneratedRegex("""^\{__name__="([^"]+)".*service="([^"]+)""", RegexOptions.Multiline)]
    private static partial Regex DumpedSeries();

    [GeneratedRegex(@"^# TYPE (\S+) (\S+)$", RegexOptions.Multiline)]
    private static partial Regex DeclaredMetric();

    [GeneratedRegex(@"^process_cpu_seconds_total (\S+)$", RegexOptions.Multiline)]
    private static partial Regex ProcessorTime();

    [GeneratedRegex(@"^archon_http_requests_total\S* (\S+)$", RegexOptions.Multiline)]
    private static partial Regex Requests();

    [GeneratedRegex(@"^process_resident_memory_bytes (\S+)$", RegexOptions.Multiline)]
    private static partial Regex Resident();
}
