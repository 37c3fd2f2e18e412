using Archon.Analysis;
using Archon.Analysis.Promql;
using Archon.ConfigFiles.Yaml;
using Archon.Data.Rules;

namespace Archon.ConfigFiles.Rules.Lint;

/// <summary>Finds faults of rules that show without asking a server: runs the checks, in order, and marks what is accepted.</summary>
/// <remarks>
/// A finding is accepted by a comment in the file, on a line of the rule or right above it:
/// <c># archon-accept: rate-window: scraped every second</c>. With <c>archon-accept-file</c> it holds for the whole file.
/// Without a reason it does not count.
/// </remarks>
public static class RuleLinter
{
    // Checks of one row look at each part of the expression together, so that their findings follow the text. Each group of rows is cut
    // off on its own when it finds too much.
    private static readonly NodeCheck[][][] NodeChecks =
    [
        [
            [
                On<PromqlCall>(RateWindowCheck.Find),
                On<PromqlCall>(RateAfterSumCheck.Find),
                On<PromqlCall>(RateOfGaugeCheck.Find),
                On<PromqlCall>(IrateCheck.Find),
            ],
            [On<PromqlCall>(CounterAsGaugeCheck.FindInCall)],
            [On<PromqlBinary>(CounterAsGaugeCheck.FindInComparison, binary => binary.IsComparison)],
        ],
        [
            [On<PromqlBinary>(VectorMatchingCheck.Find), On<PromqlBinary>(FragileAggregationCheck.Find, FragileAggregationCheck.Concerns)],
            [On<PromqlAggregation>(SampledCheck.Find)],
        ],
        [
            [On<PromqlCall>(HistogramCheck.Find)],
        ],
    ];

    /// <param name="files">All that belong together: duplicates are looked for across them.</param>
    /// <param name="server">What the server is; null where that is not known.</param>
    public static IReadOnlyList<LintFinding> Lint(IReadOnlyList<NamedRuleFile> files, Version? server = null)
    {
        var findings = new List<LintFinding>();
        foreach (var file in files)
        {
            // What a version of Prometheus knows says nothing of another server.
            var version = file.File.Language == RuleLanguage.Promql ? server : null;
            findings.AddRange(FileFormCheck.Find(file));
            findings.AddRange(NotPromqlCheck.Find(file));
            foreach (var group in file.File.Groups)
                findings.AddRange(RequirementCheck.FindInGroup(file, group, version));
            foreach (var rule in file.File.Rules)
                findings.AddRange(OfRule(new LintedRule(file.Name, rule, version), file.File.Language));
        }
        findings.AddRange(DuplicateCheck.Find(files));
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

    private static IEnumerable<LintFinding> OfRule(LintedRule rule, RuleLanguage language)
    {
        if (language != RuleLanguage.Promql)
            return OfFields(rule).Concat(OfKind(rule, null));
        if (PromqlParser.Parse(rule.Content.Expression, out var error) is not { } expression)
        {
            var unread = rule.AtField(LintChecks.NotChecked, LintSeverity.Warning, "expr", $"not checked: {error!.Message}");
            return OfFields(rule).Prepend(unread).Concat(OfKind(rule, null));
        }
        IEnumerable<LintFinding> required = RequirementCheck.FindInExpression(rule, expression);
        var groups = NodeChecks
            .Select(rows => rows.SelectMany(row => OfNodes(rule, expression, row)))
            .Prepend(required)
            .Append(OfSelectors(rule, expression))
            .Append(OfFields(rule))
            .Append(OfKind(rule, expression));
        return groups.SelectMany(group => First(rule, group));
    }

    /// <param name="concerns">Null for each part of the kind.</param>
    private static NodeCheck On<T>(Func<LintedRule, T, IEnumerable<LintFinding>> find, Func<T, bool>? concerns = null)
        where T : PromqlExpression =>
        new(node => node is T part && (concerns is null || concerns(part)), (rule, node) => find(rule, (T)node));

    // By loops: for a chain of thousands of operators each step of a query over sequences would take memory at each part.
    private static IEnumerable<LintFinding> OfNodes(LintedRule rule, PromqlExpression expression, NodeCheck[] checks)
    {
        foreach (var node in expression.All())
        {
            foreach (var check in checks)
            {
                if (!check.Concerns(node))
                    continue;
                foreach (var finding in check.Find(rule, node))
                    yield return finding;
            }
        }
    }

    private static IEnumerable<LintFinding> OfSelectors(LintedRule rule, PromqlExpression expression)
    {
        var selectors = expression.All().Select(node => node is PromqlRange range ? range.Selector : node).OfType<PromqlSelector>();
        return selectors.Distinct().SelectMany(selector => QueryEndsCheck.Find(rule, selector).Concat(RegexCheck.Find(rule, selector)));
    }

    private static IEnumerable<LintFinding> OfFields(LintedRule rule) =>
        rule.Rule.AllLabels.Keys.SelectMany(label =>
            ReservedLabelCheck.Find(rule, label).Concat(RequirementCheck.FindInLabel(rule, label))
        );

    /// <param name="expression">Null where it cannot be parsed here.</param>
    private static IEnumerable<LintFinding> OfKind(LintedRule rule, PromqlExpression? expression)
    {
        if (!rule.Content.IsAlert)
            return RecordNameCheck.Find(rule);
        return (expression is null ? [] : ComparisonCheck.Find(rule, expression))
            .Concat(ForCheck.Find(rule))
            .Concat(SeverityCheck.Find(rule))
            .Concat(SummaryCheck.Find(rule))
            .Concat(RunbookCheck.Find(rule))
            .Concat(RunbookLinkCheck.Find(rule))
            .Concat(OfTemplates(rule, expression is null ? null : rule.Labels.Of(expression)));
    }

    private static IEnumerable<LintFinding> OfTemplates(LintedRule rule, PromqlLabels? possible) =>
        TemplateText
            .Of(rule.Content, possible)
            .SelectMany(text =>
                TemplateCheck.Find(rule, text).Concat(TemplateLabelCheck.Find(rule, text)).Concat(UnstableLabelCheck.Find(rule, text))
            );

    /// <summary>A chain of thousands of operators has the same fault at each: the first of them say as much as all.</summary>
    private static IEnumerable<LintFinding> First(LintedRule rule, IEnumerable<LintFinding> findings)
    {
        var count = 0;
        foreach (var finding in findings)
        {
            if (++count > InputLimits.Findings.Most)
            {
                yield return rule.AtField(
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

    /// <summary>Looks at one part of an expression.</summary>
    /// <param name="Concerns">Whether it is a part that the check has something to say of.</param>
    private sealed record NodeCheck(
        Func<PromqlExpression, bool> Concerns,
        Func<LintedRule, PromqlExpression, IEnumerable<LintFinding>> Find
    );
}
