using System.Collections.Immutable;

namespace Archon.Analysis.Promql;

/// <summary>Which labels the series of an expression can have.</summary>
/// <param name="IsOpen">True: any label but <paramref name="Names"/>. False: none but <paramref name="Names"/>.</param>
/// <remarks>
/// Source: how each operator and function of <c>promql/engine.go</c> and <c>functions.go</c> of Prometheus makes the labels of its result.
/// </remarks>
public sealed record PromqlLabels(bool IsOpen, ImmutableHashSet<string> Names)
{
    internal static readonly PromqlLabels Any = new(true, []);
    internal static readonly PromqlLabels None = new(false, []);

    public bool Can(string label) => IsOpen != Names.Contains(label);

    /// <summary>The labels that a series of this expression can have.</summary>
    public static PromqlLabels Of(PromqlExpression expression) => new PromqlLabelTable().Of(expression);

    internal PromqlLabels Only(IEnumerable<string> labels) => new(false, labels.Where(Can).ToImmutableHashSet(StringComparer.Ordinal));

    internal PromqlLabels Without(IEnumerable<string> labels) => new(IsOpen, IsOpen ? Names.Union(labels) : Names.Except(labels));

    internal PromqlLabels With(IEnumerable<string> labels) => new(IsOpen, IsOpen ? Names.Except(labels) : Names.Union(labels));

    internal PromqlLabels Or(PromqlLabels other) =>
        (IsOpen, other.IsOpen) switch
        {
            (false, false) => new(false, Names.Union(other.Names)),
            (true, true) => new(true, Names.Intersect(other.Names)),
            (true, false) => new(true, Names.Except(other.Names)),
            _ => other.Or(this),
        };
}

/// <summary>The labels of every part of one expression, each found once.</summary>
internal sealed class PromqlLabelTable
{
    private readonly Dictionary<PromqlExpression, PromqlLabels> known = [];

    public PromqlLabels Of(PromqlExpression expression)
    {
        if (expression is PromqlSelector { Matchers.Count: 0 })
            return PromqlLabels.Any;
        if (known.TryGetValue(expression, out var labels))
            return labels;
        labels = expression switch
        {
            PromqlParentheses parentheses => Of(parentheses.Inner),
            PromqlUnary unary => Of(unary.Inner),
            PromqlSelector selector => PromqlLabels.Any.Without(
                selector.Matchers.Where(one => one is { Match: PromqlMatch.Equal, Value: "" }).Select(one => one.Label)
            ),
            PromqlRange range => Of(range.Selector),
            PromqlSubquery subquery => Of(subquery.Inner),
            PromqlAggregation aggregation => Of(aggregation),
            PromqlBinary chain => chain.Fold(Of, (left, binary) => known[binary] = Of(binary, left, Of(binary.Right))),
            PromqlCall call => Of(call),
            _ => PromqlLabels.None,
        };
        return known[expression] = labels;
    }

    private PromqlLabels Of(PromqlAggregation aggregation)
    {
        var inner = Of(aggregation.Inner);
        if (aggregation.KeepsSeries)
            return inner;
        var grouped = aggregation.IsWithout ? inner.Without(aggregation.Grouping) : inner.Only(aggregation.Grouping);
        return aggregation is { Operator: "count_values", Parameter: PromqlString { Value: var name } } ? grouped.With([name]) : grouped;
    }

    private static PromqlLabels Of(PromqlBinary binary, PromqlLabels left, PromqlLabels right)
    {
        var matching = binary.Matching;
        if (!binary.IsBetweenVectors)
            return binary.Left.Type == PromqlType.Vector ? left : right;
        return (binary.Operator, matching.Group) switch
        {
            ("and" or "unless", _) => left,
            ("or", _) => left.Or(right),
            (_, "left") => left.With(matching.Included.Where(right.Can)),
            (_, "right") => right.With(matching.Included.Where(left.Can)),
            _ when matching.IsOn => left.Only(matching.Labels),
            _ => left.Without(matching.Labels),
        };
    }

    private PromqlLabels Of(PromqlCall call)
    {
        var vector = call.Arguments.FirstOrDefault(argument => argument.Type is PromqlType.Vector or PromqlType.Matrix);
        return call.Function.Name switch
        {
            "absent" or "absent_over_time" => new PromqlLabels(false, EqualLabels(call.Arguments[0])),
            "histogram_quantile" or "histogram_fraction" => Of(vector!).Without(["le"]),
            "label_replace" or "label_join" when call.Arguments[1] is PromqlString { Value: var name } => Of(vector!).With([name]),
            "info" => PromqlLabels.Any,
            "vector" or "scalar" or "time" or "pi" => PromqlLabels.None,
            _ => vector is null ? PromqlLabels.None : Of(vector),
        };
    }

    /// <summary>Of a selector, the labels that it fixes to one value: what the result of <c>absent</c> is named by.</summary>
    private static ImmutableHashSet<string> EqualLabels(PromqlExpression argument)
    {
        var selector = argument.Bare() switch
        {
            PromqlSelector one => one,
            PromqlRange range => range.Selector,
            _ => null,
        };
        var equalities = (selector?.Matchers ?? []).Where(one => one.Match == PromqlMatch.Equal && one.Label != PromqlMatcher.Name);
        return [.. equalities.GroupBy(one => one.Label).Where(same => same.Count() == 1).Select(same => same.Key)];
    }
}
