using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Archon.Tests.Kit;
using Xunit;

namespace Archon.Tests.Hosting;

/// <summary>The console as a process with nothing beside it: how it starts, dies, comes back and ends.</summary>
[SystemTest]
public sealed class ConsoleProcessTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("archon-process-").FullName;
    private static CancellationToken Token => TestContext.Current.CancellationToken;
    private string PidFile => Path.Combine(folder, "postgres", "data", "postmaster.pid");

    public ConsoleProcessTests() => File.SetUnixFileMode(folder, File.GetUnixFileMode(folder) | UnixFileMode.OtherExecute);

    [Fact]
    public async Task Alone_it_brings_its_database_and_after_a_kill_the_next_one_finds_all_as_it_was()
    {
        int server;
        string password;
        await using (var first = ConsoleProcess.Start(folder))
        {
            await first.ReadyAsync(Token);
            password = await PasswordAsync();
            Assert.DoesNotContain(password, first.Said, StringComparison.Ordinal); // what it says here is a log, and a log is no place for it
            server = ServerPid();

            await first.KillAsync(Token);
        }
        Assert.True(IsRunning(server), "PostgreSQL died with the console that was killed.");

        await using var second = ConsoleProcess.Start(folder);
        await second.ReadyAsync(Token);

        Assert.Equal(server, ServerPid());
        Assert.Equal(password, await PasswordAsync());
        Assert.Equal(0, await second.StopAsync(Token));
        await Waits.UntilAsync(() => !IsRunning(server));
        Assert.False(File.Exists(PidFile));
    }

    [Fact]
    public async Task Replies_without_an_end_neither_end_it_nor_take_its_memory()
    {
        var probes = 0;
        await using var hostile = await FakeUpstream.StartAsync(context =>
        {
            Interlocked.Increment(ref probes);
            return HostileUpstream.WriteEndlesslyAsync(
                context,
                context.Request.Path == "/api/v2/status" ? "{\"config\":{\"original\":\"" : "[{\"",
                "x"
            );
        });
        await using var console = ConsoleProcess.Start(
            folder,
            ("Prometheus__BaseAddress", hostile.Address.AbsoluteUri),
            ("Alertmanager__BaseAddress", hostile.Address.AbsoluteUri),
            ("Loki__BaseAddress", hostile.Address.AbsoluteUri)
        );
        await console.ReadyAsync(Token);

        // Three upstreams are probed every 10 s: a second round comes from a probe that lived through the first.
        await Waits.UntilAsync(() => Volatile.Read(ref probes) >= 4 || console.HasEnded);

        Assert.False(console.HasEnded, console.Said);
        Assert.InRange(console.PeakResident, 1, 600L << 20);
        Assert.Equal(0, await console.StopAsync(Token));
    }

    [Fact]
    public async Task Two_that_start_at_once_share_one_database_and_the_last_to_leave_stops_it()
    {
        await using var one = ConsoleProcess.Start(folder);
        await using var other = ConsoleProcess.Start(folder);
        await Task.WhenAll(one.ReadyAsync(Token), other.ReadyAsync(Token));
        var server = ServerPid();

        Assert.Equal(0, await one.StopAsync(Token));

        Assert.True(IsRunning(server));
        await other.ReadyAsync(Token);
        Assert.Equal(0, await other.StopAsync(Token));
        await Waits.UntilAsync(() => !IsRunning(server));
    }

    [Fact]
    public async Task A_port_that_is_taken_is_said_in_one_line()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;

        await using var console = ConsoleProcess.StartAt(port, folder, ("ConnectionStrings__Archon", "Host=127.0.0.1;Port=1"));

        Assert.Equal(3, await console.EndAsync(Token));
        Assert.Contains($"Archon cannot listen: Failed to bind to address http://127.0.0.1:{port}", console.Said, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", console.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_settings_are_said_all_at_once_and_by_name()
    {
        await using var console = ConsoleProcess.Start(
            folder,
            ("Prometheus__BaseAddress", "ftp://x"),
            ("Archon__ScanInterval", "00:00:01"),
            ("Archon__Access__AdminPassword", "short")
        );

        Assert.Equal(2, await console.EndAsync(Token));
        Assert.All(
            (string[])["Prometheus:BaseAddress: ftp://x", "ScanInterval", "AdminPassword"],
            words => Assert.Contains(words, console.Said, StringComparison.Ordinal)
        );
        Assert.DoesNotContain("   at ", console.Said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Archon__ScanInterval", "soon", "Archon:ScanInterval")]
    [InlineData("Archon__SeriesLimit", "many", "Archon:SeriesLimit")]
    public async Task A_setting_that_cannot_be_read_is_said_by_name(string setting, string value, string named)
    {
        await using var console = ConsoleProcess.Start(folder, (setting, value));

        Assert.Equal(2, await console.EndAsync(Token));
        Assert.Contains(named, console.Said, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", console.Said, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private int ServerPid() => int.Parse(File.ReadLines(PidFile).First(), CultureInfo.InvariantCulture);

    private async Task<string> PasswordAsync()
    {
        var file = Path.Combine(folder, "admin-password");
        await Waits.UntilAsync(() => File.Exists(file) && new FileInfo(file).Length > 0);
        return (await File.ReadAllTextAsync(file, Token)).Trim();
    }

    private static bool IsRunning(int pid)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            return !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
