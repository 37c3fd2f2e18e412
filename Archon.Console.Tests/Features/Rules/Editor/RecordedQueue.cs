using System.Diagnostics;
using System.Globalization;
using System.Text;
using Archon.Tests.Kit;

namespace Archon.Tests.Features.Rules.Editor;

/// <summary>A real Prometheus with three hours of a queue behind it: calm at 1 and 2, at 9 for ten minutes three quarters of an hour ago, at 4 for five minutes a quarter ago.</summary>
internal static class RecordedQueue
{
    public static Task<RealPrometheus> StartAsync(CancellationToken cancellationToken) =>
        RealPrometheus.StartAsync(
            "global: {evaluation_interval: 15s}",
            cancellationToken,
            folder => RecordAsync(folder, cancellationToken)
        );

    private static async Task RecordAsync(string folder, CancellationToken cancellationToken)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds() / 15 * 15;
        var text = new StringBuilder("# TYPE queue_length gauge\n");
        foreach (var (service, calm) in new[] { ("shop", 1), ("mail", 2) })
        {
            for (var at = now - 10_800; at <= now; at += 15)
            {
                var ago = (now - at) / 60.0;
                var value =
                    service == "shop" && ago is >= 40 and < 50 ? 9
                    : service == "shop" && ago is >= 15 and < 20 ? 4
                    : calm;
                text.Append(CultureInfo.InvariantCulture, $"queue_length{{service=\"{service}\"}} {value} {at}\n");
            }
        }
        text.Append("# EOF\n");
        var recorded = Path.Combine(folder, "recorded.txt");
        await File.WriteAllTextAsync(recorded, text.ToString(), cancellationToken);
        using var import = Process.Start(
            new ProcessStartInfo(
                Tools.Find("promtool"),
                ["tsdb", "create-blocks-from", "openmetrics", recorded, Path.Combine(folder, "data")]
            )
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        var said = await Task.WhenAll(
            import.StandardOutput.ReadToEndAsync(cancellationToken),
            import.StandardError.ReadToEndAsync(cancellationToken)
        );
        await import.WaitForExitAsync(cancellationToken);
        if (import.ExitCode != 0)
            throw new InvalidOperationException(string.Join('\n', said));
    }
}
