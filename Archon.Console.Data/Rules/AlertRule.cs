using Archon.Data.Audit;

namespace Archon.Data.Rules;

/// <summary>An alerting or recording rule of the catalogue, as in Prometheus, with every version it ever had.</summary>
public sealed class AlertRule
{
    public int Id { get; set; }
    public int EnvironmentId { get; set; }

    /// <summary>File and group as the server names them; with <see cref="Name"/> and <see cref="Ordinal"/> the natural key.</summary>
    public required string File { get; set; }
    public required string Group { get; set; }
    public required string Name { get; set; }

    /// <summary>Place among the rules of one name in its group: Prometheus allows several.</summary>
    public int Ordinal { get; set; }

    public AlertRuleKind Kind { get; set; }
    public int CurrentVersion { get; set; }

    /// <summary>The rule file of the catalogue that it stands in; null while only the server knows it.</summary>
    public int? DocumentId { get; set; }

    /// <summary>What its group adds to the labels of a version, where a version names no other value.</summary>
    public Dictionary<string, string> GroupLabels { get; set; } = [];

    /// <summary>What the server ran at the last look; null where it runs no such rule.</summary>
    public ServedRule? Served { get; set; }

    /// <summary>The version that says what <see cref="Served"/> says; null where none does.</summary>
    public int? RunningVersion { get; set; }

    /// <summary>State on the server at the last look: <c>inactive</c>, <c>pending</c>, <c>firing</c>, <c>unknown</c>.</summary>
    public string? ServerState { get; set; }

    /// <summary>Health on the server at the last look: <c>ok</c>, <c>err</c>, <c>unknown</c>.</summary>
    public string? ServerHealth { get; set; }
    public string? ServerError { get; set; }
    public DateTimeOffset? ServerSeenAt { get; set; }
    public DateTimeOffset? DeletedAt { get; set; }
    public uint Version { get; set; }
    public List<AlertRuleVersion> Versions { get; } = [];
}

public enum AlertRuleKind
{
    Alerting,
    Recording,
}

/// <summary>What an expression is written in.</summary>
public enum RuleLanguage
{
    Promql,

    /// <summary>Loki's. Only its ruler can tell whether an expression is right.</summary>
    Logql,
}

/// <summary>What a server says of a rule it runs: labels with those of its group, the expression in the server's own form.</summary>
/// <param name="Language">What the server reads, and so which server it is.</param>
public sealed record ServedRule(
    string Expression,
    TimeSpan For,
    TimeSpan KeepFiringFor,
    IReadOnlyDictionary<string, string> Labels,
    IReadOnlyDictionary<string, string> Annotations,
    TimeSpan Interval,
    RuleLanguage Language = RuleLanguage.Promql
);

/// <summary>What a rule said at one time. Never changed once written.</summary>
public sealed class AlertRuleVersion
{
    public long Id { get; set; }
    public int RuleId { get; set; }
    public int Number { get; set; }
    public required string Expression { get; set; }
    public TimeSpan For { get; set; }
    public TimeSpan KeepFiringFor { get; set; }
    public Dictionary<string, string> Labels { get; set; } = [];
    public Dictionary<string, string> Annotations { get; set; } = [];
    public TimeSpan? Interval { get; set; }

    [Personal]
    public required string Author { get; set; }
    public required string Reason { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
}
