using Archon.Data.Access;
using Archon.Ui.Format;

namespace Archon.Features.Access;

/// <summary>What happened to a session, for the person who had it.</summary>
internal static class SessionWords
{
    /// <param name="stamp">The user's security stamp now; null where there is no such user.</param>
    /// <param name="role">The user's role now; empty for none.</param>
    /// <returns>Null while the session is good.</returns>
    public static string? Describe(UserSession session, string? stamp, string role, DateTimeOffset now, TimeSpan lasts)
    {
        if (session.EndReason is { } reason)
            return Describe(reason, session.Role, session.NewRole);
        if (stamp is null)
            return Describe(SessionEnd.UserRemoved);
        if (session.ExpiresAt <= now)
            return $"You were signed out after {Ages.Exactly(lasts)} without use.";
        // Changed by other means than this console's, which would have ended the session itself.
        if (role != session.Role)
            return Describe(SessionEnd.RoleChanged, session.Role, role);
        return stamp != session.SecurityStamp ? Describe(SessionEnd.PasswordChanged) : null;
    }

    public static string Describe(SessionEnd reason, string? oldRole = null, string? newRole = null) =>
        reason switch
        {
            SessionEnd.SignedOut => "You are signed out.",
            SessionEnd.PasswordChanged => "You were signed out because your password was changed.",
            SessionEnd.PasswordReset => "You were signed out because your password was reset.",
            SessionEnd.RoleChanged when oldRole is not null && newRole is not null =>
                $"You were signed out because your role changed from {Named(oldRole)} to {Named(newRole)}.",
            SessionEnd.RoleChanged => "You were signed out because your role changed.",
            SessionEnd.UserRemoved => "You were signed out because your user was removed.",
            _ => $"You were signed out because this user has more than {UserLimits.Sessions} sessions; the one not used for longest ended.",
        };

    private static string Named(string role) => role.Length == 0 ? "none" : role;
}
