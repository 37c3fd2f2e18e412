using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Archon.Tests.Kit;

/// <summary>The console as <c>dotnet run</c> starts it: a process of its own with an embedded PostgreSQL in a folder.</summary>
internal sealed class ConsoleProcess : IAsyncDisposable
{
    private readonly Process process;
    private readonly ConcurrentQueue<string> said = [];

    private Uri? address;

    private ConsoleProcess(Process process) => this.process = process;

    /// <summary>Known once it is ready.</summary>
    public Uri Address => address ?? throw new InvalidOperationException("It was not waited for.");

    public bool HasEnded => process.HasExited;

    /// <summary>The most memory that it ever had, in bytes: <c>VmHWM</c> of proc(5).</summary>
    public long PeakResident =>
        long.Parse(
            File.ReadLines($"/proc/{process.Id}/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal))[6..^3],
            CultureInfo.InvariantCulture
        ) * 1024;

    public string Said => string.Join('\n', said);

    /// <summary>Starts it at a port of its own choice, and waits for nothing.</summary>
    public static ConsoleProcess Start(string folder, params (string Name, string Value)[] settings) => StartAt(0, folder, settings);

    /// <summary>Starts it at a port, and waits for nothing.</summary>
    public static ConsoleProcess StartAt(int port, string folder, params (string Name, string Value)[] settings)
    {
        var start = new ProcessStartInfo(
            "dotnet",
            [Path.Combine(AppContext.BaseDirectory, "Archon.Console.dll"), "--urls", $"http://127.0.0.1:{port}"]
        )
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        start.Environment["Archon__Database__Folder"] = folder;
        foreach (var upstream in (string[])["Prometheus", "Alertmanager", "Loki"])
            start.Environment[$"{upstream}__BaseAddress"] = "";
        foreach (var (name, value) in settings)
            start.Environment[name] = value;
        var console = new ConsoleProcess(Process.Start(start)!);
        console.process.OutputDataReceived += (_, line) => console.said.Enqueue(line.Data ?? "");
        console.process.ErrorDataReceived += (_, line) => console.said.Enqueue(line.Data ?? "");
        console.process.BeginOutputReadLine();
        console.process.BeginErrorReadLine();
        return console;
    }

    /// <exception cref="InvalidOperationException">It ended, or takes too long.</exception>
    public async Task ReadyAsync(CancellationToken cancellationToken)
    {
        try
        {
            address ??= new Uri($"http://127.0.0.1:{await ListeningPort.OfAsync(process, cancellationToken)}/");
        }
        catch (InvalidOperationException failure)
        {
            throw new InvalidOperationException($"The console did not become ready:\n{Said}", failure);
        }
        using var http = new HttpClient { BaseAddress = address };
        var began = Stopwatch.GetTimestamp();
        while (!process.HasExited && Stopwatch.GetElapsedTime(began) < Waits.Limit)
        {
            try
            {
                if ((await http.GetAsync(new Uri("monitoring/health/ready", UriKind.Relative), cancellationToken)).IsSuccessStatusCode)
                    return;
            }
            catch (HttpRequestException)
            {
                // not listening yet
            }
            await Task.Delay(50, cancellationToken);
        }
        throw new InvalidOperationException($"The console did not become ready:\n{Said}");
    }

    /// <summary>As <c>kill -9</c> does: without a word.</summary>
    public async Task KillAsync(CancellationToken cancellationToken)
    {
        process.Kill();
        await process.WaitForExitAsync(cancellationToken);
    }

    /// <summary>As <c>kill</c> or Ctrl+C do.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> StopAsync(CancellationToken cancellationToken)
    {
        using var kill = Process.Start("kill", [process.Id.ToString(CultureInfo.InvariantCulture)]);
        return await EndAsync(cancellationToken);
    }

    /// <returns>The exit code, once it ends by itself.</returns>
    public async Task<int> EndAsync(CancellationToken cancellationToken)
    {
        await process.WaitForExitAsync(cancellationToken).WaitAsync(Waits.Limit, cancellationToken);
        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            await StopAsync(CancellationToken.None);
        process.Dispose();
    }
}
