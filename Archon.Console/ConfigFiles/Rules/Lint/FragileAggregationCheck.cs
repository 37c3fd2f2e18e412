using Archon.Analysis.Promql;

namespace Archon.ConfigFiles.Rules.Lint;

/// <summary>Only one side of an operator aggregated <c>without</c>: a new label on it, and the sides no longer meet.</summary>
internal static class FragileAggregationCheck
{
    /// <summary>Whether one side of it is an aggregation without some labels, and the other is not.</summary>
    public static bool Concerns(PromqlBinary binary) =>
        VectorMatchingCheck.Matches(binary) && !binary.Matching.IsOn && IsWithout(binary.Left) != IsWithout(binary.Right);

    public static IEnumerable<LintFinding> Find(LintedRule rule, PromqlBinary binary)
    {
        if (!Concerns(binary))
            yield break;
        var (left, right) = (rule.Labels.Of(binary.Left), rule.Labels.Of(binary.Right));
        // Of sides whose labels are all known, and of those where only one is aggregated, the check of matching has said more.
        if ((!left.IsOpen && !right.IsOpen) || VectorMatchingCheck.IsOneSided(left, right, binary.Matching))
            yield break;
        yield return rule.AtCharacter(
            LintChecks.Fragile,
            LintSeverity.Warning,
            binary.OperatorStart,
            $"{binary.Operator}: only one side is aggregated 'without'; say on (...) by which they meet"
        );
    }

    private static bool IsWithout(PromqlExpression expression) => expression.Bare() is PromqlAggregation { IsWithout: true };
}
