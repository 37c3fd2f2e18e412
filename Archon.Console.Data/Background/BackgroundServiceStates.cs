using System.Collections.Immutable;
using System.Diagnostics.Metrics;

namespace Archon.Data.Background;

/// <summary>What one background service of this process does now.</summary>
/// <param name="Name">As people read it on Status: <c>Upstream probe</c>.</param>
/// <param name="Failures">How often it failed since the process started.</param>
/// <param name="Failure">The failure that it has not recovered from; null while it works.</param>
/// <param name="HasEnded">It did all it had to do, such as making the first administrator.</param>
public sealed record BackgroundServiceState(string Name, int Failures, BackgroundServiceFailure? Failure, bool HasEnded);

/// <param name="Since">When the first failure in a row happened.</param>
/// <param name="Reason">The newest failure, as a sentence without secrets.</param>
/// <param name="NextTryAt">When it starts again; in the past while it is at that attempt.</param>
public sealed record BackgroundServiceFailure(DateTimeOffset Since, string Reason, DateTimeOffset NextTryAt);

/// <summary>The background services of this process. Each <see cref="SupervisedService"/> reports here.</summary>
public sealed class BackgroundServiceStates
{
    private readonly Lock gate = new();
    private ImmutableSortedDictionary<string, BackgroundServiceState> states = ImmutableSortedDictionary.Create<
        string,
        BackgroundServiceState
    >(StringComparer.Ordinal);

    public BackgroundServiceStates(IMeterFactory meters)
    {
        var meter = meters.Create(ArchonMeter.Name);
        meter.CreateObservableGauge(
            "archon.background_service.failed",
            () => Measure(state => state.Failure is null ? 0 : 1),
            description: "1 while a background service of this process has failed and not recovered, else 0, by service."
        );
        meter.CreateObservableCounter(
            "archon.background_service.failures",
            () => Measure(state => state.Failures),
            "{failure}",
            "Failures of background services since the process started, by service."
        );
    }

    /// <summary>By name.</summary>
    public IReadOnlyList<BackgroundServiceState> Current => [.. states.Values];

    internal void Add(string name)
    {
        lock (gate)
            states = states.SetItem(name, new BackgroundServiceState(name, 0, null, HasEnded: false));
    }

    /// <returns>False where it had not failed.</returns>
    internal bool Recovered(string name) => Change(name, state => state.Failure is null ? state : state with { Failure = null });

    internal void Ended(string name) => Change(name, state => state with { Failure = null, HasEnded = true });

    internal void Failed(string name, string reason, DateTimeOffset at, DateTimeOffset nextTryAt) =>
        Change(
            name,
            state =>
                state with
                {
                    Failures = state.Failures + 1,
                    Failure = new BackgroundServiceFailure(state.Failure?.Since ?? at, reason, nextTryAt),
                }
        );

    private bool Change(string name, Func<BackgroundServiceState, BackgroundServiceState> change)
    {
        lock (gate)
        {
            var (before, after) = (states[name], change(states[name]));
            if (after == before)
                return false;
            states = states.SetItem(name, after);
        }
        return true;
    }

    private IEnumerable<Measurement<long>> Measure(Func<BackgroundServiceState, long> figure) =>
        // Not "service": by that label the console finds services in the metrics it watches, its own among them.
        states.Values.Select(state => new Measurement<long>(
            figure(state),
            new KeyValuePair<string, object?>("background_service", state.Name)
        ));
}
