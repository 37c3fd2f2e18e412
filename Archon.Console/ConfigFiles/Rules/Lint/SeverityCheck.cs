using Archon.Analysis.AlertTemplates;

namespace Archon.ConfigFiles.Rules.Lint;

/// <summary>The label by which alerts are routed and clocked.</summary>
internal static class SeverityCheck
{
    private static readonly string[] Severities = ["critical", "warning", "info"];

    public static IEnumerable<LintFinding> Find(LintedRule rule)
    {
        if (!rule.Rule.AllLabels.TryGetValue("severity", out var severity))
        {
            yield return rule.AtField(LintChecks.Severity, LintSeverity.Warning, "labels", "no label severity");
            yield break;
        }
        if (severity.Contains("{{", StringComparison.Ordinal) || Severities.Contains(severity))
            yield break;
        var near = Severities.FirstOrDefault(one => one.Equals(severity, StringComparison.OrdinalIgnoreCase));
        yield return rule.AtEntry(
            LintChecks.Severity,
            near is null ? LintSeverity.Info : LintSeverity.Warning,
            "labels",
            "severity",
            $"the severity {GoText.Quote(severity)} is none of critical, warning and info"
        ) with
        {
            Fix =
                near is null || !rule.Content.Labels.ContainsKey("severity")
                    ? null
                    : rule.Content with
                    {
                        Labels = rule.Content.Labels.ToDictionary(one => one.Key, one => one.Key == "severity" ? near : one.Value),
                    },
        };
    }
}
