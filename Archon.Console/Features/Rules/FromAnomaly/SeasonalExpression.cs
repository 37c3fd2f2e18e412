using Archon.Analysis.Promql;

namespace Archon.Features.Rules.FromAnomaly;

/// <summary>Compares an expression with itself at the same time of earlier days.</summary>
public static class SeasonalExpression
{
    /// <summary>Half an hour around the same time: no two days are alike to the minute.</summary>
    private static readonly TimeSpan Around = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Beyond so many times what it was a day ago, unless it was about as much a week ago: a Monday is no Sunday, and a history of a day
    /// is enough to begin with.
    /// </summary>
    /// <param name="comparison"><c>&gt;</c> or <c>&lt;</c>.</param>
    /// <returns>Canonical PromQL; null where the expression does not parse or yields no vector.</returns>
    public static string? Times(string expression, string comparison, double factor) =>
        Of(expression, comparison, then => new PromqlBinary("*", Number(factor), then, false, new PromqlMatching(), 0));

    /// <summary>The same by a difference, for what is about zero on quiet days.</summary>
    /// <param name="difference">Above zero, in the unit of the expression.</param>
    public static string? Plus(string expression, string comparison, double difference)
    {
        var sign = comparison == "<" ? "-" : "+";
        return Of(expression, comparison, then => new PromqlBinary(sign, then, Number(difference), false, new PromqlMatching(), 0));
    }

    private static string? Of(string expression, string comparison, Func<PromqlExpression, PromqlExpression> bound)
    {
        if (PromqlParser.Parse(expression, out _) is not { Type: PromqlType.Vector } value)
            return null;
        var whole = value is PromqlBinary ? new PromqlParentheses(value, 0, 0) : value;
        var now = Beyond(comparison, 1);
        var lastWeek = Beyond(comparison == ">" ? "<=" : ">=", 7);
        return new PromqlBinary("unless", now, lastWeek, false, new PromqlMatching(), 0).ToString();

        PromqlParentheses Beyond(string than, int days)
        {
            var then = bound(Then(whole, TimeSpan.FromDays(days)));
            return new(new PromqlBinary(than, whole, then, false, new PromqlMatching(), 0), 0, 0);
        }
    }

    private static PromqlCall Then(PromqlExpression value, TimeSpan ago)
    {
        var around = new PromqlSubquery(value, Around, null, Every, null, 0);
        around.Shift.Offset = ago - (Around / 2);
        return new PromqlCall(PromqlFunction.Find("avg_over_time")!, [around], 0, 0);
    }

    private static PromqlNumber Number(double value) => new(value, false, 0, 0);
}
