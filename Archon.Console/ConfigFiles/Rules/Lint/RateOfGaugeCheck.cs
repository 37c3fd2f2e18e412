using Archon.Analysis.Promql;

namespace Archon.ConfigFiles.Rules.Lint;

/// <summary>The rate of a metric that is a gauge by its name.</summary>
internal static class RateOfGaugeCheck
{
    public static IEnumerable<LintFinding> Find(LintedRule rule, PromqlCall call)
    {
        if (
            !MetricNames.IsRate(call.Function.Name)
            || call.Arguments[0].Bare() is not PromqlRange { Selector.OneMetric: { } metric }
            || !MetricNames.IsGauge(metric)
        )
        {
            yield break;
        }
        yield return rule.AtCharacter(
            LintChecks.RateOfGauge,
            LintSeverity.Warning,
            call.Start,
            $"{call.Function.Name} of {metric}, which by its name is a gauge; delta or deriv is for those"
        );
    }
}
