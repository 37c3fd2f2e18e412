using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Archon.Analysis.Alerting;

/// <summary>
/// Regular expressions in the dialect of Go (RE2), in which PromQL's matchers and the functions of templates are written.
/// </summary>
/// <remarks>
/// Source: package regexp/syntax of the Go standard library, with its Perl flags. A pattern is checked by the rules of that dialect and
/// then matched by .NET's engine without backtracking, whose time, like RE2's, grows with the length of the text alone. Scripts of
/// Unicode (<c>\p{Greek}</c>) are taken for the block of that name.
/// </remarks>
public static class Re2
{
    private const RegexOptions Options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;

    /// <summary>Why Go refuses the pattern, in its words; null when it does not.</summary>
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
    public static bool Matches(string pattern, string text) =>
        Regex.IsMatch(text, $@"\A(?s:{new Translation(pattern).Whole()})\z", Options);

    /// <summary>Whether the pattern matches anywhere in the text.</summary>
    /// <exception cref="FormatException">Go refuses the pattern.</exception>
    public static bool Finds(string pattern, string text) => Regex.IsMatch(text, new Translation(pattern).Whole(), Options);

    /// <summary>
    /// Every match replaced. In the replacement <c>$1</c>, <c>$name</c> and <c>${name}</c> stand for groups, <c>$$</c> for a dollar.
    /// </summary>
    /// <exception cref="FormatException">Go refuses the pattern.</exception>
    public static string Replace(string pattern, string replacement, string text) =>
        new Regex(new Translation(pattern).Whole(), Options).Replace(text, match => Expand(replacement, match));

    private static string Expand(string replacement, Match match)
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
            while (end < replacement.Length && (replacement[end] == '_' || char.IsLetterOrDigit(replacement[end]))) end++;
            if (end == first || (isBraced && (end >= replacement.Length || replacement[end] != '}')))
            {
                text.Append('$');   // no name follows: Go leaves such a dollar as it is
                continue;
            }
            text.Append(match.Groups[replacement[first..end]].Value);
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
        private int depth;
        private bool canRepeat;
        private int repeated = -1;   // where the repetition began that was just read
        private readonly bool isByLine = pattern.Contains("(?", StringComparison.Ordinal)
            && Regex.IsMatch(pattern, @"\(\?[a-zA-Z]*m", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);

        public string Whole()
        {
            while (at < pattern.Length) One();
            if (depth > 0) throw new FormatException($"missing closing ): `{pattern}`");
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
                    if (--depth < 0) throw new FormatException($"unexpected ): `{pattern}`");
                    Take(")", 1);
                    break;
                case '|':
                    Take("|", 1);
                    canRepeat = false;
                    break;
                case '*' or '+' or '?':
                    Repeat(at + 1);
                    break;
                case '{' when Counted() is { } end:
                    Repeat(end);
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
                    Take(length == 2 ? $"(?:{pattern.Substring(at, 2)})" : one.ToString(), length);
                    break;
            }
        }

        private void Take(string translated, int length)
        {
            text.Append(translated);
            at += length;
            (canRepeat, repeated) = (true, -1);
        }

        private void Group()
        {
            depth++;
            if (at + 1 >= pattern.Length || pattern[at + 1] != '?')
            {
                Take("(", 1);
                canRepeat = false;
                return;
            }
            var rest = pattern.AsSpan(at);
            if (rest.StartsWith("(?P<", StringComparison.Ordinal)
                || (rest.StartsWith("(?<", StringComparison.Ordinal) && rest.Length > 3 && rest[3] is not ('=' or '!')))
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
            while (flags < pattern.Length && pattern[flags] is 'i' or 'm' or 's' or 'U' or '-') flags++;
            if (flags >= pattern.Length) throw new FormatException($"missing closing ): `{pattern}`");
            if (pattern[flags] is not (':' or ')') || (pattern[flags] == ')' && flags == at + 2))
            {
                throw new FormatException($"invalid or unsupported Perl syntax: `{pattern[at..(flags + 1)]}`");
            }
            var isAlone = pattern[flags] == ')';
            // Whether a match is greedy changes where it ends, never whether there is one.
            var kept = pattern[(at + 2)..flags].Replace("U", "", StringComparison.Ordinal);
            if (kept == "-") kept = "";
            Take(isAlone ? kept.Length > 0 ? $"(?{kept})" : "" : $"(?{kept}:", flags + 1 - at);
            if (isAlone) depth--;
            canRepeat = false;
        }

        /// <summary>One past a repetition such as <c>{2,5}</c>; null where the brace is an ordinary character.</summary>
        private int? Counted()
        {
            var end = pattern.IndexOf('}', at);
            if (end < 0) return null;
            var inner = pattern[(at + 1)..end].Split(',');
            if (inner.Length > 2 || inner[0].Length == 0 || inner.Any(part => !part.All(char.IsAsciiDigit))) return null;
            var least = Count(inner[0]);
            var most = inner.Length == 2 && inner[1].Length > 0 ? Count(inner[1]) : least;
            return least <= MostRepeats && most <= MostRepeats && least <= most
                ? end + 1 : throw new FormatException($"invalid repeat count: `{pattern[at..(end + 1)]}`");

            static int Count(string digits) => digits.Length > 6 ? int.MaxValue : int.Parse(digits, CultureInfo.InvariantCulture);
        }

        private void Repeat(int end)
        {
            if (repeated >= 0) throw new FormatException($"invalid nested repetition operator: `{pattern[repeated..end]}`");
            if (!canRepeat) throw new FormatException($"missing argument to repetition operator: `{pattern[at..end]}`");
            if (end < pattern.Length && pattern[end] == '?') end++;
            repeated = at;
            text.Append(pattern, at, end - at);
            at = end;
        }

        private void Escape()
        {
            if (at + 1 >= pattern.Length) throw new FormatException("trailing backslash at end of expression: ``");
            var next = pattern[at + 1];
            switch (next)
            {
                case 'Q':
                    var end = pattern.IndexOf(@"\E", at + 2, StringComparison.Ordinal);
                    var literal = end < 0 ? pattern[(at + 2)..] : pattern[(at + 2)..end];
                    foreach (var character in literal) Take(Regex.Escape(character.ToString()), 0);
                    at = end < 0 ? pattern.Length : end + 2;
                    return;
                case 'A' or 'z' or 'b' or 'B':
                    Take(@"\" + next, 2);
                    return;
                case 'd': Take("[0-9]", 2); return;
                case 'D': Take("[^0-9]", 2); return;
                case 'w': Take("[0-9A-Za-z_]", 2); return;
                case 'W': Take("[^0-9A-Za-z_]", 2); return;
                case 's': Take(@"[\t\n\f\r\ ]", 2); return;
                case 'S': Take(@"[^\t\n\f\r\ ]", 2); return;
                case 'p' or 'P':
                    var (category, length) = Category();
                    Take(category, length);
                    return;
                default:
                    var start = at;
                    var code = EscapedCode();
                    var width = at - start;
                    at = start;
                    Take(code > 0xffff ? $"(?:{char.ConvertFromUtf32(code)})" : Literal(code), width);
                    return;
            }
        }

        private (string Text, int Length) Category()
        {
            var isNegated = pattern[at + 1] == 'P';
            if (at + 2 >= pattern.Length) throw new FormatException($"invalid character class range: `{pattern[at..]}`");
            var end = pattern[at + 2] == '{' ? pattern.IndexOf('}', at) : at + 2;
            if (end < 0) throw new FormatException($"invalid character class range: `{pattern[at..]}`");
            var name = pattern[(at + 2)..(end + 1)].Trim('{', '}');
            if (name.StartsWith('^')) (name, isNegated) = (name[1..], !isNegated);
            foreach (var candidate in (string[])[name, "Is" + name])
            {
                var translated = $@"\{(isNegated ? 'P' : 'p')}{{{candidate}}}";
                try
                {
                    _ = new Regex(translated, Options);
                    return (translated, end + 1 - at);
                }
                catch (ArgumentException)
                {
                    // not known by this name
                }
            }
            throw new FormatException($"invalid character class range: `{pattern[at..(end + 1)]}`");
        }

        /// <summary>Reads an escape for one character, and moves past it.</summary>
        private int EscapedCode()
        {
            var start = at;
            var next = pattern[at + 1];
            at += 2;
            switch (next)
            {
                case 'a': return 7;
                case 'f': return 12;
                case 'n': return 10;
                case 'r': return 13;
                case 't': return 9;
                case 'v': return 11;
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
                    if (end < 0 || end > pattern.Length) break;
                    var digits = pattern.AsSpan(isBraced ? at + 1 : at, end - at - (isBraced ? 1 : 0));
                    if (!int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hex)
                        || hex is < 0 or > 0x10ffff)
                    {
                        break;
                    }
                    at = isBraced ? end + 1 : end;
                    return hex;
                default:
                    if (next < 0x80 && !char.IsAsciiLetterOrDigit(next)) return next;
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
                if (pattern[at] == '[' && at + 1 < pattern.Length && pattern[at + 1] == ':'
                    && pattern.IndexOf(":]", at + 2, StringComparison.Ordinal) is > 0 and var named)
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
                        translated.Append(pattern[at + 1] switch
                        {
                            'd' => "0-9", 'w' => "0-9A-Za-z_", 's' => @"\t\n\f\r\ ",
                            'D' => @"\x00-/:-\uFFFF", 'W' => @"\x00-/:-@\[-\^`{-\uFFFF",
                            _ => @"\x00-\x08\x0b\x0e-\x1f!-\uFFFF",
                        });
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
                        if (high < low) throw new FormatException($"invalid character class range: `{pattern[begin..at]}`");
                    }
                    // Beyond the basic plane .NET's classes see two halves; such characters are widened to any of them.
                    translated.Append(low > 0xffff ? @"\uD800-\uDFFF" : Literal(low));
                    if (high != low) translated.Append('-').Append(high > 0xffff ? @"\uFFFF" : Literal(high));
                }
                isFirst = false;
            }
            if (at >= pattern.Length) throw new FormatException($"missing closing ]: `{pattern[start..]}`");
            translated.Append(']');
            var end = at + 1;
            at = start;
            Take(translated.ToString(), end - start);
        }

        private int ClassCode(int start)
        {
            if (at >= pattern.Length) throw new FormatException($"missing closing ]: `{pattern[start..]}`");
            if (pattern[at] == '\\')
            {
                return at + 1 < pattern.Length ? EscapedCode() : throw new FormatException("trailing backslash at end of expression: ``");
            }
            var code = char.IsHighSurrogate(pattern[at]) && at + 1 < pattern.Length ? char.ConvertToUtf32(pattern, at) : pattern[at];
            at += code > 0xffff ? 2 : 1;
            return code;
        }

        private static string Literal(int code) => code switch
        {
            < 0x20 or (> 0x7e and <= 0xffff) => $@"\u{code:X4}",
            _ when char.IsAsciiLetterOrDigit((char)code) || code == '_' => ((char)code).ToString(),
            _ => @"\" + (char)code,
        };

        private static string Posix(string name) => name switch
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
