using System.Globalization;
using System.Text;
using Archon.Analysis.AlertTemplates;

namespace Archon.Analysis.Promql;

/// <summary>What an expression yields.</summary>
public enum PromqlType
{
    Scalar,

    /// <summary>One sample per series.</summary>
    Vector,

    /// <summary>Samples over a stretch of time per series.</summary>
    Matrix,
    Text,
}

/// <summary>
/// A node of a PromQL expression. <see cref="object.ToString"/> is its canonical text, as Prometheus prints it in one line.
/// </summary>
/// <param name="start">First character in the text that was parsed.</param>
/// <param name="end">One past the last.</param>
/// <remarks>
/// A tree is at most as deep as <see cref="InputLimits.PromqlDepth"/> allows, but for the left sides of binary operators, which are as many as an
/// expression has terms: code that walks a tree does not recurse into <see cref="PromqlBinary.Left"/>, see <see cref="PromqlBinary.Fold"/>.
/// </remarks>
public abstract class PromqlExpression(int start, int end)
{
    public int Start { get; internal set; } = start;
    public int End { get; internal set; } = end;
    public abstract PromqlType Type { get; }

    /// <summary>Direct parts, in the order of the text.</summary>
    public abstract IReadOnlyList<PromqlExpression> Parts { get; }

    /// <summary>This node and all below it, from the outside in.</summary>
    public IEnumerable<PromqlExpression> All()
    {
        // Not by recursion: the left side of "a + b + c + ..." is as deep as it has terms.
        var waiting = new Stack<PromqlExpression>();
        waiting.Push(this);
        while (waiting.TryPop(out var node))
        {
            yield return node;
            if (node is PromqlBinary binary)
            {
                waiting.Push(binary.Right);
                waiting.Push(binary.Left);
                continue;
            }
            var parts = node.Parts;
            for (var i = parts.Count - 1; i >= 0; i--)
                waiting.Push(parts[i]);
        }
    }

    /// <summary>The node without parentheses around it.</summary>
    public PromqlExpression Bare()
    {
        var bare = this;
        while (bare is PromqlParentheses { Inner: var inner })
            bare = inner;
        return bare;
    }

    public sealed override string ToString()
    {
        var text = new StringBuilder();
        Write(text);
        return text.ToString();
    }

    internal abstract void Write(StringBuilder text);
}

public sealed class PromqlNumber(double value, bool isDuration, int start, int end) : PromqlExpression(start, end)
{
    public double Value { get; internal set; } = value;

    /// <summary>Written as a duration; the value is then in seconds.</summary>
    public bool IsDuration { get; } = isDuration;

    public override PromqlType Type => PromqlType.Scalar;
    public override IReadOnlyList<PromqlExpression> Parts => [];

    internal override void Write(StringBuilder text)
    {
        if (IsDuration)
            text.Append(Value < 0 ? "-" : "").Append(PrometheusDuration.Format(TimeSpan.FromSeconds(Math.Abs(Value))));
        else
            text.Append(GoText.Plain(Value));
    }
}

public sealed class PromqlString(string value, int start, int end) : PromqlExpression(start, end)
{
    public string Value { get; } = value;
    public override PromqlType Type => PromqlType.Text;
    public override IReadOnlyList<PromqlExpression> Parts => [];

    internal override void Write(StringBuilder text) => text.Append(GoText.Quote(Value));
}

public sealed class PromqlParentheses(PromqlExpression inner, int start, int end) : PromqlExpression(start, end)
{
    public PromqlExpression Inner { get; } = inner;
    public override PromqlType Type { get; } = inner.Type;
    public override IReadOnlyList<PromqlExpression> Parts => [Inner];

    internal override void Write(StringBuilder text)
    {
        text.Append('(');
        Inner.Write(text);
        text.Append(')');
    }
}

/// <param name="operator"><c>+</c> or <c>-</c>.</param>
public sealed class PromqlUnary(string @operator, PromqlExpression inner, int start) : PromqlExpression(start, inner.End)
{
    public string Operator { get; } = @operator;
    public PromqlExpression Inner { get; } = inner;
    public override PromqlType Type { get; } = inner.Type;
    public override IReadOnlyList<PromqlExpression> Parts => [Inner];

    internal override void Write(StringBuilder text)
    {
        text.Append(Operator);
        Inner.Write(text);
    }
}

public enum PromqlMatch
{
    Equal,
    NotEqual,
    Regex,
    NotRegex,
}

/// <summary>A condition on one label.</summary>
/// <param name="Label">Its name; <see cref="Name"/> for the name of the metric.</param>
public sealed record PromqlMatcher(string Label, PromqlMatch Match, string Value)
{
    /// <summary>The label that holds a metric's name.</summary>
    public const string Name = "__name__";

    /// <summary>Whether a series whose label has this value is selected. A label that a series lacks is empty.</summary>
    public bool Matches(string value) =>
        Match switch
        {
            PromqlMatch.Equal => value == Value,
            PromqlMatch.NotEqual => value != Value,
            PromqlMatch.Regex => Re2.Matches(Value, value),
            _ => !Re2.Matches(Value, value),
        };

    public override string ToString() => $"{PromqlNames.Printed(Label)}{Operator(Match)}{GoText.Quote(Value)}";

    internal static string Operator(PromqlMatch match) =>
        match switch
        {
            PromqlMatch.Equal => "=",
            PromqlMatch.NotEqual => "!=",
            PromqlMatch.Regex => "=~",
            _ => "!~",
        };
}

/// <summary>Where in time samples are looked for: <c>@</c> and <c>offset</c>.</summary>
public sealed class PromqlShift
{
    /// <summary>Null without <c>offset</c>, or when it is computed.</summary>
    public TimeSpan? Offset { get; internal set; }

    /// <summary>An offset that is no plain duration (experimental in Prometheus 3).</summary>
    public PromqlExpression? ComputedOffset { get; internal set; }

    /// <summary>Unix seconds after <c>@</c>.</summary>
    public double? At { get; internal set; }

    /// <summary><c>start</c> or <c>end</c> after <c>@</c>: the ends of a range query, which an alerting rule does not have.</summary>
    public string? AtEnd { get; internal set; }

    internal bool HasOffset => Offset is not null || ComputedOffset is not null;
    internal bool HasAt => At is not null || AtEnd is not null;

    internal void Write(StringBuilder text)
    {
        if (At is { } at)
            text.Append(CultureInfo.InvariantCulture, $" @ {at:0.000}");
        else if (AtEnd is not null)
            text.Append(" @ ").Append(AtEnd).Append("()");
        if (ComputedOffset is not null)
        {
            text.Append(" offset ");
            ComputedOffset.Write(text);
        }
        else if (Offset is { } offset && offset != TimeSpan.Zero)
        {
            text.Append(" offset ").Append(offset < TimeSpan.Zero ? "-" : "").Append(PrometheusDuration.Format(offset.Duration()));
        }
    }
}

/// <summary>An instant selector such as <c>up{job="node"}</c>.</summary>
public sealed class PromqlSelector(string? metric, IReadOnlyList<PromqlMatcher> matchers, int start, int end) : PromqlExpression(start, end)
{
    /// <summary>The name written before the braces; null where there is none.</summary>
    public string? Metric { get; } = metric;

    /// <summary>What stands in the braces, in that order.</summary>
    public IReadOnlyList<PromqlMatcher> Matchers { get; } = matchers;

    public PromqlShift Shift { get; } = new();

    /// <summary><c>anchored</c> or <c>smoothed</c> (experimental in Prometheus 3).</summary>
    public string? Modifier { get; internal set; }

    /// <summary>The one metric this selects, wherever its name is written; null where it may be several.</summary>
    public string? OneMetric =>
        Metric ?? Matchers.FirstOrDefault(one => one is { Label: PromqlMatcher.Name, Match: PromqlMatch.Equal, Value.Length: > 0 })?.Value;

    public override PromqlType Type => PromqlType.Vector;
    public override IReadOnlyList<PromqlExpression> Parts => [];

    /// <summary>The selector without <c>@</c>, <c>offset</c> and modifiers: what to ask a server for its series.</summary>
    public string Series()
    {
        var text = new StringBuilder();
        WriteSeries(text);
        return text.ToString();
    }

    internal override void Write(StringBuilder text)
    {
        WriteSeries(text);
        if (Modifier is not null)
            text.Append(' ').Append(Modifier);
        Shift.Write(text);
    }

    internal void WriteSeries(StringBuilder text)
    {
        text.Append(Metric);
        if (Matchers.Count == 0)
        {
            if (Metric is null)
                text.Append("{}");
            return;
        }
        text.Append('{').AppendJoin(',', Matchers.Select(one => one.ToString()).Order(StringComparer.Ordinal)).Append('}');
    }
}

/// <summary>A range selector such as <c>http_requests_total[5m]</c>.</summary>
public sealed class PromqlRange(PromqlSelector selector, TimeSpan? length, PromqlExpression? computedLength, int end)
    : PromqlExpression(selector.Start, end)
{
    public PromqlSelector Selector { get; } = selector;

    /// <summary>Null where it is computed.</summary>
    public TimeSpan? Length { get; } = length;
    public PromqlExpression? ComputedLength { get; } = computedLength;
    public override PromqlType Type => PromqlType.Matrix;
    public override IReadOnlyList<PromqlExpression> Parts => [Selector];

    internal override void Write(StringBuilder text)
    {
        Selector.WriteSeries(text);
        text.Append('[').Append(PromqlSubquery.Text(Length, ComputedLength)).Append(']');
        if (Selector.Modifier is not null)
            text.Append(' ').Append(Selector.Modifier);
        Selector.Shift.Write(text);
    }
}

/// <summary>A subquery such as <c>rate(x[5m])[1h:1m]</c>.</summary>
public sealed class PromqlSubquery(
    PromqlExpression inner,
    TimeSpan? length,
    PromqlExpression? computedLength,
    TimeSpan? step,
    PromqlExpression? computedStep,
    int end
) : PromqlExpression(inner.Start, end)
{
    public PromqlExpression Inner { get; } = inner;
    public TimeSpan? Length { get; } = length;
    public PromqlExpression? ComputedLength { get; } = computedLength;

    /// <summary>Null for the server's evaluation interval, or where it is computed.</summary>
    public TimeSpan? Step { get; } = step;
    public PromqlExpression? ComputedStep { get; } = computedStep;
    public PromqlShift Shift { get; } = new();
    public override PromqlType Type => PromqlType.Matrix;
    public override IReadOnlyList<PromqlExpression> Parts => [Inner];

    internal override void Write(StringBuilder text)
    {
        Inner.Write(text);
        text.Append('[')
            .Append(Text(Length, ComputedLength))
            .Append(':')
            .Append(Step is null && ComputedStep is null ? "" : Text(Step, ComputedStep))
            .Append(']');
        Shift.Write(text);
    }

    internal static string Text(TimeSpan? plain, PromqlExpression? computed) =>
        computed?.ToString() ?? PrometheusDuration.Format(plain ?? TimeSpan.Zero);
}

public sealed class PromqlCall(PromqlFunction function, IReadOnlyList<PromqlExpression> arguments, int start, int end)
    : PromqlExpression(start, end)
{
    public PromqlFunction Function { get; } = function;
    public IReadOnlyList<PromqlExpression> Arguments { get; } = arguments;
    public override PromqlType Type => Function.Returns;
    public override IReadOnlyList<PromqlExpression> Parts => Arguments;

    internal override void Write(StringBuilder text)
    {
        text.Append(Function.Name).Append('(');
        for (var i = 0; i < Arguments.Count; i++)
        {
            if (i > 0)
                text.Append(", ");
            Arguments[i].Write(text);
        }
        text.Append(')');
    }
}

/// <summary>An aggregation such as <c>sum by (job) (x)</c>.</summary>
/// <param name="operator">In lower case.</param>
/// <param name="parameter">The first argument of <c>topk</c>, <c>quantile</c> and their like.</param>
public sealed class PromqlAggregation(
    string @operator,
    PromqlExpression inner,
    PromqlExpression? parameter,
    IReadOnlyList<string>? grouping,
    bool isWithout,
    int start,
    int end
) : PromqlExpression(start, end)
{
    public string Operator { get; } = @operator;
    public PromqlExpression Inner { get; } = inner;
    public PromqlExpression? Parameter { get; } = parameter;

    /// <summary>Labels after <c>by</c> or <c>without</c>; empty where there is neither.</summary>
    public IReadOnlyList<string> Grouping { get; } = grouping ?? [];
    public bool IsWithout { get; } = isWithout;

    /// <summary>Whether <c>by</c> or <c>without</c> is written at all.</summary>
    public bool HasGrouping { get; } = grouping is not null;

    /// <summary>The series that come out are of those that go in, with all their labels: <c>topk</c> and its like.</summary>
    public bool KeepsSeries => Operator is "topk" or "bottomk" or "limitk" or "limit_ratio";

    public override PromqlType Type => PromqlType.Vector;
    public override IReadOnlyList<PromqlExpression> Parts => Parameter is null ? [Inner] : [Parameter, Inner];

    internal override void Write(StringBuilder text)
    {
        text.Append(Operator);
        if (IsWithout || Grouping.Count > 0)
        {
            text.Append(IsWithout ? " without (" : " by (").AppendJoin(", ", Grouping.Select(PromqlNames.Printed)).Append(") ");
        }
        text.Append('(');
        if (Parameter is not null)
        {
            Parameter.Write(text);
            text.Append(", ");
        }
        Inner.Write(text);
        text.Append(')');
    }
}

/// <summary>How the series of two vectors find each other.</summary>
public sealed record PromqlMatching
{
    /// <summary>Nothing of it is written.</summary>
    public static readonly PromqlMatching None = new();

    /// <summary><c>on</c> rather than <c>ignoring</c>.</summary>
    public bool IsOn { get; init; }

    /// <summary>Whether <c>on</c> or <c>ignoring</c> is written at all.</summary>
    public bool IsWritten { get; init; }
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary><c>left</c>, <c>right</c>, or null without <c>group_left</c> and <c>group_right</c>.</summary>
    public string? Group { get; init; }

    /// <summary>Labels taken over from the side of one.</summary>
    public IReadOnlyList<string> Included { get; init; } = [];

    /// <summary>Value in place of a missing series (experimental in Prometheus 3).</summary>
    public double? FillLeft { get; init; }
    public double? FillRight { get; init; }
}

public sealed class PromqlBinary(
    string @operator,
    PromqlExpression left,
    PromqlExpression right,
    bool isBool,
    PromqlMatching matching,
    int operatorStart
) : PromqlExpression(left.Start, right.End)
{
    /// <summary>In lower case.</summary>
    public string Operator { get; } = @operator;
    public PromqlExpression Left { get; } = left;
    public PromqlExpression Right { get; } = right;

    /// <summary>A comparison that yields 0 or 1 instead of dropping series.</summary>
    public bool IsBool { get; } = isBool;
    public PromqlMatching Matching { get; } = matching;
    public int OperatorStart { get; } = operatorStart;
    public bool IsComparison => Operator is "==" or "!=" or "<" or ">" or "<=" or ">=";
    public bool IsSet => Operator is "and" or "or" or "unless";
    public bool IsBetweenVectors => Left.Type == PromqlType.Vector && Right.Type == PromqlType.Vector;
    public override PromqlType Type { get; } =
        left.Type == PromqlType.Scalar && right.Type == PromqlType.Scalar ? PromqlType.Scalar : PromqlType.Vector;
    public override IReadOnlyList<PromqlExpression> Parts => [Left, Right];

    /// <summary>
    /// Walks a chain of operators such as <c>a + b - c</c> from its first operand on, without recursion: <paramref name="first"/> of <c>a</c>, then
    /// <paramref name="next"/> of <c>a + b</c> and of the whole, each with the result for its left side.
    /// </summary>
    internal T Fold<T>(Func<PromqlExpression, T> first, Func<T, PromqlBinary, T> next)
    {
        var chain = new Stack<PromqlBinary>();
        PromqlExpression operand = this;
        while (operand is PromqlBinary binary)
        {
            chain.Push(binary);
            operand = binary.Left;
        }
        var result = first(operand);
        while (chain.TryPop(out var binary))
            result = next(result, binary);
        return result;
    }

    internal override void Write(StringBuilder text) =>
        Fold(
            first =>
            {
                first.Write(text);
                return text;
            },
            (written, binary) =>
            {
                binary.WriteRight(written);
                return written;
            }
        );

    private void WriteRight(StringBuilder text)
    {
        text.Append(' ').Append(Operator);
        if (IsBool)
            text.Append(" bool");
        if (IsBetweenVectors)
            WriteMatching(text);
        text.Append(' ');
        Right.Write(text);
    }

    private void WriteMatching(StringBuilder text)
    {
        if (Matching.Labels.Count > 0 || Matching.IsOn || Matching.Group is not null)
        {
            text.Append(Matching.IsOn ? " on (" : " ignoring (").AppendJoin(", ", Matching.Labels.Select(PromqlNames.Printed)).Append(')');
        }
        if (Matching.Group is not null)
        {
            text.Append(" group_")
                .Append(Matching.Group)
                .Append(" (")
                .AppendJoin(", ", Matching.Included.Select(PromqlNames.Printed))
                .Append(')');
        }
        if (Matching.FillLeft is { } both && Matching.FillRight is { } same && both.Equals(same))
        {
            text.Append(" fill (").Append(GoText.Value(both)).Append(')');
        }
        else
        {
            if (Matching.FillLeft is { } left)
                text.Append(" fill_left (").Append(GoText.Value(left)).Append(')');
            if (Matching.FillRight is { } right)
                text.Append(" fill_right (").Append(GoText.Value(right)).Append(')');
        }
    }
}

/// <summary>Names of metrics and labels.</summary>
public static class PromqlNames
{
    /// <summary>A label's name that needs no quotes: <c>[a-zA-Z_][a-zA-Z0-9_]*</c>. Before Prometheus 3 there is no other.</summary>
    public static bool IsPlainLabel(string name) =>
        name.Length > 0 && !char.IsAsciiDigit(name[0]) && name.All(one => one == '_' || char.IsAsciiLetterOrDigit(one));

    /// <summary>A metric's name that needs no quotes: as for labels, and colons.</summary>
    public static bool IsPlainMetric(string name) =>
        name.Length > 0 && !char.IsAsciiDigit(name[0]) && name.All(one => one is '_' or ':' || char.IsAsciiLetterOrDigit(one));

    internal static string Printed(string label) => IsPlainLabel(label) ? label : GoText.Quote(label);
}
