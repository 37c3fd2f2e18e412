using Archon.Data.Audit;

namespace Archon.Data.Rules;

/// <summary>How far an apply is. Written down before each step, so that whoever is killed in the middle can be followed.</summary>
public enum RuleApplyStage
{
    Writing,
    Reloading,
    Verifying,
    PuttingBack,

    /// <summary>The server runs what the catalogue says.</summary>
    Done,

    /// <summary>The files are as they were before.</summary>
    PutBack,

    /// <summary>Neither could be reached: a person must look.</summary>
    Stuck,
}

/// <summary>The journal of one apply. How far it is, is told by entries of the audit of their own.</summary>
public sealed class RuleApply
{
    public long Id { get; set; }
    public int EnvironmentId { get; set; }

    [Personal]
    public required string Author { get; set; }

    [Derived]
    public RuleApplyStage Stage { get; set; }
    public List<RuleApplyFile> Files { get; set; } = [];

    /// <summary>Why it was put back or is stuck, or what a person should know of one that is done.</summary>
    [Derived]
    public string? Message { get; set; }
    public DateTimeOffset StartedAt { get; set; }

    [Derived]
    public DateTimeOffset ChangedAt { get; set; }

    [Derived]
    public DateTimeOffset? EndedAt { get; set; }
}

/// <param name="Version">Of the document that was applied.</param>
/// <param name="Before">What the target held; null where it held no such file.</param>
/// <param name="After">What it should hold; null where the file is to go.</param>
public sealed record RuleApplyFile(int DocumentId, string Name, int Version, byte[]? Before, byte[]? After);
