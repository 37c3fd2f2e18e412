using Archon.Analysis.Promql;

namespace Archon.ConfigFiles.Rules.Lint;

/// <summary><c>@ start()</c> or <c>@ end()</c> in a rule, which is evaluated at one moment.</summary>
internal static class QueryEndsCheck
{
    public static IEnumerable<LintFinding> Find(LintedRule rule, PromqlSelector selector)
    {
        if (selector.Shift.AtEnd is { } end)
            yield return rule.AtCharacter(LintChecks.Ends, LintSeverity.Warning, selector.Start, $"@ {end}() in a rule");
    }
}
