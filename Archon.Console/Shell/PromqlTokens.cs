using System.Text.RegularExpressions;

namespace Archon.Shell;

/// <summary>Splits PromQL into coloured pieces. It colours, it does not judge: text that is no PromQL comes out whole too.</summary>
internal static partial class PromqlTokens
{
    /// <returns>Pieces in order, with the class of their colour; together they are the text.</returns>
    public static IEnumerable<(string Text, string? Class)> Split(string promql)
    {
        var depth = 0;
        foreach (Match match in Token().Matches(promql))
        {
            var text = match.Value;
            if (text == "{") depth++;
            if (text == "}") depth = Math.Max(0, depth - 1);
            yield return (text, ClassOf(match, promql, depth));
        }
    }

    private static string? ClassOf(Match match, string promql, int depth)
    {
        if (match.Groups["string"].Success) return "s";
        if (match.Groups["number"].Success) return "n";
        if (!match.Groups["word"].Success) return null;
        if (Keywords.Contains(match.Value)) return "k";
        if (depth > 0) return "l";
        var next = match.Index + match.Length;
        while (next < promql.Length && promql[next] == ' ') next++;
        return next < promql.Length && promql[next] == '(' ? "f" : null;
    }

    private static readonly HashSet<string> Keywords = new(StringComparer.OrdinalIgnoreCase)
    {
        "sum", "avg", "min", "max", "count", "topk", "bottomk", "quantile", "stddev", "stdvar", "group", "count_values",
        "by", "without", "on", "ignoring", "group_left", "group_right", "and", "or", "unless", "offset", "bool",
    };

    [GeneratedRegex("""(?<string>"(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?)|(?<number>\b\d[\d.]*(?:ms|[smhdwy])?(?:\d+(?:ms|[smhdwy]))*\b)|(?<word>[A-Za-z_:][\w:]*)|[\s\S]""", RegexOptions.None, matchTimeoutMilliseconds: 200)]
    private static partial Regex Token();
}
