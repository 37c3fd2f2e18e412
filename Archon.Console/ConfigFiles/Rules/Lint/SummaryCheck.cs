namespace Archon.ConfigFiles.Rules.Lint;

/// <summary>An alert without a summary or a description.</summary>
internal static class SummaryCheck
{
    public static IEnumerable<LintFinding> Find(LintedRule rule)
    {
        if (rule.HasNoAnnotation("summary"))
            yield return rule.AtField(LintChecks.Summary, LintSeverity.Warning, "annotations", "no annotation summary");
        if (rule.HasNoAnnotation("description"))
            yield return rule.AtField(LintChecks.Summary, LintSeverity.Info, "annotations", "no annotation description");
    }
}
