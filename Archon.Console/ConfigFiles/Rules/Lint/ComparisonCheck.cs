using Archon.Analysis.Promql;

namespace Archon.ConfigFiles.Rules.Lint;

/// <summary>An alert whose expression yields series whatever their value.</summary>
internal static class ComparisonCheck
{
    public static IEnumerable<LintFinding> Find(LintedRule rule, PromqlExpression expression)
    {
        if (!expression.All().OfType<PromqlSelector>().Any())
        {
            // Meant to be on: a heartbeat whose absence is reported elsewhere.
            yield return Of(LintSeverity.Info, "the expression looks at no series: it fires by the clock alone");
        }
        else if (!Decides(expression))
            yield return Of(LintSeverity.Error, "the expression has no comparison: it fires as long as there are series");
        else if (expression.Bare() is PromqlBinary { IsComparison: true, IsBool: true })
            yield return Of(LintSeverity.Error, "the comparison is 'bool': 0 fires as well as 1");

        LintFinding Of(LintSeverity severity, string message) => rule.AtField(LintChecks.Comparison, severity, "expr", message);
    }

    /// <summary>Whether an expression can be empty by what it says, rather than for want of series.</summary>
    private static bool Decides(PromqlExpression expression) =>
        expression.Bare() switch
        {
            PromqlBinary chain => chain.Fold(
                Decides,
                (left, binary) =>
                    binary switch
                    {
                        { IsComparison: true } or { Operator: "and" or "unless" } => true,
                        { Operator: "or" } => left && Decides(binary.Right),
                        _ => (binary.Left.Type == PromqlType.Vector && left)
                            || (binary.Right.Type == PromqlType.Vector && Decides(binary.Right)),
                    }
            ),
            PromqlCall { Function.Name: "absent" or "absent_over_time" } => true,
            PromqlCall { Arguments: var arguments } => arguments.Any(argument =>
                argument.Type is PromqlType.Vector or PromqlType.Matrix && Decides(argument)
            ),
            PromqlSubquery { Inner: var inner } => Decides(inner),
            PromqlAggregation { Inner: var inner } => Decides(inner),
            PromqlUnary { Inner: var inner } => Decides(inner),
            // The alerts of another rule are there only while they are.
            PromqlSelector { OneMetric: "ALERTS" } => true,
            _ => false,
        };
}
