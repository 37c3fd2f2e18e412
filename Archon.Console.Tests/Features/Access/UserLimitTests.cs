using Archon.Data;
using Archon.Data.Access;
using Archon.Data.Anomalies;
using Archon.Data.Catalogue;
using Archon.Data.Rules;
using Archon.Features.Access;
using Archon.Features.Anomalies;
using Archon.Features.Watches;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace Archon.Tests.Features.Access;

/// <summary>No user fills the tables.</summary>
[SystemTest]
public sealed class UserLimitTests(RunningConsole console) : IClassFixture<RunningConsole>
{
    private static int users;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private AccessCommands Commands => console.App.Services.GetRequiredService<AccessCommands>();

    [Fact]
    public async Task A_user_has_so_many_tokens_and_no_more_also_when_asking_for_many_at_once()
    {
        var user = await NewUserAsync();
        var actor = await console.App.ActorAsync(user.UserName!);

        var made = await Task.WhenAll(
            Enumerable
                .Range(0, UserLimits.Tokens + 8)
                .Select(i => Commands.CreateTokenAsync($"script {i}", Roles.Viewer, [], null, actor, Token))
        );

        Assert.Equal(UserLimits.Tokens, made.Count(result => result is AccessResult.TokenMade));
        Assert.All(
            made.OfType<AccessResult.Invalid>(),
            refused => Assert.Equal("You have 50 tokens, the limit per user. Revoke one to create another.", refused.Reason)
        );
    }

    [Fact]
    public async Task Of_revoked_tokens_only_the_last_are_kept()
    {
        var user = await NewUserAsync();
        await using var db = await console.Database.Contexts.CreateDbContextAsync(Token);
        for (var i = 0; i < UserLimits.Tokens + 7; i++)
        {
            db.ApiTokens.Add(
                new ApiToken
                {
                    Name = $"old {i}",
                    OwnerId = user.Id,
                    Role = Roles.Viewer,
                    Hash = Guid.NewGuid().ToByteArray(),
                    Prefix = "arc_",
                    CreatedAt = DateTimeOffset.UtcNow,
                    RevokedAt = DateTimeOffset.UtcNow.AddMinutes(-i),
                }
            );
        }
        await db.SaveChangesAsync(Token);

        await Commands.CreateTokenAsync("new", Roles.Viewer, [], null, await console.App.ActorAsync(user.UserName!), Token);

        Assert.Equal(UserLimits.Tokens, await db.ApiTokens.CountAsync(one => one.OwnerId == user.Id && one.RevokedAt != null, Token));
        Assert.False(await db.ApiTokens.AnyAsync(one => one.OwnerId == user.Id && one.Name == $"old {UserLimits.Tokens}", Token));
    }

    [Fact]
    public async Task After_so_many_changes_in_a_day_a_users_next_one_is_refused_with_a_sentence_and_nothing_of_it_is_kept()
    {
        var user = await NewUserAsync();
        var now = DateTimeOffset.UtcNow;
        long anomaly;
        await using (var db = await console.Database.Contexts.CreateDbContextAsync(Token))
        {
            await Partitions.EnsureAsync(db, now, Token);
            var watch = db
                .Watches.Add(
                    new Watch
                    {
                        EnvironmentId = 1,
                        Name = "Rate",
                        Query = "rate",
                        CreatedAt = now,
                    }
                )
                .Entity;
            await db.SaveChangesAsync(Token);
            var series = db
                .WatchedSeries.Add(
                    new WatchedSeries
                    {
                        EnvironmentId = 1,
                        WatchId = watch.Id,
                        LabelsKey = "a",
                    }
                )
                .Entity;
            await db.SaveChangesAsync(Token);
            var row = new Anomaly
            {
                EnvironmentId = 1,
                WatchId = watch.Id,
                SeriesId = series.Id,
                StartedAt = now,
                LastSeenAt = now,
            };
            db.Anomalies.Add(row);
            await db.SaveChangesAsync(Token);
            anomaly = row.Id;
        }
        await FillAsync(
            $"INSERT INTO audit_entries (at, actor, action, subject) SELECT now(), '{user.UserName}', 'test', 'test' FROM generate_series(1, 5000)",
            "audit_entries"
        );

        var actor = await console.App.ActorAsync(user.UserName!);
        var refused = await Assert.ThrowsAsync<PostgresException>(() =>
            console.App.Services.GetRequiredService<AnomalyCommands>().JudgeAsync(anomaly, now, AnomalyVerdict.Noise, actor, Token)
        );

        Assert.Equal(
            "You made 5,000 changes within 24 hours, the most that one user may make. Try again later.",
            DatabaseFailures.Describe(refused)
        );
        Assert.False(DatabaseFailures.IsAway(refused));
        await using var after = await console.Database.Contexts.CreateDbContextAsync(Token);
        Assert.Null((await after.Anomalies.SingleAsync(one => one.Id == anomaly, Token)).Verdict);
        // Somebody else goes on.
        Assert.IsType<AccessResult.TokenMade>(
            await Commands.CreateTokenAsync("other", Roles.Viewer, [], null, await console.App.ActorAsync(FirstAdmin.UserName), Token)
        );
    }

    [Fact]
    public async Task A_user_gives_so_many_responses_to_alerts_and_no_more()
    {
        var user = await NewUserAsync();
        await FillAsync(
            $"INSERT INTO alert_responses (environment_id, alert_name, fingerprint, started_at, kind, by, at) SELECT 1, 'a', 'f' || n, now(), 'Acknowledged', '{user.UserName}', now() FROM generate_series(1, 10000) n",
            "alert_responses"
        );
        await using var db = await console.Database.Contexts.CreateDbContextAsync(Token);
        db.AlertResponses.Add(
            new AlertResponse
            {
                EnvironmentId = 1,
                AlertName = "a",
                Fingerprint = "one more",
                StartedAt = DateTimeOffset.UtcNow,
                Kind = AlertResponseKind.Acknowledged,
                By = user.UserName!,
                At = DateTimeOffset.UtcNow,
            }
        );

        var refused = await Assert.ThrowsAsync<DbUpdateException>(() => db.SaveChangesAsync(Token));

        Assert.Equal(
            "You gave 10,000 responses to alerts within 30 days, the most that one user may give. Withdraw some first.",
            DatabaseFailures.Describe(refused)
        );
    }

    [Fact]
    public async Task An_analysis_that_still_waits_is_not_put_into_the_queue_again()
    {
        var commands = console.App.Services.GetRequiredService<WatchCommands>(); // this console takes no jobs

        var first = await commands.StartAnalysisAsync(1, TestActor.Admin, Token);
        Assert.Equal(first, await commands.StartAnalysisAsync(1, TestActor.Admin, Token));
        Assert.NotEqual(first, await commands.StartAnalysisAsync(2, TestActor.Admin, Token));
    }

    private async Task<ArchonUser> NewUserAsync()
    {
        var name = $"limited.user{Interlocked.Increment(ref users)}";
        Assert.IsType<AccessResult.Done>(
            await Commands.CreateUserAsync(name, ArchonApp.AdminPassword, Roles.Responder, TestActor.Admin, Token)
        );
        await using var db = await console.Database.Contexts.CreateDbContextAsync(Token);
        return await db.Users.AsNoTracking().SingleAsync(one => one.UserName == name, Token);
    }

    /// <summary>The trigger would count anew for each row.</summary>
    private async Task FillAsync(string sql, string table)
    {
        await using var connection = new NpgsqlConnection(console.Database.ConnectionString);
        await connection.OpenAsync(Token);
        await using var fill = connection.CreateCommand();
        // The server's own worker, which comes to so many new rows, would be in the way when the database is dropped.
        fill.CommandText = $"""
            ALTER TABLE {table} SET (autovacuum_enabled = false);
            ALTER TABLE {table} DISABLE TRIGGER user_limit;
            {sql};
            ALTER TABLE {table} ENABLE TRIGGER user_limit
            """;
        await fill.ExecuteNonQueryAsync(Token);
    }
}
