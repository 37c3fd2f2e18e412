using Microsoft.AspNetCore.Identity;

namespace Archon.Data.Access;

public sealed class ArchonUser : IdentityUser<Guid>
{
    public string? DisplayName { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset? LastSignInAt { get; set; }
}

public sealed class ArchonRole : IdentityRole<Guid>;

/// <summary>A token for scripts. Only its SHA-256 is kept.</summary>
public sealed class ApiToken
{
    public int Id { get; set; }
    public required string Name { get; set; }
    public Guid OwnerId { get; set; }
    public required byte[] Hash { get; set; }

    /// <summary>First characters, so that people can tell tokens apart.</summary>
    public required string Prefix { get; set; }

    public required string Role { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset? ExpiresAt { get; set; }
    public DateTimeOffset? LastUsedAt { get; set; }
    public DateTimeOffset? RevokedAt { get; set; }
}

/// <summary>Who did what to which thing, when. Rows are only ever added.</summary>
public sealed class AuditEntry
{
    public long Id { get; set; }
    public DateTimeOffset At { get; set; }
    public required string Actor { get; set; }
    public required string Action { get; set; }
    public required string Subject { get; set; }
    public string? Detail { get; set; }
}
