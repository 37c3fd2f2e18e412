using System.Globalization;
using Archon.Analysis.Promql;
using Archon.ConfigFiles.Rules;
using Archon.Data.Rules;
using Archon.Features.Rules.Catalogue;

namespace Archon.Features.Rules.Import;

public enum MergeSide
{
    Ours,
    Theirs,
}

/// <summary>A rule, or a group itself, that the three states of a file do not agree on.</summary>
/// <param name="Rule">Null for what the group says of itself.</param>
/// <param name="Ordinal">Place among the rules of one name in the group.</param>
/// <param name="Base">What both came from; null where it was not there.</param>
/// <param name="Ours">In the catalogue.</param>
/// <param name="IsConflict">Both changed it. Otherwise <paramref name="Side"/> says who did.</param>
public sealed record MergeRow(
    string Group,
    string? Rule,
    int Ordinal,
    string? Base,
    string? Ours,
    string? Theirs,
    bool IsConflict,
    MergeSide Side
)
{
    /// <summary>Of one of the three texts the lines that not all have. What is the same everywhere helps nobody to choose.</summary>
    public string Differing(string text)
    {
        var texts = new[] { Base, Ours, Theirs }.OfType<string>().Select(one => one.Split('\n'));
        var common = texts.Aggregate<IEnumerable<string>>((one, other) => one.Intersect(other)).ToHashSet(StringComparer.Ordinal);
        var lines = text.Split('\n').Where(line => !common.Contains(line)).ToList();
        return lines.Count > 0 ? string.Join('\n', lines) : "no more than what all three say";
    }
}

/// <summary>How a file from outside stands to the one in the catalogue.</summary>
public abstract record MergeState
{
    private MergeState() { }

    /// <summary>The same to the target: byte by byte, or for a ruler in what it says.</summary>
    public sealed record Same : MergeState;

    /// <summary>Only the catalogue changed since both were the same: there is nothing to take.</summary>
    public sealed record OnlyOurs : MergeState;

    /// <summary>Only the outside changed.</summary>
    /// <param name="Rows">Empty where they differ only in how they are written.</param>
    public sealed record OnlyTheirs(IReadOnlyList<MergeRow> Rows) : MergeState;

    /// <summary>Both did. Rows that are no conflict are settled by who changed them.</summary>
    /// <param name="Rows">Empty where they differ only in how they are written.</param>
    public sealed record Both(IReadOnlyList<MergeRow> Rows) : MergeState
    {
        public int Conflicts => Rows.Count == 0 ? 1 : Rows.Count(row => row.IsConflict);
    }
}

/// <summary>Brings together what became of one rule file in two places.</summary>
public static class RuleMerge
{
    /// <param name="common">What both came from; null where nobody knows.</param>
    /// <param name="isSame">Whether two states of the file are one: a ruler returns what it was sent in its own form.</param>
    public static MergeState Compare(byte[]? common, byte[] ours, byte[] theirs, RuleLanguage language, Func<byte[]?, byte[]?, bool> isSame)
    {
        if (isSame(ours, theirs))
            return new MergeState.Same();
        if (common is not null && isSame(theirs, common))
            return new MergeState.OnlyOurs();
        var rows = Rows(
            common is null ? null : RuleCatalogue.Read(common, language),
            RuleCatalogue.Read(ours, language),
            RuleCatalogue.Read(theirs, language)
        );
        return common is not null && isSame(ours, common) ? new MergeState.OnlyTheirs(rows) : new MergeState.Both(rows);
    }

    /// <summary>The catalogue's file with what is chosen of theirs. Where all that differs is theirs, their file to the byte.</summary>
    /// <param name="choose">For each row whose to take.</param>
    /// <param name="keepsForm">Ours is kept as it is written, and only what rules say is taken.</param>
    /// <exception cref="RuleEditException">The file is written in a way that the rules cannot be changed one by one.</exception>
    public static byte[] Take(
        byte[] ours,
        byte[] theirs,
        RuleLanguage language,
        IReadOnlyList<MergeRow> rows,
        Func<MergeRow, MergeSide> choose,
        bool keepsForm = false
    )
    {
        // Of what only we changed they hold the old state, so their bytes do only where nothing is ours.
        if (!keepsForm && rows.All(row => choose(row) == MergeSide.Theirs))
            return theirs;
        if (rows.All(row => choose(row) == MergeSide.Ours))
            return ours;
        var (file, from) = (RuleCatalogue.Read(ours, language), RuleCatalogue.Read(theirs, language));
        foreach (var row in rows.Where(row => row.Rule is null && choose(row) == MergeSide.Theirs))
        {
            var (mine, wanted) = (Group(file, row.Group), Group(from, row.Group));
            if (mine is not null && wanted is not null)
                file = RuleFileEditor.SetGroup(file, mine.Index, wanted.Content);
            else if (wanted is not null)
                file = RuleFileEditor.AddGroup(file, wanted.Content, []);
        }
        // From the last of a name to the first, so that taking one away moves none that is still to come.
        var taken = rows.Where(row => row.Rule is not null && choose(row) == MergeSide.Theirs);
        foreach (var row in taken.OrderByDescending(row => row.Ordinal))
        {
            var (mine, wanted) = (Rule(file, row), Rule(from, row));
            if (mine is not null && wanted is not null)
                file = RuleFileEditor.SetRule(file, mine.Group.Index, mine.Index, wanted.Content);
            else if (mine is not null)
                file = RuleFileEditor.RemoveRule(file, mine.Group.Index, mine.Index);
            else if (wanted is not null)
            {
                if (Group(file, row.Group) is null)
                    file = RuleFileEditor.AddGroup(file, wanted.Group.Content, []);
                var group = Group(file, row.Group)!;
                file = RuleFileEditor.AddRule(file, group.Index, Math.Min(wanted.Index, group.Rules.Count), wanted.Content);
            }
        }
        foreach (var row in rows.Where(row => row.Rule is null && row.Theirs is null && choose(row) == MergeSide.Theirs))
        {
            if (Group(file, row.Group) is { Rules.Count: 0 } gone)
                file = RuleFileEditor.RemoveGroup(file, gone.Index);
        }
        return file.ToBytes();
    }

    private static List<MergeRow> Rows(RuleFile? common, RuleFile ours, RuleFile theirs)
    {
        var rows = new List<MergeRow>();
        foreach (var group in ours.Groups.Concat(theirs.Groups).Select(one => one.Content.Name).Distinct(StringComparer.Ordinal))
        {
            Add(group, null, 0, Group(common, group)?.Content, Group(ours, group)?.Content, Group(theirs, group)?.Content, Text, Text);
            foreach (var (name, ordinal) in Keys(ours, group).Union(Keys(theirs, group)))
            {
                Add(
                    group,
                    name,
                    ordinal,
                    Rule(common, group, name, ordinal)?.Content,
                    Rule(ours, group, name, ordinal)?.Content,
                    Rule(theirs, group, name, ordinal)?.Content,
                    Text,
                    // How an expression is written is no change of the rule.
                    rule => Text(rule with { Expression = PromqlParser.Canonical(rule.Expression) })
                );
            }
        }
        return rows;

        void Add<T>(string group, string? rule, int ordinal, T? @base, T? ours, T? theirs, Func<T, string> text, Func<T, string> meaning)
            where T : class
        {
            var (was, mine, other) = (Of(@base, meaning), Of(ours, meaning), Of(theirs, meaning));
            if (mine == other)
                return;
            // Without common ground nobody can say who changed it.
            var isConflict = common is null || (mine != was && other != was);
            var side = !isConflict && mine == was ? MergeSide.Theirs : MergeSide.Ours;
            rows.Add(new MergeRow(group, rule, ordinal, Of(@base, text), Of(ours, text), Of(theirs, text), isConflict, side));
        }

        static string? Of<T>(T? said, Func<T, string> words)
            where T : class => said is null ? null : words(said);
    }

    private static FileGroup? Group(RuleFile? file, string name) => file?.Groups.FirstOrDefault(group => group.Content.Name == name);

    private static FileRule? Rule(RuleFile? file, MergeRow row) => Rule(file, row.Group, row.Rule!, row.Ordinal);

    private static FileRule? Rule(RuleFile? file, string group, string name, int ordinal) =>
        Group(file, group)?.Rules.Where(rule => rule.Content.Name == name).Skip(ordinal).FirstOrDefault();

    private static IEnumerable<(string Name, int Ordinal)> Keys(RuleFile file, string group) =>
        Group(file, group)?.Rules.GroupBy(rule => rule.Content.Name).SelectMany(same => same.Select((rule, i) => (rule.Content.Name, i)))
        ?? [];

    /// <summary>All that a rule says, a line for each thing.</summary>
    public static string Text(RuleContent rule)
    {
        var lines = new List<string> { $"{(rule.IsAlert ? "alert" : "record")}: {rule.Name}", $"expr: {rule.Expression.Trim()}" };
        if (rule.For > TimeSpan.Zero)
            lines.Add($"for: {PrometheusDuration.Format(rule.For)}");
        if (rule.KeepFiringFor > TimeSpan.Zero)
            lines.Add($"keep_firing_for: {PrometheusDuration.Format(rule.KeepFiringFor)}");
        lines.AddRange(rule.Labels.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => $"label {one.Key}: {one.Value}"));
        lines.AddRange(
            rule.Annotations.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => $"annotation {one.Key}: {one.Value}")
        );
        return string.Join('\n', lines);
    }

    private static string Text(GroupContent group)
    {
        var lines = new List<string> { $"group: {group.Name}" };
        if (group.Interval is { } interval)
            lines.Add($"interval: {PrometheusDuration.Format(interval)}");
        if (group.QueryOffset is { } offset)
            lines.Add($"query_offset: {PrometheusDuration.Format(offset)}");
        if (group.Limit != 0)
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"limit: {group.Limit}"));
        lines.AddRange(group.Labels.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => $"label {one.Key}: {one.Value}"));
        return string.Join('\n', lines);
    }
}
