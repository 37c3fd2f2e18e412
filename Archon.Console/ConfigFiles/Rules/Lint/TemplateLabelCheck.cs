namespace Archon.ConfigFiles.Rules.Lint;

/// <summary>A label in a template that the expression never has.</summary>
internal static class TemplateLabelCheck
{
    public static IEnumerable<LintFinding> Find(LintedRule rule, TemplateText text)
    {
        if (text.Template is null || text.Possible is not { } possible)
            yield break;
        foreach (var label in text.NamedLabels().Where(label => !possible.Can(label)))
        {
            yield return rule.AtEntry(
                LintChecks.TemplateLabel,
                LintSeverity.Warning,
                text.Field,
                text.Name,
                $"{text.Name} uses the label {label}, which the expression never has"
            );
        }
    }
}
