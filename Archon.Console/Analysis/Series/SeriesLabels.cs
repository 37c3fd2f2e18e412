using System.Collections.Frozen;
using System.Text;

namespace Archon.Analysis.Series;

/// <summary>The labels of one series, in name order. Two with the same labels are equal, whatever order they came in.</summary>
public sealed class SeriesLabels : IEquatable<SeriesLabels>
{
    public static readonly SeriesLabels None = new([]);

    private readonly FrozenDictionary<string, string> labels;
    private readonly int hash; // looked up far more often than made

    public SeriesLabels(IEnumerable<KeyValuePair<string, string>> labels)
    {
        this.labels = labels.ToFrozenDictionary(StringComparer.Ordinal);
        Key = Canonical(this.labels);
        hash = Key.GetHashCode(StringComparison.Ordinal);
    }

    /// <summary>Canonical text, <c>a="b",c="d"</c> in name order with \ " and line feeds escaped as in PromQL.</summary>
    public string Key { get; }

    public IReadOnlyDictionary<string, string> Values => labels;

    /// <summary>The value of a label; empty when the series has no such label, as in PromQL.</summary>
    public string this[string name] => labels.GetValueOrDefault(name, "");

    public bool Equals(SeriesLabels? other) =>
        ReferenceEquals(this, other) || (other is not null && hash == other.hash && Key == other.Key);

    public override bool Equals(object? obj) => Equals(obj as SeriesLabels);

    public override int GetHashCode() => hash;

    public override string ToString() => $"{{{Key}}}";

    private static string Canonical(IEnumerable<KeyValuePair<string, string>> labels)
    {
        var text = new StringBuilder();
        foreach (var (name, value) in labels.OrderBy(label => label.Key, StringComparer.Ordinal))
        {
            if (text.Length > 0)
                text.Append(',');
            text.Append(name).Append("=\"");
            foreach (var character in value)
            {
                _ = character switch
                {
                    '\\' => text.Append(@"\\"),
                    '"' => text.Append("\\\""),
                    '\n' => text.Append(@"\n"),
                    _ => text.Append(character),
                };
            }
            text.Append('"');
        }
        return text.ToString();
    }
}
