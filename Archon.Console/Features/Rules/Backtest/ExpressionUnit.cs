using Archon.Analysis.Promql;

namespace Archon.Features.Rules.Backtest;

/// <summary>The unit of an expression's value, as far as the names of its metrics tell.</summary>
public static class ExpressionUnit
{
    /// <returns>As in <see cref="Archon.Ui.Format.Figures"/>; empty where nothing is known.</returns>
    public static string Of(string expression) => PromqlParser.Parse(expression, out _) is { } parsed ? Of(parsed) : "";

    private static string Of(PromqlExpression expression) =>
        Operand(expression) switch
        {
            PromqlSelector { OneMetric: { } metric } => OfName(metric),
            PromqlRange range => Of(range.Selector),
            PromqlSubquery { Inner: var inner } => Of(inner),
            PromqlAggregation { Operator: "count" or "group" or "count_values" } => "",
            PromqlAggregation { Inner: var inner } => Of(inner),
            PromqlUnary { Inner: var inner } => Of(inner),
            PromqlCall { Function.Name: "histogram_quantile", Arguments: [_, var buckets] } => BucketsOf(buckets),
            PromqlCall { Function.Name: "rate" or "irate" or "deriv", Arguments: [var of] } => Of(of) switch
            {
                "By" => "By/s",
                "s" => "",
                _ => "1/s",
            },
            PromqlCall { Function.Name: var name, Arguments: [.., var of] }
                when name.EndsWith("_over_time", StringComparison.Ordinal) && !name.StartsWith("count", StringComparison.Ordinal) => Of(of),
            PromqlCall
            {
                Function.Name: "increase" or "delta" or "abs" or "clamp_min" or "clamp_max" or "clamp" or "predict_linear",
                Arguments: [var of, ..]
            } => Of(of),
            _ => "",
        };

    /// <summary>The first operand that has the unit of the whole.</summary>
    private static PromqlExpression Operand(PromqlExpression expression)
    {
        var operand = expression.Bare();
        while (
            operand
                is PromqlBinary { Operator: "+" or "-" or "and" or "or" or "unless" }
                    or PromqlBinary { IsComparison: true, IsBool: false }
        )
        {
            var binary = (PromqlBinary)operand;
            operand = (binary.IsComparison && binary.Left.Type != PromqlType.Vector ? binary.Right : binary.Left).Bare();
        }
        return operand;
    }

    private static string BucketsOf(PromqlExpression buckets) =>
        buckets.All().OfType<PromqlSelector>().FirstOrDefault()?.OneMetric is { } metric ? OfName(metric) : "";

    private static string OfName(string metric)
    {
        var name = metric;
        foreach (var suffix in (string[])["_bucket", "_sum", "_total"])
        {
            if (name.EndsWith(suffix, StringComparison.Ordinal))
                name = name[..^suffix.Length];
        }
        return name.EndsWith("_seconds", StringComparison.Ordinal) ? "s"
            : name.EndsWith("_bytes", StringComparison.Ordinal) ? "By"
            : name.EndsWith("_ratio", StringComparison.Ordinal) ? "1"
            : "";
    }
}
