using System.Globalization;
using System.Text;
using YamlDotNet.Core;

namespace Archon.ConfigFiles.Yaml;

/// <summary>Writes scalars into a YAML text.</summary>
internal static class YamlScalarText
{
    /// <summary>A new scalar: plain where that is safe, a literal block for several lines, in quotes otherwise.</summary>
    /// <param name="indent">Columns before the key it belongs to.</param>
    /// <param name="newline">As the file has it.</param>
    public static string New(string value, int indent, bool isFlow, string newline)
    {
        if (IsPlain(value, isFlow) && YamlKinds.Of(value) == "str")
            return value;
        if (!isFlow && CanBeBlock(value) && value.TrimEnd('\n').Contains('\n', StringComparison.Ordinal))
        {
            return Block('|', value, indent + 2, newline);
        }
        var needsEscapes = value.Contains('"', StringComparison.Ordinal) || value.Contains('\\', StringComparison.Ordinal);
        return CanBeSingle(value) && needsEscapes ? Single(value) : Double(value);
    }

    /// <summary>Another value in the way the old one is written.</summary>
    public static string Like(YamlScalar old, string source, string value, int indent, bool isFlow, string newline)
    {
        switch (old.Style)
        {
            case ScalarStyle.Plain when IsPlain(value, isFlow) && YamlKinds.Of(value) is not ("null" or "merge"):
                return value;
            case ScalarStyle.SingleQuoted when CanBeSingle(value):
                return Single(value);
            case ScalarStyle.DoubleQuoted:
                return Double(value);
            case ScalarStyle.Literal when CanBeBlock(value):
                return Block('|', value, ContentIndent(source) ?? indent + 2, newline, Rest(source));
            case ScalarStyle.Folded
                when CanBeBlock(value) && !value.TrimEnd('\n').Contains('\n', StringComparison.Ordinal) && !value.StartsWith(' '):
                return Block('>', value, ContentIndent(source) ?? indent + 2, newline, Rest(source));
            default:
                return New(value, indent, isFlow, newline);
        }
    }

    /// <summary>The old source with only what differs replaced, so that its folding stays.</summary>
    /// <param name="source">Of the scalar, without anchor and tag.</param>
    /// <returns>Null where that cannot be told apart.</returns>
    public static string? Patched(YamlScalar old, string source, string value, string newline)
    {
        if (Places(old, source) is not { } places)
            return null;
        var prefix = 0;
        while (prefix < old.Value.Length && prefix < value.Length && old.Value[prefix] == value[prefix])
            prefix++;
        var suffix = 0;
        while (suffix < old.Value.Length - prefix && suffix < value.Length - prefix && old.Value[^(suffix + 1)] == value[^(suffix + 1)])
            suffix++;
        var middle = value[prefix..(value.Length - suffix)];
        if (
            middle.Any(char.IsControl)
            && (old.Style != ScalarStyle.Literal || middle.Any(one => char.IsControl(one) && one is not ('\n' or '\t')))
        )
            return null;
        middle = old.Style switch
        {
            ScalarStyle.SingleQuoted => middle.Replace("'", "''", StringComparison.Ordinal),
            ScalarStyle.DoubleQuoted => Double(middle)[1..^1],
            ScalarStyle.Literal => middle.Replace("\n", newline + new string(' ', ContentIndent(source) ?? 2), StringComparison.Ordinal),
            _ => middle,
        };
        return source[..places[prefix]] + middle + source[places[old.Value.Length - suffix]..];
    }

    /// <summary>Where each character of the value stands in the source, and where the value ends; null where escapes hide that.</summary>
    private static int[]? Places(YamlScalar scalar, string source)
    {
        var isBlock = scalar.Style is ScalarStyle.Literal or ScalarStyle.Folded;
        if (scalar.Style == ScalarStyle.DoubleQuoted && source.Contains('\\', StringComparison.Ordinal))
            return null;
        var at =
            isBlock ? source.IndexOf('\n', StringComparison.Ordinal) + 1
            : scalar.Style == ScalarStyle.Plain ? 0
            : 1;
        if (isBlock && at == 0)
            return null;
        var places = new int[scalar.Value.Length + 1];
        for (var i = 0; i < scalar.Value.Length; )
        {
            if (!IsSpace(scalar.Value[i]))
            {
                while (at < source.Length && IsSpace(source[at]))
                    at++;
                if (at >= source.Length || source[at] != scalar.Value[i])
                    return null;
                places[i++] = at;
                at += scalar.Style == ScalarStyle.SingleQuoted && source[at] == '\'' ? 2 : 1;
                continue;
            }
            var end = i;
            while (end < scalar.Value.Length && IsSpace(scalar.Value[end]))
                end++;
            var sourceEnd = at;
            while (sourceEnd < source.Length && IsSpace(source[sourceEnd]))
                sourceEnd++;
            var isSame = sourceEnd - at >= end - i && source.AsSpan(at, end - i).SequenceEqual(scalar.Value.AsSpan(i, end - i));
            for (var k = i; k < end; k++)
                places[k] = isSame ? at + k - i : at;
            (i, at) = (
                end,
                isSame && end < scalar.Value.Length ? sourceEnd
                : isSame ? at + end - i
                : sourceEnd
            );
        }
        places[scalar.Value.Length] = Math.Min(at, source.Length);
        return places;
    }

    public static string Double(string value)
    {
        var text = new StringBuilder("\"");
        foreach (var rune in value.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append(@"\\"),
                '\n' => text.Append(@"\n"),
                '\r' => text.Append(@"\r"),
                '\t' => text.Append(@"\t"),
                '\0' => text.Append(@"\0"),
                < 0x20 or 0x7f or (>= 0x80 and < 0xa0) or 0x2028 or 0x2029 or 0xfeff => text.Append(
                    CultureInfo.InvariantCulture,
                    $"\\u{rune.Value:X4}"
                ),
                _ => text.Append(rune.ToString()),
            };
        }
        return text.Append('"').ToString();
    }

    private static string Single(string value) => $"'{value.Replace("'", "''", StringComparison.Ordinal)}'";

    private static string Block(char kind, string value, int indent, string newline, string rest = "")
    {
        var body = value.TrimEnd('\n');
        var trailing = value.Length - body.Length;
        var chomp =
            trailing == 0 ? "-"
            : trailing == 1 && body.Length > 0 ? ""
            : "+";
        var text = new StringBuilder().Append(kind).Append(chomp).Append(rest);
        foreach (var line in body.Split('\n'))
        {
            text.Append(newline);
            if (line.Length > 0)
                text.Append(' ', indent).Append(line);
        }
        for (var i = 1; i < trailing; i++)
            text.Append(newline);
        return text.ToString();
    }

    private static bool CanBeSingle(string value) => !value.Any(one => char.IsControl(one) || one is '\u2028' or '\u2029' or '\ufeff');

    private static bool CanBeBlock(string value) =>
        value.Length > 0
        && value.Trim('\n').Length > 0
        && !value.StartsWith(' ')
        && !value.StartsWith('\n')
        && !value.StartsWith('\t')
        && !value.Any(one => (char.IsControl(one) && one is not ('\n' or '\t')) || one is '\u2028' or '\u2029' or '\ufeff');

    private static bool IsPlain(string value, bool isFlow)
    {
        if (value.Length == 0 || !CanBeSingle(value) || value[0] is ' ' || value[^1] is ' ' or ':')
            return false;
        if ("[]{},#&*!|>'\"%@`=".Contains(value[0], StringComparison.Ordinal))
            return false;
        if (value[0] is '-' or '?' or ':' && (value.Length == 1 || value[1] == ' ' || value.StartsWith("---", StringComparison.Ordinal)))
        {
            return false;
        }
        if (value.StartsWith("...", StringComparison.Ordinal))
            return false;
        if (value.Contains(": ", StringComparison.Ordinal) || value.Contains(" #", StringComparison.Ordinal))
            return false;
        return !isFlow || !value.Any(one => one is ',' or '[' or ']' or '{' or '}') && value[0] != ':';
    }

    /// <summary>Columns before the first line of a block's content.</summary>
    private static int? ContentIndent(string source)
    {
        foreach (var line in source.Split('\n').Skip(1))
        {
            var content = line.TrimEnd('\r').TrimStart(' ');
            if (content.Length > 0)
                return line.TrimEnd('\r').Length - content.Length;
        }
        return null;
    }

    /// <summary>What stands behind a block's header on its line: a comment.</summary>
    private static string Rest(string source)
    {
        var end = source.IndexOf('\n', StringComparison.Ordinal);
        var header = (end < 0 ? source : source[..end]).TrimEnd('\r');
        var at = 1;
        while (at < header.Length && (char.IsAsciiDigit(header[at]) || header[at] is '+' or '-'))
            at++;
        return header[at..].TrimEnd();
    }

    private static bool IsSpace(char one) => one is ' ' or '\n' or '\r' or '\t';
}
