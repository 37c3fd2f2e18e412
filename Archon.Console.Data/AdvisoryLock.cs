using System.Data.Common;
using Npgsql;

namespace Archon.Data;

/// <summary>
/// A session-level PostgreSQL advisory lock on a connection of its own. It ends when it is disposed, and also when the process or the
/// connection ends: unlike a row in a table it cannot outlive its owner.
/// </summary>
public sealed class AdvisoryLock : IAsyncDisposable
{
    private const int TimeLimitSeconds = 5;
    private const int LongestApplicationName = 63; // PostgreSQL cuts off the rest

    // An owner whose machine lost power sends no FIN. By default Linux asks after two hours whether it still exists; here after 15 s, 3 times.
    private const string TakeSql = """
        SELECT set_config('tcp_keepalives_idle', '15', false), set_config('tcp_keepalives_interval', '5', false),
               set_config('tcp_keepalives_count', '3', false), pg_try_advisory_lock(@key)
        """;

    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(3);

    private readonly NpgsqlConnection session;
    private readonly long key;
    private readonly CancellationTokenSource lost = new();
    private readonly CancellationTokenSource released = new();
    private readonly Task watching;

    private AdvisoryLock(NpgsqlConnection session, long key)
    {
        (this.session, this.key) = (session, key);
        Lost = lost.Token;
        watching = Task.Run(WatchAsync);
    }

    /// <summary>
    /// Fires when the lock can no longer be relied on: its connection broke, or the server did not respond for 8 s. Another process may own the
    /// lock from then on.
    /// </summary>
    public CancellationToken Lost { get; }

    /// <param name="resource">What is locked; see <see cref="AdvisoryLocks.KeyOf"/>.</param>
    /// <returns>Null when another session owns the lock. This never waits for it.</returns>
    /// <exception cref="DbException">The database cannot be reached, or did not respond within 5 s.</exception>
    public static async Task<AdvisoryLock?> TryTakeAsync(ArchonConnection connection, string resource, CancellationToken cancellationToken)
    {
        var name = $"archon lock {resource}";
        var settings = new NpgsqlConnectionStringBuilder(connection.ConnectionString)
        {
            // From a pool, the session and with it the lock would outlive the owner.
            Pooling = false,
            // A job may run inside a TransactionScope of Hangfire; the lock is no part of it.
            Enlist = false,
            Timeout = TimeLimitSeconds,
            CommandTimeout = TimeLimitSeconds,
            // To ask a frozen server to cancel takes as long again.
            CancellationTimeout = -1,
            ApplicationName = name[..Math.Min(name.Length, LongestApplicationName)],
        };
        var key = AdvisoryLocks.KeyOf(resource);
        var session = new NpgsqlConnection(settings.ConnectionString);
        try
        {
            await session.OpenAsync(cancellationToken);
            await using var take = new NpgsqlCommand(TakeSql, session) { Parameters = { new NpgsqlParameter<long>("key", key) } };
            await using var reply = await take.ExecuteReaderAsync(cancellationToken);
            await reply.ReadAsync(cancellationToken);
            var isTaken = reply.GetBoolean(3);
            await reply.DisposeAsync();
            if (isTaken)
                return new AdvisoryLock(session, key);
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
        await session.DisposeAsync();
        return null;
    }

    public async ValueTask DisposeAsync()
    {
        if (released.IsCancellationRequested)
            return;
        await released.CancelAsync();
        await watching;
        if (!lost.IsCancellationRequested)
        {
            try
            {
                // Closing ends the lock too, but a moment after this method returns, and the next run would find it taken.
                await using var unlock = new NpgsqlCommand("SELECT pg_advisory_unlock(@key)", session)
                {
                    Parameters = { new NpgsqlParameter<long>("key", key) },
                };
                await unlock.ExecuteNonQueryAsync(CancellationToken.None);
            }
            catch (Exception failure) when (failure is DbException or InvalidOperationException)
            {
                // The session broke: that ends the lock as well.
            }
        }
        await session.DisposeAsync();
        lost.Dispose();
        released.Dispose();
    }

    private async Task WatchAsync()
    {
        try
        {
            while (true)
            {
                // A server that ends the session sends a message. One that is frozen or unreachable sends nothing, so it is asked.
                await session.WaitAsync(CheckInterval, released.Token);
                await using var check = new NpgsqlCommand("SELECT 1", session);
                await check.ExecuteNonQueryAsync(CancellationToken.None);
            }
        }
        catch (OperationCanceledException) when (released.IsCancellationRequested)
        {
            // released
        }
        // Whatever broke it, nobody may rely on the lock any more.
        catch (Exception)
        {
            await lost.CancelAsync();
        }
    }
}
