namespace Archon.Data.Access;

/// <summary>How far a permission reaches.</summary>
public enum Reach
{
    None,

    /// <summary>What belongs to a team of the person, and what belongs to no team.</summary>
    OwnTeam,

    All,
}

/// <summary>What a role may do, where an administrator decided otherwise than the console's own matrix.</summary>
public sealed class RolePermission
{
    public required string Role { get; set; }

    /// <summary>Such as <c>services.edit</c>.</summary>
    public required string Permission { get; set; }

    public Reach Reach { get; set; }
}
