using Archon.Analysis.Promql;

namespace Archon.ConfigFiles.Rules.Lint;

/// <summary>irate in an alert: one odd scrape resets its <c>for</c>.</summary>
internal static class IrateCheck
{
    public static IEnumerable<LintFinding> Find(LintedRule rule, PromqlCall call)
    {
        if (rule.Content.IsAlert && call.Function.Name == "irate")
            yield return rule.AtCharacter(LintChecks.Irate, LintSeverity.Warning, call.Start, "irate in an alert; rate is steadier");
    }
}
