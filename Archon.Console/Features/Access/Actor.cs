namespace Archon.Features.Access;

/// <summary>Who asks for a change, as known when it is asked for.</summary>
/// <param name="Id">The user; null for who is none: a program of trial mode, somebody on the console's machine.</param>
/// <param name="Name">As the audit shows it; of a token with the token's name.</param>
/// <param name="Role">The greatest role; empty for none.</param>
/// <param name="Teams">Teams that the user belongs to.</param>
public sealed record Actor(Guid? Id, string Name, string Role, IReadOnlySet<int> Teams)
{
    private static readonly HashSet<int> NoTeams = [];

    /// <summary>The session or token that it acts by; null on the console's machine.</summary>
    public Credential? Credential { get; init; }

    /// <summary>The account of the operating system that runs a command of <c>archon</c>: who may do that could change the database as well.</summary>
    public static Actor OnMachine { get; } = new(null, $"{Environment.UserName} (console's machine)", Roles.Admin, NoTeams);

    /// <summary>A program that trial mode lets in.</summary>
    public static Actor InTrial { get; } = new(null, "trial mode", Roles.Responder, NoTeams);
}
