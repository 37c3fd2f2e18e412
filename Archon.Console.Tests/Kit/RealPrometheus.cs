using System.Diagnostics;

namespace Archon.Tests.Kit;

/// <summary>A Prometheus of its own on a free port, scraping what it is told to.</summary>
internal sealed class RealPrometheus : IAsyncDisposable
{
    private readonly Process process;
    private readonly string folder;

    private RealPrometheus(Process process, string folder, Uri address) =>
        (this.process, this.folder, Address) = (process, folder, address);

    public Uri Address { get; }

    /// <summary>What the program has cost so far.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
    }

    /// <param name="prepare">Given the folder before the start, to lay history into its <c>data</c>.</param>
    /// <param name="flags">Further words for its command line.</param>
    public static async Task<RealPrometheus> StartAsync(
        string config,
        CancellationToken cancellationToken,
        Func<string, Task>? prepare = null,
        params IEnumerable<string> flags
    )
    {
        var folder = Directory.CreateTempSubdirectory("archon-prometheus").FullName;
        if (prepare is not null)
            await prepare(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, "prometheus.yml"), config, cancellationToken);
        var program = Tools.Find("prometheus");
        List<string> arguments =
        [
            $"--config.file={folder}/prometheus.yml",
            $"--storage.tsdb.path={folder}/data",
            "--web.listen-address=127.0.0.1:0",
            "--log.level=error",
            .. flags,
        ];
        // Debian's program looks for its pages in a fixed place, unless it is told of the folder beside it.
        var pages = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(program)!, "..", "share", "prometheus", "web"));
        if (Directory.Exists(pages))
            arguments.Add($"--web.local-assets={pages}/");
        var process = Process.Start(new ProcessStartInfo(program, arguments))!;
        using var http = new HttpClient();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Waits.Limit);
        var port = await ListeningPort.OfAsync(process, limit.Token);
        var prometheus = new RealPrometheus(process, folder, new Uri($"http://127.0.0.1:{port}/"));
        while (true)
        {
            try
            {
                if ((await http.GetAsync(new Uri(prometheus.Address, "-/ready"), limit.Token)).IsSuccessStatusCode)
                    return prometheus;
            }
            catch (HttpRequestException)
            {
                // not listening yet
            }
            await Task.Delay(50, limit.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        Directory.Delete(folder, true);
    }
}
