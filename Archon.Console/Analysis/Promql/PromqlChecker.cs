using Archon.Analysis.AlertTemplates;

namespace Archon.Analysis.Promql;

/// <summary>Checks the types of a tree, as Prometheus does after it has read one.</summary>
internal static class PromqlChecker
{
    /// <exception cref="PromqlException">The first thing that does not fit.</exception>
    public static void Check(PromqlExpression expression)
    {
        // From the inside out and from left to right, in which order Prometheus comes upon them.
        switch (expression)
        {
            case PromqlAggregation aggregation:
                Expect(aggregation.Inner, PromqlType.Vector, "aggregation expression");
                if (aggregation.Parameter is not null)
                {
                    Expect(
                        aggregation.Parameter,
                        aggregation.Operator == "count_values" ? PromqlType.Text : PromqlType.Scalar,
                        "aggregation parameter"
                    );
                }
                break;
            case PromqlBinary chain:
                chain.Fold(
                    first =>
                    {
                        Check(first);
                        return first;
                    },
                    (_, binary) =>
                    {
                        Check(binary.Right);
                        CheckBinary(binary);
                        return binary;
                    }
                );
                break;
            case PromqlCall call:
                CheckCall(call);
                break;
            case PromqlParentheses parentheses:
                Check(parentheses.Inner);
                break;
            case PromqlUnary unary:
                Check(unary.Inner);
                if (unary.Inner.Type is not (PromqlType.Scalar or PromqlType.Vector))
                {
                    throw Fault(
                        unary,
                        "unary expression only allowed on expressions of type scalar or instant vector, got "
                            + GoText.Quote(Name(unary.Inner.Type))
                    );
                }
                break;
            case PromqlSubquery subquery:
                Check(subquery.Inner);
                if (subquery.Inner.Type != PromqlType.Vector)
                {
                    var type = subquery.Inner.Type == PromqlType.Matrix ? "matrix" : Name(subquery.Inner.Type);
                    throw Fault(subquery, $"subquery is only allowed on instant vector, got {type} instead");
                }
                break;
            case PromqlRange range:
                CheckSelector(range.Selector);
                break;
            case PromqlSelector selector:
                CheckSelector(selector);
                break;
        }
    }

    private static void CheckBinary(PromqlBinary binary)
    {
        var (left, right, matching) = (binary.Left.Type, binary.Right.Type, binary.Matching);
        if (binary.IsBool && !binary.IsComparison)
            throw AtOperator(binary, "bool modifier can only be used on comparison operators");
        if (binary.IsComparison && !binary.IsBool && left == PromqlType.Scalar && right == PromqlType.Scalar)
        {
            throw AtOperator(binary, "comparisons between scalars must use BOOL modifier");
        }
        if (matching.IsOn && matching.Labels.FirstOrDefault(matching.Included.Contains) is { } twice)
        {
            throw AtOperator(binary, $"label {GoText.Quote(twice)} must not occur in ON and GROUP clause at once");
        }
        if (left is not (PromqlType.Scalar or PromqlType.Vector))
        {
            throw Fault(binary.Left, "binary expression must contain only scalar and instant vector types");
        }
        if (right is not (PromqlType.Scalar or PromqlType.Vector))
        {
            throw Fault(binary.Right, "binary expression must contain only scalar and instant vector types");
        }
        if (!binary.IsBetweenVectors)
        {
            if (matching.Labels.Count > 0)
                throw Fault(binary, "vector matching only allowed between instant vectors");
            if (matching.FillLeft is not null || matching.FillRight is not null)
            {
                throw Fault(binary, "filling in missing series only allowed between instant vectors");
            }
        }
        else if (binary.IsSet)
        {
            if (matching.Group is not null)
                throw Fault(binary, $"no grouping allowed for {GoText.Quote(binary.Operator)} operation");
            if (matching.FillLeft is not null || matching.FillRight is not null)
            {
                throw Fault(binary, "filling in missing series not allowed for set operators");
            }
        }
        if (binary.IsSet && (left == PromqlType.Scalar || right == PromqlType.Scalar))
        {
            throw Fault(binary, $"set operator {GoText.Quote(binary.Operator)} not allowed in binary scalar expression");
        }
    }

    private static void CheckCall(PromqlCall call)
    {
        var (function, count) = (call.Function, call.Arguments.Count);
        var wanted = function.Arguments.Count;
        if (function.Optional == 0)
        {
            if (count != wanted)
                throw Fault(call, $"expected {wanted} argument(s) in call to {GoText.Quote(function.Name)}, got {count}");
        }
        else if (count < wanted - 1)
        {
            throw Fault(call, $"expected at least {wanted - 1} argument(s) in call to {GoText.Quote(function.Name)}, got {count}");
        }
        else if (function.Optional > 0 && count > wanted - 1 + function.Optional)
        {
            throw Fault(
                call,
                $"expected at most {wanted - 1 + function.Optional} argument(s) in call to {GoText.Quote(function.Name)}, got {count}"
            );
        }
        var isInfo = function.Name == "info" && count > 1;
        if (isInfo && call.Arguments[1] is not PromqlSelector { Metric: null })
        {
            throw Fault(
                call.Arguments[1],
                call.Arguments[1] is PromqlSelector
                    ? "expected label selectors only, got vector selector instead"
                    : "expected label selectors only"
            );
        }
        for (var i = 0; i < count; i++)
        {
            var argument = call.Arguments[i];
            if (!(isInfo && i == 1))
                Check(argument);
            var type = function.Arguments[Math.Min(i, wanted - 1)];
            if (argument.Type != type)
            {
                throw Fault(
                    argument,
                    $"expected type {Name(type)} in call to function {GoText.Quote(function.Name)}, got {Name(argument.Type)}"
                );
            }
        }
    }

    private static void CheckSelector(PromqlSelector selector)
    {
        if (selector.Metric is not null)
        {
            if (selector.Matchers.FirstOrDefault(one => one.Label == PromqlMatcher.Name) is { } second)
            {
                throw Fault(
                    selector,
                    $"metric name must not be set twice: {GoText.Quote(selector.Metric)} or {GoText.Quote(second.Value)}"
                );
            }
        }
        else if (selector.Matchers.All(one => one.Matches("")))
        {
            throw Fault(selector, "vector selector must contain at least one non-empty matcher");
        }
    }

    private static void Expect(PromqlExpression expression, PromqlType type, string context)
    {
        Check(expression);
        if (expression.Type != type)
            throw Fault(expression, $"expected type {Name(type)} in {context}, got {Name(expression.Type)}");
    }

    private static string Name(PromqlType type) =>
        type switch
        {
            PromqlType.Scalar => "scalar",
            PromqlType.Vector => "instant vector",
            PromqlType.Matrix => "range vector",
            _ => "string",
        };

    private static PromqlException Fault(PromqlExpression expression, string message) => new(expression.Start, expression.End, message);

    private static PromqlException AtOperator(PromqlBinary binary, string message) =>
        new(binary.OperatorStart, binary.Right.Start, message);
}
