using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Archon.Tests.Storms;

/// <summary>Something to scrape: a gauge near 100 that is far higher for some seconds, again and again.</summary>
/// <remarks>Each spike is twice the one before: a band that has learnt earlier ones must not hide it.</remarks>
internal sealed class SpikingTarget : IAsyncDisposable
{
    public const double FirstSpike = 5000;
    private const double Growth = 2;

    /// <summary>Long enough for several samples, far enough apart to be told apart.</summary>
    private static readonly TimeSpan SpikeLength = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(35);

    private readonly WebApplication app;
    private readonly CancellationTokenSource ending = new();
    private readonly List<(DateTimeOffset From, DateTimeOffset To)> spikes = [];
    private double spike = double.NaN;
    private Task spiking = Task.CompletedTask;
    private int scrapes;

    private SpikingTarget(WebApplication app) => this.app = app;

    public string Authority =>
        new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Authority;

    /// <summary>A configuration of Prometheus that scrapes it each second.</summary>
    public string ScrapeConfig =>
        $"scrape_configs: [{{job_name: shop, scrape_interval: 1s, scrape_timeout: 1s, static_configs: [{{targets: ['{Authority}'], labels: {{service: checkout}}}}]}}]";

    public static async Task<SpikingTarget> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var target = new SpikingTarget(app);
        app.MapGet("/metrics", () => Results.Text(target.Metrics(), "text/plain; version=0.0.4"));
        await app.StartAsync();
        return target;
    }

    public void BeginSpikes() => spiking = SpikeAsync(ending.Token);

    /// <returns>The spikes that were scraped from beginning to end.</returns>
    public async Task<IReadOnlyList<(DateTimeOffset From, DateTimeOffset To)>> EndSpikesAsync()
    {
        await ending.CancelAsync();
        await spiking;
        return spikes;
    }

    public async ValueTask DisposeAsync()
    {
        await EndSpikesAsync();
        ending.Dispose();
        await app.DisposeAsync();
    }

    private async Task SpikeAsync(CancellationToken cancellationToken)
    {
        for (var next = FirstSpike; !cancellationToken.IsCancellationRequested; next *= Growth)
        {
            var from = DateTimeOffset.UtcNow;
            Volatile.Write(ref spike, next);
            // A spike that has begun is finished.
            await Task.Delay(SpikeLength, CancellationToken.None);
            Volatile.Write(ref spike, double.NaN);
            spikes.Add((from, DateTimeOffset.UtcNow));
            await Task.Delay(Calm, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private string Metrics()
    {
        var value = Volatile.Read(ref spike);
        if (double.IsNaN(value))
            value = 100 + (Interlocked.Increment(ref scrapes) % 7);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"# TYPE archon_websocket_connections gauge\narchon_websocket_connections {value}\n"
        );
    }
}
