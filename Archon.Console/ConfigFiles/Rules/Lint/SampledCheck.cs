using Archon.Analysis.Promql;

namespace Archon.ConfigFiles.Rules.Lint;

/// <summary>topk and its like in an alert.</summary>
internal static class SampledCheck
{
    public static IEnumerable<LintFinding> Find(LintedRule rule, PromqlAggregation aggregation)
    {
        if (rule.Content.IsAlert && aggregation.KeepsSeries)
        {
            yield return rule.AtCharacter(
                LintChecks.Sampled,
                LintSeverity.Warning,
                aggregation.Start,
                $"{aggregation.Operator} in an alert"
            );
        }
    }
}
