using System.Globalization;
using Archon.Analysis.Promql;
using Archon.ConfigFiles.Yaml;
using YamlDotNet.Core;

namespace Archon.ConfigFiles.Rules;

/// <summary>A change that cannot be written into a file without changing more than was asked.</summary>
public sealed class RuleEditException(string message) : Exception(message)
{
    /// <summary>Why Prometheus would refuse the file; empty where the file is only written in a way that cannot be changed.</summary>
    public IReadOnlyList<RuleFileError> Refused { get; init; } = [];
}

/// <summary>
/// Writes changes into a rule file's text: only the characters of what is changed differ.
/// Comments, order, quoting and folding of the rest stay.
/// </summary>
/// <remarks>
/// Every change is read back before it is handed out: the new file must say what was asked, and every other rule what it said before.
/// </remarks>
public static class RuleFileEditor
{
    private static readonly string[] RuleOrder = ["record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations"];
    private static readonly string[] GroupOrder = ["name", "interval", "query_offset", "limit", "labels", "rules"];

    /// <summary>Makes a rule say something else.</summary>
    /// <exception cref="RuleEditException">It cannot be written without touching other rules.</exception>
    public static RuleFile SetRule(RuleFile file, int group, int rule, RuleContent content)
    {
        var old = file.Groups[group].Rules[rule].Content;
        if (old.Says(content))
            return file;
        try
        {
            var edit = new Edit(
                file,
                now => (YamlMapping)now.Groups[group].Rules[rule].Item.Target,
                now => now.Groups[group].Rules[rule].Item,
                RuleOrder
            );
            if (old.IsAlert != content.IsAlert)
                edit.Rename(old.IsAlert ? "alert" : "record", content.IsAlert ? "alert" : "record");
            if (old.Name != content.Name)
                edit.Set(content.IsAlert ? "alert" : "record", content.Name);
            if (old.For != content.For)
                edit.Set("for", Duration(content.For));
            if (old.KeepFiringFor != content.KeepFiringFor)
                edit.Set("keep_firing_for", Duration(content.KeepFiringFor));
            if (old.Expression != content.Expression)
                edit.Set("expr", content.Expression);
            edit.Set("labels", old.Labels, content.Labels);
            edit.Set("annotations", old.Annotations, content.Annotations);
            return Checked(file, edit.Result, content.Name, Wanted);
        }
        catch (RuleEditException)
        {
            // Written in a way that cannot be changed in part: then this rule, and it alone, is written anew.
            return Checked(file, Whole(), content.Name, Wanted);
        }

        bool Wanted(int g, int r, RuleContent now) =>
            g == group && r == rule ? now.Says(content) : now.Says(file.Groups[g].Rules[r].Content);

        string Whole()
        {
            var item = file.Groups[group].Rules[rule].Item;
            var text = file.Text;
            if (file.Groups[group].Fields.Find("rules")!.Value.Target is YamlSequence { IsFlow: true })
            {
                return text[..item.Start] + Flow(content) + text[item.End..];
            }
            var end = YamlLayout.EndOfEntry(text, item);
            var newline = YamlLayout.Newline(text);
            var lines = Lines(content, YamlLayout.Column(text, item.Start), newline);
            return text[..item.Start] + string.Join(newline, lines).TrimStart() + text[end..];
        }
    }

    /// <summary>Makes a group say something else of itself.</summary>
    /// <exception cref="RuleEditException">It cannot be written without touching other groups.</exception>
    public static RuleFile SetGroup(RuleFile file, int group, GroupContent content)
    {
        var old = file.Groups[group].Content;
        if (old.Says(content))
            return file;
        var edit = new Edit(file, now => (YamlMapping)now.Groups[group].Item.Target, now => now.Groups[group].Item, GroupOrder);
        if (old.Name != content.Name)
            edit.Set("name", content.Name);
        if (old.Interval != content.Interval)
        {
            edit.Set("interval", content.Interval is { } interval ? PrometheusDuration.Format(interval) : null);
        }
        if (old.QueryOffset != content.QueryOffset)
        {
            edit.Set("query_offset", content.QueryOffset is { } offset ? PrometheusDuration.Format(offset) : null);
        }
        if (old.Limit != content.Limit)
        {
            edit.Set("limit", content.Limit == 0 ? null : content.Limit.ToString(CultureInfo.InvariantCulture), isText: false);
        }
        edit.Set("labels", old.Labels, content.Labels);
        var changed = Checked(file, edit.Result, content.Name, (g, r, now) => now.Says(file.Groups[g].Rules[r].Content));
        if (!changed.Groups.Select((one, i) => one.Content.Says(i == group ? content : file.Groups[i].Content)).All(same => same))
        {
            throw Shared(content.Name);
        }
        return changed;
    }

    /// <summary>Puts a rule into a group.</summary>
    /// <param name="at">Its place there, from 0 to the number of rules.</param>
    /// <exception cref="RuleEditException">The file is written in a way that has no place for it.</exception>
    public static RuleFile AddRule(RuleFile file, int group, int at, RuleContent content)
    {
        var text = file.Text;
        var newline = YamlLayout.Newline(text);
        var owner = file.Groups[group];
        string changed;
        if (owner.Rules.Count == 0)
        {
            var edit = new Edit(file, now => (YamlMapping)now.Groups[group].Item.Target, now => now.Groups[group].Item, GroupOrder);
            edit.SetRules(
                column =>
                    string.Concat(
                        Lines(content, column + 4, newline)
                            .Select((line, i) => newline + (i == 0 ? new string(' ', column + 2) + "- " + line.TrimStart() : line))
                    ),
                Flow(content)
            );
            changed = edit.Result;
        }
        else if (owner.Fields.Find("rules")!.Value.Target is YamlSequence { IsFlow: true } flow)
        {
            changed =
                at == 0
                    ? text.Insert(flow.Items[0].Start, Flow(content) + ", ")
                    : text.Insert(flow.Items[at - 1].End, ", " + Flow(content));
        }
        else
        {
            var dash = YamlLayout.Dash(text, owner.Rules[0].Item.Start);
            var column = YamlLayout.Column(text, dash);
            var inner = YamlLayout.Column(text, owner.Rules[0].Item.Start);
            if (inner <= column || YamlLayout.Line(text, dash) != YamlLayout.Line(text, owner.Rules[0].Item.Start))
                inner = column + 2;
            var lines = Lines(content, inner, newline);
            lines[0] = new string(' ', column) + "-" + new string(' ', inner - column - 1) + lines[0].TrimStart();
            changed =
                at == 0
                    ? YamlLayout.InsertBefore(text, YamlLayout.LineStart(text, dash), lines)
                    : YamlLayout.InsertAfter(text, owner.Rules[at - 1].Item, lines);
        }
        return Checked(
            file,
            changed,
            content.Name,
            (g, r, now) =>
                now.Says(
                    g != group || r < at ? file.Groups[g].Rules[r].Content
                    : r == at ? content
                    : file.Groups[g].Rules[r - 1].Content
                )
        );
    }

    /// <summary>Takes a rule out of its group. Comments above it stay.</summary>
    /// <exception cref="RuleEditException">Other rules use a part of it by an alias.</exception>
    public static RuleFile RemoveRule(RuleFile file, int group, int rule)
    {
        var owner = file.Groups[group];
        var name = owner.Rules[rule].Content.Name;
        string changed;
        if (owner.Rules.Count == 1)
        {
            var edit = new Edit(file, now => (YamlMapping)now.Groups[group].Item.Target, now => now.Groups[group].Item, GroupOrder);
            edit.SetRules(_ => " []", "");
            changed = edit.Result;
        }
        else
            changed = YamlLayout.RemoveItem(file.Text, (YamlSequence)owner.Fields.Find("rules")!.Value.Target, rule);
        return Checked(
            file,
            changed,
            name,
            (g, r, now) => now.Says(g != group || r < rule ? file.Groups[g].Rules[r].Content : file.Groups[g].Rules[r + 1].Content)
        );
    }

    /// <summary>Puts a group with its rules at the end of a file.</summary>
    /// <exception cref="RuleEditException">The file is written in a way that has no place for it.</exception>
    public static RuleFile AddGroup(RuleFile file, GroupContent content, IReadOnlyList<RuleContent> rules)
    {
        var text = file.Text;
        var newline = YamlLayout.Newline(text);
        string changed;
        if (file.Groups.Count > 0)
        {
            var item = file.Groups[^1].Item;
            if (
                ((YamlMapping)file.Root!.Target).Entries.Any(entry =>
                    entry.Value.Target is YamlSequence { IsFlow: true } flow && flow.Items.Contains(item)
                )
            )
            {
                changed = text.Insert(item.End, $", {Flow(content, rules)}");
            }
            else
            {
                var dash = YamlLayout.Dash(text, item.Start);
                var column = YamlLayout.Column(text, dash);
                changed = YamlLayout.InsertAfter(text, item, [.. Lines(content, rules, column, newline)]);
            }
        }
        else if (file.Root is YamlMapping { IsFlow: false, Entries: [{ Value: var value }] })
        {
            changed =
                text[..value.Start].TrimEnd(' ')
                + newline
                + string.Join(newline, Lines(content, rules, 2, newline))
                + (value.End >= text.Length ? newline : text[value.End..]);
        }
        else if (file.Root is null || file.Root is YamlScalar)
        {
            changed =
                (text.Length == 0 || text.EndsWith('\n') ? text : text + newline)
                + "groups:"
                + newline
                + string.Join(newline, Lines(content, rules, 2, newline))
                + newline;
        }
        else
            throw new RuleEditException($"The file is written in a way that has no place for the group {content.Name}.");
        var result = Checked(
            file,
            changed,
            content.Name,
            (g, r, now) => now.Says(g < file.Groups.Count ? file.Groups[g].Rules[r].Content : rules[r])
        );
        return result.Groups.Count == file.Groups.Count + 1 && result.Groups[^1].Content.Says(content)
            ? result
            : throw Shared(content.Name);
    }

    /// <summary>Takes a group out of its file. Comments above it stay.</summary>
    /// <exception cref="RuleEditException">Others use a part of it by an alias.</exception>
    public static RuleFile RemoveGroup(RuleFile file, int group)
    {
        var groups = ((YamlMapping)file.Root!.Target).Entries.First(entry => entry.Key is YamlScalar { Value: "groups" });
        var list = (YamlSequence)groups.Value.Target;
        var changed =
            list.Items.Count > 1 ? YamlLayout.RemoveItem(file.Text, list, group)
            : list.IsFlow ? file.Text[..list.Start] + "[]" + file.Text[list.End..]
            : file.Text[..YamlLayout.Dash(file.Text, list.Items[0].Start)].TrimEnd()
                + " []"
                + file.Text[YamlLayout.EndOfEntry(file.Text, list.Items[0])..];
        return Checked(
            file,
            changed,
            file.Groups[group].Content.Name,
            (g, r, now) => now.Says(file.Groups[g < group ? g : g + 1].Rules[r].Content)
        );
    }

    private static RuleFile Checked(RuleFile file, string text, string name, Func<int, int, RuleContent, bool> isWanted)
    {
        var changed =
            file.With(text, out var errors)
            ?? throw new RuleEditException($"{name} cannot be changed: {string.Join("; ", errors)}") { Refused = errors };
        if (IsAsWanted(changed, isWanted))
            return changed;
        // A block at the end of a file without a last line feed lacks its own.
        if (!text.EndsWith('\n') && file.With(text + YamlLayout.Newline(text), out _) is { } ended && IsAsWanted(ended, isWanted))
            return ended;
        throw Shared(name);
    }

    private static bool IsAsWanted(RuleFile changed, Func<int, int, RuleContent, bool> isWanted)
    {
        try
        {
            return changed.Rules.All(rule => isWanted(rule.Group.Index, rule.Index, rule.Content));
        }
        catch (ArgumentOutOfRangeException)
        {
            return false; // there are more than there were
        }
    }

    private static RuleEditException Shared(string name) =>
        new(
            $"{name} is written in a way that cannot be changed alone: other rules share parts of it by an anchor or a merge. "
                + "Change the file by hand."
        );

    private static string? Duration(TimeSpan length) => length == TimeSpan.Zero ? null : PrometheusDuration.Format(length);

    /// <summary>A rule in block style, each line with its indentation.</summary>
    private static List<string> Lines(RuleContent rule, int indent, string newline)
    {
        var lines = new List<string>();
        var margin = new string(' ', indent);
        Scalar(rule.IsAlert ? "alert" : "record", rule.Name);
        Scalar("expr", rule.Expression);
        if (rule.For != TimeSpan.Zero)
            Scalar("for", PrometheusDuration.Format(rule.For));
        if (rule.KeepFiringFor != TimeSpan.Zero)
            Scalar("keep_firing_for", PrometheusDuration.Format(rule.KeepFiringFor));
        Map("labels", rule.Labels);
        Map("annotations", rule.Annotations);
        return lines;

        void Scalar(string name, string value) =>
            lines.AddRange($"{margin}{name}: {YamlScalarText.New(value, indent, false, newline)}".Split(newline));

        void Map(string name, IReadOnlyDictionary<string, string> map)
        {
            if (map.Count == 0)
                return;
            lines.Add($"{margin}{name}:");
            foreach (var (key, value) in map)
            {
                var entry = YamlScalarText.New(key, 0, true, newline);
                lines.AddRange($"{margin}  {entry}: {YamlScalarText.New(value, indent + 2, false, newline)}".Split(newline));
            }
        }
    }

    private static IEnumerable<string> Lines(GroupContent group, IReadOnlyList<RuleContent> rules, int column, string newline)
    {
        var margin = new string(' ', column + 2);
        yield return $"{new string(' ', column)}- name: {YamlScalarText.New(group.Name, column + 2, false, newline)}";
        if (group.Interval is { } interval)
            yield return $"{margin}interval: {PrometheusDuration.Format(interval)}";
        if (group.QueryOffset is { } offset)
            yield return $"{margin}query_offset: {PrometheusDuration.Format(offset)}";
        if (group.Limit != 0)
            yield return string.Create(CultureInfo.InvariantCulture, $"{margin}limit: {group.Limit}");
        if (group.Labels.Count > 0)
            yield return $"{margin}labels:";
        foreach (var (name, value) in group.Labels)
        {
            yield return $"{margin}  {YamlScalarText.New(name, 0, true, newline)}: {YamlScalarText.New(value, column + 4, true, newline)}";
        }
        yield return rules.Count > 0 ? $"{margin}rules:" : $"{margin}rules: []";
        foreach (var rule in rules)
        {
            var lines = Lines(rule, column + 6, newline);
            lines[0] = $"{new string(' ', column + 4)}- {lines[0].TrimStart()}";
            foreach (var line in lines)
                yield return line;
        }
    }

    private static string Flow(GroupContent group, IReadOnlyList<RuleContent> rules)
    {
        var parts = new List<string> { $"name: {FlowText(group.Name)}" };
        if (group.Interval is { } interval)
            parts.Add($"interval: {PrometheusDuration.Format(interval)}");
        if (group.QueryOffset is { } offset)
            parts.Add($"query_offset: {PrometheusDuration.Format(offset)}");
        if (group.Limit != 0)
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"limit: {group.Limit}"));
        if (group.Labels.Count > 0)
            parts.Add($"labels: {FlowMap(group.Labels)}");
        parts.Add($"rules: [{string.Join(", ", rules.Select(Flow))}]");
        return $"{{{string.Join(", ", parts)}}}";
    }

    private static string Flow(RuleContent rule)
    {
        var parts = new List<string>
        {
            $"{(rule.IsAlert ? "alert" : "record")}: {FlowText(rule.Name)}",
            $"expr: {FlowText(rule.Expression)}",
        };
        if (rule.For != TimeSpan.Zero)
            parts.Add($"for: {PrometheusDuration.Format(rule.For)}");
        if (rule.KeepFiringFor != TimeSpan.Zero)
            parts.Add($"keep_firing_for: {PrometheusDuration.Format(rule.KeepFiringFor)}");
        if (rule.Labels.Count > 0)
            parts.Add($"labels: {FlowMap(rule.Labels)}");
        if (rule.Annotations.Count > 0)
            parts.Add($"annotations: {FlowMap(rule.Annotations)}");
        return $"{{{string.Join(", ", parts)}}}";
    }

    private static string FlowText(string value) => YamlScalarText.New(value, 0, true, "\n");

    private static string FlowMap(IReadOnlyDictionary<string, string> map) =>
        $"{{{string.Join(", ", map.Select(pair => $"{FlowText(pair.Key)}: {FlowText(pair.Value)}"))}}}";

    /// <summary>Changes to the fields of one mapping, one after the other, each read back before the next.</summary>
    private sealed class Edit(RuleFile file, Func<RuleFile, YamlMapping> locate, Func<RuleFile, YamlPart> item, string[] order)
    {
        private RuleFile current = file;

        public string Result => current.Text;

        private YamlMapping Mapping => item(current) is YamlAlias ? throw new RuleEditException("written as an alias") : locate(current);

        public void Rename(string from, string to)
        {
            var field = new YamlFields(Mapping).Find(from);
            if (field is not { IsOwn: true, Key: YamlScalar key })
                throw new RuleEditException("merged from elsewhere");
            // A recording rule has neither of these; they would be refused in between.
            var text = current.Text[..key.Start] + to + current.Text[key.End..];
            if (to == "record")
            {
                foreach (var name in (string[])["for", "keep_firing_for", "annotations"])
                    RemoveOwn(name);
                field = new YamlFields(Mapping).Find(from)!;
                text = current.Text[..field.Key.Start] + to + current.Text[field.Key.End..];
            }
            Accept(text);
        }

        /// <param name="value">Null takes the field out.</param>
        public void Set(string name, string? value, bool isText = true)
        {
            var fields = new YamlFields(Mapping);
            var field = fields.Find(name);
            if (value is null)
            {
                RemoveOwn(name);
                // What was merged shows now; it is overruled by a value of its own.
                if (new YamlFields(Mapping).Find(name) is not null)
                    Add(Mapping, name, name == "limit" ? "0" : "0s", order);
                return;
            }
            if (field is not { IsOwn: true })
                Add(Mapping, name, isText ? Text(value, Mapping) : value, order);
            else
                Replace(field, value, Mapping, isText);
        }

        public void Set(string name, IReadOnlyDictionary<string, string> old, IReadOnlyDictionary<string, string> wanted)
        {
            if (RuleContent.Same(old, wanted))
                return;
            var field = new YamlFields(Mapping).Find(name);
            if (wanted.Count == 0)
            {
                RemoveOwn(name);
                if (new YamlFields(Mapping).Find(name) is { } merged && merged.Value.Target is YamlMapping { Entries.Count: > 0 })
                {
                    Add(Mapping, name, "{}", order);
                }
                return;
            }
            if (field is { IsOwn: true, Value: YamlMapping { Entries.Count: > 0 } } && !IsShared(field.Value))
            {
                SetEntries(name, old, wanted);
                return;
            }
            if (field is { IsOwn: true })
                RemoveOwn(name);
            Add(Mapping, name, Mapping.IsFlow ? FlowMap(wanted) : null, order, wanted);
        }

        /// <summary>Puts a list of rules in place of one that is empty or to be emptied.</summary>
        public void SetRules(Func<int, string> block, string flow)
        {
            var field = new YamlFields(Mapping).Find("rules");
            if (field is { IsOwn: true })
                RemoveOwn("rules");
            var mapping = Mapping;
            var column = YamlLayout.Column(current.Text, mapping.Entries[0].Key.Start);
            if (mapping.IsFlow)
                Accept(current.Text.Insert(Last(mapping), $", rules: [{flow}]"));
            else
                Accept(YamlLayout.InsertAfter(current.Text, mapping, [$"{new string(' ', column)}rules:{block(column)}"]));
        }

        private void SetEntries(string name, IReadOnlyDictionary<string, string> old, IReadOnlyDictionary<string, string> wanted)
        {
            foreach (var (key, value) in wanted)
            {
                if (old.TryGetValue(key, out var before) && before == value)
                    continue;
                var map = (YamlMapping)new YamlFields(Mapping).Find(name)!.Value;
                if (new YamlFields(map).Find(key) is { IsOwn: true } entry)
                    Replace(entry, value, map, isText: true);
                else
                    Add(map, key, Text(value, map), []);
            }
            foreach (var key in old.Keys.Where(key => !wanted.ContainsKey(key)))
            {
                var map = (YamlMapping)new YamlFields(Mapping).Find(name)!.Value;
                if (new YamlFields(map).Find(key) is not { IsOwn: true } entry)
                    throw new RuleEditException("merged from elsewhere");
                Accept(YamlLayout.RemoveEntry(current.Text, map, entry));
            }
        }

        private void Replace(YamlField field, string value, YamlMapping mapping, bool isText)
        {
            var text = current.Text;
            var newline = YamlLayout.Newline(text);
            var column = YamlLayout.Column(text, field.Key.Start);
            if (field.Value is not YamlScalar scalar)
            {
                if (field.Value is not YamlAlias)
                    throw new RuleEditException("not written as a text");
                var anew = isText ? YamlScalarText.New(value, column, mapping.IsFlow, newline) : value;
                Accept(text[..field.Value.Start] + anew + text[field.Value.End..]);
                return;
            }
            if (IsShared(scalar))
                throw new RuleEditException("shared by an anchor");
            var start = YamlLayout.AfterProperties(text, scalar);
            var isBlock = scalar.Style is ScalarStyle.Literal or ScalarStyle.Folded;
            var end = isBlock ? YamlLayout.EndOfEntry(text, scalar) : scalar.End;
            var source = text[start..end];
            if (!isText)
            {
                Accept(text[..start] + value + text[end..]);
                return;
            }
            var isLong = isBlock || source.Contains('\n', StringComparison.Ordinal);
            if (
                isLong
                && YamlScalarText.Patched(scalar, source, value, newline) is { } patched
                && TryAccept(text[..start] + patched + text[end..], field.Name, mapping, value)
            )
                return;
            // An empty value stands right behind its colon.
            var gap = start == scalar.End && start > 0 && text[start - 1] == ':' ? " " : "";
            var written = YamlScalarText.Like(scalar, source, value, column, mapping.IsFlow, newline);
            if (!isBlock && !mapping.IsFlow && written.Contains('\n', StringComparison.Ordinal))
            {
                // What stands behind a text of one line would become part of a block: a comment moves up to its header.
                var line = text.IndexOf('\n', end) is >= 0 and var found ? found : text.Length;
                var rest = text[end..line].TrimEnd();
                var header = written.IndexOf(newline, StringComparison.Ordinal);
                if (written[0] is '|' or '>')
                {
                    written = written.Insert(header, rest);
                    end = line > 0 && line < text.Length && text[line - 1] == '\r' ? line - 1 : line;
                }
            }
            Accept(text[..start] + gap + written + text[end..]);
        }

        /// <summary>Takes a patched text if there the field says what it should.</summary>
        private bool TryAccept(string text, string name, YamlMapping mapping, string value)
        {
            if (current.With(text, out _) is not { Root: not null } changed)
                return false;
            var place = mapping.Start;
            var found = Find(changed.Root!, place);
            if (found is null || new YamlFields(found).Find(name)?.Value.Target is not YamlScalar { Value: var now } || now != value)
            {
                return false;
            }
            current = changed;
            return true;
        }

        private static YamlMapping? Find(YamlPart node, int start) =>
            node switch
            {
                YamlMapping map when map.Start == start => map,
                YamlMapping map => map.Entries.Select(entry => Find(entry.Value, start)).FirstOrDefault(found => found is not null),
                YamlSequence list => list.Items.Select(one => Find(one, start)).FirstOrDefault(found => found is not null),
                _ => null,
            };

        private void RemoveOwn(string name)
        {
            var mapping = Mapping;
            if (new YamlFields(mapping).Find(name) is { IsOwn: true } field)
                Accept(YamlLayout.RemoveEntry(current.Text, mapping, field));
        }

        private string Text(string value, YamlMapping mapping) =>
            YamlScalarText.New(
                value,
                YamlLayout.Column(current.Text, mapping.Entries[0].Key.Start),
                mapping.IsFlow,
                YamlLayout.Newline(current.Text)
            );

        /// <param name="value">In its YAML form; null for a map in block style.</param>
        private void Add(YamlMapping mapping, string name, string? value, string[] inOrder, IReadOnlyDictionary<string, string>? map = null)
        {
            var text = current.Text;
            var newline = YamlLayout.Newline(text);
            var key = YamlScalarText.New(name, 0, true, newline);
            var own = mapping
                .Entries.Where(entry => entry.Key is YamlScalar)
                .Select(entry => (KeyValuePair<YamlPart, YamlPart>?)entry)
                .ToList();
            var rank = Array.IndexOf(inOrder, name);
            var before =
                rank < 0
                    ? own.LastOrDefault()
                    : own.LastOrDefault(entry => Array.IndexOf(inOrder, ((YamlScalar)entry!.Value.Key).Value) < rank)
                        ?? own.LastOrDefault();
            if (before is not { } last)
                throw new RuleEditException("an empty map");
            if (mapping.IsFlow)
            {
                Accept(text.Insert(Math.Max(last.Key.End, last.Value.End), $", {key}: {value}"));
                return;
            }
            var column = YamlLayout.Column(text, mapping.Entries[0].Key.Start);
            var margin = new string(' ', column);
            List<string> lines = value is not null
                ? [.. $"{margin}{key}: {value}".Split(newline)]
                : [$"{margin}{key}:", .. map!.SelectMany(pair => Entry(pair.Key, pair.Value).Split(newline))];
            Accept(YamlLayout.InsertAfter(text, last.Value.End >= last.Key.End ? last.Value : last.Key, lines));

            string Entry(string name, string value) =>
                $"{margin}  {YamlScalarText.New(name, 0, true, newline)}: {YamlScalarText.New(value, column + 2, false, newline)}";
        }

        private static int Last(YamlMapping mapping) => Math.Max(mapping.Entries[^1].Key.End, mapping.Entries[^1].Value.End);

        /// <summary>Whether an alias elsewhere stands for this node.</summary>
        private bool IsShared(YamlPart node) =>
            node.Anchor is not null && Aliases(current.Root!).Any(alias => ReferenceEquals(alias.Of, node));

        private static IEnumerable<YamlAlias> Aliases(YamlPart node) =>
            node switch
            {
                YamlAlias alias => [alias],
                YamlSequence list => list.Items.SelectMany(Aliases),
                YamlMapping map => map.Entries.SelectMany(entry => Aliases(entry.Key).Concat(Aliases(entry.Value))),
                _ => [],
            };

        private void Accept(string text) =>
            current = current.With(text, out var errors) ?? throw new RuleEditException(string.Join("; ", errors));
    }
}
