namespace Archon.Features.Access;

/// <summary>Policies of pages and endpoints beside those of <see cref="Permissions"/>.</summary>
public static class Policies
{
    /// <summary>Lets in every role: who may see all, whatever they may do.</summary>
    public const string Viewer = "Viewer";
}

/// <summary>Roles, least first: a greater one may do all that a lesser may.</summary>
public static class Roles
{
    public const string Viewer = "viewer";
    public const string Responder = "responder";
    public const string Editor = "editor";
    public const string Admin = "admin";

    public static readonly IReadOnlyList<string> All = [Viewer, Responder, Editor, Admin];

    /// <summary>The roles that may do what <paramref name="least"/> may.</summary>
    public static string[] From(string least) => [.. All.SkipWhile(role => role != least)];

    /// <summary>The one that counts of those a user has; empty for none.</summary>
    public static string Greatest(IReadOnlyCollection<string?> roles) => All.LastOrDefault(roles.Contains) ?? "";

    /// <summary>What a role may do, in words for those who give it.</summary>
    public static string Describe(string role) =>
        role switch
        {
            Viewer => "sees everything, changes nothing",
            Responder => "also judges anomalies and handles alerts",
            Editor => "also edits services, watches, rules and channels",
            _ => "also manages users, teams, permissions, tokens and environments",
        };
}
