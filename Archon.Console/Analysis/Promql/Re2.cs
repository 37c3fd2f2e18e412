using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Archon.Analysis.Promql;

/// <summary>
/// Regular expressions in the dialect of Go (RE2), in which PromQL's matchers and the functions of templates are written.
/// </summary>
/// <remarks>
/// Source: package regexp/syntax of the Go standard library, with its Perl flags. A pattern is checked by the rules of that dialect and
/// then matched by .NET's engine without backtracking, whose time, like RE2's, grows with the length of the text alone. Scripts of
/// Unicode (<c>\p{Greek}</c>) are taken for the block of that name. What that engine needs to begin grows with the square of the different
/// characters and classes of a pattern, and its states with the repetitions, so that both are limited: see <see cref="InputLimits"/>.
/// </remarks>
public static class Re2
{
    private const RegexOptions Options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;

    private static readonly SearchValues<char> MetaCharacters = SearchValues.Create(@"\.+*?()|[]{}^$");

    private static readonly TimeSpan EmptyTime = TimeSpan.FromMilliseconds(20);

    // A compiled pattern keeps the states that it has come through, up to some megabytes.
    private const int MostKept = 64;
    private static readonly ConcurrentDictionary<string, Regex> Kept = new(StringComparer.Ordinal);
    private static readonly ConcurrentDictionary<string, Regex> KeptWhole = new(StringComparer.Ordinal);
    private static readonly ConcurrentDictionary<string, string> Categories = new(StringComparer.Ordinal);

    /// <summary>Why Go refuses the pattern, in its words; null when it does not.</summary>
    /// <exception cref="InputLimitException">The pattern is too large to be checked.</exception>
    public static string? Fault(string pattern)
    {
        try
        {
            _ = new Translation(pattern).Whole();
            return null;
        }
        catch (FormatException fault)
        {
            return fault.Message;
        }
    }

    /// <summary>Whether the whole text matches, as for a PromQL matcher, where a dot also matches a line feed.</summary>
    /// <exception cref="FormatException">Go refuses the pattern.</exception>
    /// <exception cref="InputLimitException">The pattern is too large, or takes too long.</exception>
    public static bool Matches(string pattern, string text)
    {
        if (IsPlain(pattern))
            return pattern == text;
        if (text.Length == 0 && MatchesEmpty(pattern) is { } isMatch)
            return isMatch;
        return Run(() => Compiled(KeptWhole, pattern, Whole).IsMatch(text));
    }

    /// <summary>Whether the pattern matches anywhere in the text.</summary>
    /// <exception cref="FormatException">Go refuses the pattern.</exception>
    /// <exception cref="InputLimitException">The pattern is too large, or takes too long.</exception>
    public static bool Finds(string pattern, string text) => Run(() => Compiled(Kept, pattern, Anywhere).IsMatch(text));

    /// <summary>
    /// Every match replaced. In the replacement <c>$1</c>, <c>$name</c> and <c>${name}</c> stand for groups, <c>$$</c> for a dollar.
    /// </summary>
    /// <param name="limit">Of the characters that are put in.</param>
    /// <exception cref="FormatException">Go refuses the pattern.</exception>
    /// <exception cref="InputLimitException">The pattern is too large, takes too long, or the result is beyond the limit.</exception>
    public static string Replace(string pattern, string replacement, string text, InputLimit limit)
    {
        var written = 0L;
        return Run(() =>
            Compiled(Kept, pattern, Anywhere)
                .Replace(
                    text,
                    match =>
                    {
                        var expanded = Expand(replacement, match, limit);
                        limit.Check(written += expanded.Length);
                        return expanded;
                    }
                )
        );
    }

    private static string Anywhere(string pattern) => new Translation(pattern).Whole();

    private static string Whole(string pattern) => $@"\A(?s:{Anywhere(pattern)})\z";

    private static Regex Compiled(ConcurrentDictionary<string, Regex> kept, string pattern, Func<string, string> translate)
    {
        if (kept.TryGetValue(pattern, out var known))
            return known;
        var compiled = new Regex(translate(pattern), Options, TimeSpan.FromMilliseconds(InputLimits.RegexTime.Most));
        if (kept.Count >= MostKept)
            kept.Clear();
        return kept[pattern] = compiled;
    }

    private static T Run<T>(Func<T> match)
    {
        try
        {
            return match();
        }
        catch (NotSupportedException)
        {
            throw new InputLimitException(InputLimits.RegexStates);
        }
        catch (RegexMatchTimeoutException)
        {
            throw new InputLimitException(InputLimits.RegexTime);
        }
        catch (RegexParseException odd)
        {
            throw new FormatException(odd.Message, odd);
        }
    }

    /// <summary>Every character stands for itself.</summary>
    private static bool IsPlain(string pattern) => pattern.AsSpan().IndexOfAny(MetaCharacters) < 0;

    /// <summary>
    /// Every selector is asked whether it takes an empty label. The backtracking engine begins at a fiftieth of the cost of the other, and has
    /// little to track back to where there is no text; null where it has all the same.
    /// </summary>
    private static bool? MatchesEmpty(string pattern)
    {
        try
        {
            return Run(() => Regex.IsMatch("", Whole(pattern), RegexOptions.CultureInvariant, EmptyTime));
        }
        catch (InputLimitException)
        {
            return null;
        }
    }

    private static string Expand(string replacement, Match match, InputLimit limit)
    {
        var text = new StringBuilder();
        for (var at = 0; at < replacement.Length; at++)
        {
            if (replacement[at] != '$' || at + 1 >= replacement.Length)
            {
                text.Append(replacement[at]);
                continue;
            }
            if (replacement[at + 1] == '$')
            {
                text.Append('$');
                at++;
                continue;
            }
            var isBraced = replacement[at + 1] == '{';
            var first = at + (isBraced ? 2 : 1);
            var end = first;
            while (end < replacement.Length && (replacement[end] == '_' || char.IsLetterOrDigit(replacement[end])))
                end++;
            if (end == first || (isBraced && (end >= replacement.Length || replacement[end] != '}')))
            {
                text.Append('$'); // no name follows: Go leaves such a dollar as it is
                continue;
            }
            text.Append(match.Groups[replacement[first..end]].ValueSpan);
            limit.Check(text.Length);
            at = isBraced ? end : end - 1;
        }
        return text.ToString();
    }

    /// <summary>One pattern on its way from Go's dialect to .NET's.</summary>
    private sealed class Translation(string pattern)
    {
        private const int MostRepeats = 1000;
        private readonly StringBuilder text = new();
        private int at;
        private readonly HashSet<string> kinds = new(StringComparer.Ordinal);
        private readonly Stack<int> outerRepeats = [];
        private bool canRepeat;
        private int repeated = -1; // where the repetition began that was just read

        // How often the repetitions within each other ask for the same: of the last element, and the most within the group so far.
        private int lastRepeats = 1;
        private int repeats = 1;
        private readonly bool isByLine =
            pattern.Contains("(?", StringComparison.Ordinal)
            && Regex.IsMatch(pattern, @"\(\?[a-zA-Z]*m", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);

        public string Whole()
        {
            InputLimits.RegexLength.Check(pattern.Length);
            while (at < pattern.Length)
                One();
            if (outerRepeats.Count > 0)
                throw new FormatException($"missing closing ): `{pattern}`");
            return text.ToString();
        }

        private void One()
        {
            var one = pattern[at];
            switch (one)
            {
                case '(':
                    Group();
                    break;
                case ')':
                    if (!outerRepeats.TryPop(out var before))
                        throw new FormatException($"unexpected ): `{pattern}`");
                    Take(")", 1);
                    (lastRepeats, repeats) = (repeats, Math.Max(before, repeats));
                    break;
                case '|':
                    Take("|", 1);
                    canRepeat = false;
                    break;
                case '*' or '+' or '?':
                    Repeat(at + 1, null);
                    break;
                case '{' when Counted() is var (end, times):
                    Repeat(end, times);
                    break;
                case '{':
                    Take(@"\{", 1);
                    break;
                case '[':
                    Class();
                    break;
                case '\\':
                    Escape();
                    break;
                case '$':
                    Take(isByLine ? "$" : @"\z", 1);
                    break;
                case '#' or ' ':
                    Take("\\" + one, 1);
                    break;
                default:
                    var length = char.IsHighSurrogate(one) && at + 1 < pattern.Length ? 2 : 1;
                    Different(length == 2 ? $"(?:{pattern.Substring(at, 2)})" : one.ToString(), length);
                    break;
            }
        }

        private void Take(string translated, int length)
        {
            text.Append(translated);
            at += length;
            (canRepeat, repeated, lastRepeats) = (true, -1, 1);
        }

        /// <summary>A character or a class, which the engine keeps apart from every other.</summary>
        private void Different(string translated, int length)
        {
            Take(translated, length);
            kinds.Add(translated);
            InputLimits.RegexKinds.Check(kinds.Count);
        }

        private void Open()
        {
            outerRepeats.Push(repeats);
            InputLimits.RegexDepth.Check(outerRepeats.Count);
            repeats = 1;
        }

        private void Group()
        {
            Open();
            if (at + 1 >= pattern.Length || pattern[at + 1] != '?')
            {
                Take("(", 1);
                canRepeat = false;
                return;
            }
            var rest = pattern.AsSpan(at);
            if (
                rest.StartsWith("(?P<", StringComparison.Ordinal)
                || (rest.StartsWith("(?<", StringComparison.Ordinal) && rest.Length > 3 && rest[3] is not ('=' or '!'))
            )
            {
                var name = pattern.IndexOf('<', at) + 1;
                var end = pattern.IndexOf('>', name);
                if (end <= name || !pattern[name..end].All(one => one == '_' || char.IsAsciiLetterOrDigit(one)))
                {
                    throw new FormatException($"invalid named capture: `{pattern[at..]}`");
                }
                Take($"(?<{pattern[name..end]}>", end + 1 - at);
                canRepeat = false;
                return;
            }
            var flags = at + 2;
            while (flags < pattern.Length && pattern[flags] is 'i' or 'm' or 's' or 'U' or '-')
                flags++;
            if (flags >= pattern.Length)
                throw new FormatException($"missing closing ): `{pattern}`");
            if (pattern[flags] is not (':' or ')') || (pattern[flags] == ')' && flags == at + 2))
            {
                throw new FormatException($"invalid or unsupported Perl syntax: `{pattern[at..(flags + 1)]}`");
            }
            var isAlone = pattern[flags] == ')';
            // Whether a match is greedy changes where it ends, never whether there is one.
            var kept = pattern[(at + 2)..flags].Replace("U", "", StringComparison.Ordinal);
            if (kept == "-")
                kept = "";
            Take(
                isAlone
                    ? kept.Length > 0
                        ? $"(?{kept})"
                        : ""
                    : $"(?{kept}:",
                flags + 1 - at
            );
            if (isAlone)
                repeats = outerRepeats.Pop();
            canRepeat = false;
        }

        /// <summary>One past a repetition such as <c>{2,5}</c>, and how often at most; null where the brace is an ordinary character.</summary>
        private (int End, int Times)? Counted()
        {
            var end = at + 1;
            while (end < pattern.Length && (char.IsAsciiDigit(pattern[end]) || pattern[end] == ','))
                end++;
            if (end >= pattern.Length || pattern[end] != '}')
                return null;
            var inner = pattern.AsSpan(at + 1, end - at - 1);
            var comma = inner.IndexOf(',');
            if (comma == 0 || inner.Length == 0 || inner.LastIndexOf(',') != comma)
                return null;
            var least = Count(comma < 0 ? inner : inner[..comma]);
            var most = comma >= 0 && comma + 1 < inner.Length ? Count(inner[(comma + 1)..]) : least;
            return least <= MostRepeats && most <= MostRepeats && least <= most
                ? (end + 1, most)
                : throw new FormatException($"invalid repeat count: `{pattern[at..(end + 1)]}`");

            static int Count(ReadOnlySpan<char> digits) =>
                digits.Length > 6 ? int.MaxValue : int.Parse(digits, CultureInfo.InvariantCulture);
        }

        /// <param name="times">Null for <c>*</c>, <c>+</c> and <c>?</c>, which Go does not multiply.</param>
        private void Repeat(int end, int? times)
        {
            if (repeated >= 0)
                throw new FormatException($"invalid nested repetition operator: `{pattern[repeated..end]}`");
            if (!canRepeat)
                throw new FormatException($"missing argument to repetition operator: `{pattern[at..end]}`");
            // Like Go: what is repeated no times at all is not looked into.
            lastRepeats = times switch
            {
                null => lastRepeats,
                0 => 1,
                var count => lastRepeats * count.Value,
            };
            if (lastRepeats > MostRepeats && times >= 2)
                throw new FormatException($"invalid repeat count: `{pattern[at..end]}`");
            repeats = Math.Max(repeats, lastRepeats);
            if (end < pattern.Length && pattern[end] == '?')
                end++;
            repeated = at;
            text.Append(pattern, at, end - at);
            at = end;
        }

        private void Escape()
        {
            if (at + 1 >= pattern.Length)
                throw new FormatException("trailing backslash at end of expression: ``");
            var next = pattern[at + 1];
            switch (next)
            {
                case 'Q':
                    var end = pattern.IndexOf(@"\E", at + 2, StringComparison.Ordinal);
                    var literal = end < 0 ? pattern[(at + 2)..] : pattern[(at + 2)..end];
                    foreach (var character in literal)
                        Different(Regex.Escape(character.ToString()), 0);
                    at = end < 0 ? pattern.Length : end + 2;
                    return;
                case 'A' or 'z' or 'b' or 'B':
                    Take(@"\" + next, 2);
                    return;
                case 'd':
                    Take("[0-9]", 2);
                    return;
                case 'D':
                    Take("[^0-9]", 2);
                    return;
                case 'w':
                    Take("[0-9A-Za-z_]", 2);
                    return;
                case 'W':
                    Take("[^0-9A-Za-z_]", 2);
                    return;
                case 's':
                    Take(@"[\t\n\f\r\ ]", 2);
                    return;
                case 'S':
                    Take(@"[^\t\n\f\r\ ]", 2);
                    return;
                case 'p' or 'P':
                    var (category, length) = Category();
                    Different(category, length);
                    return;
                default:
                    var start = at;
                    var code = EscapedCode();
                    var width = at - start;
                    at = start;
                    Different(code > 0xffff ? $"(?:{char.ConvertFromUtf32(code)})" : Literal(code), width);
                    return;
            }
        }

        private (string Text, int Length) Category()
        {
            var isNegated = pattern[at + 1] == 'P';
            if (at + 2 >= pattern.Length)
                throw new FormatException($"invalid character class range: `{pattern[at..]}`");
            var end = pattern[at + 2] == '{' ? pattern.IndexOf('}', at) : at + 2;
            if (end < 0)
                throw new FormatException($"invalid character class range: `{pattern[at..]}`");
            var name = pattern[(at + 2)..(end + 1)].Trim('{', '}');
            if (name.StartsWith('^'))
                (name, isNegated) = (name[1..], !isNegated);
            if (!Categories.TryGetValue(name, out var known))
            {
                known = Known(name);
                // The names that are known are few; of others there is no end.
                if (known is not null)
                    Categories[name] = known;
            }
            return known is not null
                ? ($@"\{(isNegated ? 'P' : 'p')}{{{known}}}", end + 1 - at)
                : throw new FormatException($"invalid character class range: `{pattern[at..(end + 1)]}`");
        }

        private static string? Known(string name)
        {
            foreach (var candidate in (string[])[name, "Is" + name])
            {
                try
                {
                    _ = new Regex($@"\p{{{candidate}}}", RegexOptions.CultureInvariant);
                    return candidate;
                }
                catch (ArgumentException)
                {
                    // not known by this name
                }
            }
            return null;
        }

        /// <summary>Reads an escape for one character, and moves past it.</summary>
        private int EscapedCode()
        {
            var start = at;
            var next = pattern[at + 1];
            at += 2;
            switch (next)
            {
                case 'a':
                    return 7;
                case 'f':
                    return 12;
                case 'n':
                    return 10;
                case 'r':
                    return 13;
                case 't':
                    return 9;
                case 'v':
                    return 11;
                case >= '1' and <= '7' when at >= pattern.Length || pattern[at] is < '0' or > '7':
                    break;
                case >= '0' and <= '7':
                    var octal = next - '0';
                    for (var i = 0; i < 2 && at < pattern.Length && pattern[at] is >= '0' and <= '7'; i++)
                    {
                        octal = (octal * 8) + (pattern[at++] - '0');
                    }
                    return octal;
                case 'x':
                    var isBraced = at < pattern.Length && pattern[at] == '{';
                    var end = isBraced ? pattern.IndexOf('}', at) : at + 2;
                    if (end < 0 || end > pattern.Length)
                        break;
                    var digits = pattern.AsSpan(isBraced ? at + 1 : at, end - at - (isBraced ? 1 : 0));
                    if (
                        !int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hex)
                        || hex is < 0 or > 0x10ffff
                    )
                    {
                        break;
                    }
                    at = isBraced ? end + 1 : end;
                    return hex;
                default:
                    if (next < 0x80 && !char.IsAsciiLetterOrDigit(next))
                        return next;
                    break;
            }
            throw new FormatException($@"invalid escape sequence: `\{pattern[start + 1]}`");
        }

        private void Class()
        {
            var start = at;
            var translated = new StringBuilder("[");
            at++;
            if (at < pattern.Length && pattern[at] == '^')
            {
                translated.Append('^');
                at++;
            }
            var isFirst = true;
            while (at < pattern.Length && (pattern[at] != ']' || isFirst))
            {
                if (
                    pattern[at] == '['
                    && at + 1 < pattern.Length
                    && pattern[at + 1] == ':'
                    && pattern.IndexOf(":]", at + 2, StringComparison.Ordinal) is > 0 and var named
                )
                {
                    translated.Append(Posix(pattern[at..(named + 2)]));
                    at = named + 2;
                }
                else if (pattern[at] == '\\' && at + 1 < pattern.Length && "dDwWsSpP".Contains(pattern[at + 1], StringComparison.Ordinal))
                {
                    if (pattern[at + 1] is 'p' or 'P')
                    {
                        var (category, length) = Category();
                        translated.Append(category);
                        at += length;
                    }
                    else
                    {
                        translated.Append(
                            pattern[at + 1] switch
                            {
                                'd' => "0-9",
                                'w' => "0-9A-Za-z_",
                                's' => @"\t\n\f\r\ ",
                                'D' => @"\x00-/:-\uFFFF",
                                'W' => @"\x00-/:-@\[-\^`{-\uFFFF",
                                _ => @"\x00-\x08\x0b\x0e-\x1f!-\uFFFF",
                            }
                        );
                        at += 2;
                    }
                }
                else
                {
                    var begin = at;
                    var low = ClassCode(start);
                    var high = low;
                    if (at + 1 < pattern.Length && pattern[at] == '-' && pattern[at + 1] != ']')
                    {
                        at++;
                        high = ClassCode(start);
                        if (high < low)
                            throw new FormatException($"invalid character class range: `{pattern[begin..at]}`");
                    }
                    // Beyond the basic plane .NET's classes see two halves; such characters are widened to any of them.
                    translated.Append(low > 0xffff ? @"\uD800-\uDFFF" : Literal(low));
                    if (high != low)
                        translated.Append('-').Append(high > 0xffff ? @"\uFFFF" : Literal(high));
                }
                isFirst = false;
            }
            if (at >= pattern.Length)
                throw new FormatException($"missing closing ]: `{pattern[start..]}`");
            translated.Append(']');
            var end = at + 1;
            at = start;
            Different(translated.ToString(), end - start);
        }

        private int ClassCode(int start)
        {
            if (at >= pattern.Length)
                throw new FormatException($"missing closing ]: `{pattern[start..]}`");
            if (pattern[at] == '\\')
            {
                return at + 1 < pattern.Length ? EscapedCode() : throw new FormatException("trailing backslash at end of expression: ``");
            }
            var code = char.IsHighSurrogate(pattern[at]) && at + 1 < pattern.Length ? char.ConvertToUtf32(pattern, at) : pattern[at];
            at += code > 0xffff ? 2 : 1;
            return code;
        }

        private static string Literal(int code) =>
            code switch
            {
                < 0x20 or (> 0x7e and <= 0xffff) => $@"\u{code:X4}",
                _ when char.IsAsciiLetterOrDigit((char)code) || code == '_' => ((char)code).ToString(),
                _ => @"\" + (char)code,
            };

        private static string Posix(string name) =>
            name switch
            {
                "[:alnum:]" => "0-9A-Za-z",
                "[:alpha:]" => "A-Za-z",
                "[:ascii:]" => @"\x00-\x7F",
                "[:blank:]" => @"\t\ ",
                "[:cntrl:]" => @"\x00-\x1F\x7F",
                "[:digit:]" => "0-9",
                "[:graph:]" => "!-~",
                "[:lower:]" => "a-z",
                "[:print:]" => @"\ -~",
                "[:punct:]" => @"!-/:-@\[-`{-~",
                "[:space:]" => @"\t\n\v\f\r\ ",
                "[:upper:]" => "A-Z",
                "[:word:]" => "0-9A-Za-z_",
                "[:xdigit:]" => "0-9A-Fa-f",
                _ => throw new FormatException($"invalid character class range: `{name}`"),
            };
    }
}
