using Archon.Data;
using Archon.Data.Access;
using Archon.Features.Access;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Xunit;

namespace Archon.Tests.Features.Access;

/// <summary>What the process knows of sessions, with and without its database.</summary>
[SystemTest]
public sealed class LiveCredentialsTests(PostgresFixture postgres)
{
    private readonly FakeTimeProvider clock = new(DateTimeOffset.UtcNow);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task While_the_database_is_away_those_who_are_in_stay_and_no_one_new_gets_in()
    {
        await using var database = await postgres.NewDatabaseAsync();
        var contexts = new Contexts(database.Contexts);
        var credentials = New(contexts);
        var (seen, unseen) = (await SessionAsync(database), await SessionAsync(database));
        var ended = 0;
        using var watch = credentials.Watch(seen, _ => ended++);
        Assert.IsType<CredentialState.Active>(await credentials.CheckAsync(seen, Token));

        contexts.IsAway = true;
        clock.Advance(TimeSpan.FromMinutes(30));
        await credentials.ChangedAsync(userId: null, Token);
        await credentials.RecheckAllAsync(Token);

        Assert.IsType<CredentialState.Active>(await credentials.CheckAsync(seen, Token));
        Assert.IsType<CredentialState.Unknown>(await credentials.CheckAsync(unseen, Token));
        Assert.Equal(0, ended);
        contexts.IsAway = false;
        Assert.IsType<CredentialState.Active>(await credentials.CheckAsync(unseen, Token));
    }

    [Fact]
    public async Task An_end_whose_notification_was_lost_is_found_with_the_next_check()
    {
        await using var database = await postgres.NewDatabaseAsync();
        var credentials = New(database.Contexts);
        var session = await SessionAsync(database);
        CredentialState.Ended? reported = null;
        using var watch = credentials.Watch(session, ended => reported = ended);
        Assert.IsType<CredentialState.Active>(await credentials.CheckAsync(session, Token));
        await ChangeAsync(database, session, row => (row.EndedAt, row.EndReason) = (clock.GetUtcNow(), SessionEnd.PasswordReset));
        Assert.IsType<CredentialState.Active>(await credentials.CheckAsync(session, Token)); // what was read is trusted for a minute

        await credentials.RecheckAllAsync(Token);

        Assert.Equal("You were signed out because your password was reset.", reported?.Words);
        Assert.Equal(reported, await credentials.CheckAsync(session, Token));
    }

    [Fact]
    public async Task A_session_that_is_not_used_ends_and_one_that_is_goes_on()
    {
        await using var database = await postgres.NewDatabaseAsync();
        var credentials = New(database.Contexts);
        var (used, unused) = (await SessionAsync(database), await SessionAsync(database));

        for (var hour = 0; hour < 14; hour++)
        {
            clock.Advance(TimeSpan.FromHours(1));
            Assert.IsType<CredentialState.Active>(await credentials.CheckAsync(used, Token));
        }

        Assert.Equal(
            "You were signed out after 12 h without use.",
            Assert.IsType<CredentialState.Ended>(await credentials.CheckAsync(unused, Token)).Words
        );
    }

    [Theory]
    [InlineData("role", "You were signed out because your role changed from viewer to none.")]
    [InlineData("stamp", "You were signed out because your password was changed.")]
    [InlineData("user", "You were signed out because your user was removed.")]
    [InlineData("session", "Your session has ended.")]
    public async Task What_was_changed_in_the_database_by_hand_ends_a_session_too(string what, string words)
    {
        await using var database = await postgres.NewDatabaseAsync();
        var credentials = New(database.Contexts);
        var session = await SessionAsync(database);
        Assert.IsType<CredentialState.Active>(await credentials.CheckAsync(session, Token));
        await using (var db = await database.Contexts.CreateDbContextAsync(Token))
        {
            switch (what)
            {
                case "role":
                    await db.UserRoles.ExecuteDeleteAsync(Token);
                    break;
                case "stamp":
                    await db.Users.ExecuteUpdateAsync(user => user.SetProperty(one => one.SecurityStamp, "new"), Token);
                    break;
                case "user":
                    await db.Users.ExecuteDeleteAsync(Token);
                    break;
                default:
                    await db.Sessions.ExecuteDeleteAsync(Token);
                    break;
            }
        }

        clock.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(words, Assert.IsType<CredentialState.Ended>(await credentials.CheckAsync(session, Token)).Words);
    }

    private LiveCredentials New(IDbContextFactory<ArchonDbContext> contexts) =>
        new(contexts, LiveDatabase.Ready(), Options.Create(new AccessOptions()), clock);

    /// <summary>A viewer with one session.</summary>
    private async Task<Credential.Session> SessionAsync(TestDatabase database)
    {
        await using var db = await database.Contexts.CreateDbContextAsync(Token);
        var role =
            await db.Roles.SingleOrDefaultAsync(one => one.Name == Roles.Viewer, Token)
            ?? db.Roles.Add(new ArchonRole { Id = Guid.NewGuid(), Name = Roles.Viewer }).Entity;
        var user = new ArchonUser
        {
            Id = Guid.NewGuid(),
            UserName = Guid.NewGuid().ToString("N"),
            SecurityStamp = "stamp",
        };
        var now = clock.GetUtcNow();
        var session = new UserSession
        {
            Id = Guid.NewGuid(),
            UserId = user.Id,
            Role = Roles.Viewer,
            SecurityStamp = "stamp",
            CreatedAt = now,
            LastUsedAt = now,
            ExpiresAt = now + new AccessOptions().SignInLasts,
        };
        db.AddRange(user, session);
        await db.SaveChangesAsync(Token);
        db.UserRoles.Add(new() { UserId = user.Id, RoleId = role.Id });
        await db.SaveChangesAsync(Token);
        return new Credential.Session(session.Id);
    }

    private static async Task ChangeAsync(TestDatabase database, Credential.Session session, Action<UserSession> change)
    {
        await using var db = await database.Contexts.CreateDbContextAsync(Token);
        change(await db.Sessions.SingleAsync(one => one.Id == session.Id, Token));
        await db.SaveChangesAsync(Token);
    }

    private sealed class Contexts(IDbContextFactory<ArchonDbContext> inner) : IDbContextFactory<ArchonDbContext>
    {
        public bool IsAway { get; set; }

        public ArchonDbContext CreateDbContext() => IsAway ? throw new NpgsqlException("Connection refused") : inner.CreateDbContext();
    }
}
