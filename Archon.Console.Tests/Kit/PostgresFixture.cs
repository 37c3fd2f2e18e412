using System.Globalization;
using Archon.Data;
using Archon.Data.Embedded;
using Archon.Tests.Kit;
using Hangfire.PostgreSql;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

[assembly: AssemblyFixture(typeof(PostgresFixture))]

namespace Archon.Tests.Kit;

/// <summary>One server per test run; each test gets a database of its own, copied from one that was migrated once.</summary>
/// <remarks>It starts with the first database: a run of tests that need none starts no program.</remarks>
public sealed class PostgresFixture : IAsyncDisposable
{
    private const string Template = "migrated";
    private const int DropAttempts = 50;
    private readonly string folder = Directory.CreateTempSubdirectory("archon-tests-").FullName;

    // PostgreSQL refuses to copy a database that another copy has open.
    private readonly SemaphoreSlim copying = new(1);
    private readonly Lazy<Task<EmbeddedPostgres>> server;
    private int count;

    public PostgresFixture() => server = new(StartAsync);

    private async Task<EmbeddedPostgres> StartAsync()
    {
        File.SetUnixFileMode(folder, File.GetUnixFileMode(folder) | UnixFileMode.OtherExecute);
        var started = await EmbeddedPostgres.StartAsync(
            new EmbeddedPostgresOptions
            {
                DataFolder = folder,
                FastAndUnsafe = true,
                Database = Template,
            },
            NullLogger.Instance,
            CancellationToken.None
        );
        await using var db = new ArchonDbContext(ArchonContextOptions.For(Named(started, Template, pooling: false)));
        await db.Database.MigrateAsync();
        // Every console would make these again, in each database.
        await using var connection = new NpgsqlConnection(Named(started, Template, pooling: false));
        await connection.OpenAsync();
        PostgreSqlObjectsInstaller.Install(connection);
        return started;
    }

    /// <summary>A migrated database, with the tables of Hangfire.</summary>
    public Task<TestDatabase> NewDatabaseAsync() => NewDatabaseAsync(Template);

    /// <summary>A database without a table.</summary>
    public Task<TestDatabase> NewEmptyDatabaseAsync() => NewDatabaseAsync("template0");

    private async Task<TestDatabase> NewDatabaseAsync(string template)
    {
        var name = "test_" + Interlocked.Increment(ref count).ToString(CultureInfo.InvariantCulture);
        await copying.WaitAsync();
        try
        {
            await RunAsync($"CREATE DATABASE {name} TEMPLATE {template}");
        }
        finally
        {
            copying.Release();
        }
        var connection = Named(await server.Value, name, pooling: true);
        return new TestDatabase(this, name, connection, new PooledDbContextFactory<ArchonDbContext>(ArchonContextOptions.For(connection)));
    }

    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        if (server.IsValueCreated)
            await (await server.Value).DisposeAsync();
        Directory.Delete(folder, recursive: true);
        copying.Dispose();
    }

    internal async Task DropAsync(string name, string connection)
    {
        await using (var pool = new NpgsqlConnection(connection))
            NpgsqlConnection.ClearPool(pool);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await RunAsync($"DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                return;
            }
            // An autovacuum worker is a superuser's, whom our user may not terminate. It is soon done with so small a database.
            catch (PostgresException failure) when (failure.SqlState == PostgresErrorCodes.InsufficientPrivilege && attempt < DropAttempts)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(200));
            }
        }
    }

    private static string Named(EmbeddedPostgres server, string database, bool pooling) =>
        new NpgsqlConnectionStringBuilder(server.ConnectionString)
        {
            Database = database,
            Pooling = pooling,
            MaxPoolSize = 20,
        }.ConnectionString;

    private async Task RunAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(Named(await server.Value, "postgres", pooling: false));
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }
}

/// <summary>A database for one test, dropped with it.</summary>
public sealed class TestDatabase(PostgresFixture server, string name, string connectionString, IDbContextFactory<ArchonDbContext> contexts)
    : IAsyncDisposable
{
    public string ConnectionString => connectionString;
    public IDbContextFactory<ArchonDbContext> Contexts => contexts;

    public async ValueTask DisposeAsync() => await server.DropAsync(name, connectionString);
}
