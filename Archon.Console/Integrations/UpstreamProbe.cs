using Archon.Integrations.Alertmanager;
using Archon.Integrations.Loki;
using Archon.Integrations.Prometheus;

namespace Archon.Integrations;

/// <summary>Asks every upstream now and then whether it is there and what it is, so that its freshness is known also while nobody uses it.</summary>
internal sealed class UpstreamProbe(PrometheusClient prometheus, AlertmanagerClient alertmanager, LokiClient loki, UpstreamHealth health, TimeProvider clock)
    : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, clock);
        try
        {
            do
            {
                await Task.WhenAll(
                    NoteAsync("Prometheus", async () => (await prometheus.BuildInfoAsync(stoppingToken) as Fetch<ServerVersion>.Ok)?.Value.Version),
                    NoteAsync("Alertmanager", async () => (await alertmanager.StatusAsync(stoppingToken) as Fetch<AlertmanagerStatus>.Ok)?.Value.Version),
                    NoteAsync("Loki", async () => (await loki.BuildInfoAsync(stoppingToken) as Fetch<ServerVersion>.Ok)?.Value.Version));
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // the console stops
        }
    }

    private async Task NoteAsync(string name, Func<Task<string?>> version)
    {
        if (!health.Current.Any(one => one.Name == name && one.Configured)) return;
        if (await version() is { } known) health.HasVersion(name, known);
    }
}

/// <summary>What a server says it is.</summary>
public sealed record ServerVersion(string Version, string? Revision);
