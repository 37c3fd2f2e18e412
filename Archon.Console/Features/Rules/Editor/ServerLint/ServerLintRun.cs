using Archon.Analysis;
using Archon.Analysis.Series;
using Archon.ConfigFiles.Rules.Lint;
using Archon.Integrations;
using Archon.Integrations.Prometheus;

namespace Archon.Features.Rules.Editor.ServerLint;

/// <summary>What the checks of one run know and have found: the server, its answers so far, and the findings in their order.</summary>
internal sealed class ServerLintRun
{
    private static readonly TimeSpan Week = TimeSpan.FromDays(7);

    private readonly TimeProvider clock;
    private readonly IReadOnlyDictionary<string, string> types;
    private readonly HashSet<string> recorded;
    private readonly Dictionary<string, double?> values = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TimeSpan?> intervals = new(StringComparer.Ordinal);
    private readonly HashSet<(string File, int Line, string Rule)> goodWindows = [];
    private readonly HashSet<(string File, string Rule)> knownCounters = [];
    private readonly List<LintFinding> findings = [];
    private int questions; // asked of the server for the rule that is being checked

    /// <param name="types">Of metrics, as the server describes them.</param>
    public ServerLintRun(
        PrometheusClient prometheus,
        TimeProvider clock,
        ServerLintSettings settings,
        IReadOnlyList<NamedRuleFile> files,
        IReadOnlyList<PrometheusRuleGroup> served,
        IReadOnlyDictionary<string, string> types,
        string? version,
        CancellationToken cancellationToken
    )
    {
        (Prometheus, this.clock, Settings, Served, this.types, Version) = (prometheus, clock, settings, served, types, version);
        CancellationToken = cancellationToken;
        var own = files.SelectMany(file => file.File.Rules).Where(rule => !rule.Content.IsAlert).Select(rule => rule.Content.Name);
        var others = served.SelectMany(group => group.Rules).Where(rule => !rule.IsAlerting).Select(rule => rule.Name);
        recorded = own.Concat(others).ToHashSet(StringComparer.Ordinal);
    }

    public PrometheusClient Prometheus { get; }
    public ServerLintSettings Settings { get; }
    public IReadOnlyList<PrometheusRuleGroup> Served { get; }
    public string? Version { get; }
    public CancellationToken CancellationToken { get; }
    public DateTimeOffset Now => clock.GetUtcNow();
    public IReadOnlyList<LintFinding> Findings => findings;

    /// <summary>Why some was not checked; null where everything was.</summary>
    public string? NotChecked { get; set; }

    public bool HasQuestionsLeft => questions <= InputLimits.ServerQuestions.Most;

    /// <summary>Another rule is checked from here on.</summary>
    public void Begin() => questions = 0;

    public void Add(LintFinding finding) => findings.Add(finding);

    public bool IsRecorded(string metric) => recorded.Contains(metric);

    public string? TypeOf(string metric) => types.GetValueOrDefault(metric);

    /// <summary>The window of a rate is long enough for the scrapes that there are.</summary>
    public void KnowGoodWindow(LintedRule rule, int start) => goodWindows.Add((rule.File, rule.LineOfCharacter(start), rule.Content.Name));

    /// <summary>What the rule takes the rate of is a counter.</summary>
    public void KnowCounter(LintedRule rule) => knownCounters.Add((rule.File, rule.Content.Name));

    /// <summary>Whether the server shows that a finding made without it is wrong.</summary>
    public bool IsRefuted(LintFinding finding) =>
        (finding.Check == LintChecks.RateWindow && goodWindows.Contains((finding.File, finding.Line, finding.Rule!)))
        || (finding.Check == LintChecks.RateOfGauge && knownCounters.Contains((finding.File, finding.Rule!)));

    /// <summary>How many series there are; null where the server did not answer.</summary>
    public async Task<double?> CountAsync(string promql)
    {
        if (values.TryGetValue(promql, out var known))
            return known;
        if (!TryAsk())
            return null;
        double? value = null;
        switch (await Prometheus.QueryAsync($"count({promql})", null, CancellationToken))
        {
            case Fetch<QueryResult>.Ok { Value.Series: [{ Count: > 0 } one, ..] }:
                value = one.Values.Span[0];
                break;
            case Fetch<QueryResult>.Ok:
                value = 0;
                break;
            case Fetch<QueryResult>.Unavailable { Reason: var reason }:
                NotChecked = reason;
                break;
        }
        return values[promql] = value;
    }

    /// <summary>Whether there were such series within the last week.</summary>
    public async Task<bool> WasThereAsync(string selector)
    {
        var week = new TimeRange(Now - Week, Now);
        return await Prometheus.LabelValuesAsync("__name__", [selector], week, CancellationToken)
            is Fetch<IReadOnlyList<string>>.Ok { Value.Count: > 0 };
    }

    /// <summary>How far apart samples are, worked out once for each selector; null where it cannot be known.</summary>
    public async Task<TimeSpan?> IntervalAsync(string selector, Func<Task<TimeSpan?>> ask)
    {
        if (intervals.TryGetValue(selector, out var known))
            return known;
        return TryAsk() ? intervals[selector] = await ask() : null;
    }

    private bool TryAsk() => ++questions <= InputLimits.ServerQuestions.Most;
}
