using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using Archon.Analysis.AlertTemplates;

namespace Archon.Analysis.Promql;

internal enum PromqlTokenKind
{
    End,
    Identifier,
    MetricIdentifier,
    Number,
    Duration,
    Text,
    Operator,
    Aggregator,
    Keyword,
    Preprocessor,
    LeftParenthesis,
    RightParenthesis,
    LeftBrace,
    RightBrace,
    LeftBracket,
    RightBracket,
    Comma,
    Colon,
    Equal,
    EqualRegex,
    NotRegex,
    At,
}

/// <param name="Text">As it is written.</param>
internal readonly record struct PromqlToken(PromqlTokenKind Kind, string Text, int Start)
{
    public int End => Start + Text.Length;

    /// <summary>Keywords and operators are the same in any case.</summary>
    public string Word => Text.ToLowerInvariant();

    public bool Is(string word) =>
        Kind is PromqlTokenKind.Operator or PromqlTokenKind.Keyword or PromqlTokenKind.Aggregator or PromqlTokenKind.Preprocessor
        && Word == word;

    /// <summary>As Prometheus names it in its messages.</summary>
    public string Described =>
        Kind switch
        {
            PromqlTokenKind.End => "end of input",
            PromqlTokenKind.Identifier => $"identifier {GoText.Quote(Text)}",
            PromqlTokenKind.MetricIdentifier => $"metric identifier {GoText.Quote(Text)}",
            PromqlTokenKind.Number => $"number {Short()}",
            PromqlTokenKind.Duration => $"duration {Short()}",
            PromqlTokenKind.Text => $"string {Short()}",
            PromqlTokenKind.Operator or PromqlTokenKind.At => $"<op:{Text}>",
            PromqlTokenKind.Aggregator => $"<aggr:{Text}>",
            PromqlTokenKind.Keyword => $"<{Text}>",
            _ => GoText.Quote(Text),
        };

    private string Short() => Text.Length > 10 ? GoText.Quote(Text[..10]) + "..." : GoText.Quote(Text);
}

/// <summary>Cuts PromQL into tokens, one at a time: what follows the first fault is never looked at.</summary>
internal sealed class PromqlLexer(string input)
{
    private static readonly FrozenDictionary<string, PromqlTokenKind> Words = new Dictionary<string, PromqlTokenKind>
    {
        ["and"] = PromqlTokenKind.Operator,
        ["or"] = PromqlTokenKind.Operator,
        ["unless"] = PromqlTokenKind.Operator,
        ["atan2"] = PromqlTokenKind.Operator,
        ["sum"] = PromqlTokenKind.Aggregator,
        ["avg"] = PromqlTokenKind.Aggregator,
        ["count"] = PromqlTokenKind.Aggregator,
        ["min"] = PromqlTokenKind.Aggregator,
        ["max"] = PromqlTokenKind.Aggregator,
        ["group"] = PromqlTokenKind.Aggregator,
        ["stddev"] = PromqlTokenKind.Aggregator,
        ["stdvar"] = PromqlTokenKind.Aggregator,
        ["topk"] = PromqlTokenKind.Aggregator,
        ["bottomk"] = PromqlTokenKind.Aggregator,
        ["count_values"] = PromqlTokenKind.Aggregator,
        ["quantile"] = PromqlTokenKind.Aggregator,
        ["limitk"] = PromqlTokenKind.Aggregator,
        ["limit_ratio"] = PromqlTokenKind.Aggregator,
        ["offset"] = PromqlTokenKind.Keyword,
        ["smoothed"] = PromqlTokenKind.Keyword,
        ["anchored"] = PromqlTokenKind.Keyword,
        ["by"] = PromqlTokenKind.Keyword,
        ["without"] = PromqlTokenKind.Keyword,
        ["on"] = PromqlTokenKind.Keyword,
        ["ignoring"] = PromqlTokenKind.Keyword,
        ["group_left"] = PromqlTokenKind.Keyword,
        ["group_right"] = PromqlTokenKind.Keyword,
        ["fill"] = PromqlTokenKind.Keyword,
        ["fill_left"] = PromqlTokenKind.Keyword,
        ["fill_right"] = PromqlTokenKind.Keyword,
        ["bool"] = PromqlTokenKind.Keyword,
        ["start"] = PromqlTokenKind.Preprocessor,
        ["end"] = PromqlTokenKind.Preprocessor,
        ["step"] = PromqlTokenKind.Preprocessor,
        ["range"] = PromqlTokenKind.Preprocessor,
        ["max_of"] = PromqlTokenKind.Preprocessor,
        ["min_of"] = PromqlTokenKind.Preprocessor,
        ["inf"] = PromqlTokenKind.Number,
        ["nan"] = PromqlTokenKind.Number,
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    private int at;
    private int parentheses;
    private bool inBraces;
    private bool inBrackets;
    private bool hasColon;

    /// <exception cref="PromqlException">What follows is no token.</exception>
    public PromqlToken Next()
    {
        SkipSpaceAndComments();
        if (at >= input.Length)
        {
            if (inBraces)
                throw Fault(at, "unexpected end of input inside braces");
            if (parentheses > 0)
                throw Fault(at, "unclosed left parenthesis");
            if (inBrackets)
                throw Fault(at, "unclosed left bracket");
            return new PromqlToken(PromqlTokenKind.End, "", at);
        }
        return inBraces ? InsideBraces() : Outside();
    }

    private PromqlToken Outside()
    {
        var (first, second) = (input[at], at + 1 < input.Length ? input[at + 1] : '\0');
        if (char.IsAsciiDigit(first) || (first == '.' && char.IsAsciiDigit(second)))
            return NumberOrDuration();
        if (first is '"' or '\'' or '`')
            return Text();
        if (IsLetter(first))
            return Word();
        switch (first)
        {
            case ':':
                if (!inBrackets)
                    return Word();
                if (hasColon)
                    throw Fault(at, $"unexpected colon {Quoted(first)}");
                hasColon = true;
                return Take(PromqlTokenKind.Colon, 1);
            case ',':
                return Take(PromqlTokenKind.Comma, 1);
            case '*' or '/' or '%' or '+' or '-' or '^':
                return Take(PromqlTokenKind.Operator, 1);
            case '=' when second == '=':
                return Take(PromqlTokenKind.Operator, 2);
            case '=' when second == '~':
                throw Fault(at, "unexpected character after '=': '~'");
            case '=':
                return Take(PromqlTokenKind.Equal, 1);
            case '!' when second == '=':
                return Take(PromqlTokenKind.Operator, 2);
            case '!':
                throw Fault(at, $"unexpected character after '!': {Quoted(second)}");
            case '<':
                return Take(PromqlTokenKind.Operator, second is '=' or '/' ? 2 : 1);
            case '>':
                return Take(PromqlTokenKind.Operator, second is '=' or '/' ? 2 : 1);
            case '(':
                parentheses++;
                return Take(PromqlTokenKind.LeftParenthesis, 1);
            case ')':
                if (--parentheses < 0)
                    throw Fault(at + 1, "unexpected right parenthesis ')'");
                return Take(PromqlTokenKind.RightParenthesis, 1);
            case '{':
                inBraces = true;
                return Take(PromqlTokenKind.LeftBrace, 1);
            case '[':
                if (inBrackets)
                    throw Fault(at, "unexpected left bracket '['");
                (inBrackets, hasColon) = (true, false);
                return Take(PromqlTokenKind.LeftBracket, 1);
            case ']':
                if (!inBrackets)
                    throw Fault(at, "unexpected right bracket ']'");
                inBrackets = false;
                return Take(PromqlTokenKind.RightBracket, 1);
            case '@':
                return Take(PromqlTokenKind.At, 1);
            default:
                throw Fault(at, $"unexpected character: {Quoted(first)}");
        }
    }

    private PromqlToken InsideBraces()
    {
        var (first, second) = (input[at], at + 1 < input.Length ? input[at + 1] : '\0');
        if (first is '"' or '\'' or '`')
            return Text();
        if (IsLetter(first))
        {
            var end = at + 1;
            while (end < input.Length && IsWord(input[end]))
                end++;
            return Take(PromqlTokenKind.Identifier, end - at);
        }
        switch (first)
        {
            case ',':
                return Take(PromqlTokenKind.Comma, 1);
            case '=' when second == '~':
                return Take(PromqlTokenKind.EqualRegex, 2);
            case '=':
                return Take(PromqlTokenKind.Equal, 1);
            case '!' when second == '~':
                return Take(PromqlTokenKind.NotRegex, 2);
            case '!' when second == '=':
                return Take(PromqlTokenKind.Operator, 2);
            case '!':
                throw Fault(at, $"unexpected character after '!' inside braces: {Quoted(second)}");
            case '{':
                throw Fault(at, "unexpected left brace '{'");
            case '}':
                inBraces = false;
                return Take(PromqlTokenKind.RightBrace, 1);
            default:
                throw Fault(at, $"unexpected character inside braces: {Quoted(first)}");
        }
    }

    private PromqlToken Word()
    {
        var end = at + 1;
        while (end < input.Length && (IsWord(input[end]) || (input[end] == ':' && !inBrackets)))
            end++;
        var word = input[at..end];
        if (inBrackets && word.ToLowerInvariant() is not ("step" or "range" or "max_of" or "min_of"))
        {
            throw Fault(at, $"unexpected character: {Quoted(input[at])}, expected ':'");
        }
        if (Words.TryGetValue(word, out var kind))
        {
            // These three are words of the language only before a parenthesis, so that metrics may go by their names.
            if (word.StartsWith("fill", StringComparison.OrdinalIgnoreCase) && !IsBeforeParenthesis(end))
                kind = PromqlTokenKind.Identifier;
            return Take(kind, end - at);
        }
        return Take(word.Contains(':', StringComparison.Ordinal) ? PromqlTokenKind.MetricIdentifier : PromqlTokenKind.Identifier, end - at);
    }

    private bool IsBeforeParenthesis(int place)
    {
        while (place < input.Length && IsSpace(input[place]))
            place++;
        return place < input.Length && input[place] == '(';
    }

    private PromqlToken NumberOrDuration()
    {
        if (PromqlNumbers.Scan(input, at) is { } number)
            return Take(PromqlTokenKind.Number, number - at);
        var end = at;
        // Years, hours and the like are checked when the duration is read.
        while (end < input.Length && char.IsAsciiDigit(input[end]))
        {
            while (end < input.Length && char.IsAsciiDigit(input[end]))
                end++;
            if (end >= input.Length || !"smhdwy".Contains(input[end], StringComparison.Ordinal))
                throw Bad(end);
            end++;
            if (end < input.Length && input[end] == 's')
                end++;
        }
        if (end == at || (end < input.Length && IsWord(input[end])))
            throw Bad(end);
        return Take(PromqlTokenKind.Duration, end - at);

        PromqlException Bad(int upTo)
        {
            var stop = Math.Min(input.Length, upTo + 1);
            while (stop < input.Length && IsWord(input[stop]))
                stop++;
            return Fault(at, $"bad number or duration syntax: {GoText.Quote(input[at..stop])}");
        }
    }

    private PromqlToken Text()
    {
        var quote = input[at];
        var end = at + 1;
        while (true)
        {
            if (end >= input.Length)
                throw Fault(at, quote == '`' ? "unterminated raw string" : "unterminated quoted string");
            if (input[end] == quote)
                break;
            if (quote != '`')
            {
                if (input[end] == '\n')
                    throw Fault(at, "unterminated quoted string");
                if (input[end] == '\\' && end + 1 < input.Length)
                    end++;
            }
            end++;
        }
        return Take(PromqlTokenKind.Text, end + 1 - at);
    }

    private void SkipSpaceAndComments()
    {
        while (at < input.Length)
        {
            if (IsSpace(input[at]))
                at++;
            else if (input[at] == '#')
            {
                while (at < input.Length && input[at] is not ('\n' or '\r'))
                    at++;
            }
            else
                return;
        }
    }

    private PromqlToken Take(PromqlTokenKind kind, int length)
    {
        var token = new PromqlToken(kind, input.Substring(at, length), at);
        at += length;
        return token;
    }

    private PromqlException Fault(int place, string message) => new(place, input.Length, message);

    private static string Quoted(char one) => one == '\0' ? "'\\x00'" : $"'{one}'";

    private static bool IsSpace(char one) => one is ' ' or '\t' or '\n' or '\r';

    private static bool IsLetter(char one) => one == '_' || char.IsAsciiLetter(one);

    private static bool IsWord(char one) => IsLetter(one) || char.IsAsciiDigit(one);
}

/// <summary>Why a text is no PromQL, and where.</summary>
internal sealed class PromqlException(int start, int end, string message) : Exception(message)
{
    public int Start { get; } = start;
    public int End { get; } = end;
}

/// <summary>Literals of numbers and strings.</summary>
internal static class PromqlNumbers
{
    /// <summary>One past the number that starts here; null when none does.</summary>
    public static int? Scan(string input, int start)
    {
        var at = start;
        var isHex = input[at] == '0' && at + 1 < input.Length && input[at + 1] is 'x' or 'X';
        if (isHex)
        {
            at += 2;
            if (at < input.Length && input[at] == '_')
                at++;
        }
        var (hasDot, hasExponent) = (false, false);
        var digits = at;
        while (at < input.Length)
        {
            var one = input[at];
            var next = at + 1 < input.Length ? input[at + 1] : '\0';
            if (isHex ? char.IsAsciiHexDigit(one) : char.IsAsciiDigit(one))
                at++;
            else if (one == '.')
            {
                if (hasDot || isHex || next is '_' or '.')
                    return null;
                hasDot = true;
                at++;
            }
            else if (!isHex && one is 'e' or 'E')
            {
                if (hasExponent)
                    return null;
                hasExponent = true;
                at++;
                if (at < input.Length && input[at] is '+' or '-')
                    at++;
                if (at >= input.Length || input[at] is '.' or '_' or 'e' or 'E')
                    return null;
            }
            else if (one == '_')
            {
                if (next is '.' or '_' or 'e' or 'E' or '\0')
                    return null;
                at++;
            }
            else
                break;
        }
        if (at == digits)
            return null;
        return at < input.Length && (char.IsAsciiLetterOrDigit(input[at]) || input[at] == '_') ? null : at;
    }

    /// <summary>The value of a number's text; null when it is none.</summary>
    public static double? Parse(string text)
    {
        if (text.Equals("inf", StringComparison.OrdinalIgnoreCase))
            return double.PositiveInfinity;
        if (text.Equals("nan", StringComparison.OrdinalIgnoreCase))
            return double.NaN;
        var plain = text.Replace("_", "", StringComparison.Ordinal);
        if (plain.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
        {
            return ulong.TryParse(plain.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hex) ? hex : null;
        }
        // Go reads a whole number that begins with a zero as octal, and one with an 8 or 9 in it as decimal after all.
        if (plain.Length > 1 && plain[0] == '0' && plain.All(one => one is >= '0' and <= '7'))
        {
            return plain.Aggregate(0.0, (sum, digit) => (sum * 8) + (digit - '0'));
        }
        return double.TryParse(plain, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value)
            ? value
            : null;
    }

    /// <summary>What a string literal says.</summary>
    /// <param name="literal">With its quotes.</param>
    /// <exception cref="FormatException">An escape is none.</exception>
    public static string Unquote(string literal)
    {
        var inner = literal[1..^1];
        if (literal[0] == '`' || !inner.Contains('\\', StringComparison.Ordinal))
            return inner;
        var bytes = new List<byte>(inner.Length);
        Span<byte> utf8 = stackalloc byte[4];
        for (var at = 0; at < inner.Length; )
        {
            if (inner[at] != '\\')
            {
                var next = inner.IndexOf('\\', at);
                var end = next < 0 ? inner.Length : next;
                bytes.AddRange(Encoding.UTF8.GetBytes(inner[at..end]));
                at = end;
                continue;
            }
            var escape = at + 1 < inner.Length ? inner[at + 1] : throw new FormatException("escape sequence not terminated");
            at += 2;
            switch (escape)
            {
                case 'a':
                    bytes.Add(7);
                    break;
                case 'b':
                    bytes.Add(8);
                    break;
                case 'f':
                    bytes.Add(12);
                    break;
                case 'n':
                    bytes.Add(10);
                    break;
                case 'r':
                    bytes.Add(13);
                    break;
                case 't':
                    bytes.Add(9);
                    break;
                case 'v':
                    bytes.Add(11);
                    break;
                case '\\':
                    bytes.Add((byte)'\\');
                    break;
                case '"' or '\'' when escape == literal[0]:
                    bytes.Add((byte)escape);
                    break;
                case >= '0' and <= '7':
                    bytes.Add((byte)Digits(inner, at - 1, 3, 8, 255));
                    at += 2;
                    break;
                case 'x':
                    bytes.Add((byte)Digits(inner, at, 2, 16, 255));
                    at += 2;
                    break;
                case 'u' or 'U':
                    var count = escape == 'u' ? 4 : 8;
                    var rune = Digits(inner, at, count, 16, 0x10ffff);
                    if (rune is >= 0xd800 and < 0xe000)
                        throw new FormatException("escape sequence is an invalid Unicode code point");
                    bytes.AddRange(utf8[..new Rune(rune).EncodeToUtf8(utf8)]);
                    at += count;
                    break;
                default:
                    throw new FormatException($"unknown escape sequence U+{(int)escape:X4} '{escape}'");
            }
        }
        return Encoding.UTF8.GetString([.. bytes]);
    }

    private static int Digits(string text, int start, int count, int numberBase, int most)
    {
        if (start + count > text.Length)
            throw new FormatException("escape sequence not terminated");
        long value = 0;
        for (var i = start; i < start + count; i++)
        {
            var digit = char.IsAsciiHexDigit(text[i]) ? Convert.ToInt32(text[i].ToString(), 16) : 16;
            if (digit >= numberBase)
                throw new FormatException($"illegal character U+{(int)text[i]:X4} '{text[i]}' in escape sequence");
            value = (value * numberBase) + digit;
        }
        return value <= most ? (int)value : throw new FormatException("escape sequence is an invalid Unicode code point");
    }
}
