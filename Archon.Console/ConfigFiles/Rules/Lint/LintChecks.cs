namespace Archon.ConfigFiles.Rules.Lint;

/// <summary>Every kind of fault.</summary>
public static class LintChecks
{
    public static readonly LintCheck Syntax = new("syntax", "Prometheus would reject this file and keep the old one.");
    public static readonly LintCheck NotPromql = new(
        "not-promql",
        "Archon parses PromQL. Of an expression in another language it can neither find faults nor replay it."
    );
    public static readonly LintCheck NotChecked = new(
        "not-checked",
        "Too large to check. It is saved and applied unchanged and may contain errors."
    );
    public static readonly LintCheck FileForm = new("file-form", "The file is taken, but perhaps not as it was meant.");
    public static readonly LintCheck Requirement = new(
        "server-version",
        "A server that is older, or without the feature switched on, refuses the whole file."
    );
    public static readonly LintCheck Template = new(
        "template",
        "When a template fails, the notification shows the error instead of the text."
    );
    public static readonly LintCheck TemplateLabel = new(
        "template-label",
        "A label that the expression never has is empty in every notification."
    );
    public static readonly LintCheck UnstableLabel = new(
        "unstable-label",
        "Labels are an alert's identity: one that changes with the value makes a new alert each time, "
            + "which never gets through 'for' and resolves the old one."
    );
    public static readonly LintCheck Comparison = new(
        "comparison",
        "Every series an alert's expression yields fires, whatever its value: without a comparison the alert is always on."
    );
    public static readonly LintCheck RateWindow = new(
        "rate-window",
        "A rate needs two samples in its window; with one scrape missing a short window yields nothing and the alert resolves. "
            + "Four scrapes are the usual least."
    );
    public static readonly LintCheck RateOfGauge = new(
        "rate-of-gauge",
        "rate and its like take every fall for a restart of a counter; on a gauge they make up growth."
    );
    public static readonly LintCheck CounterAsGauge = new(
        "counter-as-gauge",
        "A counter only grows until its process restarts; its value says how long that process has run."
    );
    public static readonly LintCheck RateAfterSum = new(
        "rate-after-sum",
        "Summed first, one restart looks like a fall of the whole sum, and the rate shoots up. "
            + "Take the rate of each series, then the sum."
    );
    public static readonly LintCheck Irate = new("irate", "irate looks at two samples only: one odd scrape resets 'for'.");
    public static readonly LintCheck Matching = new(
        "vector-matching",
        "Series find each other by equal labels. "
            + "Where the two sides cannot have the same, the result is always empty and the alert never fires."
    );
    public static readonly LintCheck Fragile = new(
        "fragile-aggregation",
        "'without' keeps whatever labels there are: the first new label on one side only, and the sides no longer match."
    );
    public static readonly LintCheck Sampled = new(
        "sampled",
        "topk and its like choose other series at each evaluation: alerts come and go without anything having changed."
    );
    public static readonly LintCheck Histogram = new(
        "histogram",
        "histogram_quantile needs the label le of the buckets, and a quantile between 0 and 1."
    );
    public static readonly LintCheck Regex = new(
        "regex",
        "Matchers match the whole value: anchors do nothing, and a plain text is found faster by equality."
    );
    public static readonly LintCheck Ends = new(
        "query-ends",
        "An alert is evaluated at one moment, which start() and end() both are; on a graph the same expression shows something else."
    );
    public static readonly LintCheck For = new("for", "Time is counted from evaluation to evaluation.");
    public static readonly LintCheck Severity = new(
        "severity",
        "Routing, paging and the clocks of an incident go by the label severity: critical, warning or info."
    );
    public static readonly LintCheck Summary = new("summary", "The summary is what the person who is woken reads first.");
    public static readonly LintCheck Runbook = new("runbook", "Add a runbook so responders know what to do.");
    public static readonly LintCheck RunbookLink = new("runbook-link", "A link that leads nowhere costs time when there is none.");
    public static readonly LintCheck ReservedLabel = new(
        "reserved-label",
        "Prometheus writes this label itself, over whatever the rule says."
    );
    public static readonly LintCheck Duplicate = new(
        "duplicate",
        "Two rules that say the same page twice; two that record the same series overwrite each other."
    );
    public static readonly LintCheck RecordName = new(
        "record-name",
        "Name recorded series level:metric:operation, so that they differ from scraped ones."
    );
    public static readonly LintCheck MissingMetric = new(
        "missing-metric",
        "An expression over series that are not there is empty: the alert never fires, whatever happens."
    );
    public static readonly LintCheck MissingLabel = new(
        "missing-label",
        "No series has this label with this value, so the selector finds nothing."
    );
    public static readonly LintCheck MissingRecord = new(
        "missing-record",
        "Nothing records this series any more, so that the rule sees nothing, or only what was recorded before."
    );
    public static readonly LintCheck Cost = new("cost", "A costly rule slows its group until evaluations are skipped.");
    public static readonly LintCheck TooMany = new("too-many-series", "Each series is an alert. Thousands at once cannot be read.");
    public static readonly LintCheck Failing = new("evaluation", "An evaluation that fails leaves the alert in the state it was in.");
    public static readonly LintCheck FiresNow = new("fires-now", "Applied now, this would notify at once.");
    public static readonly LintCheck Noisy = new("noisy", "An alert that fires often and means little teaches people to look away.");

    public static IReadOnlyList<LintCheck> All { get; } =
    [
        Syntax,
        NotPromql,
        NotChecked,
        FileForm,
        Requirement,
        Template,
        TemplateLabel,
        UnstableLabel,
        Comparison,
        RateWindow,
        RateOfGauge,
        CounterAsGauge,
        RateAfterSum,
        Irate,
        Matching,
        Fragile,
        Sampled,
        Histogram,
        Regex,
        Ends,
        For,
        Severity,
        Summary,
        Runbook,
        RunbookLink,
        ReservedLabel,
        Duplicate,
        RecordName,
        MissingMetric,
        MissingLabel,
        MissingRecord,
        Cost,
        TooMany,
        Failing,
        FiresNow,
        Noisy,
    ];
}
