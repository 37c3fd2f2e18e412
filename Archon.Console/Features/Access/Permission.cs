using System.Security.Claims;
using Archon.Data.Access;

namespace Archon.Features.Access;

/// <summary>Names of permissions: policies of pages and buttons, and what the audit and the settings call them.</summary>
public static class Permissions
{
    public const string JudgeAnomalies = "anomalies.judge";
    public const string RespondToAlerts = "alerts.respond";
    public const string StartAnalysis = "analysis.start";
    public const string EditServices = "services.edit";
    public const string EditWatches = "watches.edit";
    public const string EditRules = "rules.edit";
    public const string ApplyRules = "rules.apply";
    public const string ManageUsers = "users.manage";
    public const string ManageTokens = "tokens.manage";
    public const string ManageTeams = "teams.manage";
    public const string ManageEnvironments = "environments.manage";
    public const string ManagePermissions = "permissions.manage";
}

/// <summary>Something that only some roles may do.</summary>
/// <param name="Name">One of <see cref="Permissions"/>.</param>
/// <param name="Role">The least role that may do it.</param>
/// <param name="Words">Completes "may ...".</param>
/// <param name="IsOfTeams">It concerns things that can belong to a team.</param>
public sealed record Permission(string Name, string Role, string Words, bool IsOfTeams = false)
{
    public static readonly Permission JudgeAnomalies = new(Permissions.JudgeAnomalies, Roles.Responder, "judge anomalies", IsOfTeams: true);
    public static readonly Permission RespondToAlerts = new(
        Permissions.RespondToAlerts,
        Roles.Responder,
        "respond to alerts",
        IsOfTeams: true
    );
    public static readonly Permission StartAnalysis = new(Permissions.StartAnalysis, Roles.Responder, "start an analysis");
    public static readonly Permission EditServices = new(Permissions.EditServices, Roles.Editor, "edit services", IsOfTeams: true);
    public static readonly Permission EditWatches = new(Permissions.EditWatches, Roles.Editor, "edit watches");
    public static readonly Permission EditRules = new(Permissions.EditRules, Roles.Editor, "edit rules");
    public static readonly Permission ApplyRules = new(Permissions.ApplyRules, Roles.Editor, "apply rules to the server");
    public static readonly Permission ManageUsers = new(Permissions.ManageUsers, Roles.Admin, "manage users");
    public static readonly Permission ManageTokens = new(Permissions.ManageTokens, Roles.Admin, "manage API tokens of others");
    public static readonly Permission ManageTeams = new(Permissions.ManageTeams, Roles.Admin, "manage teams");
    public static readonly Permission ManageEnvironments = new(Permissions.ManageEnvironments, Roles.Admin, "manage environments");
    public static readonly Permission ManagePermissions = new(Permissions.ManagePermissions, Roles.Admin, "manage permissions");

    public static readonly IReadOnlyList<Permission> All =
    [
        JudgeAnomalies,
        RespondToAlerts,
        StartAnalysis,
        EditServices,
        EditWatches,
        EditRules,
        ApplyRules,
        ManageUsers,
        ManageTokens,
        ManageTeams,
        ManageEnvironments,
        ManagePermissions,
    ];

    /// <summary>How far it reaches for a role, unless an administrator decided otherwise.</summary>
    public Reach DefaultReach(string role) => Roles.From(Role).Contains(role) ? Reach.All : Reach.None;

    /// <summary>An administrator limits what a role may do and gives it nothing more. Administrators themselves are never locked out.</summary>
    public bool CanBeSetFor(string role) => role is Roles.Responder or Roles.Editor && DefaultReach(role) == Reach.All;

    /// <summary>The sentence for a reader who may not do it although their role is not too low: it was taken away from the role.</summary>
    /// <returns>Null where the role is too low.</returns>
    public string? TakenWords(ClaimsPrincipal? reader) =>
        Roles.From(Role).Any(role => reader?.IsInRole(role) == true) ? $"Your role may not {Words}." : null;

    /// <summary>The sentence for a reader who may not do it.</summary>
    public string DeniedWords(ClaimsPrincipal? reader) => TakenWords(reader) ?? $"You need the {Role} role to {Words}.";

    /// <summary>How far it reaches for a role.</summary>
    /// <param name="decided">What administrators decided, by role and permission.</param>
    /// <remarks>Never further than for a greater role: who has that one can make tokens of the lesser.</remarks>
    public Reach ReachOf(string role, IReadOnlyDictionary<(string Role, string Permission), Reach> decided) =>
        !CanBeSetFor(role)
            ? DefaultReach(role)
            : Roles.From(role).Where(CanBeSetFor).Select(one => decided.TryGetValue((one, Name), out var reach) ? reach : Reach.All).Min();
}
