using Archon.Analysis.Promql;

namespace Archon.ConfigFiles.Rules.Lint;

/// <summary>Two sides of an operator whose series can never have the same labels.</summary>
internal static class VectorMatchingCheck
{
    public static IEnumerable<LintFinding> Find(LintedRule rule, PromqlBinary binary)
    {
        if (!Matches(binary))
            yield break;
        var (left, right, matching) = (rule.Labels.Of(binary.Left), rule.Labels.Of(binary.Right), binary.Matching);
        if (matching.IsOn)
        {
            foreach (var label in matching.Labels.Where(label => left.Can(label) != right.Can(label)))
            {
                yield return Of(
                    LintSeverity.Error,
                    $"{binary.Operator} on ({label}): the {(left.Can(label) ? "right" : "left")} side never has the label {label}"
                );
            }
        }
        else if (!left.IsOpen && !right.IsOpen)
        {
            var (one, other) = (left.Names.Except(matching.Labels), right.Names.Except(matching.Labels));
            if (one.Count != other.Count || !one.All(other.Contains))
            {
                yield return Of(
                    LintSeverity.Error,
                    $"{binary.Operator}: the left side has the labels ({Listed(one)}), the right side ({Listed(other)}); "
                        + "say on (...) by which they meet"
                );
            }
        }
        else if (IsOneSided(left, right, matching))
        {
            yield return Of(
                LintSeverity.Warning,
                $"{binary.Operator}: one side is aggregated and the other is not; "
                    + "they meet only where the other has no further labels. Say on (...)"
            );
        }

        LintFinding Of(LintSeverity severity, string message) =>
            rule.AtCharacter(LintChecks.Matching, severity, binary.OperatorStart, message);

        static string Listed(IEnumerable<string> labels) => string.Join(", ", labels.Order(StringComparer.Ordinal));
    }

    /// <summary>Whether a part of an expression finds series of one side by those of the other.</summary>
    public static bool Matches(PromqlBinary binary) => binary is { IsBetweenVectors: true, Operator: not "or" };

    /// <summary>Whether the labels of only one side are known, and nothing says by which the sides meet.</summary>
    public static bool IsOneSided(PromqlLabels left, PromqlLabels right, PromqlMatching matching) =>
        left.IsOpen != right.IsOpen && matching.Labels.Count == 0;
}
