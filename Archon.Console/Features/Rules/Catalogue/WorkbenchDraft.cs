using System.Buffers.Text;
using System.IO.Compression;
using System.Text.Json;
using Archon.Analysis;
using Archon.Analysis.Promql;
using Archon.ConfigFiles.Rules;

namespace Archon.Features.Rules.Catalogue;

/// <summary>What is in the fields of the workbench. Not yet a rule: half of it may be wrong.</summary>
public sealed class WorkbenchDraft
{
    public const string SeverityLabel = "severity";
    private const int MostShared = 6000;

    // As people read them; the rest stays as it is written.
    private static readonly string[] Usual = ["summary", "description", "runbook_url", "runbook"];

    public string Name { get; set; } = "";
    public bool IsAlert { get; set; } = true;
    public string Expression { get; set; } = "";
    public string For { get; set; } = "5m";
    public string KeepFiringFor { get; set; } = "";
    public List<WorkbenchEntry> Labels { get; set; } = [new() { Name = SeverityLabel, Value = "warning" }];
    public List<WorkbenchEntry> Annotations { get; set; } =
    [new() { Name = "summary" }, new() { Name = "description" }, new() { Name = "runbook_url" }];
    public string File { get; set; } = "";
    public string Group { get; set; } = "";
    public string Reason { get; set; } = "";

    /// <summary>Unit tests of the rule's file, which are saved on their own.</summary>
    public string Tests { get; set; } = "";

    /// <summary>The version it began from; 0 for a new rule.</summary>
    public int BasedOn { get; set; }

    public string Severity
    {
        get => Labels.Find(one => one.Name == SeverityLabel)?.Value ?? "";
        set
        {
            var label = Labels.Find(one => one.Name == SeverityLabel);
            if (value.Length == 0)
                Labels.RemoveAll(one => one.Name == SeverityLabel);
            else if (label is null)
                Labels.Insert(0, new WorkbenchEntry { Name = SeverityLabel, Value = value });
            else
                label.Value = value;
        }
    }

    public static WorkbenchDraft Of(RuleContent content, string file, string group, int basedOn) =>
        new()
        {
            Name = content.Name,
            IsAlert = content.IsAlert,
            Expression = content.Expression.TrimEnd(),
            For = Length(content.For),
            KeepFiringFor = Length(content.KeepFiringFor),
            Labels = Entries(content.Labels),
            Annotations = Entries(Ordered(content).Annotations),
            File = file,
            Group = group,
            BasedOn = basedOn,
        };

    /// <summary>The fields of a rule's content in place of those here; file, group and reason stay.</summary>
    public void Take(RuleContent content)
    {
        var taken = Of(content, File, Group, BasedOn);
        (Name, IsAlert, Expression, For, KeepFiringFor) = (taken.Name, taken.IsAlert, taken.Expression, taken.For, taken.KeepFiringFor);
        (Labels, Annotations) = (taken.Labels, taken.Annotations);
    }

    /// <summary>What the fields say, with what cannot be read left out.</summary>
    public RuleContent Content =>
        new(Name.Trim(), IsAlert, Expression)
        {
            For = IsAlert && PrometheusDuration.TryParse(For.Trim(), out var pendingPeriod) ? pendingPeriod : TimeSpan.Zero,
            KeepFiringFor = IsAlert && PrometheusDuration.TryParse(KeepFiringFor.Trim(), out var keep) ? keep : TimeSpan.Zero,
            Labels = Words(Labels),
            Annotations = IsAlert ? Words(Annotations) : RuleContent.Empty,
        };

    /// <summary>What must be mended before it can be saved, by field.</summary>
    public IReadOnlyDictionary<string, string> Faults()
    {
        var faults = new Dictionary<string, string>();
        if (string.IsNullOrWhiteSpace(Name))
            faults[nameof(Name)] = "A rule needs a name.";
        if (string.IsNullOrWhiteSpace(Expression))
            faults[nameof(Expression)] = "A rule needs an expression.";
        if (string.IsNullOrWhiteSpace(File))
            faults[nameof(File)] = "Enter the file of the rule.";
        if (string.IsNullOrWhiteSpace(Group))
            faults[nameof(Group)] = "Enter the group of the rule.";
        if (IsAlert && !IsLength(For))
            faults[nameof(For)] = "A length such as 90s, 5m or 1h30m.";
        if (IsAlert && !IsLength(KeepFiringFor))
            faults[nameof(KeepFiringFor)] = "A length such as 90s, 5m or 1h30m.";
        if (Twice(Labels) is { } label)
            faults[nameof(Labels)] = $"{label} is there twice.";
        if (Twice(Annotations) is { } annotation)
            faults[nameof(Annotations)] = $"{annotation} is there twice.";
        return faults;
    }

    /// <summary>The same with its annotations in the order in which people read them.</summary>
    public static RuleContent Ordered(RuleContent content) =>
        content with
        {
            Annotations = content
                .Annotations.OrderBy(one => Array.IndexOf(Usual, one.Key) is >= 0 and var place ? place : Usual.Length)
                .ToDictionary(one => one.Key, one => one.Value, StringComparer.Ordinal),
        };

    public bool Says(WorkbenchDraft other) =>
        Content.Says(other.Content)
        && File == other.File
        && Group == other.Group
        && For.Trim() == other.For.Trim()
        && KeepFiringFor.Trim() == other.KeepFiringFor.Trim();

    /// <summary>As a piece of an address; null where it would be too long for one.</summary>
    public string? Share()
    {
        using var packed = new MemoryStream();
        using (var pack = new DeflateStream(packed, CompressionLevel.Optimal, leaveOpen: true))
            JsonSerializer.Serialize(pack, this);
        var text = Base64Url.EncodeToString(packed.ToArray());
        return text.Length <= MostShared ? text : null;
    }

    /// <returns>The draft, or why it cannot be opened.</returns>
    public static (WorkbenchDraft? Draft, string? Fault) Shared(string text)
    {
        const string Unreadable = "it cannot be read";
        if (text.Length > MostShared)
            return (null, Unreadable);
        try
        {
            using var packed = new MemoryStream(Base64Url.DecodeFromChars(text));
            using var unpack = new DeflateStream(packed, CompressionMode.Decompress);
            var bytes = new byte[InputLimits.DraftSize.Most + 1];
            var length = unpack.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            InputLimits.DraftSize.Check(length);
            var draft = JsonSerializer.Deserialize<WorkbenchDraft>(bytes.AsSpan(0, length));
            if (
                draft
                    is not {
                        Name: not null,
                        Expression: not null,
                        For: not null,
                        KeepFiringFor: not null,
                        File: not null,
                        Group: not null,
                        Reason: not null,
                        Tests: not null
                    }
                || draft.Labels is not { } labels
                || draft.Annotations is not { } annotations
            )
            {
                return (null, Unreadable);
            }
            InputLimits.DraftEntries.Check(labels.Count + annotations.Count);
            return labels.Concat(annotations).All(one => one is { Name: not null, Value: not null }) ? (draft, null) : (null, Unreadable);
        }
        catch (InputLimitException beyond)
        {
            return (null, beyond.Message);
        }
        catch (Exception odd) when (odd is FormatException or InvalidDataException or JsonException)
        {
            return (null, Unreadable);
        }
    }

    private static bool IsLength(string text) => string.IsNullOrWhiteSpace(text) || PrometheusDuration.TryParse(text.Trim(), out _);

    private static string Length(TimeSpan length) => length > TimeSpan.Zero ? PrometheusDuration.Format(length) : "";

    private static string? Twice(List<WorkbenchEntry> entries) =>
        entries.Where(one => one.Name.Trim().Length > 0).GroupBy(one => one.Name.Trim()).FirstOrDefault(same => same.Count() > 1)?.Key;

    private static List<WorkbenchEntry> Entries(IReadOnlyDictionary<string, string> words) =>
        [.. words.Select(one => new WorkbenchEntry { Name = one.Key, Value = one.Value })];

    private static Dictionary<string, string> Words(List<WorkbenchEntry> entries)
    {
        var words = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in entries.Where(one => one.Name.Trim().Length > 0 && one.Value.Length > 0))
            words.TryAdd(entry.Name.Trim(), entry.Value);
        return words;
    }
}

/// <summary>A label or an annotation.</summary>
public sealed class WorkbenchEntry
{
    public string Name { get; set; } = "";
    public string Value { get; set; } = "";
}
