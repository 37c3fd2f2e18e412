using System.Globalization;
using Archon.Data;
using Archon.Jobs;
using Npgsql;

namespace Archon.Hosting;

/// <summary>What is needed of Hangfire's tables and its interface does not offer.</summary>
internal sealed class JobTables(ArchonConnection connection)
{
    /// <summary>Hangfire's own schema in the console's database.</summary>
    public const string Schema = "hangfire";

    /// <summary>Whether another job with the same method and arguments was put off already and will do this job's work.</summary>
    /// <exception cref="System.Data.Common.DbException">The database is away.</exception>
    public bool IsSameJobWaiting(string jobId)
    {
        using var session = new NpgsqlConnection(connection.ConnectionString);
        session.Open();
        using var ask = new NpgsqlCommand(
            $"""
            SELECT EXISTS (
                SELECT FROM {Schema}.job mine
                JOIN {Schema}.job other ON other.id <> mine.id AND other.invocationdata = mine.invocationdata AND other.arguments = mine.arguments
                JOIN {Schema}.state ON state.id = other.stateid
                WHERE mine.id = $1 AND other.statename = 'Scheduled' AND starts_with(state.reason, $2))
            """,
            session
        );
        ask.Parameters.AddWithValue(long.Parse(jobId, CultureInfo.InvariantCulture));
        ask.Parameters.AddWithValue(PostponedJob.ReasonStart);
        return (bool)ask.ExecuteScalar()!;
    }

    /// <summary>When Hangfire will run each recurring job next; null for one that it gave up.</summary>
    public async Task<IReadOnlyDictionary<string, DateTimeOffset?>> NextRunsAsync(CancellationToken cancellationToken)
    {
        await using var session = await OpenAsync(cancellationToken);
        await using var ask = new NpgsqlCommand($"SELECT value, score FROM {Schema}.set WHERE key = 'recurring-jobs'", session);
        await using var rows = await ask.ExecuteReaderAsync(cancellationToken);
        var next = new Dictionary<string, DateTimeOffset?>(StringComparer.Ordinal);
        while (await rows.ReadAsync(cancellationToken))
        {
            var seconds = rows.GetDouble(1);
            next[rows.GetString(0)] = seconds < 0 ? null : DateTimeOffset.FromUnixTimeSeconds((long)seconds);
        }
        return next;
    }

    /// <summary>Deletes Hangfire's locks that were taken after <paramref name="limit"/>: Hangfire waits for such a one until that time has come.</summary>
    /// <returns>The resources, each with the time that its lock was dated.</returns>
    public async Task<IReadOnlyList<(string Resource, DateTimeOffset Acquired)>> DeleteLocksAfterAsync(
        DateTimeOffset limit,
        CancellationToken cancellationToken
    )
    {
        await using var session = await OpenAsync(cancellationToken);
        await using var delete = new NpgsqlCommand($"DELETE FROM {Schema}.lock WHERE acquired > $1 RETURNING resource, acquired", session);
        delete.Parameters.AddWithValue(limit.UtcDateTime);
        await using var rows = await delete.ExecuteReaderAsync(cancellationToken);
        var deleted = new List<(string, DateTimeOffset)>();
        while (await rows.ReadAsync(cancellationToken))
            deleted.Add((rows.GetString(0), rows.GetFieldValue<DateTimeOffset>(1)));
        return deleted;
    }

    /// <summary>Lets jobs run now that were put off, or failed and are to be retried, while the clock was ahead.</summary>
    /// <returns>How many.</returns>
    public Task<int> HastenJobsPutOffAfterAsync(DateTimeOffset limit, DateTimeOffset now, CancellationToken cancellationToken) =>
        ChangeAsync(
            $"""
            UPDATE {Schema}.set AS entry SET score = $2
            FROM {Schema}.job JOIN {Schema}.state ON state.id = job.stateid
            WHERE entry.key = 'schedule' AND job.id = regexp_replace(entry.value, '^.*:', '')::bigint AND state.createdat > $1 AND entry.score > $2
            """,
            cancellationToken,
            limit.UtcDateTime,
            (double)now.ToUnixTimeSeconds()
        );

    /// <summary>Puts jobs back into their queue that a worker took while the server's clock was ahead; else they would wait for that time.</summary>
    /// <remarks>The worker may be alive, and the job then runs twice. Jobs are made for that.</remarks>
    /// <returns>How many.</returns>
    public Task<int> RequeueJobsTakenInTheFutureAsync(TimeSpan tolerance, CancellationToken cancellationToken) =>
        ChangeAsync($"UPDATE {Schema}.jobqueue SET fetchedat = NULL WHERE fetchedat > now() + $1", cancellationToken, tolerance);

    /// <summary>Dates heartbeats back to now that were sent while the server's clock was ahead; else a dead process would count as alive until that time.</summary>
    /// <returns>How many.</returns>
    public Task<int> CorrectHeartbeatsAsync(TimeSpan tolerance, CancellationToken cancellationToken) =>
        ChangeAsync($"UPDATE {Schema}.server SET lastheartbeat = now() WHERE lastheartbeat > now() + $1", cancellationToken, tolerance);

    private async Task<int> ChangeAsync(string sql, CancellationToken cancellationToken, params object[] parameters)
    {
        await using var session = await OpenAsync(cancellationToken);
#pragma warning disable CA2100 // The texts are those above.
        await using var change = new NpgsqlCommand(sql, session);
#pragma warning restore CA2100
        foreach (var value in parameters)
            change.Parameters.AddWithValue(value);
        return await change.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken)
    {
        var session = new NpgsqlConnection(connection.ConnectionString);
        try
        {
            await session.OpenAsync(cancellationToken);
            return session;
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }
}
