using System.Text;
using Archon.Analysis;
using Archon.Analysis.AlertTemplates;
using Archon.Analysis.Promql;
using Archon.ConfigFiles.Yaml;
using Archon.Data.Rules;

namespace Archon.ConfigFiles.Rules;

/// <summary>Reads groups and rules from YAML, as strictly as Prometheus.</summary>
/// <remarks>Source: <c>model/rulefmt/rulefmt.go</c> of Prometheus 3 and the decoder of go-yaml v3 with known fields only.</remarks>
internal sealed class RuleFileReader
{
    private static readonly string[] FileFields = ["groups"];
    private static readonly string[] GroupFields = ["name", "interval", "query_offset", "limit", "rules", "labels"];
    private static readonly string[] RuleFields = ["record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations"];

    private readonly List<FileGroup> groups = [];
    private readonly List<RuleFileError> errors = [];
    private readonly List<RuleFileError> warnings = [];

    private readonly RuleLanguage language;

    // A rule that stands there by an alias is read and checked once, however often it is repeated.
    private readonly Dictionary<YamlMapping, YamlFields> fieldsOf = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<YamlMapping, IReadOnlyDictionary<string, string>> maps = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, PromqlError?> expressions = new(StringComparer.Ordinal);
    private readonly HashSet<IReadOnlyDictionary<string, string>> checkedTexts = new(ReferenceEqualityComparer.Instance);

    public RuleFileReader(YamlPart? root, bool hasMore, RuleLanguage language)
    {
        this.language = language;
        if (hasMore)
            warnings.Add(new RuleFileError(0, 0, "the file has several YAML documents; Prometheus reads only the first"));
        if (root is not null && !IsNull(root))
            Read(root);
        foreach (var twice in groups.GroupBy(group => group.Content.Name).SelectMany(same => same.Skip(1)))
        {
            Fail(twice.Item.Error($"groupname: \"{twice.Content.Name}\" is repeated in the same file"));
        }
    }

    public IReadOnlyList<FileGroup> Groups => groups;
    public IReadOnlyList<RuleFileError> Errors => errors;
    public IReadOnlyList<RuleFileError> Warnings => warnings;

    private void Fail(RuleFileError error)
    {
        if (errors.Count < InputLimits.Faults.Most)
            errors.Add(error);
        else if (errors.Count == InputLimits.Faults.Most)
            errors.Add(new RuleFileError(0, 0, $"not checked to the end: {InputLimits.Faults.Sentence}"));
    }

    private void Read(YamlPart root)
    {
        if (Fields(root, FileFields, "RuleGroups") is not { } file || file.Find("groups") is not { } field || IsNull(field.Value))
            return;
        if (field.Value.Target is not YamlSequence list)
        {
            Fail(field.Value.Error($"cannot unmarshal {Kind(field.Value)} into a list of groups"));
            return;
        }
        foreach (var item in list.Items)
            ReadGroup(item);
    }

    private void ReadGroup(YamlPart item)
    {
        if (IsNull(item))
        {
            Fail(item.Error("Groupname must not be empty"));
            return;
        }
        if (Fields(item, GroupFields, "RuleGroup") is not { } fields)
            return;
        var name = Text(fields, "name") ?? "";
        if (name.Length == 0)
            Fail(item.Error("Groupname must not be empty"));
        var labels = Map(fields, "labels");
        CheckLabels(fields, labels);
        var group = new FileGroup(
            new GroupContent(name)
            {
                Interval = Duration(fields, "interval") is { } interval && interval > TimeSpan.Zero ? interval : null,
                QueryOffset = Duration(fields, "query_offset"),
                Limit = Integer(fields, "limit"),
                Labels = labels,
            },
            groups.Count,
            item,
            fields
        );
        groups.Add(group);
        if (fields.Find("rules") is not { } rules || IsNull(rules.Value))
            return;
        if (rules.Value.Target is not YamlSequence list)
        {
            Fail(rules.Value.Error($"cannot unmarshal {Kind(rules.Value)} into a list of rules"));
            return;
        }
        foreach (var rule in list.Items)
            ReadRule(group, rule);
    }

    private void ReadRule(FileGroup group, YamlPart item)
    {
        if (IsNull(item))
        {
            Fail(item.Error("one of 'record' or 'alert' must be set"));
            return;
        }
        if (Fields(item, RuleFields, "Rule") is not { } fields)
            return;
        var (record, alert) = (Text(fields, "record") ?? "", Text(fields, "alert") ?? "");
        var expression = Text(fields, "expr") ?? "";
        if (record.Length > 0 && alert.Length > 0)
            Fail(item.Error("only one of 'record' and 'alert' must be set"));
        if (record.Length == 0 && alert.Length == 0)
            Fail(item.Error("one of 'record' or 'alert' must be set"));
        var content = new RuleContent(alert.Length > 0 ? alert : record, alert.Length > 0, expression)
        {
            For = Duration(fields, "for") ?? TimeSpan.Zero,
            KeepFiringFor = Duration(fields, "keep_firing_for") ?? TimeSpan.Zero,
            Labels = Map(fields, "labels"),
            Annotations = Map(fields, "annotations"),
        };
        var rule = new FileRule(content, group, group.Rules.Count, item, fields);
        group.Add(rule);
        foreach (var field in fields.All.Where(field => field.Name is "record" or "alert" or "expr" && field.Value is YamlAlias))
        {
            warnings.Add(field.Value.Error($"'{field.Name}' is an alias; Prometheus before 3.3 takes the name of the anchor for the text"));
        }
        CheckExpression(rule);
        if (record.Length > 0)
            CheckRecording(rule);
        CheckLabels(fields, content.Labels);
        foreach (var name in content.Annotations.Keys.Where(name => name.Length == 0))
        {
            Fail(Entry(fields, "annotations", name).Error($"invalid annotation name: {name}"));
        }
        if (alert.Length == 0)
            return;
        CheckTemplates(fields, "labels", "label", content.Labels);
        CheckTemplates(fields, "annotations", "annotation", content.Annotations);
    }

    private void CheckExpression(FileRule rule)
    {
        var where = rule.Fields.Find("expr")?.Value ?? rule.Item;
        if (rule.Content.Expression.Length == 0)
        {
            Fail(where.Error("field 'expr' must be set in rule"));
            return;
        }
        if (language != RuleLanguage.Promql)
            return;
        if (!expressions.TryGetValue(rule.Content.Expression, out var error))
        {
            PromqlParser.Parse(rule.Content.Expression, out error);
            expressions[rule.Content.Expression] = error;
        }
        // Beyond a limit Prometheus alone can judge it; the linter says that it was not checked.
        if (error is { Limit: null })
            Fail(new RuleFileError(rule.LineOfExpression(error.Line), 0, $"could not parse expression: {error}"));
    }

    private void CheckRecording(FileRule rule)
    {
        var (content, where) = (rule.Content, rule.Fields.Find("record")?.Value ?? rule.Item);
        if (content.Annotations.Count > 0)
            Fail(where.Error("invalid field 'annotations' in recording rule"));
        if (content.For != TimeSpan.Zero)
            Fail(where.Error("invalid field 'for' in recording rule"));
        if (content.KeepFiringFor != TimeSpan.Zero)
            Fail(where.Error("invalid field 'keep_firing_for' in recording rule"));
        if (content.Name.Contains('{', StringComparison.Ordinal) || content.Name.Contains('}', StringComparison.Ordinal))
        {
            Fail(where.Error($"braces present in the recording rule name; should it be in expr?: {content.Name}"));
        }
    }

    private void CheckLabels(YamlFields fields, IReadOnlyDictionary<string, string> labels)
    {
        foreach (var name in labels.Keys.Where(name => name.Length == 0 || name == PromqlMatcher.Name))
        {
            Fail(Entry(fields, "labels", name).Error($"invalid label name: {name}"));
        }
    }

    private void CheckTemplates(YamlFields fields, string field, string word, IReadOnlyDictionary<string, string> texts)
    {
        if (!checkedTexts.Add(texts))
            return;
        foreach (var (name, text) in texts)
        {
            if (AlertTemplate.Parse(text, out var error, out var limit) is null && limit is null)
            {
                Fail(Entry(fields, field, name).Error($"{word} {GoText.Quote(name)}: {error}"));
            }
        }
    }

    private YamlPart Entry(YamlFields fields, string field, string name) =>
        fields.Find(field)?.Value is { Target: YamlMapping map } && FieldsOf(map).Find(name) is { } found ? found.Key : fields.Mapping;

    private YamlFields FieldsOf(YamlMapping mapping)
    {
        if (!fieldsOf.TryGetValue(mapping, out var fields))
            fieldsOf[mapping] = fields = new YamlFields(mapping);
        return fields;
    }

    private YamlFields? Fields(YamlPart node, string[] known, string type)
    {
        if (node.Target is not YamlMapping mapping)
        {
            Fail(node.Error($"cannot unmarshal {Kind(node)} into rulefmt.{type}"));
            return null;
        }
        if (fieldsOf.TryGetValue(mapping, out var read))
            return read;
        var fields = fieldsOf[mapping] = new YamlFields(mapping);
        foreach (var field in fields.All.Where(field => !known.Contains(field.Name)))
        {
            Fail(field.Key.Error($"field {field.Name} not found in type rulefmt.{type}"));
        }
        return fields;
    }

    /// <summary>Any scalar is a text, a number too; null where the field is missing or empty.</summary>
    private string? Text(YamlFields fields, string name)
    {
        if (fields.Find(name) is not { } field || IsNull(field.Value))
            return null;
        return Text(field.Value, out var text) ? text : null;
    }

    private bool Text(YamlPart value, out string text)
    {
        text = "";
        if (value.Target is not YamlScalar scalar)
        {
            Fail(value.Error($"cannot unmarshal {Kind(value)} into string"));
            return false;
        }
        text = scalar.Value;
        if (scalar.Kind != "binary")
            return true;
        try
        {
            text = Encoding.UTF8.GetString(Convert.FromBase64String(scalar.Value));
            return true;
        }
        catch (FormatException)
        {
            Fail(value.Error("!!binary value contains invalid base64 data"));
            return false;
        }
    }

    private TimeSpan? Duration(YamlFields fields, string name)
    {
        if (Text(fields, name) is not { } text)
            return null;
        if (PrometheusDuration.TryParse(text, out var length))
            return length;
        Fail(
            fields
                .Find(name)!
                .Value.Error(text.Length == 0 ? "empty duration string" : $"not a valid duration string: {GoText.Quote(text)}")
        );
        return null;
    }

    private int Integer(YamlFields fields, string name)
    {
        if (fields.Find(name) is not { } field || IsNull(field.Value))
            return 0;
        if (
            field.Value.Target is YamlScalar { Kind: "int", Value: var text }
            && YamlKinds.TryInteger(text, out var value)
            && value is >= int.MinValue and <= int.MaxValue
        )
            return (int)value;
        Fail(field.Value.Error($"cannot unmarshal {Kind(field.Value)} into int"));
        return 0;
    }

    private IReadOnlyDictionary<string, string> Map(YamlFields fields, string name)
    {
        if (fields.Find(name) is not { } field || IsNull(field.Value))
            return RuleContent.Empty;
        if (field.Value.Target is not YamlMapping mapping)
        {
            Fail(field.Value.Error($"cannot unmarshal {Kind(field.Value)} into map[string]string"));
            return RuleContent.Empty;
        }
        if (maps.TryGetValue(mapping, out var read))
            return read;
        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in FieldsOf(mapping).All)
        {
            if (IsNull(entry.Value))
                map[entry.Name] = "";
            else if (Text(entry.Value, out var text))
                map[entry.Name] = text;
        }
        return maps[mapping] = map;
    }

    private static bool IsNull(YamlPart node) => node.Target is YamlScalar { Kind: "null" };

    private static string Kind(YamlPart node) =>
        node.Target switch
        {
            YamlScalar scalar => $"!!{scalar.Kind} `{(scalar.Value.Length > 10 ? scalar.Value[..7] + "..." : scalar.Value)}`",
            YamlSequence => "!!seq",
            _ => "!!map",
        };
}
