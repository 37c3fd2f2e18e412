using System.Text.RegularExpressions;
using Archon.Analysis.Promql;

namespace Archon.Features.Services;

/// <summary>Cuts an expression down to series with given labels, as a person would: by matchers in its selectors.</summary>
/// <remarks>
/// It works on the parsed expression, so that no text of it can end a parenthesis or hide one in a comment. A label that does not come
/// through to the result unchanged cannot be asked of a selector; the computed series are then filtered by it, as in
/// <see cref="NarrowQuery"/>.
/// </remarks>
public static partial class NarrowedExpression
{
    /// <param name="labels">Of the wanted series; the name of the metric and empty values are passed over.</param>
    /// <returns>Canonical PromQL; null where the query does not parse or yields no vector.</returns>
    public static string? To(string query, IReadOnlyDictionary<string, string> labels)
    {
        if (PromqlParser.Parse(query, out _) is not { Type: PromqlType.Vector } narrowed)
            return null;
        var rest = new Dictionary<string, string>(StringComparer.Ordinal);
        var wanted = labels.Where(one => one.Key != PromqlMatcher.Name && one.Value.Length > 0);
        foreach (var (name, value) in wanted.OrderBy(one => one.Key, StringComparer.Ordinal))
        {
            if (Narrow(narrowed, new PromqlMatcher(name, PromqlMatch.Equal, value)) is { } pushed)
                narrowed = pushed;
            else
                rest[name] = value;
        }
        return rest.Count == 0 ? narrowed.ToString() : PromqlParser.Parse(NarrowQuery.To(narrowed.ToString(), [rest]), out _)?.ToString();
    }

    /// <summary>Several series at once: labels that they share by equality, the others by a list of their values.</summary>
    /// <returns>Canonical PromQL, which may also find series that have a mixture of their labels; null where the query does not parse, yields no
    /// vector, or cannot be asked so.</returns>
    public static string? To(string query, IReadOnlyList<IReadOnlyDictionary<string, string>> series)
    {
        if (PromqlParser.Parse(query, out _) is not { Type: PromqlType.Vector } narrowed)
            return null;
        var shared = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in series.SelectMany(labels => labels.Keys).Distinct().Order(StringComparer.Ordinal))
        {
            var values = series.Select(labels => labels.GetValueOrDefault(name, "")).Distinct().Order(StringComparer.Ordinal).ToList();
            if (name == PromqlMatcher.Name)
                continue;
            if (values.Count == 1)
            {
                shared[name] = values[0];
                continue;
            }
            var any = new PromqlMatcher(name, PromqlMatch.Regex, string.Join('|', values.Select(Literal)));
            if (Narrow(narrowed, any) is not { } pushed)
                return null;
            narrowed = pushed;
        }
        return To(narrowed.ToString(), shared);
    }

    /// <summary>A regular expression of RE2 that matches this text alone.</summary>
    private static string Literal(string text) => SpecialLetters().Replace(text, @"\$0");

    [GeneratedRegex(@"[\\.+*?()|\[\]{}^$]")]
    private static partial Regex SpecialLetters();

    /// <summary>Null where the label does not come through unchanged from every selector it would have to be asked of.</summary>
    private static PromqlExpression? Narrow(PromqlExpression expression, PromqlMatcher matcher) =>
        expression switch
        {
            { Type: PromqlType.Scalar or PromqlType.Text } => expression,
            PromqlParentheses { Inner: var inner } => Narrow(inner, matcher) is { } narrowed ? new PromqlParentheses(narrowed, 0, 0) : null,
            PromqlUnary { Operator: var sign, Inner: var inner } => Narrow(inner, matcher) is { } narrowed
                ? new PromqlUnary(sign, narrowed, 0)
                : null,
            PromqlSelector selector => Narrow(selector, matcher),
            PromqlRange range => new PromqlRange(Narrow(range.Selector, matcher), range.Length, range.ComputedLength, 0),
            PromqlSubquery subquery => Narrow(subquery, matcher),
            PromqlAggregation aggregation => Narrow(aggregation, matcher),
            PromqlCall call => Narrow(call, matcher),
            PromqlBinary chain => chain.Fold(
                first => Narrow(first, matcher),
                (left, binary) => binary.Type == PromqlType.Scalar ? binary : Narrow(binary, left, Narrow(binary.Right, matcher), matcher)
            ),
            _ => null,
        };

    private static PromqlSelector Narrow(PromqlSelector selector, PromqlMatcher matcher)
    {
        if (selector.Matchers.Contains(matcher))
            return selector;
        var narrowed = new PromqlSelector(selector.Metric, [.. selector.Matchers, matcher], 0, 0) { Modifier = selector.Modifier };
        Shift(selector.Shift, narrowed.Shift);
        return narrowed;
    }

    private static PromqlSubquery? Narrow(PromqlSubquery subquery, PromqlMatcher matcher)
    {
        if (Narrow(subquery.Inner, matcher) is not { } inner)
            return null;
        var narrowed = new PromqlSubquery(inner, subquery.Length, subquery.ComputedLength, subquery.Step, subquery.ComputedStep, 0);
        Shift(subquery.Shift, narrowed.Shift);
        return narrowed;
    }

    private static PromqlAggregation? Narrow(PromqlAggregation aggregation, PromqlMatcher matcher)
    {
        // Those that choose among series would choose others.
        if (aggregation.KeepsSeries || aggregation.Grouping.Contains(matcher.Label) == aggregation.IsWithout)
            return null;
        if (aggregation is { Operator: "count_values", Parameter: PromqlString { Value: var made } } && made == matcher.Label)
            return null;
        if (Narrow(aggregation.Inner, matcher) is not { } inner)
            return null;
        var grouping = aggregation.HasGrouping ? aggregation.Grouping : null;
        return new PromqlAggregation(aggregation.Operator, inner, aggregation.Parameter, grouping, aggregation.IsWithout, 0, 0);
    }

    private static PromqlCall? Narrow(PromqlCall call, PromqlMatcher matcher)
    {
        if (call.Function.Name is "absent" or "absent_over_time" or "vector" or "info")
            return null;
        if (
            call.Function.Name is "label_replace" or "label_join"
            && (call.Arguments[1] is not PromqlString { Value: var made } || made == matcher.Label)
        )
            return null;
        var narrowed = new List<PromqlExpression>();
        foreach (var argument in call.Arguments)
        {
            if (Narrow(argument, matcher) is not { } one)
                return null;
            narrowed.Add(one);
        }
        return call.Arguments.Any(one => one.Type is PromqlType.Vector or PromqlType.Matrix)
            ? new PromqlCall(call.Function, narrowed, 0, 0)
            : null;
    }

    private static PromqlBinary? Narrow(PromqlBinary binary, PromqlExpression? left, PromqlExpression? right, PromqlMatcher matcher)
    {
        var matching = binary.Matching;
        if (matching.FillLeft is not null || matching.FillRight is not null)
            return null;
        if (!binary.IsBetweenVectors || binary.Operator == "or")
            return left is null || right is null ? null : With(left, right);
        // Series that find each other by the label have the same value of it.
        var isMatched = matching.Labels.Contains(matcher.Label) == matching.IsOn;
        if (binary.IsSet || matching.Group == "left")
        {
            return left is null || matching.Included.Contains(matcher.Label)
                ? null
                : With(left, isMatched ? right ?? binary.Right : binary.Right);
        }
        if (matching.Group == "right")
        {
            return right is null || matching.Included.Contains(matcher.Label)
                ? null
                : With(isMatched ? left ?? binary.Left : binary.Left, right);
        }
        return isMatched && (left ?? right) is not null ? With(left ?? binary.Left, right ?? binary.Right) : null;

        PromqlBinary With(PromqlExpression one, PromqlExpression other) => new(binary.Operator, one, other, binary.IsBool, matching, 0);
    }

    private static void Shift(PromqlShift from, PromqlShift to) =>
        (to.Offset, to.ComputedOffset, to.At, to.AtEnd) = (from.Offset, from.ComputedOffset, from.At, from.AtEnd);
}
