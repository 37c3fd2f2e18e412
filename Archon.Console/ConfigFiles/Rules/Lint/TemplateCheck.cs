namespace Archon.ConfigFiles.Rules.Lint;

/// <summary>A template that cannot be expanded, or a text that was meant to be one.</summary>
internal static class TemplateCheck
{
    public static IEnumerable<LintFinding> Find(LintedRule rule, TemplateText text)
    {
        if (text.IsPlain)
        {
            if (text.Text.Contains("$labels", StringComparison.Ordinal) || text.Text.Contains("$value", StringComparison.Ordinal))
            {
                yield return Of(
                    LintChecks.Template,
                    LintSeverity.Warning,
                    $"{text.Name} names $labels or $value outside of {{{{ }}}}: it is sent unchanged"
                );
            }
        }
        else if (text.Unread is { } reason)
            yield return Of(LintChecks.NotChecked, LintSeverity.Warning, $"{text.Name} not checked: {reason}");
        else if (!text.Queries && text.Failure() is { } failure)
        {
            yield return failure.Limit is null
                ? Of(LintChecks.Template, LintSeverity.Error, $"{text.Name} cannot be expanded: {failure.Message}")
                : Of(LintChecks.NotChecked, LintSeverity.Warning, $"{text.Name} not checked: {failure.Message}");
        }

        LintFinding Of(LintCheck check, LintSeverity severity, string message) =>
            rule.AtEntry(check, severity, text.Field, text.Name, message);
    }
}
