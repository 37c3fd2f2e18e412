namespace Archon.Features.Access;

/// <summary>How much one user may add. The number of changes is limited by the database, see the migration <c>UserLimits</c>.</summary>
internal static class UserLimits
{
    /// <summary>Sessions at once; the one that was not used for longest ends when there would be more. As many that are over are kept.</summary>
    public const int Sessions = 50;

    /// <summary>Tokens that can be used; of those that are revoked or expired as many are kept.</summary>
    public const int Tokens = 50;
}
