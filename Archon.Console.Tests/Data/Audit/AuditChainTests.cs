using System.Text.Json;
using Archon.Data;
using Archon.Data.Access;
using Archon.Data.Audit;
using Archon.Data.Catalogue;
using Archon.Data.Rules;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Xunit;

namespace Archon.Tests.Data.Audit;

/// <summary>Entries of the audit say what changed, and none can be altered without notice.</summary>
[SystemTest]
public sealed class AuditChainTests(PostgresFixture postgres)
{
    private static readonly DateTimeOffset Now = new(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_entry_has_the_rows_before_and_after_and_the_person_and_environment()
    {
        await using var database = await postgres.NewDatabaseAsync();
        var person = Guid.NewGuid();
        await using var db = await database.Contexts.CreateDbContextAsync(Token);
        db.AuditAs(person, "ada");
        var service = new Service
        {
            EnvironmentId = 1,
            Name = "shop",
            Tier = ServiceTier.Standard,
            CreatedAt = Now,
            LastSeenAt = Now,
        };
        db.Services.Add(service);
        db.Note(Now, "service.create", () => $"service {service.Id}", "shop", environmentId: 1);
        await db.SaveChangesAsync(Token);
        service.Tier = ServiceTier.Critical;
        db.Note(Now, "service.edit", () => $"service {service.Id}", "shop", environmentId: 1);
        await db.SaveChangesAsync(Token);

        var entries = await EntriesAsync(database);

        Assert.Equal(["service.create", "service.edit"], entries.Select(entry => entry.Action));
        Assert.All(entries, entry => Assert.Equal((person, "ada", 1), (entry.ActorId, entry.Actor, entry.EnvironmentId)));
        Assert.All(entries, entry => Assert.Equal($"service {service.Id}", entry.Subject));
        var made = Assert.Single(JsonDocument.Parse(entries[0].Changes!).RootElement.EnumerateArray());
        Assert.Equal("services", made.GetProperty("table").GetString());
        Assert.Equal(service.Id, made.GetProperty("key").GetProperty("id").GetInt32());
        Assert.Equal("added", made.GetProperty("change").GetString());
        Assert.Equal("shop", made.GetProperty("after").GetProperty("name").GetString());
        var edited = Assert.Single(JsonDocument.Parse(entries[1].Changes!).RootElement.EnumerateArray());
        Assert.Equal("""{"tier":"Standard"}""", edited.GetProperty("before").GetRawText());
        Assert.Equal("""{"tier":"Critical"}""", edited.GetProperty("after").GetRawText());
        Assert.Equal(new AuditCheck.Intact(2, 0), await CheckAsync(database));
    }

    [Fact]
    public async Task Secrets_and_what_names_a_person_are_recorded_as_changed_and_never_with_their_values()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var db = await database.Contexts.CreateDbContextAsync(Token);
        db.AuditAs(null, "test");
        db.Users.Add(
            new ArchonUser
            {
                UserName = "grace.hopper",
                Email = "grace@example.org",
                PasswordHash = "hash-of-a-password",
                SecurityStamp = "one-of-a-kind",
                TimeZone = "Europe/Berlin",
            }
        );
        db.Note(Now, "user.create", () => "user", null, environmentId: null);
        await db.SaveChangesAsync(Token);

        var changes = Assert.Single(await EntriesAsync(database)).Changes!;

        Assert.All(
            (string[])["grace.hopper", "grace@example.org", "hash-of-a-password", "one-of-a-kind"],
            value => Assert.DoesNotContain(value, changes, StringComparison.Ordinal)
        );
        Assert.Contains("\"password_hash\":\"(secret)\"", changes, StringComparison.Ordinal);
        Assert.Contains("\"user_name\":\"(personal)\"", changes, StringComparison.Ordinal);
        Assert.Contains("\"time_zone\":\"Europe/Berlin\"", changes, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_rolled_back_is_not_in_the_audit()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var db = await database.Contexts.CreateDbContextAsync(Token);
        db.AuditAs(null, "test");
        await using (var transaction = await db.Database.BeginTransactionAsync(Token))
        {
            db.Teams.Add(new Team { Name = "payments", CreatedAt = Now });
            db.Note(Now, "team.create", () => "team", null, environmentId: null);
            await db.SaveChangesAsync(Token);
            await transaction.RollbackAsync(Token);
        }

        Assert.Empty(await EntriesAsync(database));
        Assert.Equal(new AuditCheck.Intact(0, 0), await CheckAsync(database));
    }

    [Fact]
    public async Task A_command_that_saves_without_a_note_is_a_fault_and_a_job_is_not_audited()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using (var command = await database.Contexts.CreateDbContextAsync(Token))
        {
            command.AuditAs(null, "test");
            command.Teams.Add(new Team { Name = "payments", CreatedAt = Now });
            await Assert.ThrowsAsync<InvalidOperationException>(() => command.SaveChangesAsync(Token));
        }
        await using (var job = await database.Contexts.CreateDbContextAsync(Token))
        {
            job.Teams.Add(new Team { Name = "checkout", CreatedAt = Now });
            await job.SaveChangesAsync(Token);
        }

        Assert.Empty(await EntriesAsync(database));
    }

    [Theory]
    [InlineData("UPDATE audit_entries SET detail = 'another' WHERE id = {0}", true)]
    [InlineData("UPDATE audit_entries SET actor_id = gen_random_uuid() WHERE id = {0}", true)]
    [InlineData("UPDATE audit_entries SET changes = '[]' WHERE id = {0}", true)]
    [InlineData("UPDATE audit_entries SET at = at + interval '1 microsecond' WHERE id = {0}", true)]
    [InlineData("DELETE FROM audit_entries WHERE id = {0}", true)]
    [InlineData("DELETE FROM audit_entries WHERE id > {0}", true)]
    [InlineData("UPDATE audit_entries SET actor = 'somebody else' WHERE id = {0} AND actor_id IS NULL", true)]
    public async Task An_entry_that_was_changed_or_taken_out_is_found_and_a_name_can_be_masked(string sql, bool isFound)
    {
        await using var database = await postgres.NewDatabaseAsync();
        for (var i = 0; i < 5; i++)
            await AddTeamAsync(database.Contexts, $"team {i}");
        var third = (await EntriesAsync(database))[2].Id;
        await RunAsync(database, string.Format(System.Globalization.CultureInfo.InvariantCulture, sql, third));

        var check = await CheckAsync(database);

        Assert.Equal(isFound, check is AuditCheck.Broken);
    }

    [Fact]
    public async Task The_name_of_a_user_can_be_masked()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using (var db = await database.Contexts.CreateDbContextAsync(Token))
        {
            db.AuditAs(Guid.NewGuid(), "ada");
            db.Teams.Add(new Team { Name = "payments", CreatedAt = Now });
            db.Note(Now, "team.create", () => "team", null, environmentId: null, "ada");
            await db.SaveChangesAsync(Token);
        }

        await RunAsync(database, "UPDATE audit_entries SET actor = 'removed', subject_name = 'removed'");

        Assert.Equal(new AuditCheck.Intact(1, 0), await CheckAsync(database));
    }

    [Theory]
    [InlineData("actor", false)]
    [InlineData("detail", true)]
    public async Task Entries_of_before_names_were_covered_are_still_a_chain(string changed, bool isFound)
    {
        await using var database = await postgres.NewDatabaseAsync();
        await AddTeamAsync(database.Contexts, "payments");
        var entry = Assert.Single(await EntriesAsync(database));
        await using (var db = await database.Contexts.CreateDbContextAsync(Token))
        {
            var head = await db.Set<AuditChainHead>().SingleAsync(Token);
            var hash = AuditChain.Hash(head.StartHash, entry, coversName: false);
            await RunAsync(database, $"UPDATE audit_entries SET hash = '\\x{Convert.ToHexString(hash)}'");
            await RunAsync(database, $"UPDATE audit_chain SET hash = '\\x{Convert.ToHexString(hash)}'");
        }
        Assert.Equal(new AuditCheck.Intact(1, 0), await CheckAsync(database));

        await RunAsync(database, $"UPDATE audit_entries SET {changed} = 'changed'");

        Assert.Equal(isFound, await CheckAsync(database) is AuditCheck.Broken);
    }

    [Fact]
    public async Task Rows_that_are_made_together_are_recorded_with_the_keys_they_got()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var db = await database.Contexts.CreateDbContextAsync(Token);
        db.AuditAs(null, "test");
        var user = new ArchonUser { UserName = "ada", NormalizedUserName = "ADA" };
        var team = new Team { Name = "payments", CreatedAt = Now };
        team.Members.Add(new TeamMember { UserId = user.Id = Guid.NewGuid() });
        db.AddRange(user, team);
        var document = new RuleDocument
        {
            EnvironmentId = 1,
            Name = "a.yml",
            ServerFile = "a.yml",
            Content = [],
            CreatedAt = Now,
        };
        document.Versions.Add(
            new RuleDocumentVersion
            {
                Number = 1,
                Content = [],
                Tests = "",
                Author = "ada",
                Reason = "first",
                CreatedAt = Now,
            }
        );
        db.RuleDocuments.Add(document);
        db.Note(Now, "rule-file.import", () => "rules", null, environmentId: 1);
        await db.SaveChangesAsync(Token);

        var changes = Assert.Single(await EntriesAsync(database)).Changes!;

        Assert.DoesNotContain(":-", changes, StringComparison.Ordinal);
        Assert.Contains($"\"document_id\":{document.Id}", changes, StringComparison.Ordinal);
        Assert.DoesNotContain("ada", changes, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_thousand_commands_of_two_processes_at_once_make_one_chain()
    {
        await using var database = await postgres.NewDatabaseAsync();

        var said = await Task.WhenAll(
            AuditChild.StartAsync(database.ConnectionString, first: 0, count: 500, Token),
            AuditChild.StartAsync(database.ConnectionString, first: 500, count: 500, Token)
        );

        Assert.All(said, words => Assert.Equal("500 done", words));
        Assert.Equal(new AuditCheck.Intact(1000, 0), await CheckAsync(database));
        var authors = (await EntriesAsync(database)).Select(entry => entry.Actor).ToList();
        Assert.Equal(2, authors.Distinct().Count());
        // Or one process ended before the other began, and nothing was at once.
        Assert.True(authors.Take(500).Distinct().Count() == 2, "the two processes wrote one after the other");
    }

    [Fact]
    public async Task Retention_takes_whole_days_and_the_rest_is_still_a_chain()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using (var db = await database.Contexts.CreateDbContextAsync(Token))
        {
            // Older than the chain.
            db.AuditEntries.Add(
                new AuditEntry
                {
                    At = Now.AddDays(-9),
                    Actor = "a",
                    Action = "b",
                    Subject = "c",
                }
            );
            await db.SaveChangesAsync(Token);
        }
        foreach (var days in (int[])[-3, -2, -2, -1, 0])
            await AddTeamAsync(database.Contexts, Guid.NewGuid().ToString(), Now.AddDays(days));
        await using var job = await database.Contexts.CreateDbContextAsync(Token);

        var removed = await AuditChain.RemoveBeforeAsync(job, new DateTimeOffset(2026, 11, 29, 0, 0, 0, TimeSpan.Zero), Token);

        Assert.Equal(4, removed);
        Assert.Equal(new AuditCheck.Intact(2, 0), await CheckAsync(database));
        await AddTeamAsync(database.Contexts, "next");
        Assert.Equal(new AuditCheck.Intact(3, 0), await CheckAsync(database));
        await AuditChain.RemoveBeforeAsync(job, new DateTimeOffset(2026, 12, 5, 0, 0, 0, TimeSpan.Zero), Token);
        Assert.Equal(new AuditCheck.Intact(0, 0), await CheckAsync(database));
    }

    private static async Task AddTeamAsync(IDbContextFactory<ArchonDbContext> contexts, string name, DateTimeOffset? at = null)
    {
        await using var db = await contexts.CreateDbContextAsync(Token);
        db.AuditAs(null, "test");
        var team = new Team { Name = name, CreatedAt = Now };
        db.Teams.Add(team);
        db.Note(at ?? Now, "team.create", () => $"team {team.Id}", name, environmentId: null);
        await db.SaveChangesAsync(Token);
    }

    private static async Task<List<AuditEntry>> EntriesAsync(TestDatabase database)
    {
        await using var db = await database.Contexts.CreateDbContextAsync(Token);
        return await db.AuditEntries.AsNoTracking().OrderBy(entry => entry.Id).ToListAsync(Token);
    }

    private static async Task<AuditCheck> CheckAsync(TestDatabase database)
    {
        await using var db = await database.Contexts.CreateDbContextAsync(Token);
        return await AuditChain.CheckAsync(db, Token);
    }

    private static async Task RunAsync(TestDatabase database, string sql)
    {
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync(Token);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Token);
    }
}
