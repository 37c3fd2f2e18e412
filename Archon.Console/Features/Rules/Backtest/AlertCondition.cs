using System.Globalization;
using Archon.Analysis.Promql;

namespace Archon.Features.Rules.Backtest;

/// <summary>The comparison of a value with a number by which an alert is there or not.</summary>
/// <param name="Value">The compared expression, as it is written.</param>
/// <param name="Comparison">Such as <c>&gt;</c>, as if the value stood on the left.</param>
/// <param name="NumberStart">First character of the number in the expression.</param>
/// <param name="NumberEnd">One past its last.</param>
/// <param name="IsWhole">The comparison is all there is; otherwise <c>and</c>, <c>unless</c> or <c>or</c> joins it with something else.</param>
public sealed record AlertCondition(string Value, string Comparison, double Threshold, int NumberStart, int NumberEnd, bool IsWhole)
{
    /// <summary>Null where there is no such comparison, or the expression does not parse.</summary>
    public static AlertCondition? Of(string expression) =>
        PromqlParser.Parse(expression, out _) is { } parsed ? Of(expression, parsed, isWhole: true) : null;

    /// <summary>The expression with another number, all else as it is written.</summary>
    public string With(string expression, double threshold) =>
        string.Concat(
            expression.AsSpan(0, NumberStart),
            threshold.ToString("0.###############", CultureInfo.InvariantCulture),
            expression.AsSpan(NumberEnd)
        );

    private static AlertCondition? Of(string text, PromqlExpression expression, bool isWhole)
    {
        // What is joined to a comparison narrows it down; the comparison on the left is the one that is about the value.
        var bare = expression.Bare();
        while (bare is PromqlBinary { IsSet: true, Left: var compared })
            (bare, isWhole) = (compared.Bare(), false);
        if (bare is not PromqlBinary binary || !binary.IsComparison || binary.IsBool)
            return null;
        if (Number(binary.Right) is { } right && binary.Left.Type == PromqlType.Vector)
            return Made(binary.Left, binary.Operator, right, binary.Right);
        if (Number(binary.Left) is { } left && binary.Right.Type == PromqlType.Vector)
            return Made(binary.Right, Turned(binary.Operator), left, binary.Left);
        return null;

        AlertCondition Made(PromqlExpression value, string comparison, double threshold, PromqlExpression number) =>
            new(text[value.Start..value.End].Trim(), comparison, threshold, number.Start, number.End, isWhole);
    }

    private static double? Number(PromqlExpression expression) =>
        expression.Bare() switch
        {
            PromqlNumber { Value: var value } when double.IsFinite(value) => value,
            PromqlUnary { Operator: var sign, Inner: var inner } when Number(inner) is { } value => sign == "-" ? -value : value,
            _ => null,
        };

    private static string Turned(string comparison) =>
        comparison switch
        {
            ">" => "<",
            ">=" => "<=",
            "<" => ">",
            "<=" => ">=",
            _ => comparison,
        };
}
