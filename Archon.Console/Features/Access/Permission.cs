using Archon.Data.Access;

namespace Archon.Features.Access;

/// <summary>Something that only some roles may do.</summary>
/// <param name="Name">As the audit and the settings name it.</param>
/// <param name="Role">The least role that may do it, where an administrator did not decide otherwise.</param>
/// <param name="Words">Completes "may ...".</param>
/// <param name="IsOfTeams">It concerns things that can belong to a team.</param>
public sealed record Permission(string Name, string Role, string Words, bool IsOfTeams = false)
{
    public static readonly Permission JudgeAnomalies = new("anomalies.judge", Roles.Responder, "judge anomalies", IsOfTeams: true);
    public static readonly Permission RespondToAlerts = new("alerts.respond", Roles.Responder, "respond to alerts");
    public static readonly Permission StartAnalysis = new("analysis.start", Roles.Responder, "start an analysis");
    public static readonly Permission EditServices = new("services.edit", Roles.Editor, "edit services", IsOfTeams: true);
    public static readonly Permission EditWatches = new("watches.edit", Roles.Editor, "edit watches");
    public static readonly Permission EditRules = new("rules.edit", Roles.Editor, "edit rules");
    public static readonly Permission ApplyRules = new("rules.apply", Roles.Editor, "apply rules to the server");
    public static readonly Permission ManageUsers = new("users.manage", Roles.Admin, "manage users");
    public static readonly Permission ManageTokens = new("tokens.manage", Roles.Admin, "manage API tokens of others");
    public static readonly Permission ManageTeams = new("teams.manage", Roles.Admin, "manage teams");
    public static readonly Permission ManageEnvironments = new("environments.manage", Roles.Admin, "manage environments");
    public static readonly Permission ManagePermissions = new("permissions.manage", Roles.Admin, "manage permissions");

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

    /// <summary>Viewers change nothing, administrators are never locked out, and what concerns everybody stays with administrators.</summary>
    public bool CanBeSetFor(string role) => role is Roles.Responder or Roles.Editor && Role != Roles.Admin;
}
