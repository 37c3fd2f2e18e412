using System.Text;
using Archon.ConfigFiles.Rules;
using YamlDotNet.Core;

namespace Archon.ConfigFiles.Yaml;

/// <summary>Lines and columns of a YAML text.</summary>
internal static class YamlLayout
{
    public static string Newline(string text) =>
        text.IndexOf('\n', StringComparison.Ordinal) is > 0 and var at && text[at - 1] == '\r' ? "\r\n" : "\n";

    public static int LineStart(string text, int place) => place == 0 ? 0 : text.LastIndexOf('\n', place - 1) + 1;

    public static int Column(string text, int place) => place - LineStart(text, place);

    public static int Line(string text, int place) => text.AsSpan(0, place).Count('\n');

    /// <summary>The dash of the item that begins here.</summary>
    public static int Dash(string text, int start)
    {
        var line = LineStart(text, start);
        var dash = text.LastIndexOf('-', start - 1, start - line);
        // The dash may stand on a line of its own.
        while (dash < 0 && line > 0)
        {
            var end = line;
            line = LineStart(text, line - 1);
            var content = text[line..end].TrimStart();
            if (content.StartsWith('-'))
                dash = end - content.Length;
            else if (content.Trim().Length > 0 && !content.StartsWith('#'))
                break;
        }
        return dash >= 0 ? dash : throw new RuleEditException("no item of a list");
    }

    /// <summary>The dash of the item that begins here; where it begins, when it is one of a list in brackets.</summary>
    public static int DashOrStart(string text, int start)
    {
        try
        {
            return Dash(text, start);
        }
        catch (RuleEditException)
        {
            return start;
        }
    }

    /// <summary>Where a node's value begins, behind its anchor and tag.</summary>
    public static int AfterProperties(string text, YamlPart node)
    {
        var at = node.Start;
        while (at < node.End && (text[at] == '&' || (text[at] == '!' && node.Tag is not null)))
        {
            while (at < node.End && !char.IsWhiteSpace(text[at]))
                at++;
            while (at < node.End && char.IsWhiteSpace(text[at]))
                at++;
        }
        return at;
    }

    /// <summary>
    /// One past the last character that belongs to an entry: before the end of its last line, or, where blank lines are kept,
    /// before the next line.
    /// </summary>
    public static int EndOfEntry(string text, YamlPart node)
    {
        var leaf = Leaf(node);
        if (leaf is not YamlScalar { Style: ScalarStyle.Literal or ScalarStyle.Folded })
            return Math.Max(leaf.End, node.End);
        var isKept = Header(text, leaf).Contains('+', StringComparison.Ordinal);
        var end = leaf.End;
        if (isKept)
        {
            if (end > 0 && end <= text.Length && text[end - 1] == '\n')
                end--;
            if (end > 0 && text[end - 1] == '\r')
                end--;
            return end;
        }
        while (end > leaf.Start && char.IsWhiteSpace(text[end - 1]))
            end--;
        return end;
    }

    public static string InsertBefore(string text, int lineStart, IReadOnlyList<string> lines) =>
        text.Insert(lineStart, string.Concat(lines.Select(line => line + Newline(text))));

    public static string InsertAfter(string text, YamlPart node, IReadOnlyList<string> lines)
    {
        // A block at the very end has no line feed to clip; the next line would give it one.
        if (
            Leaf(node) is YamlScalar { Style: ScalarStyle.Literal or ScalarStyle.Folded } leaf
            && leaf.End >= text.Length
            && !text.EndsWith('\n')
            && Header(text, leaf) is { } header
            && !header.Contains('-', StringComparison.Ordinal)
            && !header.Contains('+', StringComparison.Ordinal)
        )
        {
            var mark = AfterProperties(text, leaf) + 1;
            text = text.Insert(mark, "-") + Newline(text) + string.Join(Newline(text), lines);
            return text;
        }
        var end = EndOfEntry(text, node);
        var line = text.IndexOf('\n', end);
        var rest = (line < 0 ? text[end..] : text[end..line]).Trim();
        if (rest.Length > 0 && !rest.StartsWith('#'))
            throw new RuleEditException("something else is on the line");
        var insertion = string.Join(Newline(text), lines);
        return line < 0 ? text + Newline(text) + insertion : text[..(line + 1)] + insertion + Newline(text) + text[(line + 1)..];
    }

    public static string RemoveEntry(string text, YamlMapping mapping, YamlField field)
    {
        var index = mapping.Entries.ToList().FindIndex(entry => ReferenceEquals(entry.Key, field.Key));
        var valueEnd = Math.Max(field.Key.End, field.Value.End);
        if (mapping.IsFlow)
        {
            return RemoveFlow(
                text,
                index,
                mapping.Entries.Count,
                field.Key.Start,
                valueEnd,
                i => mapping.Entries[i].Key.Start,
                i => Math.Max(mapping.Entries[i].Key.End, mapping.Entries[i].Value.End)
            );
        }
        var end = field.Value.End >= field.Key.End ? EndOfEntry(text, field.Value) : field.Key.End;
        var start = LineStart(text, field.Key.Start);
        var before = text[start..field.Key.Start];
        if (before.Trim().Length == 0)
        {
            var line = text.IndexOf('\n', end);
            return line < 0 ? text[..start].TrimEnd('\r', '\n') : text[..start] + text[(line + 1)..];
        }
        // Behind a dash: the next entry moves up to it.
        if (index + 1 >= mapping.Entries.Count)
            throw new RuleEditException("the only entry");
        return text[..field.Key.Start] + text[mapping.Entries[index + 1].Key.Start..];
    }

    public static string RemoveItem(string text, YamlSequence list, int index)
    {
        var item = list.Items[index];
        if (list.IsFlow)
        {
            return RemoveFlow(text, index, list.Items.Count, item.Start, item.End, i => list.Items[i].Start, i => list.Items[i].End);
        }
        var dash = Dash(text, item.Start);
        var start = LineStart(text, dash);
        if (text[start..dash].Trim().Length > 0)
            throw new RuleEditException("a list within a list");
        var line = text.IndexOf('\n', EndOfEntry(text, item));
        return line < 0 ? text[..start].TrimEnd('\r', '\n') : text[..start] + text[(line + 1)..];
    }

    private static string RemoveFlow(string text, int index, int count, int start, int end, Func<int, int> startOf, Func<int, int> endOf) =>
        index > 0 ? text[..endOf(index - 1)] + text[end..]
        : count > 1 ? text[..start] + text[startOf(1)..]
        : text[..start] + text[end..];

    private static YamlPart Leaf(YamlPart node) =>
        node switch
        {
            YamlMapping { IsFlow: false, Entries: [.., { Key: var key, Value: var value }] } => value.End >= key.End ? Leaf(value) : key,
            YamlSequence { IsFlow: false, Items: [.., var last] } => Leaf(last),
            _ => node,
        };

    private static string Header(string text, YamlPart block)
    {
        var at = AfterProperties(text, block) + 1;
        var header = new StringBuilder();
        while (at < text.Length && (char.IsAsciiDigit(text[at]) || text[at] is '+' or '-'))
            header.Append(text[at++]);
        return header.ToString();
    }
}
