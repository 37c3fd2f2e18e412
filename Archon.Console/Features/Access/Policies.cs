namespace Archon.Features.Access;

/// <summary>What a person or a script may do. Each policy lets in its own role and the greater ones.</summary>
public static class Policies
{
    public const string Viewer = "Viewer";
    public const string Responder = "Responder";
    public const string Editor = "Editor";
    public const string Admin = "Admin";
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
