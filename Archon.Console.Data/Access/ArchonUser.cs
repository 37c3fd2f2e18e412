using Archon.Data.Audit;
using Microsoft.AspNetCore.Identity;

namespace Archon.Data.Access;

public sealed class ArchonUser : IdentityUser<Guid>
{
    [Personal]
    public string? DisplayName { get; set; }

    /// <summary>IANA name, such as <c>Europe/Berlin</c>; null for the browser's.</summary>
    public string? TimeZone { get; set; }

    /// <summary>How colleagues reach this person beside e-mail, such as a telephone number or a chat name.</summary>
    [Personal]
    public string? Contact { get; set; }

    [Personal]
    public override string? UserName { get; set; }

    [Personal]
    public override string? NormalizedUserName { get; set; }

    [Personal]
    public override string? Email { get; set; }

    [Personal]
    public override string? NormalizedEmail { get; set; }

    [Personal]
    public override string? PhoneNumber { get; set; }

    [Secret]
    public override string? PasswordHash { get; set; }

    [Secret]
    public override string? SecurityStamp { get; set; }

    [Derived]
    public override string? ConcurrencyStamp { get; set; } = Guid.NewGuid().ToString();

    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset? LastSignInAt { get; set; }
}

public sealed class ArchonRole : IdentityRole<Guid>;

/// <summary>A token for scripts. Only its SHA-256 is kept.</summary>
public sealed class ApiToken
{
    public int Id { get; set; }
    public required string Name { get; set; }

    /// <summary>Null for a token made on the console's machine: it has its role for itself.</summary>
    public Guid? OwnerId { get; set; }

    [Secret]
    public required byte[] Hash { get; set; }

    /// <summary>First characters, so that people can tell tokens apart.</summary>
    public required string Prefix { get; set; }

    public required string Role { get; set; }

    /// <summary>What it may be used for; empty for all that its role may.</summary>
    public string[] Scopes { get; set; } = [];

    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset? ExpiresAt { get; set; }
    public DateTimeOffset? LastUsedAt { get; set; }
    public DateTimeOffset? RevokedAt { get; set; }
}

/// <summary>Who did what to which thing, when. Rows are only ever added; see <see cref="AuditChain"/>.</summary>
public sealed class AuditEntry
{
    public long Id { get; set; }
    public DateTimeOffset At { get; set; }

    /// <summary>Null for who is no user, such as the console itself.</summary>
    public Guid? ActorId { get; set; }

    public required string Actor { get; set; }

    /// <summary>Null where it concerns no environment, or all.</summary>
    public int? EnvironmentId { get; set; }

    public required string Action { get; set; }
    public required string Subject { get; set; }

    /// <summary>The name of the person that the subject is.</summary>
    public string? SubjectName { get; set; }

    public string? Detail { get; set; }

    /// <summary>JSON: the rows before and after; null where none changed.</summary>
    public string? Changes { get; set; }

    /// <summary>How often it was refused on this day; null for what was done.</summary>
    public int? Refusals { get; set; }

    public DateTimeOffset? RefusedLastAt { get; set; }

    /// <summary>Null for an entry that is older than the chain.</summary>
    public byte[]? Hash { get; set; }
}
