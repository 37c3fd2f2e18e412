using System.Globalization;
using Archon.Analysis.Promql;

namespace Archon.ConfigFiles.Rules;

public enum RuleChangeKind
{
    GroupAdded,
    GroupRemoved,
    GroupChanged,
    RuleAdded,
    RuleRemoved,
    RuleChanged,

    /// <summary>It stands in another group, and says the same.</summary>
    RuleMoved,
}

/// <summary>What became of one field. Null: it was or is not there.</summary>
public sealed record FieldChange(string Field, string? Before, string? After);

/// <param name="Group">The group it is in now, or was in when it is gone.</param>
/// <param name="Rule">Null for a change of a group.</param>
/// <param name="Fields">What differs; for what is added or removed, everything it says.</param>
/// <param name="LineBefore">From 1; 0 where it was not there.</param>
/// <param name="LineAfter">From 1; 0 where it is gone.</param>
public sealed record RuleChange(
    RuleChangeKind Kind,
    string Group,
    string? Rule,
    IReadOnlyList<FieldChange> Fields,
    int LineBefore,
    int LineAfter
);

/// <summary>
/// What two rule files say differently. How they are written does not count: neither comments and order, nor the form of an expression.
/// </summary>
public static class RuleFileDiff
{
    public static IReadOnlyList<RuleChange> Between(RuleFile before, RuleFile after)
    {
        var changes = new List<RuleChange>();
        var old = before.Groups.ToDictionary(group => group.Content.Name, StringComparer.Ordinal);
        var @new = after.Groups.ToDictionary(group => group.Content.Name, StringComparer.Ordinal);
        var (removed, added) = (new List<FileRule>(), new List<FileRule>());
        foreach (var group in before.Groups.Where(group => !@new.ContainsKey(group.Content.Name)))
        {
            changes.Add(
                new RuleChange(RuleChangeKind.GroupRemoved, group.Content.Name, null, Changes(Fields(group.Content), []), group.Line, 0)
            );
            removed.AddRange(group.Rules);
        }
        foreach (var group in after.Groups)
        {
            if (!old.TryGetValue(group.Content.Name, out var was))
            {
                changes.Add(
                    new RuleChange(RuleChangeKind.GroupAdded, group.Content.Name, null, Changes([], Fields(group.Content)), 0, group.Line)
                );
                added.AddRange(group.Rules);
                continue;
            }
            var fields = Changes(Fields(was.Content), Fields(group.Content));
            if (fields.Count > 0)
            {
                changes.Add(new RuleChange(RuleChangeKind.GroupChanged, group.Content.Name, null, fields, was.Line, group.Line));
            }
            Pair(was, group, changes, removed, added);
        }
        // What is gone from one group and says the same in another has moved.
        foreach (var gone in removed)
        {
            if (added.FirstOrDefault(rule => Changes(Fields(gone.Content), Fields(rule.Content)).Count == 0) is { } moved)
            {
                added.Remove(moved);
                changes.Add(
                    new RuleChange(
                        RuleChangeKind.RuleMoved,
                        moved.Group.Content.Name,
                        moved.Content.Name,
                        [new FieldChange("group", gone.Group.Content.Name, moved.Group.Content.Name)],
                        gone.Line,
                        moved.Line
                    )
                );
            }
            else
            {
                changes.Add(
                    new RuleChange(
                        RuleChangeKind.RuleRemoved,
                        gone.Group.Content.Name,
                        gone.Content.Name,
                        Changes(Fields(gone.Content), []),
                        gone.Line,
                        0
                    )
                );
            }
        }
        changes.AddRange(
            added.Select(rule => new RuleChange(
                RuleChangeKind.RuleAdded,
                rule.Group.Content.Name,
                rule.Content.Name,
                Changes([], Fields(rule.Content)),
                0,
                rule.Line
            ))
        );
        return [.. changes.OrderBy(change => change.LineAfter == 0 ? int.MaxValue : change.LineAfter).ThenBy(change => change.LineBefore)];
    }

    /// <summary>Rules of one kind and name belong together: those that say the same first, then the first with the first.</summary>
    private static void Pair(FileGroup before, FileGroup after, List<RuleChange> changes, List<FileRule> removed, List<FileRule> added)
    {
        var left = before.Rules.ToList();
        var right = after.Rules.ToList();
        foreach (var rule in after.Rules)
        {
            if (left.FirstOrDefault(one => Changes(Fields(one.Content), Fields(rule.Content)).Count == 0) is not { } same)
                continue;
            left.Remove(same);
            right.Remove(rule);
        }
        foreach (var rule in right)
        {
            var namesake = left.FirstOrDefault(one => one.Content.Name == rule.Content.Name && one.Content.IsAlert == rule.Content.IsAlert);
            if (namesake is not { } was)
            {
                added.Add(rule);
                continue;
            }
            left.Remove(was);
            changes.Add(
                new RuleChange(
                    RuleChangeKind.RuleChanged,
                    after.Content.Name,
                    rule.Content.Name,
                    Changes(Fields(was.Content), Fields(rule.Content)),
                    was.Line,
                    rule.Line
                )
            );
        }
        removed.AddRange(left);
    }

    private static List<FieldChange> Changes(
        IReadOnlyList<(string Field, string Value)> before,
        IReadOnlyList<(string Field, string Value)> after
    )
    {
        var was = before.ToDictionary(one => one.Field, one => one.Value, StringComparer.Ordinal);
        var @is = after.ToDictionary(one => one.Field, one => one.Value, StringComparer.Ordinal);
        return
        [
            .. before
                .Concat(after)
                .Select(one => one.Field)
                .Distinct(StringComparer.Ordinal)
                .Where(field => was.GetValueOrDefault(field) != @is.GetValueOrDefault(field))
                .Select(field => new FieldChange(field, was.GetValueOrDefault(field), @is.GetValueOrDefault(field))),
        ];
    }

    private static List<(string Field, string Value)> Fields(GroupContent group) =>
        [
            .. group.Interval is { } interval ? [("interval", PrometheusDuration.Format(interval))] : Array.Empty<(string, string)>(),
            .. group.QueryOffset is { } offset ? [("query_offset", PrometheusDuration.Format(offset))] : Array.Empty<(string, string)>(),
            .. group.Limit != 0 ? [("limit", group.Limit.ToString(CultureInfo.InvariantCulture))] : Array.Empty<(string, string)>(),
            .. group.Labels.Select(label => ($"labels.{label.Key}", label.Value)),
        ];

    private static List<(string Field, string Value)> Fields(RuleContent rule) =>
        [
            (rule.IsAlert ? "alert" : "record", rule.Name),
            ("expr", PromqlParser.Canonical(rule.Expression)),
            .. rule.For > TimeSpan.Zero ? [("for", PrometheusDuration.Format(rule.For))] : Array.Empty<(string, string)>(),
            .. rule.KeepFiringFor > TimeSpan.Zero
                ? [("keep_firing_for", PrometheusDuration.Format(rule.KeepFiringFor))]
                : Array.Empty<(string, string)>(),
            .. rule.Labels.Select(label => ($"labels.{label.Key}", label.Value)),
            .. rule.Annotations.Select(annotation => ($"annotations.{annotation.Key}", annotation.Value)),
        ];
}
