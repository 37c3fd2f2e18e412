using Archon.Data.Audit;

namespace Archon.Data.Rules;

/// <summary>A rule file of the catalogue, to the byte.</summary>
public sealed class RuleDocument
{
    public int Id { get; set; }
    public int EnvironmentId { get; set; }

    /// <summary>Path relative to the rule folder, with forward slashes, or a ruler's namespace.</summary>
    public required string Name { get; set; }

    /// <summary>The same file as the server names it, or would.</summary>
    public required string ServerFile { get; set; }

    public required byte[] Content { get; set; }

    /// <summary>Unit tests in promtool's form without <c>rule_files</c>; empty where there are none.</summary>
    public string Tests { get; set; } = "";

    public int CurrentVersion { get; set; }

    /// <summary>What was last taken in from outside: the common ground when another state of the file is.</summary>
    public byte[]? ImportedContent { get; set; }

    /// <summary>What catalogue and target last agreed on; null before the first time.</summary>
    public byte[]? AppliedContent { get; set; }

    /// <summary>When they did. Always written with the content: what was applied or put back before that says less.</summary>
    public DateTimeOffset? AppliedAt { get; set; }

    /// <summary>What the target held at the last look; null where it held nothing, or nobody looked.</summary>
    public byte[]? SeenContent { get; set; }
    public DateTimeOffset? SeenAt { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset? DeletedAt { get; set; }
    public uint Version { get; set; }
    public List<RuleDocumentVersion> Versions { get; } = [];

    /// <summary>Catalogue and target agree on what the target contains: an apply that finds it there overwrites no change of others.</summary>
    /// <param name="content">Null where the target contains no such file.</param>
    /// <param name="at">When the target was read.</param>
    public void Agree(byte[]? content, DateTimeOffset at) => (AppliedContent, AppliedAt, SeenContent, SeenAt) = (content, at, content, at);
}

/// <summary>What a rule file held at one time. Never changed once written.</summary>
public sealed class RuleDocumentVersion
{
    public long Id { get; set; }
    public int DocumentId { get; set; }
    public int Number { get; set; }
    public required byte[] Content { get; set; }
    public required string Tests { get; set; }

    [Personal]
    public required string Author { get; set; }
    public required string Reason { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
}
