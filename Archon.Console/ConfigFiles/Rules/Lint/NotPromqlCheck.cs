using Archon.Data.Rules;

namespace Archon.ConfigFiles.Rules.Lint;

/// <summary>A file in another language than PromQL.</summary>
internal static class NotPromqlCheck
{
    public static IEnumerable<LintFinding> Find(NamedRuleFile file)
    {
        if (file.File.Language == RuleLanguage.Promql || !file.File.Rules.Any())
            yield break;
        yield return new LintFinding(
            LintChecks.NotPromql,
            LintSeverity.Info,
            file.Name,
            0,
            null,
            null,
            "PromQL checks do not apply to LogQL; the ruler itself judges the expression"
        );
    }
}
