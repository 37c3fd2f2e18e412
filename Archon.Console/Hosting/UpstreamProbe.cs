using Archon.Data.Background;
using Archon.Integrations;
using Archon.Integrations.Alertmanager;

namespace Archon.Hosting;

/// <summary>Asks every upstream now and then whether it is there and what it is, so that its freshness is known also while nobody uses it.</summary>
internal sealed class UpstreamProbe(
    Upstreams upstreams,
    ConfiguredEnvironment configured,
    UpstreamHealth health,
    Supervision supervision,
    TimeProvider clock
) : SupervisedService("Upstream probe", supervision)
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(10);
    private readonly EnvironmentUpstreams upstreams = upstreams.For(configured.Id);

    protected override async Task RunAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, clock);
        do
        {
            // All three are asked in every round, also where one of them throws.
            await Task.WhenAll(
                NoteAsync(
                    "Prometheus",
                    async () => (await upstreams.Prometheus.BuildInfoAsync(stoppingToken) as Fetch<ServerVersion>.Ok)?.Value.Version
                ),
                NoteAsync(
                    "Alertmanager",
                    async () => (await upstreams.Alertmanager.StatusAsync(stoppingToken) as Fetch<AlertmanagerStatus>.Ok)?.Value.Version
                ),
                NoteAsync(
                    "Loki",
                    async () => (await upstreams.Loki.BuildInfoAsync(stoppingToken) as Fetch<ServerVersion>.Ok)?.Value.Version
                )
            );
            ReportHealthy();
        } while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task NoteAsync(string name, Func<Task<string?>> version)
    {
        if (!health.Of(configured.Id).Any(one => one.Name == name && one.Configured))
            return;
        if (await version() is { } known)
            health.HasVersion(name, known);
    }
}
