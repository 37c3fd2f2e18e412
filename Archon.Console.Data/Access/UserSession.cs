using Archon.Data.Audit;

namespace Archon.Data.Access;

/// <summary>Why a session ended before its time.</summary>
public enum SessionEnd
{
    SignedOut,

    /// <summary>The user changed the password in another session.</summary>
    PasswordChanged,

    /// <summary>Somebody else set a new password.</summary>
    PasswordReset,
    RoleChanged,
    UserRemoved,

    /// <summary>The user has too many; the one that was not used for longest goes.</summary>
    TooMany,
}

/// <summary>One sign-in of a user in one browser. The cookie names it and proves nothing without it.</summary>
public sealed class UserSession
{
    public Guid Id { get; set; }

    /// <summary>No foreign key: a session outlives its user for as long as somebody may ask why it ended.</summary>
    public Guid UserId { get; set; }

    /// <summary>The user's role when the session began; empty for none.</summary>
    public required string Role { get; set; }

    /// <summary>That of the user when the session began, or when its owner changed the password in it.</summary>
    [Secret]
    public required string SecurityStamp { get; set; }

    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset LastUsedAt { get; set; }
    public DateTimeOffset ExpiresAt { get; set; }
    public DateTimeOffset? EndedAt { get; set; }
    public SessionEnd? EndReason { get; set; }

    /// <summary>The role that the user has since, where that is the reason.</summary>
    public string? NewRole { get; set; }
}
