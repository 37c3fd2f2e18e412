using Archon.Data.Access;
using Archon.Features.Access;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Archon.Tests.Features.Access;

[SystemTest]
public sealed class FirstAdminTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_consoles_that_start_at_once_make_one_administrator()
    {
        await using var database = await postgres.NewDatabaseAsync();
        var apps = await Task.WhenAll(ArchonApp.StartAsync(database), ArchonApp.StartAsync(database));
        try
        {
            await using var db = await database.Contexts.CreateDbContextAsync(Token);
            Assert.Equal(FirstAdmin.UserName, (await db.Set<ArchonUser>().SingleAsync(Token)).UserName);
            Assert.Equal(Roles.All.Order(), await db.Set<ArchonRole>().Select(role => role.Name!).OrderBy(name => name).ToListAsync(Token));
            Assert.Equal(1, await db.AuditEntries.CountAsync(entry => entry.Action == "user.create", Token));
            // Whoever is signed in at one is signed in at the other: the keys lie in the database.
            foreach (var app in apps)
                (await app.SignInAsync()).Dispose();
        }
        finally
        {
            foreach (var app in apps)
                await app.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_made_password_is_in_a_file_for_this_account_alone_until_it_is_changed()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await ArchonApp.StartAsync(database, ("Archon:Access:AdminPassword", null));
        var file = app.Services.GetRequiredService<AdminPasswordFile>().Path;
        await Until(() => File.Exists(file) && new FileInfo(file).Length > 0);

        var password = (await File.ReadAllTextAsync(file, Token)).Trim();
        Assert.Equal(app.Folder, Path.GetDirectoryName(file));
        Assert.True(password.Length >= 20);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.DoesNotContain(app.Log, line => line.Contains(password, StringComparison.Ordinal));
        (await app.SignInAsync(password: password)).Dispose();

        Assert.IsType<AccessResult.Done>(
            await app
                .Services.GetRequiredService<AccessCommands>()
                .ChangeOwnPasswordAsync(password, ArchonApp.AdminPassword, await app.ActorAsync(FirstAdmin.UserName), Token)
        );

        Assert.False(File.Exists(file));
        (await app.SignInAsync()).Dispose();
    }

    [Fact]
    public async Task A_password_is_changed_also_where_the_console_keeps_nothing_on_disk()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await ArchonApp.StartAsync(database, ("Archon:Database:Folder", "/nowhere/at/all"));

        Assert.IsType<AccessResult.Done>(
            await app
                .Services.GetRequiredService<AccessCommands>()
                .ChangeOwnPasswordAsync(ArchonApp.AdminPassword, "another good password", await app.ActorAsync(FirstAdmin.UserName), Token)
        );

        (await app.SignInAsync(password: "another good password")).Dispose();
    }

    [Fact]
    public async Task A_console_that_starts_again_makes_no_one_new()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using (await ArchonApp.StartAsync(database)) { }

        await using var again = await ArchonApp.StartAsync(database, ("Archon:Access:AdminPassword", "another good password"));

        await using var db = await database.Contexts.CreateDbContextAsync(Token);
        Assert.Equal(1, await db.Set<ArchonUser>().CountAsync(Token));
        (await again.SignInAsync()).Dispose();
    }

    [Fact]
    public async Task A_console_killed_while_it_makes_the_administrator_leaves_no_one_whose_password_is_unknown()
    {
        var folder = Directory.CreateTempSubdirectory("archon-first-").FullName;
        try
        {
            await using var database = await postgres.NewDatabaseAsync();
            // The commit takes long enough to be killed in: a constraint that is checked then waits for a lock of the test's.
            const long gate = 4711;
            await using var holder = new Npgsql.NpgsqlConnection(database.ConnectionString);
            await holder.OpenAsync(Token);
            await RunAsync(
                holder,
                $"""
                SELECT pg_advisory_lock({gate});
                CREATE FUNCTION wait_at_commit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock({gate}); RETURN NULL; END';
                CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON users DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait_at_commit()
                """
            );
            var settings = new[] { ("ConnectionStrings__Archon", database.ConnectionString), ("Archon__Role", "Web") };
            var file = Path.Combine(folder, "admin-password");
            await using (var killed = ConsoleProcess.Start(folder, settings))
            {
                await Until(() => File.Exists(file));
                Assert.Equal(0L, await RunAsync(holder, "SELECT count(*) FROM users"));
                await killed.KillAsync(Token);
            }
            // The server notices a dead client when it writes to it; until then it would commit in its place.
            await RunAsync(holder, "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted");
            await RunAsync(holder, $"DROP TRIGGER slow ON users; SELECT pg_advisory_unlock({gate})");

            await using var next = await ArchonApp.StartAsync(
                database,
                ("Archon:Access:AdminPassword", null),
                ("Archon:Database:Folder", folder)
            );

            (await next.SignInAsync(password: (await File.ReadAllTextAsync(file, Token)).Trim())).Dispose();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_file_with_a_password_that_opens_nothing_does_not_stay_to_mislead()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using (await ArchonApp.StartAsync(database)) { }
        var folder = Directory.CreateTempSubdirectory("archon-first-").FullName;
        try
        {
            var file = Path.Combine(folder, "admin-password");
            await File.WriteAllTextAsync(file, "what another console made\n", Token);

            await using var again = await ArchonApp.StartAsync(database, ("Archon:Database:Folder", folder));

            await Until(() => !File.Exists(file));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Where_the_password_cannot_be_written_no_administrator_is_made_and_the_console_says_what_to_do()
    {
        var folder = Directory.CreateTempSubdirectory("archon-first-").FullName;
        try
        {
            await using var database = await postgres.NewDatabaseAsync();
            // A folder of that name can be written by nobody, not even by root.
            Directory.CreateDirectory(Path.Combine(folder, "admin-password"));
            await using var app = await ArchonApp.StartAsync(
                database.ConnectionString,
                ("Archon:Access:AdminPassword", null),
                ("Archon:Database:Folder", folder)
            );

            await Until(() => app.Log.Any(line => line.Contains("No administrator was made", StringComparison.Ordinal)));

            Assert.Contains(app.Log, line => line.Contains("set Archon:Access:AdminPassword", StringComparison.Ordinal));
            await using var db = await database.Contexts.CreateDbContextAsync(Token);
            Assert.Equal(0, await db.Set<ArchonUser>().CountAsync(Token));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<object?> RunAsync(Npgsql.NpgsqlConnection connection, string sql)
    {
#pragma warning disable CA2100 // The test's own text.
        await using var command = new Npgsql.NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync(Token);
    }

    private static async Task Until(Func<bool> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(Waits.Limit);
        while (!condition())
            await Task.Delay(20, limit.Token);
    }
}
