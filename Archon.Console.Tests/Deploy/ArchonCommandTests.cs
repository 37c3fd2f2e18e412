using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Archon.Tests.Kit;
using Xunit;

namespace Archon.Tests.Deploy;

/// <summary><c>./archon</c> as a newcomer meets it, in a folder of its own.</summary>
[SystemTest]
public sealed partial class ArchonCommandTests : IAsyncDisposable
{
    /// <summary>Where it is taken, the script takes the next that is free, and says so.</summary>
    private const string WantedPort = "18181";

    private static readonly TimeSpan TimeLimit = Waits.For(TimeSpan.FromMinutes(3));
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
        var (exitCode, reported) = await RunAsync("up", "--port", WantedPort);
        Assert.True(exitCode == 0, reported);
        var address = Address().Match(reported).Groups[1].Value;
        Assert.Matches(@"Sign in as admin with password: \S{20}", reported);

        var (running, status) = await RunAsync("status");
        Assert.True(running == 0, status);
        Assert.All(
            (string[])["console", "prometheus", "alertmanager", "node", "blackbox"],
            part => Assert.Matches($@"(?m)^{part} +answers at http://localhost:\d+", status)
        );
        Assert.Contains($"console       answers at {address}", status, StringComparison.Ordinal);

        // The pages show real data within a minute: everything is scraped, and the console has been let in.
        var prometheus = Regex.Match(status, @"(?m)^prometheus +answers at (\S+)").Groups[1].Value;
        using var http = new HttpClient();
        await Waits.UntilAsync(async () =>
        {
            using var targets = JsonDocument.Parse(
                await http.GetStringAsync(new Uri($"{prometheus}/api/v1/targets?state=active"), limit.Token)
            );
            var up = targets
                .RootElement.GetProperty("data")
                .GetProperty("activeTargets")
                .EnumerateArray()
                .Where(target => target.GetProperty("health").GetString() == "up")
                .Select(target => target.GetProperty("labels").GetProperty("job").GetString())
                .ToHashSet();
            return up.IsSupersetOf(["archon-console", "prometheus", "alertmanager", "node", "blackbox", "probe"]);
        });

        // As the description of the product writes them, and by a program without a token.
        foreach (
            var (method, path) in ((string, string)[])
                [
                    ("GET", "metrics"),
                    ("GET", "health/intelligent"),
                    ("POST", "intelligence/start_analysis"),
                    ("GET", "intelligence/insights"),
                    ("GET", "intelligence/anomalies"),
                    ("GET", "intelligence/predictions"),
                ]
        )
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), new Uri($"{address}/monitoring/{path}"));
            using var reply = await http.SendAsync(request, limit.Token);
            Assert.True(reply.IsSuccessStatusCode, $"{method} /monitoring/{path} was answered {(int)reply.StatusCode}.");
        }

        var (_, again) = await RunAsync("up");
        Assert.Contains($"Archon Console: {address}", again, StringComparison.Ordinal);
        var (_, after) = await RunAsync("status");
        Assert.Equal(status, after); // the same processes at the same ports

        Assert.Contains("Server is ready", (await RunAsync("logs", "prometheus")).Output, StringComparison.Ordinal);
        var (unknown, words) = await RunAsync("logs", "nothing");
        Assert.Equal(1, unknown);
        Assert.Contains("there is no log of 'nothing'", words, StringComparison.Ordinal);

        Assert.Equal(0, (await RunAsync("down")).ExitCode);
        Assert.Equal("Nothing was started: ./archon up\n", (await RunAsync("status")).Output);
        Assert.Empty(Directory.GetFiles(Path.Combine(state, "postgres", "data"), "postmaster.pid"));
    }

    [Fact]
    public async Task With_a_Prometheus_named_it_starts_none_and_a_part_that_died_is_reported_and_comes_back()
    {
        await using var mine = await FakeUpstream.SayAsync(200, "application/json", """{"status":"success","data":{"version":"3.5.3"}}""");
        var (exitCode, reported) = await RunAsync(
            "up",
            "--prometheus",
            mine.Address.AbsoluteUri,
            "--alertmanager",
            mine.Address.AbsoluteUri,
            "--port",
            WantedPort
        );
        Assert.True(exitCode == 0, reported);
        Assert.Contains(
            $"a Prometheus that runs as another user than {Environment.UserName}, or on another machine, needs an API token",
            reported,
            StringComparison.Ordinal
        );
        var (_, status) = await RunAsync("status");
        Assert.Equal("console", Assert.Single(status.Split('\n', StringSplitOptions.RemoveEmptyEntries)).Split(' ')[0]);
        await Waits.UntilAsync(() => Task.FromResult(mine.Requests.Any(request => request.Path == "/api/v1/status/buildinfo")));

        using (
            var console = Process.GetProcessById(
                int.Parse(Regex.Match(status, @"process (\d+)").Groups[1].ValueSpan, System.Globalization.CultureInfo.InvariantCulture)
            )
        )
        {
            console.Kill();
            await console.WaitForExitAsync(limit.Token);
        }

        var (dead, words) = await RunAsync("status");
        Assert.Equal(1, dead);
        Assert.Contains("ended by itself; ./archon logs console, and ./archon up starts it again", words, StringComparison.Ordinal);
        Assert.Equal(
            0,
            (await RunAsync("up", "--prometheus", mine.Address.AbsoluteUri, "--alertmanager", mine.Address.AbsoluteUri)).ExitCode
        );
        Assert.Equal(0, (await RunAsync("status")).ExitCode);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named_with_its_owner_and_another_is_taken()
    {
        await using var mine = await FakeUpstream.SayAsync(200, "application/json", "{}");
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;

        var (exitCode, reported) = await RunAsync(
            "up",
            "--prometheus",
            mine.Address.AbsoluteUri,
            "--alertmanager",
            mine.Address.AbsoluteUri,
            "--port",
            $"{port}"
        );

        Assert.True(exitCode == 0, reported);
        Assert.Matches(
            $@"Port {port} is taken by .*\(process {Environment.ProcessId}\)\. The part 'console' takes \d+ instead\.",
            reported
        );
        Assert.NotEqual($"http://localhost:{port}", Address().Match(reported).Groups[1].Value);
    }

    [Fact]
    public async Task After_a_kill_it_waits_for_the_port_of_its_own_dying_process_and_takes_no_other()
    {
        await using var mine = await FakeUpstream.SayAsync(200, "application/json", "{}");
        var release = Path.Combine(state, "release");
        // As the kernel takes a big process apart: its first thread is gone, and one that is left still has the port.
        var (exit, exitGroup) =
            RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? (93, 94) : (60, 231);
        var perl = new ProcessStartInfo(
            "perl",
            [
                "-Mthreads",
                "-MIO::Socket::INET",
                "-e",
                $$"""
                my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 1) or die;
                $| = 1;
                print $listener->sockport, "\n";
                threads->create(sub { select(undef, undef, undef, 0.1) until -e '{{release}}'; syscall({{exitGroup}}, 0) });
                syscall({{exit}}, 0);
                """,
            ]
        )
        {
            RedirectStandardOutput = true,
        };
        using var dying = Process.Start(perl)!;
        var port = int.Parse((await dying.StandardOutput.ReadLineAsync(limit.Token))!, CultureInfo.InvariantCulture);
        var stat = $"/proc/{dying.Id}/stat";
        await Waits.UntilAsync(async () => (await File.ReadAllTextAsync(stat, limit.Token)).Contains(") Z ", StringComparison.Ordinal));
        var started = (await File.ReadAllTextAsync(stat, limit.Token)).Split(") ")[^1].Split(' ')[19];
        Directory.CreateDirectory(Path.Combine(state, "run"));
        await File.WriteAllTextAsync(Path.Combine(state, "run", "console.pid"), $"{dying.Id} {started}\n", limit.Token);
        await File.WriteAllTextAsync(Path.Combine(state, "run", "console.port"), $"{port}\n", limit.Token);
        var start = Start(
            null,
            ["up", "--prometheus", mine.Address.AbsoluteUri, "--alertmanager", mine.Address.AbsoluteUri, "--port", $"{port}"]
        );
        using var up = Process.Start(start)!;
        var output = up.StandardOutput.ReadToEndAsync(limit.Token);

        var said = new StringBuilder();
        while (await up.StandardError.ReadLineAsync(limit.Token) is { } line)
        {
            said.AppendLine(line);
            if (line.Contains($"still ending; waiting for its port {port}", StringComparison.Ordinal))
                await File.WriteAllTextAsync(release, "", limit.Token);
        }

        await up.WaitForExitAsync(limit.Token);
        await File.WriteAllTextAsync(release, "", limit.Token);
        Assert.True(up.ExitCode == 0, said.ToString());
        Assert.Equal($"http://localhost:{port}", Address().Match(await output).Groups[1].Value);
    }

    [Fact]
    public async Task An_administrator_gets_a_new_password_while_the_console_runs_and_the_old_one_ends()
    {
        await using var mine = await FakeUpstream.SayAsync(200, "application/json", "{}");
        string[] up = ["up", "--prometheus", mine.Address.AbsoluteUri, "--alertmanager", mine.Address.AbsoluteUri, "--port", WantedPort];
        var (started, reported) = await RunAsync(up);
        Assert.True(started == 0, reported);
        var file = Path.Combine(state, "admin-password");
        var before = (await File.ReadAllTextAsync(file, limit.Token)).Trim();

        var (exitCode, words) = await RunAsync("admin", "reset");

        Assert.True(exitCode == 0, words);
        var after = (await File.ReadAllTextAsync(file, limit.Token)).Trim();
        Assert.NotEqual(before, after);
        Assert.Contains($"admin has a new password. It is in {file}", words, StringComparison.Ordinal);
        Assert.DoesNotContain(after, words, StringComparison.Ordinal); // what is redirected is a log
        var address = new Uri(Address().Match(reported).Groups[1].Value);
        Assert.False(await SignsInAsync(address, before));
        Assert.True(await SignsInAsync(address, after));
        var (none, refused) = await RunAsync("admin", "reset", "nobody.here");
        Assert.Equal(1, none);
        Assert.Contains("There is no administrator nobody.here. Administrators: admin.", refused, StringComparison.Ordinal);
    }

    private static async Task<bool> SignsInAsync(Uri address, string password)
    {
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = new CookieContainer() })
        {
            BaseAddress = address,
        };
        client.DefaultRequestHeaders.Accept.ParseAdd("text/html");
        using var reply = await ArchonApp.PostSignInAsync(client, "admin", password);
        return reply.StatusCode == HttpStatusCode.Redirect;
    }

    [Fact]
    public async Task Without_apt_it_says_what_to_do_instead()
    {
        File.Delete(Path.Combine(state, "tools"));
        var programs = Directory.CreateDirectory(Path.Combine(state, "programs")).FullName;
        string[] hidden = ["apt-get", "dpkg", "prometheus", "promtool"];
        foreach (
            var folder in (Environment.GetEnvironmentVariable("PATH") ?? "")
                .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
                .Where(Directory.Exists)
        )
        {
            foreach (var file in Directory.GetFiles(folder).Where(file => !hidden.Contains(Path.GetFileName(file))))
            {
                var link = Path.Combine(programs, Path.GetFileName(file));
                if (!File.Exists(link))
                    File.CreateSymbolicLink(link, file);
            }
        }

        var (exitCode, reported) = await RunAsync(programs, ["up"], limit.Token);

        Assert.Equal(1, exitCode);
        Assert.Contains(
            "This system has no apt: install the programs so that they are on PATH, then run this again",
            reported,
            StringComparison.Ordinal
        );
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
        var (exitCode, reported) = await RunAsync(arguments);

        Assert.Equal(1, exitCode);
        Assert.Contains(words, reported, StringComparison.Ordinal);
    }

    /// <summary>A lane that went on would report on what was built before, or on programs that are not there.</summary>
    [Theory]
    [InlineData("dotnet", "the build failed", "fast")]
    [InlineData("dotnet", "the build failed", "long")]
    [InlineData("npm", "npm could not install the demo's packages")]
    [InlineData("node", "npm could not fetch the servers")]
    public async Task Tests_stop_where_a_step_before_them_fails_and_the_step_is_named(string failing, string words, params string[] lane)
    {
        // Whatever is prepared does nothing, and one of them fails.
        var programs = Directory.CreateDirectory(Path.Combine(state, "programs")).FullName;
        foreach (var program in (string[])["dotnet", "node", "npm"])
        {
            var file = Path.Combine(programs, program);
            await File.WriteAllTextAsync(file, $"#!/bin/sh\nexit {(program == failing ? 1 : 0)}\n", limit.Token);
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        Directory.CreateDirectory(Path.Combine(state, "demo", "node_modules"));

        var (exitCode, reported) = await RunAsync(
            $"{programs}{Path.PathSeparator}{Environment.GetEnvironmentVariable("PATH")}",
            ["test", .. lane, "-class", "None"],
            limit.Token
        );

        Assert.Equal(1, exitCode);
        Assert.Contains($"archon: {words}", reported, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(state, "logs", "test.log")), reported);
    }

    public async ValueTask DisposeAsync()
    {
        using var end = new CancellationTokenSource(TimeLimit);
        await RunAsync(null, ["down"], end.Token);
        limit.Dispose();
        Directory.Delete(state, recursive: true);
    }

    private Task<(int ExitCode, string Output)> RunAsync(params string[] arguments) => RunAsync(null, arguments, limit.Token);

    private ProcessStartInfo Start(string? path, string[] arguments)
    {
        var start = new ProcessStartInfo("bash", [Path.Combine(DeployTests.Checkout(), "archon"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["ARCHON_STATE"] = state;
        if (path is not null)
            start.Environment["PATH"] = path;
        return start;
    }

    private async Task<(int ExitCode, string Output)> RunAsync(string? path, string[] arguments, CancellationToken cancellationToken)
    {
        using var process = Process.Start(Start(path, arguments))!;
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return (process.ExitCode, await output + await errors);
    }

    [GeneratedRegex(@"Archon Console: (\S+)")]
    private static partial Regex Address();
}
