using Archon.Data;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql;
using Xunit;

namespace Archon.Tests.Data;

/// <summary>Databases of Archon 0.1, whose eight migrations one replaced.</summary>
[SystemTest]
public sealed class ReplacedMigrationsTests(PostgresFixture postgres)
{
    /// <summary>What <c>pg_dump --schema-only</c> writes, a line each: columns in their order, constraints, indexes, triggers, functions, sequences.</summary>
    private const string Schema = """
        SELECT format('%s %s. %s %s %s %s %s', c.relname, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, pg_get_expr(d.adbin, d.adrelid))
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
        UNION ALL SELECT format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT format('sequence %s %s %s', sequencename, data_type, start_value) FROM pg_sequences WHERE schemaname = 'public'
        UNION ALL SELECT format('partitioned %s %s', partrelid::regclass, pg_get_partkeydef(partrelid)) FROM pg_partitioned_table
        ORDER BY 1
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_first_migration_gives_the_schema_of_those_that_it_replaced()
    {
        await using var old = await postgres.NewEmptyDatabaseAsync();
        await RunAsync(old, await ScriptAsync());
        await using var made = await postgres.NewEmptyDatabaseAsync();
        await using (var db = await made.Contexts.CreateDbContextAsync(Token))
        {
            await db.GetService<IMigrator>().MigrateAsync(db.Database.GetMigrations().First(), Token);
        }

        var schema = await SchemaAsync(old);

        Assert.True(schema.Count > 400, $"{schema.Count} lines: not all of the schema was read.");
        Assert.Equal(schema, await SchemaAsync(made));
    }

    [Fact]
    public async Task A_database_of_the_version_before_keeps_its_rows_and_the_migration_is_recorded()
    {
        await using var database = await postgres.NewEmptyDatabaseAsync();
        await RunAsync(database, await ScriptAsync());
        // By the columns that a service had then.
        await RunAsync(
            database,
            """
            INSERT INTO services (environment_id, name, origin, tier, matchers, created_at, last_seen_at)
            VALUES (1, 'shop', 'Edited', 'Standard', '{"job": "shop"}', now(), now())
            """
        );

        await using var app = await ArchonApp.StartAsync(database);

        await using var after = await database.Contexts.CreateDbContextAsync(Token);
        Assert.Equal("shop", (await after.Services.SingleAsync(Token)).Name);
        Assert.Empty(await after.Database.GetPendingMigrationsAsync(Token));
        // Those of the version before stay, for a console of it that still runs.
        var applied = await after.Database.GetAppliedMigrationsAsync(Token);
        Assert.Equal(ReplacedMigrations.All.Concat(after.Database.GetMigrations()), applied);
    }

    [Fact]
    public async Task An_older_database_is_refused_with_what_to_do_and_left_as_it_was()
    {
        await using var database = await postgres.NewEmptyDatabaseAsync();
        var script = await ScriptAsync();
        // Up to the third migration.
        await RunAsync(
            database,
            script[
                ..(
                    script.IndexOf(
                        "COMMIT;",
                        script.IndexOf("20261125072356_RuleDocuments", StringComparison.Ordinal),
                        StringComparison.Ordinal
                    ) + 7
                )
            ]
        );
        var before = await SchemaAsync(database);

        await using var app = await ArchonApp.StartAsync(database.ConnectionString);

        var state = app.Services.GetService(typeof(ArchonDatabase)) as ArchonDatabase;
        await Waits.UntilAsync(() => state!.State is DatabaseState.Away);
        var reason = Assert.IsType<DatabaseState.Away>(state!.State).Reason;
        Assert.Contains("20261125072356_RuleDocuments", reason, StringComparison.Ordinal);
        Assert.Contains("Start the last Archon 0.1 on it once", reason, StringComparison.Ordinal);
        Assert.Equal(before, await SchemaAsync(database));
    }

    private static async Task<string> ScriptAsync()
    {
        using var reader = new StreamReader(typeof(ReplacedMigrationsTests).Assembly.GetManifestResourceStream("archon-0.1.sql")!);
        return await reader.ReadToEndAsync(Token);
    }

    private static async Task RunAsync(TestDatabase database, string sql)
    {
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync(Token);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Token);
    }

    private static async Task<List<string>> SchemaAsync(TestDatabase database)
    {
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync(Token);
        await using var command = new NpgsqlCommand(Schema, connection);
        await using var reader = await command.ExecuteReaderAsync(Token);
        var lines = new List<string>();
        while (await reader.ReadAsync(Token))
            lines.Add(reader.GetString(0));
        return lines;
    }
}
