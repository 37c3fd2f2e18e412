using Archon.Analysis.Promql;

namespace Archon.ConfigFiles.Rules.Lint;

/// <summary>A metric that is a counter by its name, treated like a gauge.</summary>
internal static class CounterAsGaugeCheck
{
    public static IEnumerable<LintFinding> FindInCall(LintedRule rule, PromqlCall call)
    {
        if (
            !MetricNames.IsDelta(call.Function.Name)
            || call.Arguments[0].Bare() is not PromqlRange { Selector.OneMetric: { } metric }
            || !MetricNames.IsCounter(metric)
        )
        {
            yield break;
        }
        yield return rule.AtCharacter(
            LintChecks.CounterAsGauge,
            LintSeverity.Warning,
            call.Start,
            $"{call.Function.Name} of {metric}, which by its name is a counter: a restart looks like a fall"
        );
    }

    public static IEnumerable<LintFinding> FindInComparison(LintedRule rule, PromqlBinary binary)
    {
        if (!binary.IsComparison || BareCounter(binary.Left) is not { } counter || binary.Right.Type != PromqlType.Scalar)
            yield break;
        yield return rule.AtCharacter(
            LintChecks.CounterAsGauge,
            LintSeverity.Warning,
            binary.Left.Start,
            $"{counter} is a counter by its name; compare rate({counter}[5m]) or increase({counter}[1h])"
        );
    }

    /// <summary>The counter whose bare value an expression is.</summary>
    private static string? BareCounter(PromqlExpression expression) =>
        expression.Bare() switch
        {
            PromqlSelector { OneMetric: { } metric } when MetricNames.IsCounter(metric) => metric,
            PromqlAggregation { Operator: "sum" or "avg" or "max" or "min", Inner: var inner } => BareCounter(inner),
            _ => null,
        };
}
