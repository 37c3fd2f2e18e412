using Archon.Analysis.AlertTemplates;
using Archon.Analysis.Series;

namespace Archon.Analysis.RuleReplay;

/// <summary>What of an alerting rule decides its states.</summary>
/// <param name="Alert">Its name.</param>
/// <param name="For">How long a label set must be in the result before it fires.</param>
/// <param name="KeepFiringFor">How long it goes on firing after it has left the result.</param>
/// <param name="Labels">Labels of the rule and its group, with templates.</param>
public sealed record ReplayRule(string Alert, TimeSpan For, TimeSpan KeepFiringFor, IReadOnlyDictionary<string, string> Labels)
{
    /// <summary>More alerts than this fail the evaluation and forget every alert. 0: no limit.</summary>
    public int Limit { get; init; }

    public IReadOnlyDictionary<string, string> ExternalLabels { get; init; } = new Dictionary<string, string>();
    public string ExternalUrl { get; init; } = "";

    /// <summary>The limit that one of its labels is beyond, so that its alerts cannot be told apart; null where none is.</summary>
    public InputLimit? Beyond()
    {
        foreach (var label in Labels.Values)
        {
            if (!label.Contains("{{", StringComparison.Ordinal))
                continue;
            AlertTemplate.Parse(label, out _, out var limit);
            if (limit is not null)
                return limit;
        }
        return null;
    }
}

/// <summary>One element of the expression's result.</summary>
public readonly record struct ReplaySample(SeriesLabels Labels, double Value);

public enum AlertState
{
    Pending,
    Firing,
}

/// <summary>One alert instance. The object lives as long as the instance is active, and changes with each evaluation.</summary>
public sealed class ReplayAlert
{
    internal ReplayAlert(SeriesLabels labels, SeriesLabels recorded, long activeAt) =>
        (Labels, Recorded, ActiveAt) = (labels, recorded, activeAt);

    /// <summary>Its identity: labels of the sample without the metric's name, labels of the rule, and <c>alertname</c>.</summary>
    public SeriesLabels Labels { get; }

    /// <summary>Labels of its series <c>ALERTS</c>, without the metric's name and <c>alertstate</c>.</summary>
    /// <remarks>Those of the alert over those of the rule: a rule's label that comes out empty stays here as it is written.</remarks>
    public SeriesLabels Recorded { get; }

    public AlertState State { get; internal set; }

    /// <summary>
    /// Unix milliseconds of the evaluation that saw it first; its whole seconds are the value of <c>ALERTS_FOR_STATE</c>.
    /// </summary>
    public long ActiveAt { get; }

    /// <summary>The newest value of the expression; while it is only kept firing, the last one it had.</summary>
    public double Value { get; internal set; }

    /// <summary>Unix milliseconds of the evaluation at which it was first missed; null while it is in the result.</summary>
    public long? KeptSince { get; internal set; }

    internal long ResolvedAt { get; set; }
    internal bool IsActive { get; set; } = true;
    internal long SeenAt { get; set; }
}

/// <summary>What an evaluation came to.</summary>
/// <param name="Active">Every pending and firing alert; empty when it failed. Reused by the next evaluation.</param>
/// <param name="Failure">Why it failed, in Prometheus' words; null when it did not.</param>
public readonly record struct ReplayStep(IReadOnlyList<ReplayAlert> Active, string? Failure);

/// <summary>The alert state machine of Prometheus: given what a rule's expression yields at each evaluation, the alerts after it.</summary>
/// <remarks>
/// Source: <c>AlertingRule.Eval</c> in <c>rules/alerting.go</c> of Prometheus 2.42 to 3.x. Times are compared exactly: they are whole
/// milliseconds here as evaluations lie whole intervals apart there. Not replayed: evaluations that a server skipped because it was slow
/// or down, and what it restored after a restart. Not thread-safe.
/// </remarks>
public sealed class RuleReplayer
{
    private const string DuplicateLabels = "vector contains metrics with the same labelset after applying alert labels";

    /// <summary>How long a resolved alert is kept, so that Alertmanager is surely told.</summary>
    public static readonly TimeSpan ResolvedRetention = TimeSpan.FromMinutes(15);

    private readonly ReplayRule rule;
    private readonly long pendingPeriod;
    private readonly long keep;
    private readonly bool isStable;
    private readonly Dictionary<SeriesLabels, ReplayAlert> alerts = [];
    private readonly Dictionary<SeriesLabels, Named> known = new(ReferenceEqualityComparer.Instance);
    private readonly List<(Named Named, double Value)> found = [];
    private readonly HashSet<SeriesLabels> seen = [];
    private readonly List<ReplayAlert> active = [];
    private readonly List<SeriesLabels> gone = [];
    private SeriesLabels?[] lastSeries = [];

    public RuleReplayer(ReplayRule rule)
    {
        this.rule = rule;
        (pendingPeriod, keep) = ((long)rule.For.TotalMilliseconds, (long)rule.KeepFiringFor.TotalMilliseconds);
        isStable = rule.Labels.Values.All(IsStable);
    }

    /// <summary>Alerts that the server still knows: those active, and those resolved within <see cref="ResolvedRetention"/>.</summary>
    public int Known => alerts.Count;

    /// <summary>Moves on to an evaluation.</summary>
    /// <param name="at">Unix milliseconds, later than the one before.</param>
    /// <param name="vector">The result of the expression, one element per label set. A value of NaN counts like any other.</param>
    public ReplayStep Evaluate(long at, ReadOnlySpan<ReplaySample> vector)
    {
        active.Clear();
        if (!TryLabel(at, vector))
            return new ReplayStep(active, DuplicateLabels);
        foreach (var (named, value) in found)
        {
            // The one it was at the last evaluation, else one of its labels that another series led to, else a new one.
            var alert = named.Alert is { IsActive: true } last ? last : alerts.GetValueOrDefault(named.Labels);
            if (alert is not { IsActive: true })
                alerts[named.Labels] = alert = new ReplayAlert(named.Labels, named.Recorded, at);
            named.Alert = alert;
            (alert.Value, alert.SeenAt) = (value, at);
        }
        gone.Clear();
        foreach (var (labels, alert) in alerts)
        {
            if (alert.SeenAt == at)
                alert.KeptSince = null;
            else if (!IsKept(alert, at))
            {
                var isForgotten = alert.IsActive
                    ? alert.State == AlertState.Pending
                    : at - alert.ResolvedAt > ResolvedRetention.TotalMilliseconds;
                if (isForgotten)
                    gone.Add(labels);
                if (alert.IsActive)
                    (alert.IsActive, alert.ResolvedAt) = (false, at);
                continue;
            }
            if (alert.State == AlertState.Pending && at - alert.ActiveAt >= pendingPeriod)
                alert.State = AlertState.Firing;
            active.Add(alert);
        }
        foreach (var labels in gone)
            alerts.Remove(labels);
        if (rule.Limit <= 0 || active.Count <= rule.Limit)
            return new ReplayStep(active, null);
        var count = active.Count;
        foreach (var alert in alerts.Values)
            alert.IsActive = false;
        alerts.Clear();
        active.Clear();
        return new ReplayStep(active, $"exceeded limit of {rule.Limit} with {count} alerts");
    }

    /// <summary>Whether a label's template yields the same for one series at any time.</summary>
    internal static bool IsStable(string template) =>
        !template.Contains("{{", StringComparison.Ordinal)
        || (
            !template.Contains("alue", StringComparison.Ordinal)
            && AlertTemplate.Parse(template, out _) is { } parsed
            && !parsed.Functions.Contains("now")
            && !parsed.Functions.Contains("query")
        );

    private bool IsKept(ReplayAlert alert, long at)
    {
        if (!alert.IsActive || alert.State != AlertState.Firing || keep <= 0)
            return false;
        alert.KeptSince ??= at;
        return at - alert.KeptSince < keep;
    }

    /// <summary>Gives each element its alert's labels.</summary>
    /// <returns>False when two come out the same.</returns>
    private bool TryLabel(long at, ReadOnlySpan<ReplaySample> vector)
    {
        found.Clear();
        foreach (var sample in vector)
        {
            if (!isStable || !known.TryGetValue(sample.Labels, out var named))
            {
                named = Label(at, sample);
                if (isStable)
                    known[sample.Labels] = named;
            }
            found.Add((named, sample.Value));
        }
        if (isStable && IsAsBefore(vector))
            return true;
        seen.Clear();
        foreach (var one in found)
        {
            if (!seen.Add(one.Named.Labels))
                return false;
        }
        if (isStable)
            Remember(vector);
        return true;
    }

    /// <summary>The same series as at the evaluation before have already been seen to differ.</summary>
    private bool IsAsBefore(ReadOnlySpan<ReplaySample> vector)
    {
        if (vector.Length != lastSeries.Length)
            return false;
        for (var i = 0; i < vector.Length; i++)
        {
            if (!ReferenceEquals(vector[i].Labels, lastSeries[i]))
                return false;
        }
        return true;
    }

    private void Remember(ReadOnlySpan<ReplaySample> vector)
    {
        if (lastSeries.Length != vector.Length)
            lastSeries = new SeriesLabels?[vector.Length];
        for (var i = 0; i < vector.Length; i++)
            lastSeries[i] = vector[i].Labels;
    }

    private Named Label(long at, ReplaySample sample)
    {
        var data = new AlertTemplateData(sample.Labels.Values, sample.Value, DateTimeOffset.FromUnixTimeMilliseconds(at))
        {
            ExternalLabels = rule.ExternalLabels,
            ExternalUrl = rule.ExternalUrl,
        };
        var labels = new Dictionary<string, string>(sample.Labels.Values, StringComparer.Ordinal);
        labels.Remove("__name__");
        foreach (var (name, template) in rule.Labels)
            Set(labels, name, AlertTemplate.ExpandOrReport(template, data));
        Set(labels, "alertname", rule.Alert);
        var recorded = new Dictionary<string, string>(rule.Labels.Where(label => label.Value.Length > 0), StringComparer.Ordinal);
        foreach (var (name, value) in labels)
            recorded[name] = value;
        recorded["alertname"] = rule.Alert;
        recorded.Remove("alertstate"); // the state itself is written over it
        return new Named(Same(labels), new SeriesLabels(recorded));

        static void Set(Dictionary<string, string> labels, string name, string value)
        {
            if (value.Length == 0)
                labels.Remove(name);
            else
                labels[name] = value;
        }
    }

    /// <summary>One object per label set, so that comparing mostly ends at the reference.</summary>
    private SeriesLabels Same(Dictionary<string, string> labels)
    {
        var made = new SeriesLabels(labels);
        return alerts.TryGetValue(made, out var alert) ? alert.Labels : made;
    }

    /// <summary>What a series is called as an alert, and the alert it was last.</summary>
    private sealed class Named(SeriesLabels labels, SeriesLabels recorded)
    {
        public SeriesLabels Labels { get; } = labels;
        public SeriesLabels Recorded { get; } = recorded;
        public ReplayAlert? Alert { get; set; }
    }
}
