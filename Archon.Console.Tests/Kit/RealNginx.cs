using System.Diagnostics;
using System.Globalization;

namespace Archon.Tests.Kit;

/// <summary>Debian's nginx with one location, its workers under Debian's user for it.</summary>
internal sealed class RealNginx : IAsyncDisposable
{
    private readonly string folder;
    private readonly Process process;

    private RealNginx(string folder, Process process, Uri address) => (this.folder, this.process, Address) = (folder, process, address);

    public Uri Address { get; }

    private const int Attempts = 5;

    /// <param name="location">What stands in the location <c>/</c>.</param>
    public static async Task<RealNginx> StartAsync(string location, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await StartOnceAsync(location, cancellationToken);
            }
            // nginx cannot choose a port by itself, and another program may take the one that was chosen for it.
            catch (InvalidOperationException failure)
                when (attempt < Attempts && failure.Message.Contains("Address already in use", StringComparison.Ordinal)) { }
        }
    }

    private static async Task<RealNginx> StartOnceAsync(string location, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("archon-nginx-").FullName;
        File.SetUnixFileMode(folder, File.GetUnixFileMode(folder) | UnixFileMode.OtherExecute | UnixFileMode.OtherRead);
        var port = ListeningPort.Choose();
        var configuration = Path.Combine(folder, "nginx.conf");
        await File.WriteAllTextAsync(
            configuration,
            string.Create(
                CultureInfo.InvariantCulture,
                $$"""
                user www-data;
                daemon off;
                worker_processes 1;
                pid {{folder}}/nginx.pid;
                error_log stderr;
                events { }
                http {
                  access_log off;
                  client_body_temp_path {{folder}}/body;
                  proxy_temp_path {{folder}}/proxy;
                  fastcgi_temp_path {{folder}}/fastcgi;
                  uwsgi_temp_path {{folder}}/uwsgi;
                  scgi_temp_path {{folder}}/scgi;
                  server {
                    listen 127.0.0.1:{{port}};
                    location / { {{location}} }
                  }
                }
                """
            ),
            cancellationToken
        );
        var start = new ProcessStartInfo(Tools.Find("nginx"), ["-e", "stderr", "-p", folder, "-c", configuration])
        {
            RedirectStandardError = true,
        };
        var nginx = new RealNginx(folder, Process.Start(start)!, new Uri($"http://127.0.0.1:{port}/"));
        try
        {
            await nginx.ReadyAsync(cancellationToken);
            return nginx;
        }
        catch
        {
            await nginx.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            using var stop = Process.Start("kill", [process.Id.ToString(CultureInfo.InvariantCulture)]);
            await process.WaitForExitAsync();
        }
        process.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private async Task ReadyAsync(CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = Address };
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                (await http.GetAsync(Address, cancellationToken)).Dispose();
                return;
            }
            catch (HttpRequestException) when (!process.HasExited && Stopwatch.GetElapsedTime(began) < Waits.Limit)
            {
                await Task.Delay(20, cancellationToken);
            }
            catch (HttpRequestException failure)
            {
                if (!process.HasExited)
                    process.Kill();
                throw new InvalidOperationException(
                    $"nginx did not start:\n{await process.StandardError.ReadToEndAsync(cancellationToken)}",
                    failure
                );
            }
        }
    }
}
