using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using Archon.Tests.Kit;
using Xunit;

namespace Archon.Tests.Deploy;

/// <summary><c>./archon</c> as a newcomer meets it, in a folder of its own.</summary>
public sealed partial class ArchonCommandTests : IAsyncDisposable
{
    private static readonly TimeSpan TimeLimit = TimeSpan.FromMinutes(3);
    private readonly string state = Directory.CreateTempSubdirectory("archon-state-").FullName;
    private readonly CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

    public ArchonCommandTests()
    {
        limit.CancelAfter(TimeLimit);
        File.SetUnixFileMode(state, File.GetUnixFileMode(state) | UnixFileMode.OtherExecute | UnixFileMode.OtherRead);
        // What was fetched and built for the tests is taken as it is; the rest is made anew.
        Directory.CreateSymbolicLink(Path.Combine(state, "tools"), Path.Combine(DeployTests.Checkout(), ".archon", "tools"));
        Directory.CreateSymbolicLink(Path.Combine(state, "console"), AppContext.BaseDirectory);
    }

    [Fact]
    public async Task Up_starts_everything_once_and_down_ends_it()
    {
        var (exitCode, told) = await RunAsync("up", "--port", $"{Tools.FreePort()}");
        Assert.True(exitCode == 0, told);
        var address = Address().Match(told).Groups[1].Value;
        Assert.Matches(@"Sign in as admin with password: \S{20}", told);

        var (running, status) = await RunAsync("status");
        Assert.True(running == 0, status);
        Assert.All((string[])["console", "prometheus", "alertmanager", "node", "blackbox"], part => Assert.Matches($@"(?m)^{part} +answers at http://localhost:\d+", status));
        Assert.Contains($"console       answers at {address}", status, StringComparison.Ordinal);

        // The pages show real data within a minute: everything is scraped, and the console has been let in.
        var prometheus = Regex.Match(status, @"(?m)^prometheus +answers at (\S+)").Groups[1].Value;
        using var http = new HttpClient();
        await WithinAsync(async () =>
        {
            using var targets = JsonDocument.Parse(await http.GetStringAsync(new Uri($"{prometheus}/api/v1/targets?state=active"), limit.Token));
            var up = targets.RootElement.GetProperty("data").GetProperty("activeTargets").EnumerateArray()
                .Where(target => target.GetProperty("health").GetString() == "up").Select(target => target.GetProperty("labels").GetProperty("job").GetString()).ToHashSet();
            return up.IsSupersetOf(["archon-console", "prometheus", "alertmanager", "node", "blackbox", "probe"]);
        });

        var (_, again) = await RunAsync("up");
        Assert.Contains($"Archon Console: {address}", again, StringComparison.Ordinal);
        var (_, after) = await RunAsync("status");
        Assert.Equal(status, after);   // the same processes at the same ports

        Assert.Contains("Server is ready", (await RunAsync("logs", "prometheus")).Output, StringComparison.Ordinal);
        var (unknown, words) = await RunAsync("logs", "nothing");
        Assert.Equal(1, unknown);
        Assert.Contains("there is no log of 'nothing'", words, StringComparison.Ordinal);

        Assert.Equal(0, (await RunAsync("down")).ExitCode);
        Assert.Equal("Nothing was started: ./archon up\n", (await RunAsync("status")).Output);
        Assert.Empty(Directory.GetFiles(Path.Combine(state, "postgres", "data"), "postmaster.pid"));
    }

    [Fact]
    public async Task With_a_Prometheus_named_it_starts_none_and_a_part_that_died_is_told_and_comes_back()
    {
        await using var mine = await FakeUpstream.SayAsync(200, "application/json", """{"status":"success","data":{"version":"3.5.3"}}""");
        var (exitCode, told) = await RunAsync("up", "--prometheus", mine.Address.AbsoluteUri, "--alertmanager", mine.Address.AbsoluteUri, "--port", $"{Tools.FreePort()}");
        Assert.True(exitCode == 0, told);
        var (_, status) = await RunAsync("status");
        Assert.Equal("console", Assert.Single(status.Split('\n', StringSplitOptions.RemoveEmptyEntries)).Split(' ')[0]);
        await WithinAsync(() => Task.FromResult(mine.Requests.Any(request => request.Path == "/api/v1/status/buildinfo")));

        using (var console = Process.GetProcessById(int.Parse(Regex.Match(status, @"process (\d+)").Groups[1].ValueSpan, System.Globalization.CultureInfo.InvariantCulture)))
        {
            console.Kill();
            await console.WaitForExitAsync(limit.Token);
        }

        var (dead, words) = await RunAsync("status");
        Assert.Equal(1, dead);
        Assert.Contains("ended by itself; ./archon logs console, and ./archon up starts it again", words, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("up", "--prometheus", mine.Address.AbsoluteUri, "--alertmanager", mine.Address.AbsoluteUri)).ExitCode);
        Assert.Equal(0, (await RunAsync("status")).ExitCode);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named_with_its_owner_and_another_is_taken()
    {
        await using var mine = await FakeUpstream.SayAsync(200, "application/json", "{}");
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;

        var (exitCode, told) = await RunAsync("up", "--prometheus", mine.Address.AbsoluteUri, "--alertmanager", mine.Address.AbsoluteUri, "--port", $"{port}");

        Assert.True(exitCode == 0, told);
        Assert.Matches($@"Port {port} is taken by .*\(process {Environment.ProcessId}\)\. The part 'console' takes \d+ instead\.", told);
        Assert.NotEqual($"http://localhost:{port}", Address().Match(told).Groups[1].Value);
    }

    [Fact]
    public async Task Without_apt_it_says_what_to_do_instead()
    {
        File.Delete(Path.Combine(state, "tools"));
        var programs = Directory.CreateDirectory(Path.Combine(state, "programs")).FullName;
        string[] hidden = ["apt-get", "dpkg", "prometheus", "promtool"];
        foreach (var folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Where(Directory.Exists))
        {
            foreach (var file in Directory.GetFiles(folder).Where(file => !hidden.Contains(Path.GetFileName(file))))
            {
                var link = Path.Combine(programs, Path.GetFileName(file));
                if (!File.Exists(link)) File.CreateSymbolicLink(link, file);
            }
        }

        var (exitCode, told) = await RunAsync(programs, ["up"], limit.Token);

        Assert.Equal(1, exitCode);
        Assert.Contains("This system has no apt: install the programs so that they are on PATH, then run this again", told, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("up knows no '--nonsense'", "up", "--nonsense")]
    [InlineData("'99999' is no port", "up", "--port", "99999")]
    [InlineData("--port wants a value", "up", "--port")]
    [InlineData("it does not go with --prometheus", "up", "--demo", "--prometheus", "http://localhost:9090")]
    [InlineData("there is no command 'fly'", "fly")]
    [InlineData("the demo estate does not run: ./archon up --demo starts it", "demo", "fault", "latency")]
    public async Task What_it_does_not_understand_it_refuses_in_words(string words, params string[] arguments)
    {
        var (exitCode, told) = await RunAsync(arguments);

        Assert.Equal(1, exitCode);
        Assert.Contains(words, told, StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        using var end = new CancellationTokenSource(TimeLimit);
        await RunAsync(null, ["down"], end.Token);
        limit.Dispose();
        Directory.Delete(state, recursive: true);
    }

    private Task<(int ExitCode, string Output)> RunAsync(params string[] arguments) => RunAsync(null, arguments, limit.Token);

    private async Task<(int ExitCode, string Output)> RunAsync(string? path, string[] arguments, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("bash", [Path.Combine(DeployTests.Checkout(), "archon"), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["ARCHON_STATE"] = state;
        if (path is not null) start.Environment["PATH"] = path;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return (process.ExitCode, await output + await errors);
    }

    private async Task WithinAsync(Func<Task<bool>> condition)
    {
        while (!await condition()) await Task.Delay(200, limit.Token);
    }

    [GeneratedRegex(@"Archon Console: (\S+)")]
    private static partial Regex Address();
}
