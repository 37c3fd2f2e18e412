namespace Archon.Data.Incidents;

/// <summary>Alerts and anomalies that belong together, with what may have caused them.</summary>
public sealed class Incident
{
    public long Id { get; set; }
    public int EnvironmentId { get; set; }
    public DateTimeOffset OpenedAt { get; set; }

    /// <summary>When a member last came, went or moved.</summary>
    public DateTimeOffset ChangedAt { get; set; }

    /// <summary>When the last member had ended; null while one lasts.</summary>
    public DateTimeOffset? ResolvedAt { get; set; }

    /// <summary>The incident this one turned out to be part of.</summary>
    public long? MergedIntoId { get; set; }

    public required string Title { get; set; }

    /// <summary>What it was like, to be compared with others; empty while nobody has looked for its cause.</summary>
    public string Fingerprint { get; set; } = "";

    public List<IncidentMember> Members { get; } = [];

    /// <summary>Possible causes, the likeliest first. Empty where nothing stands out.</summary>
    public List<IncidentHypothesis> Hypotheses { get; set; } = [];

    /// <summary>Why there is no hypothesis; null where there is one, or while nobody has looked.</summary>
    public string? Abstained { get; set; }

    public DateTimeOffset? RankedAt { get; set; }
}

/// <summary>One alert or anomaly of an incident, and why it belongs there.</summary>
public sealed class IncidentMember
{
    public int EnvironmentId { get; set; }
    public long IncidentId { get; set; }
    public IncidentMemberKind Kind { get; set; }

    /// <summary>Id of the anomaly, or fingerprint and start of the alert.</summary>
    public required string Key { get; set; }

    public required string Title { get; set; }
    public int? ServiceId { get; set; }
    public DateTimeOffset StartedAt { get; set; }
    public DateTimeOffset? EndedAt { get; set; }

    /// <summary>Why it was put here, as a sentence.</summary>
    public required string Reason { get; set; }
}

public enum IncidentMemberKind
{
    Anomaly,
    Alert,
}

/// <summary>A possible cause with what speaks for and against it.</summary>
/// <param name="Service">Name of the service.</param>
/// <param name="Metric">Name of the watch that shows it; null when it is the service as a whole.</param>
/// <param name="Score">0 to 1, comparable within one incident only.</param>
/// <param name="Path">Services from the symptom to the cause.</param>
public sealed record IncidentHypothesis(
    string Service,
    string? Metric,
    double Score,
    IReadOnlyList<string> For,
    IReadOnlyList<string> Against,
    IReadOnlyList<string> Path
);
