using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using Archon.Analysis.AlertTemplates;

namespace Archon.Analysis.Promql;

/// <summary>Why a text is no PromQL.</summary>
/// <param name="Start">First character of what is wrong.</param>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1, in characters.</param>
public sealed record PromqlError(string Message, int Start, int Line, int Column)
{
    /// <summary>Set where the text may be PromQL and is too large to be analysed; null where it is none.</summary>
    public InputLimit? Limit { get; init; }

    /// <summary>As Prometheus tells it.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Line}:{Column}: parse error: {Message}");
}

/// <summary>Reads PromQL into a tree and checks its types, for every version of Prometheus up to 3.x.</summary>
/// <remarks>
/// The grammar, the precedence of operators, the checks and the words of the errors are those of <c>promql/parser</c> of Prometheus 3.
/// What only a newer version or a feature flag knows is accepted; <see cref="PromqlRequirements"/> tells what a tree needs. Binary
/// operators are read by precedence climbing (Richards, 1979), which makes the same trees as the tables of the original's generated
/// parser.
/// </remarks>
public static class PromqlParser
{
    // A page asks a dozen times about the expression that is being typed, and a linter about the one it has just read. Trees do not change.
    private static volatile Result? newest;

    /// <param name="text">One expression; comments and line feeds are allowed.</param>
    /// <param name="error">Null when it is one.</param>
    /// <returns>Null when the text is none, or is beyond a limit of <see cref="InputLimits"/>.</returns>
    public static PromqlExpression? Parse(string text, out PromqlError? error)
    {
        var known = newest;
        if (known is null || known.Text != text)
        {
            var parsed = Parse(text, InputLimits.PromqlLength, out var fault);
            newest = known = new Result(text, parsed, fault);
        }
        error = known.Error;
        return known.Parsed;
    }

    /// <summary>The text as Prometheus prints it, to be compared with what a server says that it runs.</summary>
    /// <remarks>
    /// It is found for longer texts than are analysed: whether a rule is applied must be known of every rule that can be. What is too deep is
    /// compared without its white space.
    /// </remarks>
    public static string Canonical(string text)
    {
        if (Parse(text, out var error) is { } parsed)
            return parsed.ToString();
        if (error?.Limit == InputLimits.PromqlLength && Parse(text, InputLimits.PromqlComparedLength, out error) is { } large)
            return large.ToString();
        return error?.Limit is null ? text : WithoutSpace(text);
    }

    private static string WithoutSpace(string text)
    {
        var bare = new StringBuilder(text.Length);
        var quote = '\0';
        for (var i = 0; i < text.Length; i++)
        {
            if (quote == '\0' && char.IsWhiteSpace(text[i]))
                continue;
            bare.Append(text[i]);
            if (quote == '\0' && text[i] is '"' or '\'' or '`')
                quote = text[i];
            else if (text[i] == quote)
                quote = '\0';
            else if (text[i] == '\\' && quote is '"' or '\'' && i + 1 < text.Length)
                bare.Append(text[++i]);
        }
        return bare.ToString();
    }

    private static PromqlExpression? Parse(string text, InputLimit length, out PromqlError? error)
    {
        error = null;
        try
        {
            length.Check(text.Length);
            var expression = new Reader(text).ReadAll();
            PromqlChecker.Check(expression);
            return expression;
        }
        catch (PromqlException fault)
        {
            error = At(text, fault);
            return null;
        }
        catch (InputLimitException beyond)
        {
            error = new PromqlError(beyond.Message, 0, 1, 1) { Limit = beyond.Limit };
            return null;
        }
    }

    private static PromqlError At(string text, PromqlException fault)
    {
        var start = Math.Min(fault.Start, text.Length);
        var before = text.AsSpan(0, start);
        return new PromqlError(fault.Message, start, before.Count('\n') + 1, start - (before.LastIndexOf('\n') + 1) + 1);
    }

    private sealed record Result(string Text, PromqlExpression? Parsed, PromqlError? Error);

    private sealed class Reader
    {
        private const int UnaryStrength = 5;
        private const int PowerStrength = 6;

        private static readonly FrozenDictionary<string, int> Strength = new Dictionary<string, int>
        {
            ["or"] = 1,
            ["and"] = 2,
            ["unless"] = 2,
            ["=="] = 3,
            ["!="] = 3,
            ["<="] = 3,
            ["<"] = 3,
            [">="] = 3,
            [">"] = 3,
            ["</"] = 3,
            [">/"] = 3,
            ["+"] = 4,
            ["-"] = 4,
            ["*"] = UnaryStrength,
            ["/"] = UnaryStrength,
            ["%"] = UnaryStrength,
            ["atan2"] = UnaryStrength,
            ["^"] = PowerStrength,
        }.ToFrozenDictionary(StringComparer.Ordinal);

        private readonly PromqlLexer lexer;
        private readonly int length;
        private PromqlToken token;
        private int closed; // one past the last token that can end an expression
        private int depth;
        private int regexes;

        public Reader(string text)
        {
            (lexer, length) = (new PromqlLexer(text), text.Length);
            token = lexer.Next();
        }

        public PromqlExpression ReadAll()
        {
            if (token.Kind == PromqlTokenKind.End)
                throw new PromqlException(0, 0, "no expression found in input");
            var expression = Expression(0);
            return token.Kind == PromqlTokenKind.End ? expression : throw Unexpected();
        }

        private PromqlExpression Expression(int weakest)
        {
            InputLimits.PromqlDepth.Check(++depth);
            var left = Prefix();
            while (token.Kind == PromqlTokenKind.Operator && Strength[token.Word] is var strength && strength >= weakest)
            {
                var (word, start) = (token.Word, token.Start);
                Advance();
                var (isBool, matching) = Modifiers();
                // Only the power binds to the right.
                var right = Expression(word == "^" ? strength : strength + 1);
                left = new PromqlBinary(word, left, right, isBool, matching, start);
            }
            depth--;
            return left;
        }

        private PromqlExpression Prefix()
        {
            if (!token.Is("+") && !token.Is("-"))
                return Postfix(Primary());
            var (sign, start) = (token.Text, token.Start);
            Advance();
            var inner = Expression(PowerStrength);
            if (inner is not PromqlNumber number)
                return new PromqlUnary(sign, inner, start);
            if (sign == "-")
                number.Value = -number.Value;
            number.Start = start;
            return number;
        }

        private PromqlExpression Postfix(PromqlExpression expression)
        {
            for (var subqueries = depth; ; )
            {
                if (token.Kind == PromqlTokenKind.LeftBracket)
                {
                    InputLimits.PromqlDepth.Check(++subqueries);
                    expression = RangeOrSubquery(expression);
                }
                else if (token.Is("offset"))
                    Offset(expression);
                else if (token.Kind == PromqlTokenKind.At)
                    At(expression);
                else if (token.Is("anchored") || token.Is("smoothed"))
                    Extended(expression);
                else
                    return expression;
            }
        }

        private PromqlExpression Primary()
        {
            switch (token.Kind)
            {
                case PromqlTokenKind.LeftParenthesis:
                    var start = token.Start;
                    Advance();
                    var inner = Expression(0);
                    Expect(PromqlTokenKind.RightParenthesis, "", "");
                    return new PromqlParentheses(inner, start, closed);
                case PromqlTokenKind.Number or PromqlTokenKind.Duration:
                    return Number();
                case PromqlTokenKind.Text:
                    var literal = token;
                    Advance();
                    return new PromqlString(Unquoted(literal), literal.Start, literal.End);
                case PromqlTokenKind.LeftBrace:
                    return Selector(null, token.Start);
                case PromqlTokenKind.Aggregator:
                    return AggregationOrSelector();
                case PromqlTokenKind.Identifier or PromqlTokenKind.Preprocessor:
                    return CallOrSelector();
                case PromqlTokenKind.MetricIdentifier:
                    return Named(Advance());
                // Words that may also be the name of a metric.
                case PromqlTokenKind.Keyword
                    when token.Word is "by" or "offset" or "without" or "anchored" or "smoothed" or "fill" or "fill_left" or "fill_right":
                case PromqlTokenKind.Operator when token.Word is "and" or "or" or "unless":
                    return Named(Advance());
                default:
                    throw Unexpected();
            }
        }

        private PromqlSelector Named(PromqlToken name) =>
            token.Kind == PromqlTokenKind.LeftBrace
                ? Selector(name.Text, name.Start)
                : new PromqlSelector(name.Text, [], name.Start, name.End);

        private PromqlExpression CallOrSelector()
        {
            var name = Advance();
            if (token.Kind != PromqlTokenKind.LeftParenthesis)
                return Named(name);
            var arguments = Arguments();
            var function =
                PromqlFunction.Find(name.Text) ?? throw Fault(name.Start, $"unknown function with name {GoText.Quote(name.Text)}");
            return new PromqlCall(function, arguments, name.Start, closed);
        }

        private PromqlExpression AggregationOrSelector()
        {
            var name = Advance();
            IReadOnlyList<string>? grouping = null;
            var isWithout = false;
            if (token.Is("by") || token.Is("without"))
            {
                isWithout = Advance().Word == "without";
                grouping = Labels();
            }
            else if (token.Kind != PromqlTokenKind.LeftParenthesis)
            {
                // "sum" alone or "sum{...}" is a metric of that name; "sum foo" is a slip.
                if (
                    token.Kind
                        is PromqlTokenKind.LeftBrace
                            or PromqlTokenKind.End
                            or PromqlTokenKind.Operator
                            or PromqlTokenKind.RightParenthesis
                            or PromqlTokenKind.Comma
                            or PromqlTokenKind.LeftBracket
                            or PromqlTokenKind.At
                    || token.Is("offset")
                )
                {
                    return Named(name);
                }
                throw Unexpected();
            }
            if (token.Kind != PromqlTokenKind.LeftParenthesis)
                throw Unexpected("aggregation", "");
            var arguments = Arguments();
            var end = closed;
            if (grouping is null && (token.Is("by") || token.Is("without")))
            {
                isWithout = Advance().Word == "without";
                grouping = Labels();
                end = closed;
            }
            if (arguments.Count == 0)
                throw new PromqlException(name.Start, end, "no arguments for aggregate expression provided");
            var wanted = name.Word is "topk" or "bottomk" or "count_values" or "quantile" or "limitk" or "limit_ratio" ? 2 : 1;
            if (arguments.Count != wanted)
            {
                throw new PromqlException(
                    name.Start,
                    end,
                    $"wrong number of arguments for aggregate expression provided, expected {wanted}, got {arguments.Count}"
                );
            }
            return new PromqlAggregation(name.Word, arguments[^1], wanted == 2 ? arguments[0] : null, grouping, isWithout, name.Start, end);
        }

        private List<PromqlExpression> Arguments()
        {
            Advance();
            var arguments = new List<PromqlExpression>();
            while (token.Kind != PromqlTokenKind.RightParenthesis)
            {
                arguments.Add(Expression(0));
                if (token.Kind == PromqlTokenKind.RightParenthesis)
                    break;
                if (token.Kind != PromqlTokenKind.Comma)
                    throw Unexpected();
                var comma = Advance();
                if (token.Kind == PromqlTokenKind.RightParenthesis)
                {
                    throw Fault(comma.Start, "trailing commas not allowed in function call args");
                }
            }
            Advance();
            return arguments;
        }

        private List<string> Labels()
        {
            if (token.Kind != PromqlTokenKind.LeftParenthesis)
                throw Unexpected("grouping opts", "\"(\"");
            Advance();
            var labels = new List<string>();
            while (token.Kind != PromqlTokenKind.RightParenthesis)
            {
                var label = token;
                if (
                    label.Kind
                        is not (
                            PromqlTokenKind.Identifier
                            or PromqlTokenKind.MetricIdentifier
                            or PromqlTokenKind.Text
                            or PromqlTokenKind.Aggregator
                            or PromqlTokenKind.Keyword
                            or PromqlTokenKind.Preprocessor
                        )
                    && !(label.Kind == PromqlTokenKind.Operator && char.IsAsciiLetter(label.Text[0]))
                )
                {
                    throw Unexpected("grouping opts", "label");
                }
                Advance();
                var name = label.Kind == PromqlTokenKind.Text ? Unquoted(label) : label.Text;
                if (name.Length == 0)
                    throw Fault(label.Start, "invalid label name for grouping: \"\"");
                labels.Add(name);
                if (token.Kind == PromqlTokenKind.RightParenthesis)
                    break;
                if (token.Kind != PromqlTokenKind.Comma)
                    throw Unexpected("grouping opts", "\",\" or \")\"");
                Advance();
            }
            Advance();
            return labels;
        }

        private (bool IsBool, PromqlMatching Matching) Modifiers()
        {
            var matching = PromqlMatching.None;
            var isBool = token.Is("bool");
            if (isBool)
                Advance();
            if (token.Is("on") || token.Is("ignoring"))
            {
                var isOn = Advance().Word == "on";
                matching = matching with { IsOn = isOn, IsWritten = true, Labels = Labels() };
                if (token.Is("group_left") || token.Is("group_right"))
                {
                    var group = Advance().Word["group_".Length..];
                    matching = matching with { Group = group, Included = token.Kind == PromqlTokenKind.LeftParenthesis ? Labels() : [] };
                }
            }
            if (token.Is("fill"))
            {
                var value = Fill();
                matching = matching with { FillLeft = value, FillRight = value };
            }
            while (token.Is("fill_left") || token.Is("fill_right"))
            {
                if (token.Is("fill_left"))
                    matching = matching.FillLeft is null ? matching with { FillLeft = Fill() } : throw Unexpected();
                else
                    matching = matching.FillRight is null ? matching with { FillRight = Fill() } : throw Unexpected();
            }
            return (isBool, matching);
        }

        private double Fill()
        {
            Advance();
            if (token.Kind != PromqlTokenKind.LeftParenthesis)
                throw Unexpected();
            Advance();
            var value = SignedNumber("", "");
            Expect(PromqlTokenKind.RightParenthesis, "", "");
            return value;
        }

        private PromqlNumber Number()
        {
            var literal = Advance();
            if (literal.Kind == PromqlTokenKind.Number)
            {
                var value =
                    PromqlNumbers.Parse(literal.Text) ?? throw Fault(literal.Start, $"error parsing number: {GoText.Quote(literal.Text)}");
                return new PromqlNumber(value, false, literal.Start, literal.End);
            }
            return new PromqlNumber(Duration(literal).TotalSeconds, true, literal.Start, literal.End);
        }

        private static TimeSpan Duration(PromqlToken literal) =>
            PrometheusDuration.TryParse(literal.Text, out var duration)
                ? duration
                : throw new PromqlException(literal.Start, literal.End, $"not a valid duration string: {GoText.Quote(literal.Text)}");

        private double SignedNumber(string context, string expected)
        {
            var sign = token.Is("-") ? -1 : 1;
            if (token.Is("+") || token.Is("-"))
                Advance();
            if (token.Kind is not (PromqlTokenKind.Number or PromqlTokenKind.Duration))
                throw Unexpected(context, expected);
            return sign * Number().Value;
        }

        private PromqlSelector Selector(string? metric, int start)
        {
            const string Context = "label matching";
            Advance();
            var matchers = new List<PromqlMatcher>();
            while (token.Kind != PromqlTokenKind.RightBrace)
            {
                if (token.Kind is not (PromqlTokenKind.Identifier or PromqlTokenKind.Text))
                {
                    throw Unexpected(Context, "identifier or \"}\"");
                }
                var label = Advance();
                var name = label.Kind == PromqlTokenKind.Text ? Unquoted(label) : label.Text;
                PromqlMatch? match = token.Kind switch
                {
                    PromqlTokenKind.Equal => PromqlMatch.Equal,
                    PromqlTokenKind.EqualRegex => PromqlMatch.Regex,
                    PromqlTokenKind.NotRegex => PromqlMatch.NotRegex,
                    PromqlTokenKind.Operator => PromqlMatch.NotEqual,
                    _ => null,
                };
                if (match is { } known)
                {
                    Advance();
                    if (token.Kind != PromqlTokenKind.Text)
                        throw Unexpected(Context, "string");
                    var value = Unquoted(Advance());
                    if (known is PromqlMatch.Regex or PromqlMatch.NotRegex)
                    {
                        InputLimits.PromqlRegexes.Check(++regexes);
                        if (Re2.Fault(value) is { } fault)
                            throw Fault(label.Start, $"error parsing regexp: {fault}");
                    }
                    matchers.Add(new PromqlMatcher(name, known, value));
                }
                else if (label.Kind == PromqlTokenKind.Text)
                    matchers.Add(new PromqlMatcher(PromqlMatcher.Name, PromqlMatch.Equal, name));
                else
                    throw Unexpected(Context, "label matching operator");
                if (token.Kind == PromqlTokenKind.RightBrace)
                    break;
                if (token.Kind != PromqlTokenKind.Comma)
                    throw Unexpected(Context, "\",\" or \"}\"");
                Advance();
            }
            Advance();
            return new PromqlSelector(metric, matchers, start, closed);
        }

        private PromqlExpression RangeOrSubquery(PromqlExpression inner)
        {
            var bracket = Advance();
            if (!CanStartDuration())
                throw Unexpected("subquery or range selector", "number, duration, step(), or range()");
            var (length, computed) = PositiveLength();
            if (token.Kind == PromqlTokenKind.RightBracket)
            {
                Advance();
                if (inner is not PromqlSelector selector)
                    throw Fault(bracket.Start, "ranges only allowed for vector selectors");
                if (selector.Shift.HasOffset)
                    throw Fault(bracket.Start, "no offset modifiers allowed before range");
                // Before 3.6 "@ start()" was let through here.
                if (selector.Shift.At is not null)
                    throw Fault(bracket.Start, "no @ modifiers allowed before range");
                return new PromqlRange(selector, length, computed, closed);
            }
            if (token.Kind != PromqlTokenKind.Colon)
                throw Unexpected("subquery or range", "\":\" or \"]\"");
            Advance();
            TimeSpan? step = null;
            PromqlExpression? computedStep = null;
            if (token.Kind != PromqlTokenKind.RightBracket)
            {
                if (!CanStartDuration())
                    throw Unexpected("subquery selector", "number, duration, step(), range(), or \"]\"");
                (step, computedStep) = PositiveLength();
                if (token.Kind != PromqlTokenKind.RightBracket)
                    throw Unexpected("subquery selector", "\"]\"");
            }
            Advance();
            return new PromqlSubquery(inner, length, computed, step, computedStep, closed);
        }

        private bool CanStartDuration() =>
            token.Kind
                is PromqlTokenKind.Number
                    or PromqlTokenKind.Duration
                    or PromqlTokenKind.LeftParenthesis
                    or PromqlTokenKind.Preprocessor
            || token.Is("+")
            || token.Is("-");

        private (TimeSpan? Plain, PromqlExpression? Computed) PositiveLength()
        {
            var start = token.Start;
            var length = DurationExpression(0);
            if (length is not PromqlNumber number)
                return (null, length);
            return number.Value > 0 ? (Seconds(number), null) : throw Fault(start, "duration must be greater than 0");
        }

        private TimeSpan Seconds(PromqlNumber number) =>
            Math.Abs(number.Value) <= 9_223_372_036
                ? TimeSpan.FromMilliseconds(Math.Round(number.Value * 1000))
                : throw Fault(number.Start, "duration out of range");

        /// <summary>Arithmetic on durations, as in <c>[5m * 2]</c>.</summary>
        private PromqlExpression DurationExpression(int weakest)
        {
            InputLimits.PromqlDepth.Check(++depth);
            var left = DurationOperand();
            while (
                token.Kind == PromqlTokenKind.Operator
                && token.Word is "+" or "-" or "*" or "/" or "%" or "^"
                && Strength[token.Word] >= weakest
            )
            {
                var (word, start) = (token.Word, token.Start);
                Advance();
                var right = DurationExpression(word == "^" ? Strength[word] : Strength[word] + 1);
                if (word is "/" or "%" && right is PromqlNumber { Value: 0 })
                {
                    throw Fault(start, word == "/" ? "division by zero" : "modulo by zero");
                }
                left = new PromqlBinary(word, left, right, false, PromqlMatching.None, start);
            }
            depth--;
            return left;
        }

        private PromqlExpression DurationOperand()
        {
            if (token.Is("+") || token.Is("-"))
            {
                var (sign, start) = (token.Text, token.Start);
                Advance();
                return Signed(sign, DurationExpression(PowerStrength), start);
            }
            if (token.Kind is PromqlTokenKind.Number or PromqlTokenKind.Duration)
                return Number();
            if (token.Kind == PromqlTokenKind.LeftParenthesis)
            {
                var start = Advance().Start;
                var inner = DurationExpression(0);
                Expect(PromqlTokenKind.RightParenthesis, "", "");
                return new PromqlParentheses(inner, start, closed);
            }
            if (token.Kind != PromqlTokenKind.Preprocessor || token.Word is "start" or "end")
                throw Unexpected();
            var name = Advance();
            if (token.Kind != PromqlTokenKind.LeftParenthesis)
                throw Unexpected();
            Advance();
            var arguments = new List<PromqlExpression>();
            if (name.Word is "max_of" or "min_of")
            {
                arguments.Add(DurationExpression(0));
                Expect(PromqlTokenKind.Comma, "", "");
                arguments.Add(DurationExpression(0));
            }
            Expect(PromqlTokenKind.RightParenthesis, "", "");
            return new PromqlCall(PromqlFunction.Find(name.Word)!, arguments, name.Start, closed);
        }

        private static PromqlExpression Signed(string sign, PromqlExpression inner, int start)
        {
            if (inner is not PromqlNumber number)
                return sign == "-" ? new PromqlUnary(sign, inner, start) : inner;
            if (sign == "-")
                number.Value = -number.Value;
            number.Start = start;
            return number;
        }

        private void Offset(PromqlExpression expression)
        {
            Advance();
            if (!CanStartDuration() || token.Is("start") || token.Is("end"))
            {
                throw Unexpected("offset", "number, duration, step(), or range()");
            }
            // Not a whole duration expression: in "foo offset 1m ^ 2" the power is outside.
            var start = token.Start;
            var sign = token.Is("+") || token.Is("-") ? Advance().Text : null;
            var offset = DurationOperand();
            if (sign is not null)
                offset = Signed(sign, offset, start);
            var shift = ShiftOf(
                expression,
                "offset modifier must be preceded by an instant vector selector or range vector selector or a subquery"
            );
            if (shift.HasOffset)
                throw Fault(expression.Start, "offset may not be set multiple times");
            if (offset is PromqlNumber plain)
                shift.Offset = Seconds(plain);
            else
                shift.ComputedOffset = offset;
            expression.End = closed;
        }

        private void At(PromqlExpression expression)
        {
            Advance();
            const string Wrong = "@ modifier must be preceded by an instant vector selector or range vector selector or a subquery";
            if (token.Is("start") || token.Is("end"))
            {
                var end = Advance().Word;
                if (token.Kind != PromqlTokenKind.LeftParenthesis)
                    throw Unexpected("@", "timestamp");
                Advance();
                Expect(PromqlTokenKind.RightParenthesis, "@", "timestamp");
                var ends = ShiftOf(expression, Wrong);
                if (ends.HasAt)
                    throw Fault(expression.Start, "@ <timestamp> may not be set multiple times");
                ends.AtEnd = end;
            }
            else
            {
                var at = SignedNumber("@", "timestamp");
                if (!double.IsFinite(at) || Math.Abs(at) >= long.MaxValue)
                {
                    throw Fault(expression.Start, $"timestamp out of bounds for @ modifier: {GoText.Plain(at)}");
                }
                var shift = ShiftOf(expression, Wrong);
                if (shift.HasAt)
                    throw Fault(expression.Start, "@ <timestamp> may not be set multiple times");
                shift.At = at;
            }
            expression.End = closed;
        }

        private PromqlShift ShiftOf(PromqlExpression expression, string wrong) =>
            expression switch
            {
                PromqlSelector selector => selector.Shift,
                PromqlRange range => range.Selector.Shift,
                PromqlSubquery subquery => subquery.Shift,
                _ => throw Fault(expression.Start, wrong),
            };

        private void Extended(PromqlExpression expression)
        {
            var word = token.Word;
            var selector = expression switch
            {
                PromqlSelector one => one,
                PromqlRange range => range.Selector,
                PromqlSubquery => throw Fault(expression.Start, $"{word} modifier is not supported for subqueries"),
                _ => throw Fault(expression.Start, $"{word} modifier not implemented"),
            };
            if (selector.Modifier is not null && selector.Modifier != word)
            {
                throw Fault(expression.Start, "anchored and smoothed modifiers cannot be used together");
            }
            selector.Modifier = word;
            expression.End = Advance().End;
        }

        private PromqlToken Advance()
        {
            var taken = token;
            if (
                taken.Kind
                is PromqlTokenKind.RightBrace
                    or PromqlTokenKind.RightParenthesis
                    or PromqlTokenKind.RightBracket
                    or PromqlTokenKind.Duration
                    or PromqlTokenKind.Number
            )
            {
                closed = taken.End;
            }
            token = lexer.Next();
            return taken;
        }

        private void Expect(PromqlTokenKind kind, string context, string expected)
        {
            if (token.Kind != kind)
                throw Unexpected(context, expected);
            Advance();
        }

        private string Unquoted(PromqlToken literal)
        {
            try
            {
                return PromqlNumbers.Unquote(literal.Text);
            }
            catch (FormatException odd)
            {
                throw Fault(literal.Start, odd.Message);
            }
        }

        private PromqlException Unexpected(string context = "", string expected = "")
        {
            var within = context.Length > 0 ? " in " + context : "";
            var instead = expected.Length > 0 ? ", expected " + expected : "";
            return new(token.Start, token.End, $"unexpected {token.Described}{within}{instead}");
        }

        private PromqlException Fault(int start, string message) => new(start, length, message);
    }
}
