using System.Globalization;

namespace Archon.Data.Embedded;

/// <summary>
/// The roles of an embedded cluster. The console signs in as the owner of its databases, who is no superuser and makes no roles. The superuser that every
/// cluster has cannot sign in: it acts only in PostgreSQL's single-user mode, which needs the data folder and a server that does not run.
/// </summary>
/// <remarks>
/// Clusters of earlier versions were made with the owner as their superuser, whom PostgreSQL lets nobody demote. Its name goes to a new role and its objects
/// with it. A kill at any point leaves a cluster that the next start converts: each statement changes nothing where it was run before, and the mark comes last.
/// </remarks>
internal static class ServerRoles
{
    /// <summary>Owns the databases.</summary>
    public const string Owner = "archon";

    /// <summary>The superuser of the cluster, the one with object id 10.</summary>
    public const string Superuser = "archon_superuser";

    /// <summary>In the cluster's folder, so that it is copied and restored with it.</summary>
    private const string MarkName = "archon_roles";

    private const string DatabasesName = "archon_databases";
    private const string Maintenance = "postgres";

    public static bool AreSetUp(string cluster) => File.Exists(Path.Combine(cluster, MarkName));

    /// <summary>Sets the roles up in a cluster whose server does not run.</summary>
    /// <param name="password">The owner's.</param>
    /// <exception cref="EmbeddedPostgresException">PostgreSQL refused; the next start tries again.</exception>
    public static async Task SetUpAsync(
        PostgresBinaries binaries,
        ServerAccount account,
        string cluster,
        string password,
        TimeSpan limit,
        CancellationToken cancellationToken
    )
    {
        var list = Path.Combine(cluster, DatabasesName);
        await RunAsync(
            Maintenance,
            [
                .. Shared(password),
                $"COPY (SELECT datname FROM pg_database WHERE datallowconn AND datname <> 'template0') TO {Literal(list)}",
            ]
        );
        var databases = await File.ReadAllLinesAsync(list, cancellationToken);
        foreach (var database in databases)
            await RunAsync(database, OfDatabase());
        File.Delete(list);
        await using var mark = new FileStream(Path.Combine(cluster, MarkName), FileMode.Create);
        await mark.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"{Owner}\n"), cancellationToken);
        mark.Flush(flushToDisk: true);

        async Task RunAsync(string database, IEnumerable<string> statements)
        {
            // On standard input: everyone on the machine can read the arguments of a program. A statement that fails must not be logged either.
            var ran = await account.RunAsync(
                binaries["postgres"],
                [
                    "--single",
                    "-j",
                    "-D",
                    cluster,
                    "-c",
                    "exit_on_error=on",
                    "-c",
                    "log_min_messages=error",
                    "-c",
                    "log_min_error_statement=panic",
                    database,
                ],
                limit,
                cancellationToken,
                string.Concat(statements.Select(statement => $"{statement};\n\n"))
            );
            if (ran.ExitCode == 0)
                return;
            var words = string.Join(
                " / ",
                ran.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                    .Where(line => line.Contains("ERROR", StringComparison.Ordinal) || line.Contains("FATAL", StringComparison.Ordinal))
                    .Take(3)
            );
            throw new EmbeddedPostgresException(
                $"The roles of the embedded PostgreSQL in {cluster} cannot be set up: {(words.Length > 0 ? words : ran.Output.Trim())}. Nothing was lost; the next start tries again."
            );
        }
    }

    /// <summary>What concerns the whole cluster. Each statement may be run again, and the rest may be run after any of them.</summary>
    internal static IReadOnlyList<string> Shared(string password) =>
        [
            // ALTER ROLE does not rename the role of the session, which in this mode is always the superuser's.
            $"UPDATE pg_authid SET rolname = '{Superuser}' WHERE oid = 10 AND rolname = '{Owner}'",
            $"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_authid WHERE rolname = '{Owner}') THEN CREATE ROLE {Owner}; END IF; END $$",
            $"ALTER ROLE {Owner} LOGIN CREATEDB NOSUPERUSER NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD {Literal(password)}",
            $"ALTER ROLE {Superuser} NOLOGIN PASSWORD NULL",
            $"""
                DO $$ DECLARE one record; BEGIN
                  FOR one IN SELECT datname FROM pg_database WHERE datdba = 10 AND NOT datistemplate AND datname <> '{Maintenance}' LOOP
                    EXECUTE format('ALTER DATABASE %I OWNER TO {Owner}', one.datname);
                  END LOOP;
                END $$
                """,
        ];

    /// <summary>Gives the objects of one database to the owner. REASSIGN OWNED does not do that for the superuser of a cluster.</summary>
    internal static IReadOnlyList<string> OfDatabase() =>
        [
                // A sequence of a column follows its table. What PostgreSQL itself made stays with the superuser.
                $"""
                DO $$ DECLARE one record; BEGIN
                  FOR one IN
                    SELECT 'SCHEMA' AS kind, format('%I', nspname) AS name FROM pg_namespace
                    WHERE nspowner = 10 AND nspname NOT LIKE 'pg\_%' AND nspname NOT IN ('information_schema', 'public')
                    UNION ALL
                    SELECT 'TABLE', format('%I.%I', nspname, relname) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
                    WHERE relowner = 10 AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'
                      AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND relkind = 'S' AND deptype IN ('a', 'i'))
                    UNION ALL
                    SELECT 'ROUTINE', pg_proc.oid::regprocedure::text FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace
                    WHERE proowner = 10 AND nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'
                      AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = pg_proc.oid AND deptype = 'e')
                    UNION ALL
                    SELECT 'TYPE', format('%I.%I', nspname, typname) FROM pg_type JOIN pg_namespace ON pg_namespace.oid = typnamespace
                    WHERE typowner = 10 AND nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'
                      AND (typtype IN ('d', 'e', 'r') OR (typtype = 'c' AND EXISTS (SELECT FROM pg_class WHERE pg_class.oid = typrelid AND relkind = 'c')))
                  LOOP
                    EXECUTE format('ALTER %s %s OWNER TO {Owner}', one.kind, one.name);
                  END LOOP;
                END $$
                """,
        ];

    private static string Literal(string text) =>
        string.Create(CultureInfo.InvariantCulture, $"'{text.Replace("'", "''", StringComparison.Ordinal)}'");
}
