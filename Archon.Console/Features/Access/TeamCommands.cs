using System.Globalization;
using Archon.Data;
using Archon.Data.Access;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Access;

/// <summary>Makes teams and says who belongs to them.</summary>
/// <remarks>Each throws <see cref="PermissionDeniedException"/> where the actor may not manage teams.</remarks>
public sealed class TeamCommands(CommandGate gate, TimeProvider clock)
{
    public async Task<AccessResult> CreateAsync(string name, Actor actor, CancellationToken cancellationToken)
    {
        await using var db = await gate.OpenAsync(actor, Permission.ManageTeams, environmentId: null, cancellationToken);
        var team = new Team { Name = name.Trim(), CreatedAt = clock.GetUtcNow() };
        if (await FaultAsync(db, team, cancellationToken) is { } fault)
            return fault;
        db.Teams.Add(team);
        Note(db, "team.create", team, team.Name);
        return await db.SaveOrExplainAsync(cancellationToken);
    }

    /// <summary>Services of the team go with it.</summary>
    public async Task<AccessResult> RenameAsync(int id, string name, Actor actor, CancellationToken cancellationToken)
    {
        await using var db = await gate.OpenAsync(actor, Permission.ManageTeams, environmentId: null, cancellationToken);
        if (await db.Teams.SingleOrDefaultAsync(one => one.Id == id, cancellationToken) is not { } team)
            return new AccessResult.NotFound();
        var before = team.Name;
        team.Name = name.Trim();
        if (await FaultAsync(db, team, cancellationToken) is { } fault)
            return fault;
        Note(db, "team.rename", team, $"{before} to {team.Name}");
        return await db.SaveOrExplainAsync(cancellationToken);
    }

    /// <summary>Its services then belong to no team.</summary>
    public async Task<AccessResult> RemoveAsync(int id, Actor actor, CancellationToken cancellationToken)
    {
        await using var db = await gate.OpenAsync(actor, Permission.ManageTeams, environmentId: null, cancellationToken);
        if (await db.Teams.Include(one => one.Members).SingleOrDefaultAsync(one => one.Id == id, cancellationToken) is not { } team)
            return new AccessResult.NotFound();
        var services = await db.Services.CountAsync(service => service.TeamId == id, cancellationToken);
        Note(db, "team.remove", team, $"{team.Name}, {services} services, {team.Members.Count} members");
        db.Teams.Remove(team);
        return await db.SaveOrExplainAsync(cancellationToken);
    }

    public async Task<AccessResult> AddMemberAsync(int id, Guid userId, Actor actor, CancellationToken cancellationToken)
    {
        await using var db = await gate.OpenAsync(actor, Permission.ManageTeams, environmentId: null, cancellationToken);
        if (await db.Teams.Include(one => one.Members).SingleOrDefaultAsync(one => one.Id == id, cancellationToken) is not { } team)
            return new AccessResult.NotFound();
        if (await UserNameAsync(db, userId, cancellationToken) is not { } user)
            return new AccessResult.NotFound();
        if (team.Members.Exists(member => member.UserId == userId))
            return new AccessResult.Done();
        team.Members.Add(new TeamMember { UserId = userId });
        Note(db, "team.member.add", team, $"user {userId}", user);
        return await db.SaveOrExplainAsync(cancellationToken);
    }

    public async Task<AccessResult> RemoveMemberAsync(int id, Guid userId, Actor actor, CancellationToken cancellationToken)
    {
        await using var db = await gate.OpenAsync(actor, Permission.ManageTeams, environmentId: null, cancellationToken);
        if (await db.Teams.Include(one => one.Members).SingleOrDefaultAsync(one => one.Id == id, cancellationToken) is not { } team)
            return new AccessResult.NotFound();
        if (team.Members.RemoveAll(member => member.UserId == userId) == 0)
            return new AccessResult.Done();
        Note(db, "team.member.remove", team, $"user {userId}", await UserNameAsync(db, userId, cancellationToken));
        return await db.SaveOrExplainAsync(cancellationToken);
    }

    private static async Task<AccessResult.Invalid?> FaultAsync(ArchonDbContext db, Team team, CancellationToken cancellationToken)
    {
        if (team.Name.Length is 0 or > Team.NameLength)
            return new($"A team needs a name of 1 to {Team.NameLength} characters.");
        return await db.Teams.AnyAsync(other => other.Name == team.Name && other.Id != team.Id, cancellationToken)
            ? new($"There is a team {team.Name} already.")
            : null;
    }

    private static Task<string?> UserNameAsync(ArchonDbContext db, Guid userId, CancellationToken cancellationToken) =>
        db.Users.Where(user => user.Id == userId).Select(user => user.UserName).SingleOrDefaultAsync(cancellationToken);

    /// <param name="member">Name of the user that is added or removed.</param>
    private void Note(ArchonDbContext db, string action, Team team, string detail, string? member = null) =>
        db.Note(
            clock.GetUtcNow(),
            action,
            () => string.Create(CultureInfo.InvariantCulture, $"team {team.Id}"),
            detail,
            environmentId: null,
            member is null ? team.Name : $"{member} in {team.Name}"
        );
}
