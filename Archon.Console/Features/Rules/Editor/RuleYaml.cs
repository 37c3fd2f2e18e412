using Archon.Analysis;
using Archon.ConfigFiles.Rules;
using Archon.Data.Rules;
using Archon.Features.Rules.Catalogue;
using DiffPlex.DiffBuilder;
using DiffPlex.DiffBuilder.Model;

namespace Archon.Features.Rules.Editor;

/// <summary>A line of a comparison.</summary>
/// <param name="Old">Null where the line is new.</param>
/// <param name="New">Null where the line is gone.</param>
public sealed record DiffRow(string? Old, string? New)
{
    public bool IsChanged => Old != New;
}

/// <summary>One rule as text, and two of them beside each other.</summary>
public static class RuleYaml
{
    /// <summary>A file with nothing but this rule; null where it cannot be written as one.</summary>
    public static RuleFile? File(GroupContent group, RuleContent content, RuleLanguage language = RuleLanguage.Promql)
    {
        try
        {
            return RuleFileEditor.AddGroup(RuleFile.Read("", out _, language)!, group, [content]);
        }
        catch (RuleEditException)
        {
            return null; // as with an expression that does not parse: lint says so, with the place
        }
    }

    /// <summary>The rule's own lines, without those of its group.</summary>
    public static string Text(RuleContent content)
    {
        // As text it does not matter whether the expression is right.
        if (File(new GroupContent("g"), WorkbenchDraft.Ordered(content), RuleLanguage.Logql) is not { } file)
            return Plain(content);
        var lines = file.Text.Split('\n');
        var first = file.Rules.First().Line - 1;
        var indent = lines[first].Length - lines[first].TrimStart().Length;
        return string.Join('\n', lines.Skip(first).Select(line => line.Length >= indent ? line[indent..] : line.TrimStart())).TrimEnd();
    }

    public static IReadOnlyList<DiffRow> Compare(string before, string after)
    {
        // The work grows with the lines times the differences.
        if (before.AsSpan().Count('\n') + after.AsSpan().Count('\n') > InputLimits.ComparedLines.Most)
        {
            var words = $"Not compared: {InputLimits.ComparedLines.Sentence}.";
            return [new DiffRow(words, words)];
        }
        var model = SideBySideDiffBuilder.Diff(before, after, ignoreWhiteSpace: false);
        return [.. model.OldText.Lines.Zip(model.NewText.Lines, (old, @new) => new DiffRow(Line(old), Line(@new)))];

        static string? Line(DiffPiece piece) => piece.Type == ChangeType.Imaginary ? null : piece.Text;
    }

    /// <summary>What does not yet read as a rule is compared all the same.</summary>
    private static string Plain(RuleContent content) =>
        string.Join(
            '\n',
            new[] { $"- {(content.IsAlert ? "alert" : "record")}: {content.Name}", "  expr: |" }.Concat(
                content.Expression.Split('\n').Select(line => "    " + line)
            )
        );
}
