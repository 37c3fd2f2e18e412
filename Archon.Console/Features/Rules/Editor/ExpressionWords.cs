using System.Globalization;
using Archon.Analysis;
using Archon.Analysis.Promql;

namespace Archon.Features.Rules.Editor;

/// <summary>One part of an expression in plain words.</summary>
/// <param name="Depth">0 for the whole; its parts are one deeper.</param>
/// <param name="Text">As it is written.</param>
/// <param name="Start">First character in the expression.</param>
public sealed record ExpressionPart(int Depth, string Text, string Words, int Start);

/// <summary>Says what an expression does, part by part from the outside in.</summary>
public static class ExpressionWords
{
    // A part is shown to be found again in the expression, and a number or a label is no longer than this.
    private const int LongestText = 200;

    /// <summary>Empty where the expression does not parse.</summary>
    public static IReadOnlyList<ExpressionPart> Of(string expression)
    {
        var parts = new List<ExpressionPart>();
        if (PromqlParser.Parse(expression, out var error) is not { } parsed)
        {
            if (error?.Limit is { } limit)
                parts.Add(new ExpressionPart(0, Cut(expression, 0, expression.Length), $"Not explained: {limit.Sentence}.", 0));
            return parts;
        }
        // Not by recursion: a chain of operators is as deep as it has terms.
        var waiting = new Stack<(PromqlExpression Node, int Depth)>();
        waiting.Push((parsed, 0));
        while (waiting.TryPop(out var next))
        {
            var (node, depth) = (next.Node.Bare(), next.Depth);
            if (Words(node) is { } words)
            {
                if (parts.Count >= InputLimits.ExplainedParts.Most)
                {
                    var rest = Cut(expression, node.Start, node.End);
                    parts.Add(
                        new ExpressionPart(0, rest, $"Not explained from here on: {InputLimits.ExplainedParts.Sentence}.", node.Start)
                    );
                    return parts;
                }
                parts.Add(new ExpressionPart(depth, Cut(expression, node.Start, node.End), words, node.Start));
                depth++;
            }
            // A range says already of which series it is.
            if (node is PromqlRange)
                continue;
            foreach (var part in node.Parts.Reverse())
                waiting.Push((part, depth));
        }
        return parts;
    }

    private static string Cut(string text, int start, int end)
    {
        var isLong = end - start > LongestText;
        var words = text[start..(isLong ? start + LongestText : end)].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return string.Join(' ', words) + (isLong ? "…" : "");
    }

    /// <summary>A part in the words of another: as Prometheus prints it where it is short.</summary>
    private static string Written(PromqlExpression node) => node.End - node.Start <= LongestText ? node.ToString() : "a computed value";

    private static string? Words(PromqlExpression node) =>
        node switch
        {
            PromqlSelector selector => $"{Series(selector)}{Shift(selector.Shift)}: the newest value of each",
            PromqlRange range => $"{Lasting(range.Length, "all samples of the last {0}", "all samples of a computed stretch")} of "
                + $"{Series(range.Selector)}{Shift(range.Selector.Shift)}",
            PromqlSubquery subquery =>
                $"{Lasting(subquery.Length, "evaluated again and again over the last {0}", "evaluated again and again")}"
                    + (subquery.Step is { } step ? $", every {PrometheusDuration.Format(step)}" : "")
                    + Shift(subquery.Shift),
            PromqlCall call => Function(call),
            PromqlAggregation aggregation => Aggregation(aggregation),
            PromqlBinary binary => Binary(binary),
            PromqlUnary { Operator: "-" } => "with the sign turned",
            _ => null, // numbers and texts say themselves
        };

    private static string Series(PromqlSelector selector)
    {
        var conditions = selector
            .Matchers.Where(one => one.Label != PromqlMatcher.Name || selector.OneMetric is null)
            .Select(Condition)
            .ToList();
        var name = selector.OneMetric is { } metric ? $"the series {metric}" : "series of any name";
        return conditions.Count == 0 ? name : $"{name} where {Listed(conditions)}";
    }

    private static string Condition(PromqlMatcher matcher) =>
        (matcher.Match, matcher.Value) switch
        {
            (PromqlMatch.Equal, "") => $"{matcher.Label} is not set",
            (PromqlMatch.NotEqual, "") => $"{matcher.Label} is set",
            (PromqlMatch.Equal, var value) => $"{matcher.Label} is {value}",
            (PromqlMatch.NotEqual, var value) => $"{matcher.Label} is not {value}",
            (PromqlMatch.Regex, var value) => $"the whole of {matcher.Label} matches {value}",
            (_, var value) => $"the whole of {matcher.Label} does not match {value}",
        };

    private static string Shift(PromqlShift shift) =>
        (shift.Offset, shift.At, shift.AtEnd) switch
        {
            ({ } offset, _, _) when offset > TimeSpan.Zero => $", as it was {PrometheusDuration.Format(offset)} earlier",
            ({ } offset, _, _) when offset < TimeSpan.Zero => $", {PrometheusDuration.Format(-offset)} ahead",
            (_, not null, _) => ", at one fixed time",
            (_, _, { } end) => $", at the {end} of the query",
            _ => "",
        };

    private static string Lasting(TimeSpan? length, string words, string computed) =>
        length is { } known ? string.Format(CultureInfo.InvariantCulture, words, PrometheusDuration.Format(known)) : computed;

    private static string Aggregation(PromqlAggregation aggregation)
    {
        var parameter = aggregation.Parameter is { } given ? Written(given) : "";
        var does = aggregation.Operator switch
        {
            "sum" => "adds up",
            "avg" => "the mean of",
            "min" => "the lowest of",
            "max" => "the highest of",
            "count" => "how many there are of",
            "group" => "1 for each group of",
            "stddev" => "the standard deviation of",
            "stdvar" => "the variance of",
            "quantile" => $"the {parameter} quantile over",
            "count_values" => "how many share each value, of",
            "topk" => $"the {parameter} highest of",
            "bottomk" => $"the {parameter} lowest of",
            "limitk" => $"any {parameter} of",
            _ => $"{aggregation.Operator} of",
        };
        if (aggregation.KeepsSeries)
        {
            return $"{does} the series{(aggregation.Grouping.Count > 0 ? Grouped(aggregation) : "")}, each with all its labels";
        }
        return aggregation switch
        {
            { IsWithout: true, Grouping.Count: > 0 } =>
                $"{does} the series that differ only in {Listed(aggregation.Grouping)}, which is dropped",
            { Grouping.Count: > 0 } => $"{does} the series{Grouped(aggregation)}; every other label is dropped",
            { IsWithout: true } => $"{does} the series with the same labels",
            _ => $"{does} all series; every label is dropped",
        };

        static string Grouped(PromqlAggregation of) =>
            of.IsWithout ? $" per group without {Listed(of.Grouping)}" : $" with the same {Listed(of.Grouping)}";
    }

    private static string Binary(PromqlBinary binary)
    {
        var (left, right) = (Short(binary.Left), Short(binary.Right));
        return binary.Operator switch
        {
            "and" => $"kept only where the right side has a series too{Matching(binary)}",
            "unless" => $"kept only where the right side has no series{Matching(binary)}",
            "or" => $"the left side, and of the right side what the left lacks{Matching(binary)}",
            _ when binary.IsComparison => binary.IsBool
                ? $"1 where {left} is {Comparison(binary.Operator)} {right}, otherwise 0{Matching(binary)}"
                : $"kept only while {left} is {Comparison(binary.Operator)} {right}{Matching(binary)}",
            "+" => $"{left} plus {right}{Matching(binary)}",
            "-" => $"{left} less {right}{Matching(binary)}",
            "*" => $"{left} times {right}{Matching(binary)}",
            "/" => $"{left} divided by {right}{Matching(binary)}",
            "%" => $"the rest of {left} divided by {right}{Matching(binary)}",
            "^" => $"{left} to the power of {right}{Matching(binary)}",
            _ => $"{left} {binary.Operator} {right}{Matching(binary)}",
        };
    }

    private static string Short(PromqlExpression side) =>
        side.Bare() switch
        {
            PromqlNumber or PromqlUnary { Inner: PromqlNumber } => Written(side.Bare()),
            PromqlSelector { OneMetric: { } metric } => metric,
            _ => "the value",
        };

    private static string Comparison(string sign) =>
        sign switch
        {
            ">" => "above",
            ">=" => "at least",
            "<" => "below",
            "<=" => "at most",
            "==" => "exactly",
            _ => "other than",
        };

    private static string Matching(PromqlBinary binary) =>
        binary switch
        {
            { IsBetweenVectors: false } => "",
            { Matching: { IsOn: true, Labels.Count: 0 } } => "; any series meets any other",
            { Matching: { IsOn: true, Labels: var labels } } => $"; series meet by {Listed(labels)}",
            { Matching: { Labels: { Count: > 0 } labels } } => $"; series meet by all labels but {Listed(labels)}",
            _ => "; series meet where all their labels are equal",
        };

    private static string Function(PromqlCall call)
    {
        string Argument(int place) => place < call.Arguments.Count ? Written(call.Arguments[place].Bare()) : "";
        return call.Function.Name switch
        {
            "rate" => "growth per second over that stretch, restarts of the counter allowed for",
            "irate" => "growth per second between the last two samples",
            "increase" => "growth over that stretch, restarts of the counter allowed for",
            "delta" => "last less first over that stretch",
            "idelta" => "the last sample less the one before",
            "deriv" => "slope per second over that stretch",
            "predict_linear" => $"where a straight line through that stretch leads in {Argument(1)} seconds",
            "histogram_quantile" => $"the value that {Share(Argument(0))} of the observations stay below, estimated from the buckets",
            "histogram_fraction" => $"the share of observations between {Argument(0)} and {Argument(1)}",
            "avg_over_time" => "mean over that stretch",
            "min_over_time" => "lowest value over that stretch",
            "max_over_time" => "highest value over that stretch",
            "sum_over_time" => "sum of the samples over that stretch",
            "count_over_time" => "number of samples in that stretch",
            "last_over_time" => "newest sample of that stretch, however old",
            "present_over_time" => "1 where there is any sample in that stretch",
            "stddev_over_time" => "standard deviation over that stretch",
            "quantile_over_time" => $"the {Argument(0)} quantile over that stretch",
            "changes" => "how often the value changed over that stretch",
            "resets" => "how often the counter restarted over that stretch",
            "absent" => "1 where there is no such series, nothing otherwise",
            "absent_over_time" => "1 where there was no such series over that stretch, nothing otherwise",
            "abs" => "without its sign",
            "ceil" => "rounded up",
            "floor" => "rounded down",
            "round" => "rounded",
            "clamp" => $"held between {Argument(1)} and {Argument(2)}",
            "clamp_min" => $"at least {Argument(1)}",
            "clamp_max" => $"at most {Argument(1)}",
            "label_replace" => $"with the label {Argument(1)} made from {Argument(3)}",
            "label_join" => $"with the label {Argument(1)} joined from others",
            "scalar" => "as one number; not a number where there is not exactly one series",
            "vector" => "a number as a series without labels",
            "time" => "the time of the evaluation in seconds since 1970",
            "timestamp" => "the time of each newest sample in seconds since 1970",
            "hour" => "hour of the day in UTC",
            "day_of_week" => "day of the week in UTC, 0 is Sunday",
            "sort" or "sort_desc" => "put in order, which an alert does not see",
            var name => $"the function {name}",
        };
    }

    private static string Share(string quantile) =>
        double.TryParse(quantile, NumberStyles.Float, CultureInfo.InvariantCulture, out var share)
            ? string.Create(CultureInfo.InvariantCulture, $"{share * 100:0.###} %")
            : "the given share";

    private static string Listed(IReadOnlyList<string> words) =>
        words.Count < 2 ? string.Concat(words) : $"{string.Join(", ", words.Take(words.Count - 1))} and {words[^1]}";
}
