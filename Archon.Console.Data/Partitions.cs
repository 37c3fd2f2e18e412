using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;

namespace Archon.Data;

/// <summary>
/// Monthly partitions of the time-bound tables, so that what is too old goes by dropping a table. Rows of a month without a
/// partition (late samples, history) lie in the table's default partition: nothing is refused for its date.
/// </summary>
public static partial class Partitions
{
    private static readonly (string Table, string Key)[] Tables = [("anomalies", "started_at"), ("unchecked_spans", "\"from\"")];

    /// <summary>Makes the partitions of last month, this one and the next where they are missing, and moves rows in that came before them.</summary>
    public static async Task EnsureAsync(ArchonDbContext db, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var thisMonth = new DateOnly(now.UtcDateTime.Year, now.UtcDateTime.Month, 1);
        await using var transaction = await BeginAsync(db, cancellationToken);
        foreach (var (table, key) in Tables)
        {
            var existing = await MonthsAsync(db, table, cancellationToken);
            foreach (var month in (DateOnly[])[thisMonth.AddMonths(-1), thisMonth, thisMonth.AddMonths(1)])
            {
                if (existing.Contains(month))
                    continue;
                var partition = Name(table, month);
                var (from, to) = (Literal(month), Literal(month.AddMonths(1)));
                // Attached only when filled: while the default partition holds rows of the month, PostgreSQL refuses a new one for it.
                var sql = $"""
                    CREATE TABLE {partition} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
                    WITH moved AS (DELETE FROM {table}_default WHERE {key} >= {from} AND {key} < {to} RETURNING *)
                    INSERT INTO {partition} SELECT * FROM moved;
                    ALTER TABLE {table} ATTACH PARTITION {partition} FOR VALUES FROM ({from}) TO ({to});
                    """;
                await db.Database.ExecuteSqlRawAsync(sql, cancellationToken);
            }
        }
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Drops the partitions that lie wholly before <paramref name="cutoff"/>, and such rows of the default partition.</summary>
    public static async Task DropOlderThanAsync(ArchonDbContext db, DateTimeOffset cutoff, CancellationToken cancellationToken)
    {
        await using var transaction = await BeginAsync(db, cancellationToken);
        foreach (var (table, key) in Tables)
        {
            foreach (var month in await MonthsAsync(db, table, cancellationToken))
            {
                if (month.AddMonths(1).ToDateTime(TimeOnly.MinValue) > cutoff.UtcDateTime)
                    continue;
                var drop = $"DROP TABLE {Name(table, month)}";
                await db.Database.ExecuteSqlRawAsync(drop, cancellationToken);
            }
            var delete = $"DELETE FROM {table}_default WHERE {key} < {{0}}";
            await db.Database.ExecuteSqlRawAsync(delete, [cutoff.ToUniversalTime()], cancellationToken);
        }
        await transaction.CommitAsync(cancellationToken);
    }

    private static async Task<Microsoft.EntityFrameworkCore.Storage.IDbContextTransaction> BeginAsync(
        ArchonDbContext db,
        CancellationToken cancellationToken
    )
    {
        var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        // Waiting for a long reader would stop every scan queueing up behind us; the next run tries again.
        await db.Database.ExecuteSqlRawAsync("SET LOCAL lock_timeout = '10s'", cancellationToken);
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock({AdvisoryLocks.Partitions})", cancellationToken);
        return transaction;
    }

    private static async Task<HashSet<DateOnly>> MonthsAsync(ArchonDbContext db, string table, CancellationToken cancellationToken)
    {
        var partitions = await db
            .Database.SqlQuery<string>(
                $"""
                SELECT child.relname::text AS "Value" FROM pg_inherits
                JOIN pg_class child ON child.oid = inhrelid JOIN pg_class parent ON parent.oid = inhparent
                WHERE parent.relname = {table} AND pg_table_is_visible(parent.oid)
                """
            )
            .ToListAsync(cancellationToken);
        return
        [
            .. partitions
                .Select(name => MonthOfName().Match(name))
                .Where(match => match.Success)
                .Select(match => DateOnly.ParseExact(match.Value, "_yyyy_MM", CultureInfo.InvariantCulture)),
        ];
    }

    private static string Name(string table, DateOnly month) => $"{table}_{month.ToString("yyyy_MM", CultureInfo.InvariantCulture)}";

    private static string Literal(DateOnly day) => $"'{day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)} 00:00:00+00'";

    [GeneratedRegex(@"_\d{4}_\d{2}$")]
    private static partial Regex MonthOfName();
}
