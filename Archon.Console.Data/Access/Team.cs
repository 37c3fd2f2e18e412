namespace Archon.Data.Access;

/// <summary>People who look after services together, in all environments.</summary>
public sealed class Team
{
    public const int NameLength = 128;

    public int Id { get; set; }
    public required string Name { get; set; }
    public DateTimeOffset CreatedAt { get; set; }

    public List<TeamMember> Members { get; } = [];
}

public sealed class TeamMember
{
    public int TeamId { get; set; }
    public Guid UserId { get; set; }
}
