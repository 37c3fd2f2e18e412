using System.Globalization;
using System.Net;
using Archon.Data;
using Archon.Data.Embedded;
using Archon.Tests.Kit;
using Hangfire.PostgreSql;
using Hangfire.PostgreSql.Factories;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

namespace Archon.Tests.Data;

/// <summary>The role that the console signs in as owns its databases and nothing else, in new data folders and in those of earlier versions.</summary>
[SystemTest]
public sealed class ServerRolesTests : IClassFixture<OldFolders>, IDisposable
{
    private const string OldPassword = "0123456789abcdef0123456789abcdef0123456789abcdef";
    private static readonly TimeSpan Limit = Waits.Limit;
    private readonly string folder = Directory.CreateTempSubdirectory("archon-roles-").FullName;
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private readonly OldFolders originals;

    public ServerRolesTests(OldFolders originals)
    {
        this.originals = originals;
        File.SetUnixFileMode(folder, File.GetUnixFileMode(folder) | UnixFileMode.OtherExecute);
    }

    [Fact]
    public async Task A_new_cluster_has_a_superuser_who_cannot_sign_in_and_an_owner_who_is_none()
    {
        await using var server = await StartAsync(Path.Combine(folder, "new"));

        await IsDemotedAsync(server.ConnectionString);
        Assert.Equal(ServerRoles.Owner, new NpgsqlConnectionStringBuilder(server.ConnectionString).Username);
        // Migrations and Hangfire's tables need no more.
        await using var db = new ArchonDbContext(ArchonContextOptions.For(server.ConnectionString));
        await db.Database.MigrateAsync(Token);
        MakeHangfire(server.ConnectionString);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(17)]
    public async Task A_folder_of_an_earlier_version_is_converted_with_all_that_is_in_it(int? major)
    {
        var (data, binaries) = (Path.Combine(folder, "old"), major is { } old ? PostgresVersions.BinariesOf(old) : null);
        await originals.CopyAsync(data, binaries);

        await using var server = await StartAsync(data, binaries);

        await IsDemotedAsync(server.ConnectionString);
        await HasKeptEverythingAsync(server.ConnectionString);
    }

    [Fact]
    public async Task A_conversion_that_was_cut_off_after_any_statement_is_completed_by_the_next_start()
    {
        var original = Path.Combine(folder, "old");
        await originals.CopyAsync(original, null);
        var (programs, account) = await ProgramsAsync(original, null);
        var statements = ServerRoles.Shared(OldPassword);
        for (var done = 1; done <= statements.Count + 1; done++)
        {
            var data = Path.Combine(folder, $"cut-{done.ToString(CultureInfo.InvariantCulture)}");
            using (var copy = System.Diagnostics.Process.Start("cp", ["-a", original, data]))
                await copy.WaitForExitAsync(Token);
            await SingleUserAsync(programs, account, data, "postgres", statements.Take(done));
            if (done > statements.Count)
                await SingleUserAsync(programs, account, data, "archon", ServerRoles.OfDatabase());

            await using var server = await StartAsync(data);

            await IsDemotedAsync(server.ConnectionString);
            await HasKeptEverythingAsync(server.ConnectionString);
        }
    }

    [Fact]
    public async Task A_server_that_a_killed_console_of_an_earlier_version_left_running_is_converted_too()
    {
        var data = Path.Combine(folder, "old");
        await originals.CopyAsync(data, null);
        var (programs, account) = await ProgramsAsync(data, null);
        await StartOldAsync(programs, account, data);

        await using var server = await StartAsync(data);

        await IsDemotedAsync(server.ConnectionString);
        await HasKeptEverythingAsync(server.ConnectionString);
    }

    [Fact]
    public async Task A_server_that_another_console_uses_is_left_as_it_is_until_the_last_of_them_has_gone()
    {
        var data = Path.Combine(folder, "old");
        await originals.CopyAsync(data, null);
        var (programs, account) = await ProgramsAsync(data, null);
        await StartOldAsync(programs, account, data);
        await using (var other = new FileStream(Path.Combine(data, "users"), FileMode.OpenOrCreate, FileAccess.Read, FileShare.Read))
        {
            await using var shared = await StartAsync(data);
            Assert.Equal(
                "true",
                await ReadAsync(shared.ConnectionString, "SELECT rolsuper::text FROM pg_roles WHERE rolname = current_user")
            );
            await other.DisposeAsync();
        }

        await using var alone = await StartAsync(data);

        await IsDemotedAsync(alone.ConnectionString);
        await HasKeptEverythingAsync(alone.ConnectionString);
    }

    [Fact]
    public async Task The_whole_console_works_on_a_folder_of_an_earlier_version()
    {
        var home = Path.Combine(folder, "home");
        Directory.CreateDirectory(home);
        await originals.CopyAsync(Path.Combine(home, "postgres"), null);
        await using var console = ConsoleProcess.Start(home);
        await console.ReadyAsync(Token);

        using var http = new HttpClient { BaseAddress = console.Address };
        using var reply = await http.GetAsync(new Uri("monitoring/health/live", UriKind.Relative), Token);

        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        var settings = new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1",
            Port = int.Parse(await File.ReadAllTextAsync(Path.Combine(home, "postgres", "port"), Token), CultureInfo.InvariantCulture),
            Username = "archon",
            Password = OldPassword,
            Database = "archon",
            Pooling = false,
        };
        await IsDemotedAsync(settings.ConnectionString);
    }

    public void Dispose()
    {
        NpgsqlConnection.ClearAllPools();
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>Signed in as the owner: no superuser, no maker of roles, and nobody else can sign in.</summary>
    private static async Task IsDemotedAsync(string connectionString)
    {
        Assert.Equal(
            "archon login=true super=false createrole=false replication=false bypassrls=false, archon_superuser login=false super=true createrole=true replication=true bypassrls=true",
            await ReadAsync(
                connectionString,
                """
                SELECT string_agg(format('%s login=%s super=%s createrole=%s replication=%s bypassrls=%s', rolname,
                    rolcanlogin::text, rolsuper::text, rolcreaterole::text, rolreplication::text, rolbypassrls::text), ', ' ORDER BY rolname)
                FROM pg_roles WHERE rolname NOT LIKE 'pg\_%'
                """
            )
        );
        Assert.Equal(
            "archon",
            await ReadAsync(connectionString, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()")
        );
        // What a superuser may do on the machine itself.
        foreach (
            var forbidden in (string[])
                [
                    "COPY (SELECT 1) TO PROGRAM 'true'",
                    "SELECT pg_read_file('/etc/hostname')",
                    "CREATE ROLE another",
                    "ALTER SYSTEM SET work_mem = '8MB'",
                ]
        )
        {
            var refused = await Assert.ThrowsAsync<PostgresException>(() => ReadAsync(connectionString, forbidden));
            Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
        }
    }

    private static async Task HasKeptEverythingAsync(string connectionString)
    {
        Assert.Equal("kept", await ReadAsync(connectionString, "SELECT name FROM environments WHERE name = 'kept'"));
        Assert.Equal(
            "",
            await ReadAsync(
                connectionString,
                """
                SELECT coalesce(string_agg(nspname || '.' || relname, ', '), '') FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
                WHERE nspname IN ('public', 'hangfire') AND relkind IN ('r', 'p', 'S', 'v') AND pg_get_userbyid(relowner) <> 'archon'
                """
            )
        );
        // What later migrations, partitions and Hangfire do.
        await ReadAsync(
            connectionString,
            """
            ALTER TABLE environments ADD COLUMN later int; ALTER TABLE environments DROP COLUMN later;
            CREATE TABLE anomalies_2099_01 (LIKE anomalies INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
            ALTER TABLE anomalies ATTACH PARTITION anomalies_2099_01 FOR VALUES FROM ('2099-01-01 00:00:00+00') TO ('2099-02-01 00:00:00+00');
            DROP TABLE anomalies_2099_01;
            SELECT 1 FROM hangfire.lock
            """
        );
        await using var db = new ArchonDbContext(ArchonContextOptions.For(connectionString));
        Assert.Empty(await db.Database.GetPendingMigrationsAsync(Token));
        // The demo's own database, as its service reads and writes it.
        var demo = new NpgsqlConnectionStringBuilder(connectionString) { Database = "archon_demo" }.ConnectionString;
        await ReadAsync(
            demo,
            "CREATE TABLE IF NOT EXISTS documents (id int PRIMARY KEY, title text NOT NULL); INSERT INTO documents VALUES (2, 'two') ON CONFLICT DO NOTHING"
        );
        Assert.Equal("one", await ReadAsync(demo, "SELECT title FROM documents WHERE id = 1"));
        NpgsqlConnection.ClearAllPools();
    }

    /// <summary>As versions did before: the role that the console signs in as is the superuser that the cluster was made with.</summary>
    internal static async Task MakeOldAsync(string data, string? binariesFolder)
    {
        Directory.CreateDirectory(data);
        var (programs, account) = await ProgramsAsync(data, binariesFolder);
        await account.OwnAsync(data, Limit, Token);
        await File.WriteAllTextAsync(Path.Combine(data, "password"), OldPassword, Token);
        var forInitdb = Path.Combine(data, "for-initdb");
        await File.WriteAllTextAsync(forInitdb, OldPassword, Token);
        await account.OwnAsync(forInitdb, Limit, Token);
        var made = await account.RunAsync(
            programs["initdb"],
            [
                "-D",
                Path.Combine(data, "data"),
                "-U",
                "archon",
                "-A",
                "scram-sha-256",
                "--pwfile",
                forInitdb,
                "-E",
                "UTF8",
                "--no-locale",
                "-N",
            ],
            Limit,
            Token
        );
        Assert.True(made.ExitCode == 0, made.Output);
        File.Delete(forInitdb);
        var connection = await StartOldAsync(programs, account, data);
        await ReadAsync(connection, "CREATE DATABASE archon");
        await ReadAsync(connection, "CREATE DATABASE archon_demo");
        var archon = new NpgsqlConnectionStringBuilder(connection) { Database = "archon" }.ConnectionString;
        await using (var db = new ArchonDbContext(ArchonContextOptions.For(archon)))
        {
            await db.Database.MigrateAsync(Token);
            await Partitions.EnsureAsync(db, DateTimeOffset.UtcNow, Token);
        }
        MakeHangfire(archon);
        await ReadAsync(archon, "INSERT INTO environments (name, created_at) VALUES ('kept', now())");
        await ReadAsync(
            new NpgsqlConnectionStringBuilder(connection) { Database = "archon_demo" }.ConnectionString,
            "CREATE TABLE documents (id int PRIMARY KEY, title text NOT NULL); INSERT INTO documents VALUES (1, 'one')"
        );
        NpgsqlConnection.ClearAllPools();
        var stopped = await account.RunAsync(
            programs["pg_ctl"],
            ["-D", Path.Combine(data, "data"), "-m", "fast", "-w", "stop"],
            Limit,
            Token
        );
        Assert.True(stopped.ExitCode == 0, stopped.Output);
    }

    /// <returns>The connection to its maintenance database.</returns>
    private static async Task<string> StartOldAsync(PostgresBinaries programs, ServerAccount account, string data)
    {
        var port = 0;
        for (var attempt = 1; ; attempt++)
        {
            // PostgreSQL cannot choose a port by itself: where another program took the one that was chosen, it is started again.
            port = ListeningPort.Choose();
            await File.WriteAllTextAsync(Path.Combine(data, "port"), port.ToString(CultureInfo.InvariantCulture), Token);
            var started = await account.RunAsync(
                programs["pg_ctl"],
                [
                    "-D",
                    Path.Combine(data, "data"),
                    "-l",
                    Path.Combine(data, "server.log"),
                    "-o",
                    $"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off",
                    "-w",
                    "start",
                ],
                Limit,
                Token
            );
            if (started.ExitCode == 0)
                break;
            Assert.True(attempt < 5, started.Output);
        }
        return new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1",
            Port = port,
            Username = "archon",
            Password = OldPassword,
            Database = "postgres",
            Pooling = false,
        }.ConnectionString;
    }

    private static async Task<(PostgresBinaries Programs, ServerAccount Account)> ProgramsAsync(string data, string? binariesFolder)
    {
        var programs = await PostgresBinaries.FindAsync(
            new EmbeddedPostgresOptions { DataFolder = data, BinariesFolder = binariesFolder },
            null,
            Token
        );
        return (programs, await ServerAccount.ChooseAsync(Path.Combine(data, "data"), programs.Folder, Limit, Token));
    }

    private static async Task SingleUserAsync(
        PostgresBinaries programs,
        ServerAccount account,
        string data,
        string database,
        IEnumerable<string> statements
    )
    {
        var ran = await account.RunAsync(
            programs["postgres"],
            ["--single", "-j", "-D", Path.Combine(data, "data"), "-c", "exit_on_error=on", database],
            Limit,
            Token,
            string.Concat(statements.Select(statement => $"{statement};\n\n"))
        );
        Assert.True(ran.ExitCode == 0, ran.Output);
    }

    private static Task<EmbeddedPostgres> StartAsync(string data, string? binariesFolder = null) =>
        EmbeddedPostgres.StartAsync(
            new EmbeddedPostgresOptions
            {
                DataFolder = data,
                BinariesFolder = binariesFolder,
                FastAndUnsafe = true,
                TimeLimit = Limit,
            },
            NullLogger.Instance,
            Token
        );

    private static void MakeHangfire(string connectionString) =>
        _ = new PostgreSqlStorage(
            new NpgsqlConnectionFactory(connectionString, new PostgreSqlStorageOptions()),
            new PostgreSqlStorageOptions { PrepareSchemaIfNecessary = true }
        );

    private static async Task<string?> ReadAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString
        );
        await connection.OpenAsync(Token);
#pragma warning disable CA2100 // The test's own text.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        return (await command.ExecuteScalarAsync(Token))?.ToString();
    }
}
