namespace Archon.Features.Access;

/// <summary>How much one user may add.</summary>
internal static class UserLimits
{
    /// <summary>Sessions at once; the one that was not used for longest ends when there would be more. As many that are over are kept.</summary>
    public const int Sessions = 50;
}
