using System.Data.Common;
using Archon.Data.Background;
using Archon.Data.Embedded;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Archon.Data;

/// <summary>
/// Brings the database up and keeps <see cref="ArchonDatabase"/> true: starts the embedded server where none is configured, migrates,
/// then looks every few seconds whether it still answers. It never gives up, so that the console comes up in any order with its database.
/// </summary>
internal sealed partial class ArchonDatabaseStarter(
    ArchonConnection connection,
    ArchonDatabase database,
    IDbContextFactory<ArchonDbContext> contexts,
    IOptions<DatabaseOptions> options,
    Supervision supervision,
    TimeProvider clock,
    ILogger<ArchonDatabaseStarter> logger
) : SupervisedService("Database monitor", supervision)
{
    /// <summary>The oldest PostgreSQL that the migrations are tried on.</summary>
    private const int OldestMajor = 15;

    /// <summary>So far apart are probes at least, however much fails.</summary>
    private static readonly TimeSpan ShortestProbeInterval = TimeSpan.FromMilliseconds(500);

    private EmbeddedPostgres? embedded;

    protected override async Task RunAsync(CancellationToken stoppingToken)
    {
        var pause = TimeSpan.Zero;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await StartAsyncCore(stoppingToken);
                ReportHealthy();
                pause = TimeSpan.Zero;
                while (true)
                {
                    await database.WhenSuspectedAsync(options.Value.ProbeInterval, clock, stoppingToken);
                    await ProbeAsync(stoppingToken);
                    if (options.Value.ProbeInterval > ShortestProbeInterval)
                        await Task.Delay(ShortestProbeInterval, clock, stoppingToken);
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            // Whatever it is, people get to read it on every page and it is tried again: nobody restarts a console at night for this.
            catch (Exception failure)
            {
                var reason = Describe(failure);
                // Said once for each reason: an outage of an hour has thousands of attempts.
                if (database.State is not DatabaseState.Away { Reason: var known } || known != reason)
                {
                    LogAway(reason, failure is DbException or EmbeddedPostgresException or TimeoutException ? null : failure);
                }
                database.Become(
                    database.State is DatabaseState.Away away
                        ? away with
                        {
                            Reason = reason,
                        }
                        : new DatabaseState.Away(reason, clock.GetUtcNow())
                );
                // A pooled connection may still lead to the server that went away.
                NpgsqlConnection.ClearAllPools();
                if (failure is TimeoutException)
                    await EndConnectionsAsync(stoppingToken);
                // To ask costs nothing, so a database that is back is noticed at once; to start a server that cannot start costs a lot.
                pause =
                    failure is EmbeddedPostgresException
                        ? TimeSpan.FromTicks(
                            Math.Clamp(pause.Ticks * 2, options.Value.ShortestRetry.Ticks, options.Value.LongestRetry.Ticks)
                        )
                        : options.Value.ShortestRetry;
            }
            await Task.Delay(pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (embedded is not null)
            await embedded.DisposeAsync();
    }

    private async Task StartAsyncCore(CancellationToken cancellationToken)
    {
        // A server of ours that is there and does not answer is busy or frozen: it is asked again, not stopped.
        if (!connection.IsConfigured && embedded?.IsRunning != true)
        {
            if (embedded is not null)
                await embedded.DisposeAsync();
            embedded = null;
            embedded = await EmbeddedPostgres.StartAsync(
                new EmbeddedPostgresOptions { DataFolder = Path.Combine(options.Value.Folder, "postgres") },
                logger,
                cancellationToken
            );
            connection.Use(embedded.ConnectionString);
        }
        await ProbeAsync(cancellationToken);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var applied = await MigrateAsync(db, cancellationToken);
        await Partitions.EnsureAsync(db, clock.GetUtcNow(), cancellationToken);
        database.Become(new DatabaseState.Ready());
        LogReady(applied);
    }

    /// <summary>Under an advisory lock: of two consoles that start at once, one migrates and the other finds it done.</summary>
    private static async Task<int> MigrateAsync(ArchonDbContext db, CancellationToken cancellationToken)
    {
        var server = (NpgsqlConnection)db.Database.GetDbConnection();
        await db.Database.OpenConnectionAsync(cancellationToken);
        try
        {
            if (server.PostgreSqlVersion.Major < OldestMajor)
            {
                throw new DatabaseAwayException(
                    $"PostgreSQL {server.PostgreSqlVersion} is too old; Archon needs {OldestMajor} or newer. Upgrade the server, or name another one."
                );
            }
            // After an outage there is nothing to migrate, and nothing to wait for.
            if (!(await db.Database.GetPendingMigrationsAsync(cancellationToken)).Any())
                return 0;
            db.Database.SetCommandTimeout(TimeSpan.FromMinutes(5));
            await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_lock({AdvisoryLocks.Migrations})", cancellationToken);
            await ReplacedMigrations.RecordAsync(db, cancellationToken);
            var pending = (await db.Database.GetPendingMigrationsAsync(cancellationToken)).ToList();
            if (pending.Count > 0)
                await db.Database.MigrateAsync(cancellationToken);
            await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_unlock({AdvisoryLocks.Migrations})", CancellationToken.None);
            return pending.Count;
        }
        finally
        {
            db.Database.SetCommandTimeout((int?)null);
            await db.Database.CloseConnectionAsync();
        }
    }

    /// <summary>On a new connection each time: a server that takes no new ones is away, whatever the old ones do.</summary>
    /// <exception cref="DbException">The database refused, or cannot be reached.</exception>
    /// <exception cref="TimeoutException">It did not answer in <see cref="DatabaseOptions.ProbeTimeout"/>, connecting included.</exception>
    private async Task ProbeAsync(CancellationToken cancellationToken)
    {
        var limit = options.Value.ProbeTimeout;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var probe = AskAsync(connection.ConnectionString, limit, stop.Token);
        try
        {
            // A frozen server accepts the connection and then says nothing. Whatever Npgsql waits for, this does not wait longer.
            await probe.WaitAsync(limit, clock, cancellationToken);
        }
        catch (PostgresException busy) when (busy.SqlState is PostgresErrorCodes.TooManyConnections)
        {
            // It answers, and those who have a connection work on.
        }
        catch (Exception failure) when (failure is TimeoutException || (failure is NpgsqlException { InnerException: TimeoutException }))
        {
            throw new TimeoutException($"The database did not answer within {limit.TotalSeconds:0.#} s.", failure);
        }
        finally
        {
            await stop.CancelAsync();
            _ = probe.ContinueWith(
                late => late.Exception,
                CancellationToken.None,
                TaskContinuationOptions.OnlyOnFaulted,
                TaskScheduler.Default
            );
        }
    }

    /// <summary>Of a server that does not answer: whoever waits for it learns now that it is away.</summary>
    private async Task EndConnectionsAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (await DatabaseSockets.ShutDownAsync(connection.ConnectionString, cancellationToken) is > 0 and var ended)
                LogEnded(ended);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            // They end with the server, or with the console.
        }
    }

    private static async Task AskAsync(string connectionString, TimeSpan limit, CancellationToken cancellationToken)
    {
        var seconds = (int)Math.Ceiling(limit.TotalSeconds);
        var settings = new NpgsqlConnectionStringBuilder(connectionString)
        {
            Pooling = false,
            Timeout = seconds,
            CommandTimeout = seconds,
            // To ask a frozen server to cancel takes as long again.
            CancellationTimeout = -1,
            ApplicationName = "archon probe",
        };
        await using var server = new NpgsqlConnection(settings.ConnectionString);
        await server.OpenAsync(cancellationToken);
        await using var ask = new NpgsqlCommand("SELECT 1", server);
        await ask.ExecuteScalarAsync(cancellationToken);
    }

    protected override string Describe(Exception failure) =>
        DatabaseFailures.Describe(failure)
        ?? (
            failure is EmbeddedPostgresException or TimeoutException
                ? failure.Message
                : $"The database could not be brought up ({failure.GetType().Name}); the console's log says more."
        );

    [LoggerMessage(Level = LogLevel.Information, Message = "The database is ready, {Applied} migrations applied")]
    private partial void LogReady(int applied);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Ended {Count} connections to the database, which accepts them and does not answer")]
    private partial void LogEnded(int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The database is away and will be tried again: {Reason}")]
    private partial void LogAway(string reason, Exception? failure);
}
