using System.Text.RegularExpressions;
using Archon.Analysis;
using Archon.Analysis.AlertTemplates;
using Archon.Analysis.Promql;
using Archon.ConfigFiles.Yaml;
using Archon.Data.Rules;

namespace Archon.ConfigFiles.Rules.Lint;

/// <summary>Finds faults of rules that show without asking a server.</summary>
/// <remarks>
/// A finding is accepted by a comment in the file, on a line of the rule or right above it:
/// <c># archon-accept: rate-window: scraped every second</c>. With <c>archon-accept-file</c> it holds for the whole file.
/// Without a reason it does not count.
/// </remarks>
public static partial class RuleLinter
{
    private static readonly string[] Severities = ["critical", "warning", "info"];
    private static readonly TimeSpan ShortestRate = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestFor = TimeSpan.FromDays(1);

    /// <param name="files">All that belong together: duplicates are looked for across them.</param>
    /// <param name="server">What the server is; null where that is not known.</param>
    public static IReadOnlyList<LintFinding> Lint(IReadOnlyList<NamedRuleFile> files, Version? server = null)
    {
        var findings = new List<LintFinding>();
        foreach (var file in files)
        {
            findings.AddRange(
                file.File.Warnings.Select(warning => new LintFinding(
                    LintChecks.FileForm,
                    LintSeverity.Warning,
                    file.Name,
                    warning.Line,
                    null,
                    null,
                    warning.Message
                ))
            );
            // What a version of Prometheus knows says nothing of another server.
            var version = file.File.Language == RuleLanguage.Promql ? server : null;
            if (file.File.Language != RuleLanguage.Promql && file.File.Rules.Any())
                findings.Add(NotPromql(file));
            foreach (var group in file.File.Groups)
                findings.AddRange(OfGroup(file, group, version));
            foreach (var rule in file.File.Rules)
                findings.AddRange(OfRule(file, rule, version));
        }
        findings.AddRange(Duplicates(files));
        return Accepted(files, findings);
    }

    /// <summary>What Prometheus refuses, as findings.</summary>
    public static IReadOnlyList<LintFinding> Refused(string file, IReadOnlyList<RuleFileError> errors) =>
        [.. errors.Select(error => new LintFinding(LintChecks.Syntax, LintSeverity.Error, file, error.Line, null, null, error.Message))];

    /// <summary>Marks what the files accept, and puts all in the order of the files and their lines.</summary>
    public static IReadOnlyList<LintFinding> Accepted(IReadOnlyList<NamedRuleFile> files, IEnumerable<LintFinding> findings)
    {
        var accepted = files.ToDictionary(file => file.Name, file => LintAcceptance.Of(file.File));
        var order = files.Select((file, i) => (file.Name, i)).ToDictionary(one => one.Name, one => one.i);
        return
        [
            .. findings
                .Select(finding =>
                    accepted.TryGetValue(finding.File, out var of) ? finding with { Accepted = of.Reason(finding) } : finding
                )
                .OrderBy(finding => order.GetValueOrDefault(finding.File, int.MaxValue))
                .ThenBy(finding => finding.Line)
                .ThenByDescending(finding => finding.Severity),
        ];
    }

    private static LintFinding NotPromql(NamedRuleFile file) =>
        new(
            LintChecks.NotPromql,
            LintSeverity.Info,
            file.Name,
            0,
            null,
            null,
            "PromQL checks do not apply to LogQL; the ruler itself judges the expression"
        );

    private static IEnumerable<LintFinding> OfGroup(NamedRuleFile file, FileGroup group, Version? server)
    {
        if (group.Content.QueryOffset is not null && Older(server, new Version(2, 53)))
            yield return Of("query_offset", "2.53");
        if (group.Content.Labels.Count > 0 && Older(server, new Version(3, 0)))
            yield return Of("labels of a group", "3.0");

        LintFinding Of(string what, string since) =>
            new(
                LintChecks.Requirement,
                LintSeverity.Error,
                file.Name,
                group.Line,
                group.Content.Name,
                null,
                $"{what}: known since Prometheus {since}; the server is {server}"
            );
    }

    private static bool Older(Version? server, Version since) => server is not null && server < since;

    private static IEnumerable<LintFinding> OfRule(NamedRuleFile file, FileRule rule, Version? server)
    {
        var at = new Place(file.Name, rule);
        if (file.File.Language != RuleLanguage.Promql)
        {
            return Labels(at, server)
                .Concat(rule.Content.IsAlert ? Durations(at).Concat(Words(at)).Concat(Templates(at, null)) : Record(at));
        }
        if (PromqlParser.Parse(rule.Content.Expression, out var error) is not { } expression)
        {
            return Labels(at, server)
                .Prepend(at.Field(LintChecks.NotChecked, LintSeverity.Warning, "expr", $"not checked: {error!.Message}"))
                .Concat(rule.Content.IsAlert ? Durations(at).Concat(Words(at)).Concat(Templates(at, null)) : Record(at));
        }
        var labels = new PromqlLabelTable();
        IEnumerable<IEnumerable<LintFinding>> checks =
        [
            Requirements(at, expression, server),
            Rates(at, expression),
            Matching(at, expression, labels),
            Histograms(at, expression, labels),
            Matchers(at, expression),
            Labels(at, server),
            rule.Content.IsAlert ? Alert(at, expression, labels) : Record(at),
        ];
        return checks.SelectMany(one => First(at, one));
    }

    /// <summary>A chain of thousands of operators has the same fault at each: the first of them say as much as all.</summary>
    private static IEnumerable<LintFinding> First(Place at, IEnumerable<LintFinding> findings)
    {
        var count = 0;
        foreach (var finding in findings)
        {
            if (++count > InputLimits.Findings.Most)
            {
                yield return at.Field(
                    LintChecks.NotChecked,
                    LintSeverity.Warning,
                    "expr",
                    $"not checked to the end: {InputLimits.Findings.Sentence}"
                );
                yield break;
            }
            yield return finding;
        }
    }

    private static IEnumerable<LintFinding> Requirements(Place at, PromqlExpression expression, Version? server)
    {
        foreach (var need in PromqlRequirements.Of(expression))
        {
            if (need.Until is { } until && server is not null && server >= until)
            {
                yield return at.Expression(
                    LintChecks.Requirement,
                    LintSeverity.Error,
                    need.Start,
                    $"{need.What} is gone since Prometheus {until}; the server is {server}"
                );
            }
            else if (need.Since is { } since && Older(server, since))
            {
                yield return at.Expression(
                    LintChecks.Requirement,
                    LintSeverity.Error,
                    need.Start,
                    $"{need.What} is known since Prometheus {since}; the server is {server}"
                );
            }
            else if (need.Flag is { } flag)
            {
                yield return at.Expression(
                    LintChecks.Requirement,
                    LintSeverity.Warning,
                    need.Start,
                    $"{need.What} is experimental and needs --enable-feature={flag}"
                );
            }
            else if (need.Since is { } newer && server is null)
            {
                yield return at.Expression(
                    LintChecks.Requirement,
                    LintSeverity.Info,
                    need.Start,
                    $"{need.What} needs Prometheus {newer} or newer"
                );
            }
        }
    }

    private static IEnumerable<LintFinding> Rates(Place at, PromqlExpression expression)
    {
        foreach (var call in expression.All().OfType<PromqlCall>().Where(call => IsRate(call.Function.Name)))
        {
            var name = call.Function.Name;
            var argument = call.Arguments[0].Bare();
            if (argument is PromqlRange { Length: { } length } && length < ShortestRate)
            {
                yield return at.Expression(
                    LintChecks.RateWindow,
                    LintSeverity.Warning,
                    call.Start,
                    $"{name} over {PrometheusDuration.Format(length)} is less than a minute"
                );
            }
            if (
                argument is PromqlSubquery { Inner: var inner }
                && inner.Bare() is PromqlAggregation { KeepsSeries: false } aggregation
                && aggregation.Operator is "sum" or "avg" or "max" or "min"
            )
            {
                yield return at.Expression(
                    LintChecks.RateAfterSum,
                    LintSeverity.Error,
                    call.Start,
                    $"{name} of {aggregation.Operator}: take {name} first, then {aggregation.Operator}"
                );
            }
            if (argument is PromqlRange { Selector.OneMetric: { } metric } && IsGaugeName(metric))
            {
                yield return at.Expression(
                    LintChecks.RateOfGauge,
                    LintSeverity.Warning,
                    call.Start,
                    $"{name} of {metric}, which by its name is a gauge; delta or deriv is for those"
                );
            }
            if (name == "irate" && at.Rule.Content.IsAlert)
            {
                yield return at.Expression(LintChecks.Irate, LintSeverity.Warning, call.Start, "irate in an alert; rate is steadier");
            }
        }
        foreach (
            var call in expression
                .All()
                .OfType<PromqlCall>()
                .Where(call => call.Function.Name is "delta" or "idelta" or "deriv" or "predict_linear")
        )
        {
            if (call.Arguments[0].Bare() is PromqlRange { Selector.OneMetric: { } metric } && IsCounterName(metric))
            {
                yield return at.Expression(
                    LintChecks.CounterAsGauge,
                    LintSeverity.Warning,
                    call.Start,
                    $"{call.Function.Name} of {metric}, which by its name is a counter: a restart looks like a fall"
                );
            }
        }
        foreach (var binary in expression.All().OfType<PromqlBinary>().Where(binary => binary.IsComparison))
        {
            if (BareCounter(binary.Left) is { } counter && binary.Right.Type == PromqlType.Scalar)
            {
                yield return at.Expression(
                    LintChecks.CounterAsGauge,
                    LintSeverity.Warning,
                    binary.Left.Start,
                    $"{counter} is a counter by its name; compare rate({counter}[5m]) or increase({counter}[1h])"
                );
            }
        }
    }

    /// <summary>The counter whose bare value an expression is.</summary>
    private static string? BareCounter(PromqlExpression expression) =>
        expression.Bare() switch
        {
            PromqlSelector { OneMetric: { } metric } when IsCounterName(metric) => metric,
            PromqlAggregation { Operator: "sum" or "avg" or "max" or "min", Inner: var inner } => BareCounter(inner),
            _ => null,
        };

    internal static bool IsRate(string function) => function is "rate" or "irate" or "increase";

    private static bool IsCounterName(string metric) =>
        metric.EndsWith("_total", StringComparison.Ordinal) || metric.EndsWith("_bucket", StringComparison.Ordinal);

    private static bool IsGaugeName(string metric) => metric is "up" || GaugeName().IsMatch(metric);

    private static IEnumerable<LintFinding> Matching(Place at, PromqlExpression expression, PromqlLabelTable labels)
    {
        foreach (var binary in expression.All().OfType<PromqlBinary>().Where(binary => binary.IsBetweenVectors && binary.Operator != "or"))
        {
            var (left, right, matching) = (labels.Of(binary.Left), labels.Of(binary.Right), binary.Matching);
            if (matching.IsOn)
            {
                foreach (var label in matching.Labels.Where(label => left.Can(label) != right.Can(label)))
                {
                    yield return at.Expression(
                        LintChecks.Matching,
                        LintSeverity.Error,
                        binary.OperatorStart,
                        $"{binary.Operator} on ({label}): the {(left.Can(label) ? "right" : "left")} side never has the label {label}"
                    );
                }
                continue;
            }
            if (!left.IsOpen && !right.IsOpen)
            {
                var (one, other) = (left.Names.Except(matching.Labels), right.Names.Except(matching.Labels));
                if (one.Count != other.Count || !one.All(other.Contains))
                {
                    yield return at.Expression(
                        LintChecks.Matching,
                        LintSeverity.Error,
                        binary.OperatorStart,
                        $"{binary.Operator}: the left side has the labels ({Listed(one)}), the right side ({Listed(other)}); "
                            + "say on (...) by which they meet"
                    );
                }
            }
            else if (left.IsOpen != right.IsOpen && matching.Labels.Count == 0)
            {
                yield return at.Expression(
                    LintChecks.Matching,
                    LintSeverity.Warning,
                    binary.OperatorStart,
                    $"{binary.Operator}: one side is aggregated and the other is not; "
                        + "they meet only where the other has no further labels. Say on (...)"
                );
            }
            else if (IsWithout(binary.Left) != IsWithout(binary.Right))
            {
                yield return at.Expression(
                    LintChecks.Fragile,
                    LintSeverity.Warning,
                    binary.OperatorStart,
                    $"{binary.Operator}: only one side is aggregated 'without'; say on (...) by which they meet"
                );
            }
        }
        if (!at.Rule.Content.IsAlert)
            yield break;
        foreach (var aggregation in expression.All().OfType<PromqlAggregation>().Where(aggregation => aggregation.KeepsSeries))
        {
            yield return at.Expression(LintChecks.Sampled, LintSeverity.Warning, aggregation.Start, $"{aggregation.Operator} in an alert");
        }

        static string Listed(IEnumerable<string> labels) => string.Join(", ", labels.Order(StringComparer.Ordinal));
    }

    private static bool IsWithout(PromqlExpression expression) => expression.Bare() is PromqlAggregation { IsWithout: true };

    private static IEnumerable<LintFinding> Histograms(Place at, PromqlExpression expression, PromqlLabelTable labels)
    {
        foreach (var call in expression.All().OfType<PromqlCall>().Where(call => call.Function.Name == "histogram_quantile"))
        {
            if (call.Arguments[0].Bare() is PromqlNumber { Value: var quantile } && quantile is < 0 or > 1)
            {
                yield return at.Expression(
                    LintChecks.Histogram,
                    LintSeverity.Error,
                    call.Start,
                    $"the quantile {GoText.Plain(quantile)} is outside 0 to 1"
                );
            }
            var isClassic = call.Arguments[1]
                .All()
                .OfType<PromqlSelector>()
                .Any(selector => selector.OneMetric?.EndsWith("_bucket", StringComparison.Ordinal) == true);
            if (isClassic && !labels.Of(call.Arguments[1]).Can("le"))
            {
                yield return at.Expression(
                    LintChecks.Histogram,
                    LintSeverity.Error,
                    call.Start,
                    "the buckets have lost their label le; add it to by (...)"
                );
            }
            if (
                call.Arguments[1].Bare() is PromqlSelector { OneMetric: { } metric }
                && metric.EndsWith("_bucket", StringComparison.Ordinal)
            )
            {
                yield return at.Expression(
                    LintChecks.Histogram,
                    LintSeverity.Warning,
                    call.Start,
                    $"the quantile of {metric} since its process started; take rate({metric}[5m])"
                );
            }
        }
    }

    private static IEnumerable<LintFinding> Matchers(Place at, PromqlExpression expression)
    {
        var selectors = expression.All().Select(node => node is PromqlRange range ? range.Selector : node).OfType<PromqlSelector>();
        foreach (var selector in selectors.Distinct())
        {
            if (selector.Shift.AtEnd is { } end)
            {
                yield return at.Expression(LintChecks.Ends, LintSeverity.Warning, selector.Start, $"@ {end}() in a rule");
            }
            foreach (var matcher in selector.Matchers.Where(matcher => matcher.Match is PromqlMatch.Regex or PromqlMatch.NotRegex))
            {
                if (
                    matcher.Value.StartsWith('^')
                    || (matcher.Value.EndsWith('$') && !matcher.Value.EndsWith(@"\$", StringComparison.Ordinal))
                )
                {
                    yield return at.Expression(
                        LintChecks.Regex,
                        LintSeverity.Info,
                        selector.Start,
                        $"{matcher}: matchers are anchored anyway"
                    );
                }
                else if (matcher.Value.Length > 0 && !matcher.Value.Any(one => @"\.+*?()|[]{}^$".Contains(one, StringComparison.Ordinal)))
                {
                    yield return at.Expression(
                        LintChecks.Regex,
                        LintSeverity.Info,
                        selector.Start,
                        $"{matcher} is a plain text; {(matcher.Match == PromqlMatch.Regex ? "=" : "!=")} says the same"
                    );
                }
            }
        }
    }

    private static IEnumerable<LintFinding> Labels(Place at, Version? server)
    {
        var reserved = at.Rule.Content.IsAlert ? (string[])["alertname", "alertstate"] : [];
        foreach (var name in at.Rule.AllLabels.Keys)
        {
            if (reserved.Contains(name))
            {
                yield return at.Entry(
                    LintChecks.ReservedLabel,
                    LintSeverity.Warning,
                    "labels",
                    name,
                    $"the label {name} is Prometheus' own"
                );
            }
            if (!PromqlNames.IsPlainLabel(name) && Older(server, new Version(3, 0)))
            {
                yield return at.Entry(
                    LintChecks.Requirement,
                    LintSeverity.Error,
                    "labels",
                    name,
                    $"a label called {GoText.Quote(name)} is known since Prometheus 3.0; the server is {server}"
                );
            }
        }
    }

    private static IEnumerable<LintFinding> Record(Place at)
    {
        if (!at.Rule.Content.Name.Contains(':', StringComparison.Ordinal))
        {
            yield return at.Field(
                LintChecks.RecordName,
                LintSeverity.Info,
                "record",
                $"{at.Rule.Content.Name} is not named level:metric:operation"
            );
        }
    }

    private static IEnumerable<LintFinding> Alert(Place at, PromqlExpression expression, PromqlLabelTable labels) =>
        Fires(at, expression).Concat(Durations(at)).Concat(Words(at)).Concat(Templates(at, labels.Of(expression)));

    private static IEnumerable<LintFinding> Fires(Place at, PromqlExpression expression)
    {
        if (!expression.All().OfType<PromqlSelector>().Any())
        {
            // Meant to be on: a heartbeat whose absence is told of elsewhere.
            yield return at.Field(
                LintChecks.Comparison,
                LintSeverity.Info,
                "expr",
                "the expression looks at no series: it fires by the clock alone"
            );
        }
        else if (!Decides(expression))
        {
            yield return at.Field(
                LintChecks.Comparison,
                LintSeverity.Error,
                "expr",
                "the expression has no comparison: it fires as long as there are series"
            );
        }
        else if (expression.Bare() is PromqlBinary { IsComparison: true, IsBool: true })
        {
            yield return at.Field(LintChecks.Comparison, LintSeverity.Error, "expr", "the comparison is 'bool': 0 fires as well as 1");
        }
    }

    /// <summary>Whether an expression can be empty by what it says, rather than for want of series.</summary>
    private static bool Decides(PromqlExpression expression) =>
        expression.Bare() switch
        {
            PromqlBinary chain => chain.Fold(
                Decides,
                (left, binary) =>
                    binary switch
                    {
                        { IsComparison: true } or { Operator: "and" or "unless" } => true,
                        { Operator: "or" } => left && Decides(binary.Right),
                        _ => (binary.Left.Type == PromqlType.Vector && left)
                            || (binary.Right.Type == PromqlType.Vector && Decides(binary.Right)),
                    }
            ),
            PromqlCall { Function.Name: "absent" or "absent_over_time" } => true,
            PromqlCall { Arguments: var arguments } => arguments.Any(argument =>
                argument.Type is PromqlType.Vector or PromqlType.Matrix && Decides(argument)
            ),
            PromqlSubquery { Inner: var inner } => Decides(inner),
            PromqlAggregation { Inner: var inner } => Decides(inner),
            PromqlUnary { Inner: var inner } => Decides(inner),
            // The alerts of another rule are there only while they are.
            PromqlSelector { OneMetric: "ALERTS" } => true,
            _ => false,
        };

    private static IEnumerable<LintFinding> Durations(Place at)
    {
        var (pendingPeriod, keep) = (at.Rule.Content.For, at.Rule.Content.KeepFiringFor);
        if (at.Rule.Group.Content.Interval is { } interval)
        {
            if (pendingPeriod > TimeSpan.Zero && pendingPeriod < interval)
            {
                yield return at.Field(
                    LintChecks.For,
                    LintSeverity.Warning,
                    "for",
                    $"for {Text(pendingPeriod)} is shorter than the group's interval of {Text(interval)}: it comes to {Text(interval)}"
                );
            }
            if (keep > TimeSpan.Zero && keep <= interval)
            {
                yield return at.Field(
                    LintChecks.For,
                    LintSeverity.Warning,
                    "keep_firing_for",
                    $"keep_firing_for {Text(keep)} is no longer than the group's interval of {Text(interval)}: it does next to nothing"
                );
            }
            if (pendingPeriod > interval && pendingPeriod.Ticks % interval.Ticks != 0)
            {
                var rounded = TimeSpan.FromTicks(((pendingPeriod.Ticks / interval.Ticks) + 1) * interval.Ticks);
                yield return at.Field(
                    LintChecks.For,
                    LintSeverity.Info,
                    "for",
                    $"for {Text(pendingPeriod)} is no multiple of the group's interval of {Text(interval)}: it comes to {Text(rounded)}"
                );
            }
        }
        if (pendingPeriod > LongestFor)
        {
            yield return at.Field(
                LintChecks.For,
                LintSeverity.Warning,
                "for",
                $"for {Text(pendingPeriod)}: a restart or one gap in more than a day starts it anew"
            );
        }
        if (pendingPeriod == TimeSpan.Zero)
        {
            yield return at.Field(LintChecks.For, LintSeverity.Info, "for", "without 'for' a single odd sample notifies");
        }

        static string Text(TimeSpan length) => PrometheusDuration.Format(length);
    }

    private static IEnumerable<LintFinding> Words(Place at)
    {
        var (labels, annotations) = (at.Rule.AllLabels, at.Rule.Content.Annotations);
        if (!labels.TryGetValue("severity", out var severity))
        {
            yield return at.Field(LintChecks.Severity, LintSeverity.Warning, "labels", "no label severity");
        }
        else if (!severity.Contains("{{", StringComparison.Ordinal) && !Severities.Contains(severity))
        {
            var near = Severities.FirstOrDefault(one => one.Equals(severity, StringComparison.OrdinalIgnoreCase));
            yield return at.Entry(
                LintChecks.Severity,
                near is null ? LintSeverity.Info : LintSeverity.Warning,
                "labels",
                "severity",
                $"the severity {GoText.Quote(severity)} is none of critical, warning and info"
            ) with
            {
                Fix =
                    near is null || !at.Rule.Content.Labels.ContainsKey("severity")
                        ? null
                        : at.Rule.Content with
                        {
                            Labels = at.Rule.Content.Labels.ToDictionary(one => one.Key, one => one.Key == "severity" ? near : one.Value),
                        },
            };
        }
        if (Blank("summary"))
            yield return at.Field(LintChecks.Summary, LintSeverity.Warning, "annotations", "no annotation summary");
        if (Blank("description"))
            yield return at.Field(LintChecks.Summary, LintSeverity.Info, "annotations", "no annotation description");
        if (Blank("runbook_url") && Blank("runbook"))
        {
            yield return at.Field(LintChecks.Runbook, LintSeverity.Info, "annotations", "neither an annotation runbook nor runbook_url");
        }
        if (
            annotations.TryGetValue("runbook_url", out var link)
            && link.Length > 0
            && !link.Contains("{{", StringComparison.Ordinal)
            && !(Uri.TryCreate(link, UriKind.Absolute, out var address) && address.Scheme is "http" or "https")
        )
        {
            yield return at.Entry(
                LintChecks.RunbookLink,
                LintSeverity.Warning,
                "annotations",
                "runbook_url",
                $"{GoText.Quote(link)} is no address"
            );
        }

        bool Blank(string name) => string.IsNullOrWhiteSpace(annotations.GetValueOrDefault(name));
    }

    /// <param name="possible">Labels of the expression; null where they cannot be known.</param>
    private static IEnumerable<LintFinding> Templates(Place at, PromqlLabels? possible)
    {
        var texts = at
            .Rule.Content.Labels.Select(one => ("labels", one.Key, one.Value))
            .Concat(at.Rule.Content.Annotations.Select(one => ("annotations", one.Key, one.Value)));
        foreach (var (field, name, text) in texts)
        {
            if (!text.Contains("{{", StringComparison.Ordinal))
            {
                if (text.Contains("$labels", StringComparison.Ordinal) || text.Contains("$value", StringComparison.Ordinal))
                {
                    yield return at.Entry(
                        LintChecks.Template,
                        LintSeverity.Warning,
                        field,
                        name,
                        $"{name} names $labels or $value outside of {{{{ }}}}: it is sent unchanged"
                    );
                }
                continue;
            }
            if (AlertTemplate.Parse(text, out var error) is not { } template)
            {
                yield return at.Entry(LintChecks.NotChecked, LintSeverity.Warning, field, name, $"{name} not checked: {error}");
                continue;
            }
            if (!template.Functions.Contains("query") && Failure(template, possible, text) is { } failure)
            {
                yield return failure.Limit is null
                    ? at.Entry(LintChecks.Template, LintSeverity.Error, field, name, $"{name} cannot be expanded: {failure.Message}")
                    : at.Entry(LintChecks.NotChecked, LintSeverity.Warning, field, name, $"{name} not checked: {failure.Message}");
            }
            // With other queries in it, .Labels may be those of another sample.
            var named = template.Functions.Contains("query") ? OwnLabel().Matches(text) : LabelOf().Matches(text);
            foreach (var label in named.Select(match => match.Groups[1].Success ? match.Groups[1].Value : match.Groups[2].Value).Distinct())
            {
                if (possible?.Can(label) == false)
                {
                    yield return at.Entry(
                        LintChecks.TemplateLabel,
                        LintSeverity.Warning,
                        field,
                        name,
                        $"{name} uses the label {label}, which the expression never has"
                    );
                }
            }
            if (
                field == "labels"
                && (
                    text.Contains("$value", StringComparison.Ordinal)
                    || text.Contains(".Value", StringComparison.Ordinal)
                    || template.Functions.Contains("now")
                )
            )
            {
                yield return at.Entry(
                    LintChecks.UnstableLabel,
                    LintSeverity.Warning,
                    field,
                    name,
                    $"the label {name} changes with the value; put it into an annotation"
                );
            }
        }
    }

    /// <summary>Why a template fails with a sample such as the expression can yield; null when it does not.</summary>
    private static AlertTemplateException? Failure(AlertTemplate template, PromqlLabels? possible, string text)
    {
        var named = LabelOf().Matches(text).Select(match => match.Groups[1].Success ? match.Groups[1].Value : match.Groups[2].Value);
        var labels = named
            .Distinct()
            .Where(label => possible?.Can(label) != false)
            .ToDictionary(label => label, label => $"{label}-value", StringComparer.Ordinal);
        try
        {
            template.Expand(new AlertTemplateData(labels, 0.5, DateTimeOffset.UnixEpoch));
            return null;
        }
        catch (AlertTemplateException failure)
        {
            return failure;
        }
    }

    private static IEnumerable<LintFinding> Duplicates(IReadOnlyList<NamedRuleFile> files)
    {
        var all = files.SelectMany(file => file.File.Rules.Select(rule => (File: file, Rule: rule))).ToList();
        if (all.Count < 2)
            yield break;
        var printed = new Dictionary<string, string>(StringComparer.Ordinal);
        var sameName = all.GroupBy(one =>
            (one.Rule.Content.IsAlert, one.Rule.Content.Name, Labels: Key(one.Rule), one.Rule.Content.IsAlert ? Canonical(one.Rule) : "")
        );
        foreach (var same in sameName.Where(same => same.Count() > 1))
        {
            var first = same.First();
            foreach (var (file, rule) in same.Skip(1))
            {
                yield return new Place(file.Name, rule).Field(
                    LintChecks.Duplicate,
                    rule.Content.IsAlert ? LintSeverity.Warning : LintSeverity.Error,
                    rule.Content.IsAlert ? "alert" : "record",
                    $"{rule.Content.Name} with the same labels {(rule.Content.IsAlert ? "and expression " : "")}is already in "
                        + $"{first.File.Name}, line {first.Rule.Line}"
                );
            }
        }
        var sameCondition = all.Where(one => one.Rule.Content.IsAlert)
            .GroupBy(one => (Canonical(one.Rule), one.Rule.Content.For, Key(one.Rule)));
        foreach (var same in sameCondition.Where(same => same.Select(one => one.Rule.Content.Name).Distinct().Count() > 1))
        {
            var first = same.First();
            foreach (var (file, rule) in same.Where(one => one.Rule.Content.Name != first.Rule.Content.Name))
            {
                yield return new Place(file.Name, rule).Field(
                    LintChecks.Duplicate,
                    LintSeverity.Info,
                    "expr",
                    $"the same expression, for and labels as {first.Rule.Content.Name} in {first.File.Name}, line {first.Rule.Line}"
                );
            }
        }

        string Canonical(FileRule rule)
        {
            if (!printed.TryGetValue(rule.Content.Expression, out var text))
                printed[rule.Content.Expression] = text = PromqlParser.Canonical(rule.Content.Expression);
            return text;
        }

        static string Key(FileRule rule)
        {
            var labels = rule.AllLabels.OrderBy(label => label.Key, StringComparer.Ordinal);
            return string.Join(',', labels.Select(label => $"{label.Key}={GoText.Quote(label.Value)}"));
        }
    }

    [GeneratedRegex(
        @"(?:\$labels|\.Labels)\.([A-Za-z_][A-Za-z0-9_]*)|index\s+(?:\$labels|\.Labels)\s+""([^""]+)""",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex LabelOf();

    [GeneratedRegex(@"\$labels\.([A-Za-z_][A-Za-z0-9_]*)", RegexOptions.CultureInvariant)]
    private static partial Regex OwnLabel();

    [GeneratedRegex(
        "_(bytes|ratio|celsius|percent|usage|available|free|size|info|timestamp_seconds|time_seconds|status|state|healthy|ready)$",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex GaugeName();
}

/// <summary>Where a finding is.</summary>
internal readonly record struct Place(string File, FileRule Rule)
{
    public LintFinding Field(LintCheck check, LintSeverity severity, string field, string message) =>
        At(check, severity, Rule.LineOf(field), message);

    public LintFinding Entry(LintCheck check, LintSeverity severity, string field, string entry, string message) =>
        At(check, severity, Rule.LineOf(field, entry), message);

    /// <param name="start">Character of the expression.</param>
    public LintFinding Expression(LintCheck check, LintSeverity severity, int start, string message)
    {
        var before = Rule.Content.Expression.AsSpan(0, Math.Min(start, Rule.Content.Expression.Length));
        return At(check, severity, Rule.LineOfExpression(before.Count('\n') + 1), message);
    }

    private LintFinding At(LintCheck check, LintSeverity severity, int line, string message) =>
        new(check, severity, File, line, Rule.Group.Content.Name, Rule.Content.Name, message);
}

/// <summary>The comments of a file by which findings are accepted.</summary>
internal sealed partial class LintAcceptance
{
    private readonly List<(string Check, string Reason, int FirstLine, int LastLine)> accepted = [];

    public static LintAcceptance Of(RuleFile file)
    {
        var acceptance = new LintAcceptance();
        if (!file.Text.Contains("archon-accept", StringComparison.Ordinal))
            return acceptance;
        var lines = file.Text.Split('\n');
        var starts = Starts(file, lines);
        for (var i = 0; i < lines.Length; i++)
        {
            if (Comment().Match(lines[i].TrimEnd('\r')) is not { Success: true } match)
                continue;
            var (first, last) = match.Groups["file"].Success ? (0, int.MaxValue) : Rule(starts, lines, i + 1);
            acceptance.accepted.Add((match.Groups["check"].Value, match.Groups["reason"].Value.Trim(), first, last));
        }
        return acceptance;
    }

    public string? Reason(LintFinding finding)
    {
        foreach (var (check, reason, first, last) in accepted)
        {
            if (check == finding.Check.Id && finding.Line >= first && finding.Line <= last)
                return reason;
        }
        return null;
    }

    /// <summary>The lines on which the rules of a file begin, in rising order, and one beyond all.</summary>
    private static List<int> Starts(RuleFile file, string[] lines)
    {
        var feeds = new List<int>(lines.Length);
        for (var at = file.Text.IndexOf('\n', StringComparison.Ordinal); at >= 0; at = file.Text.IndexOf('\n', at + 1))
            feeds.Add(at);
        return [.. file.Rules.Select(rule => Line(YamlLayout.DashOrStart(file.Text, rule.Item.Start))).Order(), int.MaxValue];

        int Line(int place) => (feeds.BinarySearch(place) is >= 0 and var at ? at : ~feeds.BinarySearch(place)) + 1;
    }

    /// <summary>Lines of the rule that a comment stands in, or of the one it stands above.</summary>
    private static (int First, int Last) Rule(List<int> starts, string[] lines, int line)
    {
        var next = starts.BinarySearch(line + 1);
        if (next < 0)
            next = ~next;
        while (next > 0 && starts[next - 1] > line)
            next--;
        // Above: nothing but comments between here and the next rule.
        if (starts[next] != int.MaxValue && IsComment(line - 1) && Enumerable.Range(line, starts[next] - 1 - line).All(IsComment))
        {
            return (starts[next], next + 1 < starts.Count ? starts[next + 1] - 1 : int.MaxValue);
        }
        return (next > 0 ? starts[next - 1] : 0, starts[next] == int.MaxValue ? int.MaxValue : starts[next] - 1);

        bool IsComment(int at) => lines[at].AsSpan().TrimStart().StartsWith('#');
    }

    [GeneratedRegex(@"#\s*archon-accept(?<file>-file)?:\s*(?<check>[a-z-]+)\s*:\s*(?<reason>\S.*)$", RegexOptions.CultureInvariant)]
    private static partial Regex Comment();
}
