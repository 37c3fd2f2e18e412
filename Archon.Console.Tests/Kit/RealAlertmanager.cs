using System.Diagnostics;

namespace Archon.Tests.Kit;

/// <summary>An Alertmanager of its own on a free port, which notifies nobody.</summary>
internal sealed class RealAlertmanager : IAsyncDisposable
{
    private const string Quiet = "route: { receiver: nobody, group_by: [alertname], group_wait: 1s }\nreceivers: [ { name: nobody } ]\n";
    private readonly Process process;
    private readonly string folder;

    private RealAlertmanager(Process process, string folder, Uri address) =>
        (this.process, this.folder, Address) = (process, folder, address);

    public Uri Address { get; }

    public static async Task<RealAlertmanager> StartAsync(CancellationToken cancellationToken, string config = Quiet)
    {
        var folder = Directory.CreateTempSubdirectory("archon-alertmanager-").FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "alertmanager.yml"), config, cancellationToken);
        var process = Process.Start(
            new ProcessStartInfo(
                Tools.Find("prometheus-alertmanager"),
                [
                    $"--config.file={folder}/alertmanager.yml",
                    $"--storage.path={folder}/data",
                    "--web.listen-address=127.0.0.1:0",
                    "--cluster.listen-address=",
                    "--log.level=error",
                ]
            )
        )!;
        using var http = new HttpClient();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Waits.Limit);
        var port = await ListeningPort.OfAsync(process, limit.Token);
        var alertmanager = new RealAlertmanager(process, folder, new Uri($"http://127.0.0.1:{port}/"));
        while (true)
        {
            try
            {
                if ((await http.GetAsync(new Uri(alertmanager.Address, "-/ready"), limit.Token)).IsSuccessStatusCode)
                    return alertmanager;
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
        Directory.Delete(folder, recursive: true);
    }
}
