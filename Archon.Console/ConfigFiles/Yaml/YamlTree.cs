using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Archon.ConfigFiles.Yaml;

/// <summary>Why a text is no YAML, or no rule file, and where.</summary>
/// <param name="Line">From 1; 0 where it concerns the whole file.</param>
/// <param name="Column">From 1; 0 where only the line is known.</param>
public sealed record RuleFileError(int Line, int Column, string Message)
{
    public override string ToString() => Line == 0 ? Message : string.Create(CultureInfo.InvariantCulture, $"line {Line}: {Message}");
}

internal sealed class RuleFileException(RuleFileError error) : Exception(error.Message)
{
    public RuleFileError Error { get; } = error;
}

/// <summary>A node of a YAML document with its place in the text.</summary>
/// <param name="Start">First character of the node, of its anchor or its tag.</param>
/// <param name="End">
/// One past its last. For a block scalar with the blank lines behind it; for a block collection the end of its last part.
/// </param>
internal abstract record YamlPart(int Start, int End, int Line, int Column)
{
    public string? Tag { get; init; }
    public string? Anchor { get; init; }

    /// <summary>What an alias stands for; the node itself otherwise.</summary>
    public virtual YamlPart Target => this;

    public RuleFileError Error(string message) => new(Line, Column, message);
}

internal sealed record YamlScalar(string Value, ScalarStyle Style, int Start, int End, int Line, int Column)
    : YamlPart(Start, End, Line, Column)
{
    /// <summary>What go-yaml makes of it: a plain word that looks like nothing, a number and so on is not a string.</summary>
    public string Kind =>
        Tag switch
        {
            "tag:yaml.org,2002:str" or "!" => "str",
            { Length: > 0 } tag => tag.StartsWith("tag:yaml.org,2002:", StringComparison.Ordinal)
                ? tag["tag:yaml.org,2002:".Length..]
                : tag,
            _ => Style == ScalarStyle.Plain ? YamlKinds.Of(Value) : "str",
        };
}

internal sealed record YamlSequence(IReadOnlyList<YamlPart> Items, bool IsFlow, int Start, int End, int Line, int Column)
    : YamlPart(Start, End, Line, Column);

internal sealed record YamlMapping(
    IReadOnlyList<KeyValuePair<YamlPart, YamlPart>> Entries,
    bool IsFlow,
    int Start,
    int End,
    int Line,
    int Column
) : YamlPart(Start, End, Line, Column);

internal sealed record YamlAlias(YamlPart Of, int Start, int End, int Line, int Column) : YamlPart(Start, End, Line, Column)
{
    public override YamlPart Target => Of.Target;
}

/// <summary>Types of plain scalars.</summary>
/// <remarks>Source: <c>resolve.go</c> of go-yaml v3, which Prometheus reads its files with.</remarks>
internal static class YamlKinds
{
    public static string Of(string plain)
    {
        if (plain.Length == 0 || plain is "~" or "null" or "Null" or "NULL")
            return "null";
        if (plain is "true" or "True" or "TRUE" or "false" or "False" or "FALSE")
            return "bool";
        if (plain == "<<")
            return "merge";
        if (TryInteger(plain, out _))
            return "int";
        return IsFloat(plain) ? "float" : "str";
    }

    public static bool TryInteger(string plain, out long value)
    {
        value = 0;
        var text = plain.Replace("_", "", StringComparison.Ordinal);
        var sign = text.StartsWith('-') ? -1 : 1;
        if (text.StartsWith('-') || text.StartsWith('+'))
            text = text[1..];
        if (text.Length == 0 || !char.IsAsciiDigit(text[0]))
            return false;
        var parsed = text switch
        {
            ['0', 'x' or 'X', .. var hex] => long.TryParse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value),
            ['0', 'b' or 'B', .. var binary] => TryBase(binary, 2, out value),
            ['0', 'o' or 'O', .. var octal] => TryBase(octal, 8, out value),
            ['0', .. var rest] when rest.Length > 0 && rest.All(one => one is >= '0' and <= '7') => TryBase(rest, 8, out value),
            _ => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value),
        };
        value *= sign;
        return parsed;
    }

    private static bool TryBase(string digits, int numberBase, out long value)
    {
        value = 0;
        foreach (var digit in digits)
        {
            if (digit < '0' || digit >= '0' + numberBase || value > (long.MaxValue / numberBase) - numberBase)
                return false;
            value = (value * numberBase) + (digit - '0');
        }
        return digits.Length > 0;
    }

    private static bool IsFloat(string plain)
    {
        if (plain.TrimStart('+', '-').ToLowerInvariant() is ".inf" or ".nan")
            return plain is not ("+.nan" or "-.nan");
        var text = plain.Replace("_", "", StringComparison.Ordinal);
        var body = text.TrimStart('+', '-');
        const NumberStyles Styles = NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent | NumberStyles.AllowLeadingSign;
        return text.Length - body.Length <= 1
            && body.Any(char.IsAsciiDigit)
            && (char.IsAsciiDigit(body[0]) || body[0] == '.')
            && !body.Contains(',', StringComparison.Ordinal)
            && double.TryParse(text, Styles, CultureInfo.InvariantCulture, out _);
    }
}

/// <summary>Reads the first document of a text into nodes that know their places.</summary>
internal static class YamlTree
{
    /// <returns>Null for a text without a document, and whether another document follows.</returns>
    /// <exception cref="RuleFileException">The text is no YAML.</exception>
    public static (YamlPart? Root, bool HasMore) Read(string text)
    {
        RefuseControlCharacters(text);
        var parser = new BoundedYaml(text);
        try
        {
            parser.Consume<StreamStart>();
            if (!parser.Accept<DocumentStart>(out _))
                return (null, false);
            var document = parser.Consume<DocumentStart>();
            if (document.Version is { Version: var version } && (version.Major, version.Minor) != (1, 1))
            {
                throw new RuleFileException(new RuleFileError((int)document.Start.Line, 0, "found incompatible YAML document"));
            }
            var root = new Reader(parser, text).Node();
            parser.Consume<DocumentEnd>();
            return (root, HasAnother(parser));
        }
        catch (YamlDotNet.Core.YamlException odd)
        {
            throw new RuleFileException(
                new RuleFileError(
                    (int)odd.Start.Line,
                    (int)odd.Start.Column,
                    odd.InnerException is InvalidOperationException ? odd.Message : odd.InnerException?.Message ?? odd.Message
                )
            );
        }
    }

    /// <summary>What follows the first document is not read by Prometheus either, so it may be anything.</summary>
    private static bool HasAnother(BoundedYaml parser)
    {
        try
        {
            return !parser.Accept<StreamEnd>(out _);
        }
        catch (YamlDotNet.Core.YamlException)
        {
            return true;
        }
    }

    private static void RefuseControlCharacters(string text)
    {
        var line = 1;
        for (var i = 0; i < text.Length; i++)
        {
            var one = text[i];
            if (one == '\n')
                line++;
            var isAllowed = one is '\t' or '\n' or '\r' or '\u0085' or (>= ' ' and <= '~') or (>= '\u00a0' and <= '\ufffd');
            if (!isAllowed)
                throw new RuleFileException(new RuleFileError(line, 0, "control characters are not allowed"));
        }
    }

    private sealed class Reader(BoundedYaml parser, string text)
    {
        private readonly Dictionary<string, YamlPart?> anchors = new(StringComparer.Ordinal);

        public YamlPart Node()
        {
            if (parser.TryConsume<AnchorAlias>(out var alias))
            {
                var name = alias.Value.ToString();
                if (!anchors.TryGetValue(name, out var of))
                    throw new RuleFileException(At(alias, $"unknown anchor '{name}' referenced"));
                if (of is null)
                    throw new RuleFileException(At(alias, $"anchor '{name}' value contains itself"));
                return new YamlAlias(of, Place(alias.Start), Place(alias.End), Line(alias), Column(alias));
            }
            var start = (NodeEvent)parser.Current!;
            var anchor = start.Anchor.IsEmpty ? null : start.Anchor.ToString();
            if (anchor is not null)
                anchors[anchor] = null; // known, and not yet complete
            var node = (
                start switch
                {
                    YamlDotNet.Core.Events.Scalar => (YamlPart)Scalar(),
                    SequenceStart => Sequence(),
                    _ => Mapping(),
                }
            ) with
            {
                Tag = start.Tag.IsEmpty ? null : start.Tag.ToString(),
                Anchor = anchor,
            };
            if (anchor is not null)
                anchors[anchor] = node;
            return node;
        }

        private YamlScalar Scalar()
        {
            var scalar = parser.Consume<YamlDotNet.Core.Events.Scalar>();
            return new YamlScalar(scalar.Value, scalar.Style, Place(scalar.Start), Place(scalar.End), Line(scalar), Column(scalar));
        }

        private YamlSequence Sequence()
        {
            var start = parser.Consume<SequenceStart>();
            var items = new List<YamlPart>();
            while (!parser.Accept<SequenceEnd>(out _))
                items.Add(Node());
            var end = parser.Consume<SequenceEnd>();
            var isFlow = start.Style == SequenceStyle.Flow;
            var last =
                isFlow ? Place(end.Start) + 1
                : items.Count > 0 ? items[^1].End
                : Place(start.End);
            return new YamlSequence(items, isFlow, Place(start.Start), last, Line(start), Column(start));
        }

        private YamlMapping Mapping()
        {
            var start = parser.Consume<MappingStart>();
            var entries = new List<KeyValuePair<YamlPart, YamlPart>>();
            var keys = new Dictionary<string, YamlPart>(StringComparer.Ordinal);
            while (!parser.Accept<MappingEnd>(out _))
            {
                var key = Node();
                // The parser lets a lone ":" below the entries of a map pass as a key without a value.
                if (parser.Accept<MappingEnd>(out _))
                    throw new RuleFileException(key.Error("did not find expected key"));
                var value = Node();
                if (key.Target is YamlScalar { Kind: var kind, Value: var name })
                {
                    // Two keys are the same when they read the same and are of one type, as go-yaml compares them.
                    if (keys.TryGetValue($"{kind} {name}", out var first))
                    {
                        throw new RuleFileException(key.Error($"mapping key {Quote(name)} already defined at line {first.Line}"));
                    }
                    keys.Add($"{kind} {name}", key);
                }
                entries.Add(new(key, value));
            }
            var end = parser.Consume<MappingEnd>();
            var isFlow = start.Style == MappingStyle.Flow;
            var last =
                isFlow ? Place(end.Start) + 1
                : entries.Count > 0 ? Math.Max(entries[^1].Key.End, entries[^1].Value.End)
                : Place(start.End);
            return new YamlMapping(entries, isFlow, Place(start.Start), last, Line(start), Column(start));
        }

        private int Place(Mark mark) => (int)Math.Min(mark.Index, text.Length);

        private static int Line(ParsingEvent one) => (int)one.Start.Line;

        private static int Column(ParsingEvent one) => (int)one.Start.Column;

        private static RuleFileError At(ParsingEvent one, string message) => new(Line(one), Column(one), message);

        private static string Quote(string name) => Analysis.AlertTemplates.GoText.Quote(name);
    }
}
