using System.Text.RegularExpressions;
using Archon.ConfigFiles.Yaml;

namespace Archon.ConfigFiles.Rules.Lint;

/// <summary>The comments of a file by which findings are accepted.</summary>
internal sealed partial class LintAcceptance
{
    private readonly List<(string Check, string Reason, int FirstLine, int LastLine)> accepted = [];

    public static LintAcceptance Of(RuleFile file)
    {
        var acceptance = new LintAcceptance();
        if (!file.Text.Contains("archon-accept", StringComparison.Ordinal))
            return acceptance;
        var lines = file.Text.Split('\n');
        var starts = Starts(file, lines);
        for (var i = 0; i < lines.Length; i++)
        {
            if (Comment().Match(lines[i].TrimEnd('\r')) is not { Success: true } match)
                continue;
            var (first, last) = match.Groups["file"].Success ? (0, int.MaxValue) : Rule(starts, lines, i + 1);
            acceptance.accepted.Add((match.Groups["check"].Value, match.Groups["reason"].Value.Trim(), first, last));
        }
        return acceptance;
    }

    public string? Reason(LintFinding finding)
    {
        foreach (var (check, reason, first, last) in accepted)
        {
            if (check == finding.Check.Id && finding.Line >= first && finding.Line <= last)
                return reason;
        }
        return null;
    }

    /// <summary>The lines on which the rules of a file begin, in rising order, and one beyond all.</summary>
    private static List<int> Starts(RuleFile file, string[] lines)
    {
        var feeds = new List<int>(lines.Length);
        for (var at = file.Text.IndexOf('\n', StringComparison.Ordinal); at >= 0; at = file.Text.IndexOf('\n', at + 1))
            feeds.Add(at);
        return [.. file.Rules.Select(rule => Line(YamlLayout.DashOrStart(file.Text, rule.Item.Start))).Order(), int.MaxValue];

        int Line(int place) => (feeds.BinarySearch(place) is >= 0 and var at ? at : ~feeds.BinarySearch(place)) + 1;
    }

    /// <summary>Lines of the rule that a comment stands in, or of the one it stands above.</summary>
    private static (int First, int Last) Rule(List<int> starts, string[] lines, int line)
    {
        var next = starts.BinarySearch(line + 1);
        if (next < 0)
            next = ~next;
        while (next > 0 && starts[next - 1] > line)
            next--;
        // Above: nothing but comments between here and the next rule.
        if (starts[next] != int.MaxValue && IsComment(line - 1) && Enumerable.Range(line, starts[next] - 1 - line).All(IsComment))
        {
            return (starts[next], next + 1 < starts.Count ? starts[next + 1] - 1 : int.MaxValue);
        }
        return (next > 0 ? starts[next - 1] : 0, starts[next] == int.MaxValue ? int.MaxValue : starts[next] - 1);

        bool IsComment(int at) => lines[at].AsSpan().TrimStart().StartsWith('#');
    }

    [GeneratedRegex(@"#\s*archon-accept(?<file>-file)?:\s*(?<check>[a-z-]+)\s*:\s*(?<reason>\S.*)$", RegexOptions.CultureInvariant)]
    private static partial Regex Comment();
}
