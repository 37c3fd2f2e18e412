using System.Diagnostics;
using System.Globalization;
using System.Text;
using Archon.Tests.Kit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Archon.Tests.Browser;

/// <summary>
/// A service with twenty requests a second, of which a call makes the half slow. It counts by the clock, so that an hour of its past can be
/// written down beforehand and joins what is scraped.
/// </summary>
internal sealed class SlowedShop : IAsyncDisposable
{
    private const double PerSecond = 20;
    private static readonly double[] Bounds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

    // Share of the requests that take at most as long, when all is well.
    private static readonly double[] Usual = [0.5, 0.9, 0.985, 1, 1, 1, 1];

    private readonly WebApplication app;
    private readonly DateTimeOffset opened = DateTimeOffset.UtcNow.AddHours(-3);
    private readonly Lock gate = new();
    private readonly List<(DateTimeOffset From, DateTimeOffset? To)> slow = [];

    private SlowedShop(WebApplication app) => this.app = app;

    public Uri Address => new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    public static async Task<SlowedShop> OpenAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var shop = new SlowedShop(app);
        app.MapGet("/metrics", () => Results.Text(shop.Metrics(DateTimeOffset.UtcNow), "text/plain"));
        app.MapPost("/slow", () => shop.Slow());
        app.MapPost("/calm", () => shop.Calm());
        await app.StartAsync();
        return shop;
    }

    /// <summary>Writes the last two hours into a folder that Prometheus may start on.</summary>
    public async Task WritePastAsync(string folder, CancellationToken cancellationToken)
    {
        var text = new StringBuilder("# TYPE http_request_duration_seconds histogram\n");
        var now = DateTimeOffset.UtcNow;
        // One series after the other, as OpenMetrics wants it.
        foreach (var line in Enumerable.Range(0, Bounds.Length + 2))
        {
            for (var at = now.AddHours(-2); at < now.AddSeconds(-5); at = at.AddSeconds(5))
            {
                var (name, value) = Lines(at).ElementAt(line);
                var labels = name.EndsWith('}')
                    ? $"{name[..^1]},job=\"shop\",instance=\"{Address.Authority}\"}}"
                    : $"{name}{{job=\"shop\",instance=\"{Address.Authority}\"}}";
                text.Append(CultureInfo.InvariantCulture, $"{labels} {value:0} {at.ToUnixTimeMilliseconds() / 1000.0:0.000}\n");
            }
        }
        var file = Path.Combine(folder, "past.om");
        await File.WriteAllTextAsync(file, text.Append("# EOF\n").ToString(), cancellationToken);
        using var promtool = Process.Start(
            new ProcessStartInfo(Tools.Find("promtool"), ["tsdb", "create-blocks-from", "openmetrics", file, Path.Combine(folder, "data")])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        var said = promtool.StandardError.ReadToEndAsync(cancellationToken);
        await promtool.StandardOutput.ReadToEndAsync(cancellationToken);
        await promtool.WaitForExitAsync(cancellationToken);
        if (promtool.ExitCode != 0)
            throw new InvalidOperationException($"promtool: {await said}");
    }

    public void Slow()
    {
        lock (gate)
            slow.Add((DateTimeOffset.UtcNow, null));
    }

    public void Calm()
    {
        lock (gate)
        {
            for (var i = 0; i < slow.Count; i++)
                slow[i] = (slow[i].From, slow[i].To ?? DateTimeOffset.UtcNow);
        }
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private string Metrics(DateTimeOffset at)
    {
        var text = new StringBuilder("# TYPE http_request_duration_seconds histogram\n");
        foreach (var (name, value) in Lines(at))
            text.Append(CultureInfo.InvariantCulture, $"{name} {value:0}\n");
        return text.ToString();
    }

    private IEnumerable<(string Name, double Value)> Lines(DateTimeOffset at)
    {
        double slowed = 0;
        lock (gate)
        {
            slowed =
                slow.Where(one => one.From < at).Sum(one => ((one.To is { } to && to < at ? to : at) - one.From).TotalSeconds) * PerSecond;
        }
        // A wave of ten per cent keeps the band from being a line.
        var seconds = (at - opened).TotalSeconds;
        var all = PerSecond * (seconds + (60 * Math.Sin(seconds / 600)));
        for (var i = 0; i < Bounds.Length; i++)
        {
            var quick = ((all - (slowed / 2)) * Usual[i]) + (Bounds[i] >= 2.5 ? slowed / 2 : 0);
            yield return (
                string.Create(CultureInfo.InvariantCulture, $"http_request_duration_seconds_bucket{{le=\"{Bounds[i]}\"}}"),
                quick
            );
        }
        yield return ("http_request_duration_seconds_bucket{le=\"+Inf\"}", all);
        yield return ("http_request_duration_seconds_count", all);
    }
}
