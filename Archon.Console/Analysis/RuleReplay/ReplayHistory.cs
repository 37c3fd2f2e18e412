using Archon.Analysis.Series;

namespace Archon.Analysis.RuleReplay;

/// <summary>A stretch of evaluations in a row at which an alert was in one state.</summary>
/// <param name="Labels">The alert's labels.</param>
/// <param name="From">Unix milliseconds of the first evaluation.</param>
/// <param name="To">Unix milliseconds of the last.</param>
/// <param name="ActiveAt">Unix milliseconds of the evaluation that saw the alert first.</param>
public sealed record ReplaySpan(SeriesLabels Labels, AlertState State, long From, long To, long ActiveAt);

/// <summary>An evaluation that failed, with Prometheus' reason.</summary>
public sealed record ReplayFailure(long At, string Reason);

/// <summary>What a replay came to, in figures.</summary>
/// <param name="Firings">How often an alert began to fire.</param>
/// <param name="FiringTime">Time spent firing, summed over the alerts; each evaluation counts as one interval.</param>
/// <param name="Flaps">
/// How many of the firings began within <see cref="RuleReplayer.ResolvedRetention"/> of the end of the one before of the same alert.
/// </param>
/// <param name="Alerts">How many alerts fired at least once.</param>
/// <param name="NearMisses">How often an alert was pending and went away without firing.</param>
public sealed record ReplaySummary(int Firings, TimeSpan FiringTime, int Flaps, int Alerts, int NearMisses);

/// <summary>Collects the steps of a replay into stretches of one state.</summary>
public sealed class ReplayHistory(TimeSpan interval)
{
    private readonly Dictionary<ReplayAlert, Stretch> open = new(ReferenceEqualityComparer.Instance);
    private readonly List<ReplaySpan> spans = [];
    private readonly List<ReplayFailure> failures = [];
    private readonly List<ReplayAlert> ended = [];

    /// <summary>Stretches that have ended, in the order of their ends. <see cref="Close"/> ends those that go on.</summary>
    public IReadOnlyList<ReplaySpan> Spans => spans;

    public IReadOnlyList<ReplayFailure> Failures => failures;

    /// <param name="at">Unix milliseconds of the evaluation, later than the one before.</param>
    public void Add(long at, ReplayStep step)
    {
        if (step.Failure is { } reason)
            failures.Add(new ReplayFailure(at, reason));
        foreach (var alert in step.Active)
        {
            if (!open.TryGetValue(alert, out var known))
                open[alert] = new Stretch
                {
                    State = alert.State,
                    From = at,
                    To = at,
                };
            else if (known.State == alert.State)
                known.To = at;
            else
            {
                spans.Add(Span(alert, known));
                (known.State, known.From, known.To) = (alert.State, at, at);
            }
        }
        if (open.Count == step.Active.Count)
            return;
        ended.Clear();
        foreach (var (alert, known) in open)
        {
            if (known.To != at)
                ended.Add(alert);
        }
        foreach (var alert in ended)
        {
            spans.Add(Span(alert, open[alert]));
            open.Remove(alert);
        }
    }

    /// <summary>Ends what goes on, at the last evaluation it was seen at.</summary>
    public void Close()
    {
        foreach (var (alert, known) in open)
            spans.Add(Span(alert, known));
        open.Clear();
    }

    /// <summary>Figures over the stretches that have ended.</summary>
    public ReplaySummary Summary()
    {
        var (firings, flaps, misses, time) = (0, 0, 0, TimeSpan.Zero);
        var fired = 0;
        foreach (var alert in spans.GroupBy(span => span.Labels))
        {
            ReplaySpan? lastFiring = null;
            ReplaySpan? pending = null;
            foreach (var span in alert.OrderBy(span => span.From))
            {
                if (span.State == AlertState.Pending)
                {
                    if (pending is not null && pending.ActiveAt != span.ActiveAt)
                        misses++;
                    pending = span;
                    continue;
                }
                // A failed evaluation breaks a stretch, but not the alert.
                if (lastFiring is null || lastFiring.ActiveAt != span.ActiveAt)
                {
                    firings++;
                    if (lastFiring is not null && span.From - lastFiring.To <= RuleReplayer.ResolvedRetention.TotalMilliseconds)
                        flaps++;
                }
                if (lastFiring is null)
                    fired++;
                if (pending is not null && pending.ActiveAt != span.ActiveAt)
                    misses++;
                (lastFiring, pending) = (span, null);
                time += TimeSpan.FromMilliseconds(span.To - span.From) + interval;
            }
            if (pending is not null)
                misses++;
        }
        return new ReplaySummary(firings, time, flaps, fired, misses);
    }

    private static ReplaySpan Span(ReplayAlert alert, Stretch known) =>
        new(alert.Labels, known.State, known.From, known.To, alert.ActiveAt);

    private sealed class Stretch
    {
        public required AlertState State { get; set; }
        public required long From { get; set; }
        public required long To { get; set; }
    }
}
