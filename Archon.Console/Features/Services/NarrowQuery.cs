using System.Text;

namespace Archon.Features.Services;

/// <summary>Cuts the answer of a query down to some of its series.</summary>
/// <remarks>A watch asks for the whole estate at once; a chart wants a few lines of it. Prometheus filters what it has
/// computed with <c>and on (...)</c> against series made of nothing but labels, so a chart fetches kilobytes, not megabytes, and the
/// text can be pasted into Prometheus as it is.</remarks>
public static class NarrowQuery
{
    /// <param name="query">PromQL of the watch.</param>
    /// <param name="series">Labels of the wanted series; with none of them the query stays as it is.</param>
    public static string To(string query, IReadOnlyList<IReadOnlyDictionary<string, string>> series)
    {
        // The name of a metric is not kept by most functions, and cannot be matched on.
        var names = series
            .SelectMany(labels => labels.Keys)
            .Where(name => name != "__name__")
            .Distinct()
            .Order(StringComparer.Ordinal)
            .ToList();
        if (names.Count == 0)
            return query;
        var text = new StringBuilder().Append('(').Append(query).Append(") and on (").AppendJoin(", ", names.Select(Name)).Append(") (");
        for (var i = 0; i < series.Count; i++)
        {
            if (i > 0)
                text.Append(" or ");
            text.Append(
                Labelled([
                    .. series[i]
                        .Where(label => label.Key != "__name__" && label.Value.Length > 0)
                        .OrderBy(label => label.Key, StringComparer.Ordinal),
                ])
            );
        }
        return text.Append(')').ToString();
    }

    private static string Labelled(IReadOnlyList<KeyValuePair<string, string>> labels)
    {
        var text = "vector(1)";
        foreach (var (name, value) in labels)
        {
            // In a replacement $1 is a group of the pattern, so a dollar of the value is written twice.
            text = $"label_replace({text}, {Quote(name)}, {Quote(value.Replace("$", "$$", StringComparison.Ordinal))}, \"\", \"\")";
        }
        return text;
    }

    private static string Name(string name) =>
        name.All(character => char.IsAsciiLetterOrDigit(character) || character == '_') ? name : Quote(name);

    private static string Quote(string text) =>
        $"\"{text.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal)}\"";
}
