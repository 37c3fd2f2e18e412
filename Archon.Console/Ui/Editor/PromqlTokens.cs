using System.Text.RegularExpressions;
using Archon.Analysis;

namespace Archon.Ui.Editor;

/// <summary>Splits PromQL into coloured pieces. It colours, it does not judge: text that is no PromQL comes out whole too.</summary>
internal static class PromqlTokens
{
    /// <returns>Pieces in order, with the class of their colour; together they are the text.</returns>
    public static IEnumerable<(string Text, string? Class)> Split(string promql)
    {
        if (promql.Length > InputLimits.ColouredLength.Most)
        {
            yield return (promql, null);
            yield break;
        }
        var depth = 0;
        var plainFrom = 0; // what has no colour goes out together: each piece is an element on the page
        foreach (var (start, length) in Places(promql))
        {
            var text = promql.Substring(start, length);
            if (text == "{")
                depth++;
            if (text == "}")
                depth = Math.Max(0, depth - 1);
            if (ClassOf(text, promql, start + length, depth) is not { } colour)
                continue;
            if (start > plainFrom)
                yield return (promql[plainFrom..start], null);
            yield return (text, colour);
            plainFrom = start + length;
        }
        if (plainFrom < promql.Length)
            yield return (promql[plainFrom..], null);
    }

    // A match with its groups is half a kilobyte, and there is one for each character that is no word.
    private static List<(int Start, int Length)> Places(string promql)
    {
        var places = new List<(int Start, int Length)>();
        foreach (var match in Token.EnumerateMatches(promql))
            places.Add((match.Index, match.Length));
        return places;
    }

    private static string? ClassOf(string text, string promql, int next, int depth)
    {
        if (text[0] is '"' or '\'')
            return "s";
        if (char.IsAsciiDigit(text[0]))
            return "n";
        if (text[0] is not ('_' or ':') && !char.IsAsciiLetter(text[0]))
            return null;
        if (Keywords.Contains(text))
            return "k";
        if (depth > 0)
            return "l";
        while (next < promql.Length && promql[next] == ' ')
            next++;
        return next < promql.Length && promql[next] == '(' ? "f" : null;
    }

    private static readonly HashSet<string> Keywords = new(StringComparer.OrdinalIgnoreCase)
    {
        "sum",
        "avg",
        "min",
        "max",
        "count",
        "topk",
        "bottomk",
        "quantile",
        "stddev",
        "stdvar",
        "group",
        "count_values",
        "by",
        "without",
        "on",
        "ignoring",
        "group_left",
        "group_right",
        "and",
        "or",
        "unless",
        "offset",
        "bool",
    };

    private static readonly Regex Token = new(
        """(?:"(?:\\.|[^"\\])*"?)|'(?:\\.|[^'\\])*'?|\b[0-9][0-9.]*(?:ms|[smhdwy])?(?:[0-9]+(?:ms|[smhdwy]))*\b|[A-Za-z_:][\w:]*|[\s\S]""",
        RegexOptions.NonBacktracking | RegexOptions.CultureInvariant
    );
}
