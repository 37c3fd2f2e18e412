using Archon.Data;
using Archon.Features.Access;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Archon.Tests.Kit;

/// <summary>In whose name tests call commands.</summary>
internal static class TestActor
{
    private static readonly HashSet<int> NoTeams = [];

    /// <summary>Somebody who may do everything, and is no user of the console.</summary>
    public static Actor Admin { get; } = Named("test");

    public static Actor Named(string name, string role = Roles.Admin) => new(null, name, role, NoTeams);

    /// <summary>The gate of commands that are made by hand.</summary>
    public static CommandGate Gate(IDbContextFactory<ArchonDbContext> contexts, TimeProvider? clock = null) =>
        new(contexts, clock ?? TimeProvider.System);

    /// <summary>A user as the console knows them.</summary>
    public static async Task<Actor> ActorAsync(this ArchonApp app, string name, Credential? credential = null)
    {
        var token = Xunit.TestContext.Current.CancellationToken;
        await using var db = await app.Services.GetRequiredService<IDbContextFactory<ArchonDbContext>>().CreateDbContextAsync(token);
        var user = await db.Users.AsNoTracking().SingleAsync(one => one.UserName == name, token);
        var roles = await db.RoleNames().Where(role => role.UserId == user.Id).Select(role => role.Name).ToListAsync(token);
        var teams = await db.TeamMembers.Where(one => one.UserId == user.Id).Select(one => one.TeamId).ToHashSetAsync(token);
        return new Actor(user.Id, name, Roles.Greatest(roles), teams) { Credential = credential };
    }
}
