using System.Collections.Immutable;

namespace Archon.Integrations;

/// <summary>What is known of one outside system from the answers it gave.</summary>
/// <param name="Name">As people know it: <c>Prometheus</c>.</param>
/// <param name="LastAnswerAt">The last time it answered anything, be it a refusal.</param>
/// <param name="FailingSince">The first of the calls in a row that got no answer; null while it answers.</param>
/// <param name="Reason">Why the last call got no answer.</param>
/// <param name="Configured">False when no address is given: then nobody asks it, and nobody misses it.</param>
public sealed record UpstreamState(
    string Name,
    Uri? Address,
    DateTimeOffset? LastAnswerAt,
    DateTimeOffset? FailingSince,
    string? Reason,
    string? Version,
    bool Configured
);

/// <summary>Freshness of every upstream, told by the clients with each call.</summary>
public sealed class UpstreamHealth
{
    private readonly ConfiguredEnvironment configured;
    private readonly TimeProvider clock;
    private readonly Lock gate = new();
    private readonly ImmutableArray<UpstreamState> without;
    private ImmutableArray<UpstreamState> states;

    internal UpstreamHealth(ConfiguredEnvironment configured, IEnumerable<Upstream> upstreams, TimeProvider clock)
    {
        (this.configured, this.clock) = (configured, clock);
        states = [.. upstreams.Select(one => new UpstreamState(one.Name, one.Address, null, null, null, null, one.Address is not null))];
        without = [.. states.Select(one => one with { Address = null, Configured = false })];
    }

    /// <summary>In the order of registration. Of an environment without outside systems none is configured.</summary>
    public IReadOnlyList<UpstreamState> Of(int environmentId) => environmentId == configured.Id ? states : without;

    /// <summary>Raised after each report, on the thread of the call.</summary>
    public event Action? Changed;

    /// <summary>Raised when one stopped answering, answers again, or tells another version, on the thread of the call.</summary>
    public event Action? StateChanged;

    /// <summary>Why the last call got no answer; null where it got one.</summary>
    internal string? ReasonOf(string name) => states.FirstOrDefault(one => one.Name == name)?.Reason;

    public void Answered(string name) =>
        Report(name, state => state with { LastAnswerAt = clock.GetUtcNow(), FailingSince = null, Reason = null });

    public void Failed(string name, string reason) =>
        Report(name, state => state with { FailingSince = state.FailingSince ?? clock.GetUtcNow(), Reason = reason });

    public void HasVersion(string name, string version) => Report(name, state => state with { Version = version });

    private void Report(string name, Func<UpstreamState, UpstreamState> change)
    {
        var isNews = false;
        lock (gate)
        {
            for (var i = 0; i < states.Length; i++)
            {
                if (states[i].Name != name)
                    continue;
                var (before, after) = (states[i], change(states[i]));
                states = states.SetItem(i, after);
                isNews |=
                    (before with { LastAnswerAt = null }) != (after with { LastAnswerAt = null })
                    || before.LastAnswerAt is null != after.LastAnswerAt is null;
            }
        }
        Changed?.Invoke();
        if (isNews)
            StateChanged?.Invoke();
    }
}
