using System.Text;
using Archon.ConfigFiles.Yaml;
using Archon.Data.Rules;

namespace Archon.ConfigFiles.Rules;

/// <summary>What a rule says.</summary>
/// <param name="Name">Of the alert, or of the series that is recorded.</param>
public sealed record RuleContent(string Name, bool IsAlert, string Expression)
{
    public TimeSpan For { get; init; }
    public TimeSpan KeepFiringFor { get; init; }
    public IReadOnlyDictionary<string, string> Labels { get; init; } = Empty;
    public IReadOnlyDictionary<string, string> Annotations { get; init; } = Empty;

    internal static readonly IReadOnlyDictionary<string, string> Empty = new Dictionary<string, string>();

    public bool Says(RuleContent other) =>
        Name == other.Name
        && IsAlert == other.IsAlert
        && Expression == other.Expression
        && For == other.For
        && KeepFiringFor == other.KeepFiringFor
        && Same(Labels, other.Labels)
        && Same(Annotations, other.Annotations);

    /// <summary>Its labels over those of a group, as its series and alerts carry them.</summary>
    public Dictionary<string, string> LabelsOver(IReadOnlyDictionary<string, string> group)
    {
        var all = new Dictionary<string, string>(group, StringComparer.Ordinal);
        foreach (var (name, value) in Labels)
            all[name] = value;
        return all;
    }

    internal static bool Same(IReadOnlyDictionary<string, string> one, IReadOnlyDictionary<string, string> other) =>
        one.Count == other.Count && one.All(pair => other.TryGetValue(pair.Key, out var value) && value == pair.Value);
}

/// <summary>What a group says of itself.</summary>
public sealed record GroupContent(string Name)
{
    /// <summary>Null for the server's <c>evaluation_interval</c>.</summary>
    public TimeSpan? Interval { get; init; }

    /// <summary>Null for the server's <c>rule_query_offset</c>.</summary>
    public TimeSpan? QueryOffset { get; init; }

    /// <summary>0: none.</summary>
    public int Limit { get; init; }

    /// <summary>Added to every rule that has no label of the name.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = RuleContent.Empty;

    public bool Says(GroupContent other) =>
        Name == other.Name
        && Interval == other.Interval
        && QueryOffset == other.QueryOffset
        && Limit == other.Limit
        && RuleContent.Same(Labels, other.Labels);
}

/// <summary>A rule in its file.</summary>
public sealed class FileRule
{
    internal FileRule(RuleContent content, FileGroup group, int index, YamlPart item, YamlFields fields) =>
        (Content, Group, Index, Item, Fields) = (content, group, index, item, fields);

    private Dictionary<string, YamlFields>? entries;

    public RuleContent Content { get; }
    public FileGroup Group { get; }

    /// <summary>Place in the group, from 0.</summary>
    public int Index { get; }

    /// <summary>From 1.</summary>
    public int Line => Item.Line;

    /// <summary>Labels of the rule over those of its group.</summary>
    public IReadOnlyDictionary<string, string> AllLabels => Content.LabelsOver(Group.Content.Labels);

    internal YamlPart Item { get; }
    internal YamlFields Fields { get; }

    /// <summary>Line of a field's value, such as <c>expr</c>; the rule's own where it has none.</summary>
    public int LineOf(string field) => Fields.Find(field)?.Value.Line ?? Line;

    /// <summary>Line of an entry of a map, such as the annotation <c>summary</c>.</summary>
    public int LineOf(string field, string entry) => Entries(field)?.Find(entry)?.Value.Line ?? LineOf(field);

    /// <summary>Entries of a map of the rule; null where the field is none.</summary>
    private YamlFields? Entries(string field)
    {
        if (Fields.Find(field)?.Value is not { Target: YamlMapping map })
            return null;
        if (!(entries ??= []).TryGetValue(field, out var found))
            entries[field] = found = new YamlFields(map);
        return found;
    }

    /// <summary>The line in the file of a place in the expression, as far as the way it is written lets each of its lines stand on a line of its own.</summary>
    internal int LineOfExpression(int lineInExpression) =>
        Fields.Find("expr")?.Value.Target is YamlScalar { Style: YamlDotNet.Core.ScalarStyle.Literal } scalar
            ? scalar.Line + lineInExpression
            : LineOf("expr");
}

/// <summary>A group in its file.</summary>
public sealed class FileGroup
{
    private readonly List<FileRule> rules = [];

    internal FileGroup(GroupContent content, int index, YamlPart item, YamlFields fields) =>
        (Content, Index, Item, Fields) = (content, index, item, fields);

    public GroupContent Content { get; }

    /// <summary>Place in the file, from 0.</summary>
    public int Index { get; }

    /// <summary>From 1.</summary>
    public int Line => Item.Line;
    public IReadOnlyList<FileRule> Rules => rules;
    internal YamlPart Item { get; }
    internal YamlFields Fields { get; }

    internal void Add(FileRule rule) => rules.Add(rule);
}

/// <summary>A rule file of Prometheus: its text to the letter, and what it says.</summary>
/// <remarks>Immutable. A change makes another file, whose text differs only where the change is: see <see cref="RuleFileEditor"/>.</remarks>
public sealed class RuleFile
{
    private readonly Encoding encoding;
    private readonly bool hasByteOrderMark;

    private RuleFile(string text, Encoding encoding, bool hasByteOrderMark, RuleLanguage language, YamlPart? root, RuleFileReader read) =>
        (Text, this.encoding, this.hasByteOrderMark, Language, Root, Groups, Warnings) = (
            text,
            encoding,
            hasByteOrderMark,
            language,
            root,
            read.Groups,
            read.Warnings
        );

    public RuleLanguage Language { get; }

    /// <summary>Without a byte order mark.</summary>
    public string Text { get; }

    public IReadOnlyList<FileGroup> Groups { get; }
    public IEnumerable<FileRule> Rules => Groups.SelectMany(group => group.Rules);

    /// <summary>What Prometheus takes but whoever wrote it may not have meant.</summary>
    public IReadOnlyList<RuleFileError> Warnings { get; }

    internal YamlPart? Root { get; }

    /// <summary>Reads a file as Prometheus does: what it refuses is refused here, with the line.</summary>
    /// <param name="errors">Every fault that was found; empty when there is a file.</param>
    /// <param name="language">Expressions in LogQL are taken as they stand.</param>
    public static RuleFile? Read(
        ReadOnlySpan<byte> bytes,
        out IReadOnlyList<RuleFileError> errors,
        RuleLanguage language = RuleLanguage.Promql
    )
    {
        var (encoding, mark) = bytes switch
        {
            [0xef, 0xbb, 0xbf, ..] => (new UTF8Encoding(false, true), 3),
            [0xff, 0xfe, ..] => (new UnicodeEncoding(false, false, true), 2),
            [0xfe, 0xff, ..] => (new UnicodeEncoding(true, false, true), 2),
            _ => ((Encoding)new UTF8Encoding(false, true), 0),
        };
        string text;
        try
        {
            text = encoding.GetString(bytes[mark..]);
        }
        catch (DecoderFallbackException odd)
        {
            var before = bytes[..Math.Min(bytes.Length, mark + Math.Max(0, odd.Index))];
            errors = [new RuleFileError(before.Count((byte)'\n') + 1, 0, $"byte {odd.Index} is no {encoding.WebName} text")];
            return null;
        }
        return Read(text, encoding, mark > 0, language, out errors);
    }

    /// <param name="text">The text of a file in UTF-8.</param>
    /// <param name="errors">Every fault that was found; empty when there is a file.</param>
    /// <param name="language">Expressions in LogQL are taken as they stand.</param>
    public static RuleFile? Read(string text, out IReadOnlyList<RuleFileError> errors, RuleLanguage language = RuleLanguage.Promql) =>
        Read(text, new UTF8Encoding(false, true), false, language, out errors);

    /// <summary>The same file with another text.</summary>
    internal RuleFile? With(string text, out IReadOnlyList<RuleFileError> errors) =>
        Read(text, encoding, hasByteOrderMark, Language, out errors);

    /// <summary>The file to the byte.</summary>
    public byte[] ToBytes()
    {
        var body = encoding.GetBytes(Text);
        if (!hasByteOrderMark)
            return body;
        byte[] mark = encoding is UTF8Encoding ? [0xef, 0xbb, 0xbf] : encoding.GetBytes("\ufeff");
        return [.. mark, .. body];
    }

    private static RuleFile? Read(
        string text,
        Encoding encoding,
        bool hasByteOrderMark,
        RuleLanguage language,
        out IReadOnlyList<RuleFileError> errors
    )
    {
        try
        {
            var (root, hasMore) = YamlTree.Read(text);
            var reader = new RuleFileReader(root, hasMore, language);
            errors = reader.Errors;
            return errors.Count > 0 ? null : new RuleFile(text, encoding, hasByteOrderMark, language, root, reader);
        }
        catch (RuleFileException odd)
        {
            errors = [odd.Error];
            return null;
        }
    }
}
