namespace Archon.ConfigFiles.Yaml;

/// <summary>One entry of a mapping as it counts.</summary>
/// <param name="IsOwn">Written in this mapping itself, not merged into it from another.</param>
internal sealed record YamlField(string Name, YamlPart Key, YamlPart Value, bool IsOwn);

/// <summary>
/// The entries of a mapping with what <c>&lt;&lt;</c> merges into it, as go-yaml v3 does:
/// what stands in the mapping itself wins, then the first merged.
/// </summary>
internal sealed class YamlFields
{
    private readonly List<YamlField> fields = [];
    private readonly Dictionary<string, YamlField> byName = new(StringComparer.Ordinal);

    /// <exception cref="RuleFileException">A key is no word, or what is merged is no mapping.</exception>
    public YamlFields(YamlMapping mapping)
    {
        Mapping = mapping;
        Add(mapping, true, 0);
    }

    public YamlMapping Mapping { get; }
    public IReadOnlyList<YamlField> All => fields;

    public YamlField? Find(string name) => byName.GetValueOrDefault(name);

    private void Add(YamlMapping mapping, bool isOwn, int depth)
    {
        if (depth > 50)
            throw new RuleFileException(mapping.Error("merged too deeply"));
        var merged = new List<YamlPart>();
        foreach (var (key, value) in mapping.Entries)
        {
            if (key.Target is not YamlScalar name)
                throw new RuleFileException(key.Error("a key must be a word, not a list or a map"));
            if (name is { Kind: "merge" })
            {
                merged.Add(value);
                continue;
            }
            if (byName.ContainsKey(name.Value))
                continue;
            var field = new YamlField(name.Value, key, value, isOwn);
            byName.Add(name.Value, field);
            fields.Add(field);
        }
        foreach (var from in merged)
        {
            switch (from.Target)
            {
                case YamlMapping map:
                    Add(map, false, depth + 1);
                    break;
                case YamlSequence list when list.Items.All(item => item.Target is YamlMapping):
                    foreach (var item in list.Items)
                        Add((YamlMapping)item.Target, false, depth + 1);
                    break;
                default:
                    throw new RuleFileException(from.Error("map merge requires map or sequence of maps as the value"));
            }
        }
    }
}
