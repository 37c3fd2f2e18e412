namespace Archon.ConfigFiles.Rules.Lint;

/// <summary>A label that Prometheus writes itself.</summary>
internal static class ReservedLabelCheck
{
    public static IEnumerable<LintFinding> Find(LintedRule rule, string label)
    {
        if (!rule.Content.IsAlert || label is not ("alertname" or "alertstate"))
            yield break;
        yield return rule.AtEntry(LintChecks.ReservedLabel, LintSeverity.Warning, "labels", label, $"the label {label} is Prometheus' own");
    }
}
