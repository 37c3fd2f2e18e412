using Archon.Data.Access;
using Archon.Data.Catalogue;
using Archon.Features.Access;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql;
using Xunit;

namespace Archon.Tests.Features.Access;

/// <summary>Teams and the names that services give them.</summary>
[SystemTest]
public sealed class TeamTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Names_that_services_had_before_there_were_teams_become_teams()
    {
        await using var database = await postgres.NewEmptyDatabaseAsync();
        await using var db = await database.Contexts.CreateDbContextAsync(Token);
        var migrator = db.GetService<IMigrator>();
        await migrator.MigrateAsync(db.Database.GetMigrations().First(), Token);
        await RunAsync(
            database,
            """
            INSERT INTO services (environment_id, name, origin, tier, team, matchers, created_at, last_seen_at)
            SELECT 1, name, 'Edited', 'Standard', team, '{}', now(), now()
            FROM (VALUES ('pay', 'payments'), ('card', ' payments '), ('cart', 'checkout'), ('free', NULL), ('blank', ' ')) AS one (name, team)
            """
        );

        await migrator.MigrateAsync(cancellationToken: Token);

        Assert.Equal(["checkout", "payments"], await db.Teams.Select(team => team.Name).Order().ToListAsync(Token));
        var teams = await db
            .Services.Select(service => new
            {
                service.Name,
                Team = db.Teams.Where(team => team.Id == service.TeamId).Select(team => team.Name).FirstOrDefault(),
            })
            .ToDictionaryAsync(one => one.Name, one => one.Team, Token);
        Assert.Equal(("payments", "payments", "checkout"), (teams["pay"], teams["card"], teams["cart"]));
        Assert.Equal((null, null), (teams["free"], teams["blank"]));
    }

    [Fact]
    public async Task A_renamed_team_keeps_its_services_and_a_removed_one_leaves_them_without()
    {
        await using var database = await postgres.NewDatabaseAsync();
        var commands = new TeamCommands(TestActor.Gate(database.Contexts), TimeProvider.System);
        await using (var db = await database.Contexts.CreateDbContextAsync(Token))
        {
            db.Services.Add(
                new Service
                {
                    EnvironmentId = 1,
                    Name = "pay",
                    Team = "payments",
                    CreatedAt = DateTimeOffset.UnixEpoch,
                    LastSeenAt = DateTimeOffset.UnixEpoch,
                }
            );
            await db.SaveChangesAsync(Token);
        }
        var id = (await TeamsAsync(database)).Single().Id;

        Assert.IsType<AccessResult.Done>(await commands.RenameAsync(id, "money", TestActor.Admin, Token));
        Assert.Equal(("money", id), await ServiceAsync(database));

        Assert.IsType<AccessResult.Done>(await commands.RemoveAsync(id, TestActor.Admin, Token));
        Assert.Equal((null, null), await ServiceAsync(database));
        Assert.Empty(await TeamsAsync(database));
    }

    [Fact]
    public async Task A_name_is_taken_once_and_members_come_and_go()
    {
        await using var database = await postgres.NewDatabaseAsync();
        var commands = new TeamCommands(TestActor.Gate(database.Contexts), TimeProvider.System);
        var user = new ArchonUser { UserName = "ada", NormalizedUserName = "ADA" };
        await using (var db = await database.Contexts.CreateDbContextAsync(Token))
        {
            db.Users.Add(user);
            await db.SaveChangesAsync(Token);
        }
        Assert.IsType<AccessResult.Done>(await commands.CreateAsync(" payments ", TestActor.Admin, Token));
        Assert.IsType<AccessResult.Invalid>(await commands.CreateAsync("payments", TestActor.Admin, Token));
        Assert.IsType<AccessResult.Invalid>(await commands.CreateAsync(" ", TestActor.Admin, Token));
        var id = (await TeamsAsync(database)).Single().Id;

        Assert.IsType<AccessResult.Done>(await commands.AddMemberAsync(id, user.Id, TestActor.Admin, Token));
        Assert.IsType<AccessResult.Done>(await commands.AddMemberAsync(id, user.Id, TestActor.Admin, Token));
        Assert.Single((await TeamsAsync(database)).Single().Members);
        Assert.IsType<AccessResult.NotFound>(await commands.AddMemberAsync(id, Guid.NewGuid(), TestActor.Admin, Token));
        Assert.IsType<AccessResult.Done>(await commands.RemoveMemberAsync(id, user.Id, TestActor.Admin, Token));
        Assert.Empty((await TeamsAsync(database)).Single().Members);
    }

    private static async Task<List<Team>> TeamsAsync(TestDatabase database)
    {
        await using var db = await database.Contexts.CreateDbContextAsync(Token);
        return await db.Teams.AsNoTracking().Include(team => team.Members).ToListAsync(Token);
    }

    private static async Task<(string? Team, int? TeamId)> ServiceAsync(TestDatabase database)
    {
        await using var db = await database.Contexts.CreateDbContextAsync(Token);
        var service = await db.Services.AsNoTracking().SingleAsync(Token);
        return (service.Team, service.TeamId);
    }

    private static async Task RunAsync(TestDatabase database, string sql)
    {
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync(Token);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Token);
    }
}
