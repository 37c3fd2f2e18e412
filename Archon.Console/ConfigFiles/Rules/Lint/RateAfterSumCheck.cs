using Archon.Analysis.Promql;

namespace Archon.ConfigFiles.Rules.Lint;

/// <summary>The rate of a sum, in which a restart of one process looks like a fall of all.</summary>
internal static class RateAfterSumCheck
{
    public static IEnumerable<LintFinding> Find(LintedRule rule, PromqlCall call)
    {
        if (
            !MetricNames.IsRate(call.Function.Name)
            || call.Arguments[0].Bare() is not PromqlSubquery { Inner: var inner }
            || inner.Bare() is not PromqlAggregation { KeepsSeries: false, Operator: "sum" or "avg" or "max" or "min" } aggregation
        )
        {
            yield break;
        }
        yield return rule.AtCharacter(
            LintChecks.RateAfterSum,
            LintSeverity.Error,
            call.Start,
            $"{call.Function.Name} of {aggregation.Operator}: take {call.Function.Name} first, then {aggregation.Operator}"
        );
    }
}
