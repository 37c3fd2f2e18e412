using System.Diagnostics;

namespace Archon.Tests.Kit;

/// <summary>A Prometheus of its own on a free port, scraping what it is told to.</summary>
internal sealed class RealPrometheus : IAsyncDisposable
{
    private readonly Process process;
    private readonly string folder;

    private RealPrometheus(Process process, string folder, Uri address) => (this.process, this.folder, Address) = (process, folder, address);

    public Uri Address { get; }

    public static async Task<RealPrometheus> StartAsync(string config, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("archon-prometheus").FullName;
        var port = Tools.FreePort();
        await File.WriteAllTextAsync(Path.Combine(folder, "prometheus.yml"), config, cancellationToken);
        var process = Process.Start(new ProcessStartInfo(Tools.Find("prometheus"),
        [
            $"--config.file={folder}/prometheus.yml", $"--storage.tsdb.path={folder}/data", $"--web.listen-address=127.0.0.1:{port}", "--log.level=error",
        ]))!;
        var prometheus = new RealPrometheus(process, folder, new Uri($"http://127.0.0.1:{port}/"));
        using var http = new HttpClient();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        while (true)
        {
            try
            {
                if ((await http.GetAsync(new Uri(prometheus.Address, "-/ready"), limit.Token)).IsSuccessStatusCode) return prometheus;
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
