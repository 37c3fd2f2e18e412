namespace Archon.ConfigFiles.Rules.Lint;

/// <summary>An alert without a runbook.</summary>
internal static class RunbookCheck
{
    public static IEnumerable<LintFinding> Find(LintedRule rule)
    {
        if (!rule.HasNoAnnotation("runbook_url") || !rule.HasNoAnnotation("runbook"))
            yield break;
        yield return rule.AtField(LintChecks.Runbook, LintSeverity.Info, "annotations", "neither an annotation runbook nor runbook_url");
    }
}
