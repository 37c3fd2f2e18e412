namespace Archon.Data.Audit;

/// <summary>What the commands of one context did since its last commit, and who let them do it.</summary>
internal sealed class AuditNotes(Guid? actorId, string actor)
{
    public Guid? ActorId { get; } = actorId;
    public string Actor { get; } = actor;

    public List<AuditNote> Pending { get; } = [];
}

/// <summary>One entry of the audit before it is written.</summary>
/// <param name="Subject">Asked for when the transaction commits: a new row has no id before.</param>
internal sealed record AuditNote(
    DateTimeOffset At,
    string Action,
    Func<string> Subject,
    string? SubjectName,
    string? Detail,
    int? EnvironmentId
)
{
    public List<RowChange> Changes { get; } = [];

    public bool IsRefusal { get; init; }
}
