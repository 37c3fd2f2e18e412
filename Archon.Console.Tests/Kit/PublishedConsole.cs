using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Archon.Tests.Kit;

/// <summary>The console as it is deployed: published, in a process of its own, on a port of its own.</summary>
internal sealed class PublishedConsole : IAsyncDisposable
{
    private readonly Process process;
    private readonly string folder;

    private PublishedConsole(Process process, string folder) => (this.process, this.folder) = (process, folder);

    public Uri Address { get; private set; } = null!;

    /// <summary>What it has cost so far.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
    }

    /// <summary>Memory it holds now, in bytes: what the system counts as resident.</summary>
    public long Resident
    {
        get
        {
            process.Refresh();
            return process.WorkingSet64;
        }
    }

    /// <summary>The most that was ever resident, in bytes.</summary>
    public long PeakResident => ReadKilobytes("status", "VmHWM:") * 1024;

    /// <summary>Resident memory that no file stands behind, in bytes: what the program itself asked for.</summary>
    public long Anonymous => ReadKilobytes("smaps_rollup", "Anonymous:") * 1024;

    /// <summary>A line of a file under <c>/proc</c>, such as "VmHWM:  123 kB".</summary>
    private long ReadKilobytes(string file, string name) =>
        long.Parse(
            File.ReadLines($"/proc/{process.Id}/{file}").First(line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..^3],
            CultureInfo.InvariantCulture
        );

    /// <exception cref="InvalidOperationException">Nothing was published, or it did not become ready.</exception>
    public static async Task<PublishedConsole> StartAsync(
        TestDatabase database,
        CancellationToken cancellationToken,
        params (string Name, string Value)[] settings
    )
    {
        // The build's own copy beside the tests is not minified and not compressed: measuring it would measure nothing that is run.
        var published = Environment.GetEnvironmentVariable("ARCHON_CONSOLE");
        var program = Path.Combine(published ?? "", "Archon.Console.dll");
        if (string.IsNullOrEmpty(published) || !File.Exists(program))
            throw new InvalidOperationException("No console was published. Measure by ./archon bench, which does that.");
        var folder = Directory.CreateTempSubdirectory("archon-published-").FullName;
        var start = new ProcessStartInfo("dotnet", [program]) { RedirectStandardOutput = true, RedirectStandardError = true };
        var all = new Dictionary<string, string>
        {
            ["Urls"] = "http://127.0.0.1:0",
            ["ConnectionStrings__Archon"] = database.ConnectionString,
            ["Archon__Database__Folder"] = folder,
            ["Archon__Access__AdminPassword"] = ArchonApp.AdminPassword,
            ["Prometheus__BaseAddress"] = "",
            ["Alertmanager__BaseAddress"] = "",
            ["Loki__BaseAddress"] = "",
        };
        foreach (var (name, value) in settings)
            all[name] = value;
        foreach (var (name, value) in all)
            start.Environment[name] = value;
        var process = Process.Start(start)!;
        var said = new ConcurrentQueue<string>();
        process.OutputDataReceived += (_, line) => said.Enqueue(line.Data ?? "");
        process.ErrorDataReceived += (_, line) => said.Enqueue(line.Data ?? "");
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var console = new PublishedConsole(process, folder);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Waits.Limit);
        try
        {
            console.Address = new Uri($"http://127.0.0.1:{await ListeningPort.OfAsync(process, limit.Token)}/");
            using var http = new HttpClient { BaseAddress = console.Address };
            while (true)
            {
                try
                {
                    if ((await http.GetAsync(new Uri("monitoring/health/ready", UriKind.Relative), limit.Token)).IsSuccessStatusCode)
                        return console;
                }
                catch (HttpRequestException)
                {
                    // not listening yet
                }
                await Task.Delay(50, limit.Token);
            }
        }
        catch (Exception failure)
        {
            await console.DisposeAsync();
            throw new InvalidOperationException($"The console did not become ready:\n{string.Join('\n', said)}", failure);
        }
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
        Directory.Delete(folder, recursive: true);
    }
}
