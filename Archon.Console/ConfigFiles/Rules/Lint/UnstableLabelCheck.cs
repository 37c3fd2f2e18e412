namespace Archon.ConfigFiles.Rules.Lint;

/// <summary>A label that changes with the value, so that each value is another alert.</summary>
internal static class UnstableLabelCheck
{
    public static IEnumerable<LintFinding> Find(LintedRule rule, TemplateText text)
    {
        if (text.Template is not { } template || text.Field != "labels")
            yield break;
        if (
            text.Text.Contains("$value", StringComparison.Ordinal)
            || text.Text.Contains(".Value", StringComparison.Ordinal)
            || template.Functions.Contains("now")
        )
        {
            yield return rule.AtEntry(
                LintChecks.UnstableLabel,
                LintSeverity.Warning,
                text.Field,
                text.Name,
                $"the label {text.Name} changes with the value; put it into an annotation"
            );
        }
    }
}
