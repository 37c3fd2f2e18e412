using System.Diagnostics.Metrics;
using Archon.Data.Background;

namespace Archon.Features.Scanning;

/// <summary>Whether scans run, as this process knows it; <see cref="ScanMonitor"/> keeps it true. Asking costs no query, also while the database is away.</summary>
public sealed class ScanHealth
{
    private readonly TimeProvider clock;
    private volatile IReadOnlyDictionary<int, ScanState> environments = new Dictionary<int, ScanState>();
    private volatile ScanState overall = new ScanState.Unknown();
    private long newestTicks;

    public ScanHealth(IMeterFactory meters, TimeProvider clock)
    {
        this.clock = clock;
        var meter = meters.Create(ArchonMeter.Name);
        meter.CreateObservableGauge(
            "archon.scan.age",
            Age,
            "s",
            "Time since the newest scan; where none ran yet, since the first watch was made."
        );
        meter.CreateObservableGauge(
            "archon.scans.stopped",
            () => overall is ScanState.Stopped ? 1 : 0,
            description: "1 when no scan has run for three intervals, else 0."
        );
    }

    /// <summary>Of all environments together.</summary>
    public ScanState Overall => overall;

    /// <summary>Raised when scans of an environment stopped or went on, on the thread that found out.</summary>
    public event Action? Changed;

    public ScanState Of(int environmentId) => environments.GetValueOrDefault(environmentId) ?? new ScanState.Unknown();

    /// <param name="newestAt">See the metric <c>archon.scan.age</c>; null while nothing is to be scanned.</param>
    internal void Become(ScanState overall, IReadOnlyDictionary<int, ScanState> environments, DateTimeOffset? newestAt)
    {
        Interlocked.Exchange(ref newestTicks, newestAt?.UtcTicks ?? 0);
        var isNews = Stopped(this.environments) is var before && Stopped(environments) is var after && !before.SequenceEqual(after);
        (this.overall, this.environments) = (overall, environments);
        if (isNews)
            Changed?.Invoke();
    }

    private static IEnumerable<(int, ScanState)> Stopped(IReadOnlyDictionary<int, ScanState> environments) =>
        environments.Where(one => one.Value is ScanState.Stopped).OrderBy(one => one.Key).Select(one => (one.Key, one.Value));

    private IEnumerable<Measurement<double>> Age()
    {
        if (Interlocked.Read(ref newestTicks) is not 0 and var ticks)
        {
            yield return new Measurement<double>((clock.GetUtcNow() - new DateTimeOffset(ticks, TimeSpan.Zero)).TotalSeconds);
        }
    }
}
