using System.Data.Common;
using Archon.Data.Embedded;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
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
    TimeProvider clock,
    ILogger<ArchonDatabaseStarter> logger) : BackgroundService
{
    /// <summary>The oldest PostgreSQL that the migrations are tried on.</summary>
    private const int OldestMajor = 15;

    private EmbeddedPostgres? embedded;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var pause = TimeSpan.Zero;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await StartAsyncCore(stoppingToken);
                pause = TimeSpan.Zero;
                while (true)
                {
                    await Task.Delay(options.Value.ProbeInterval, clock, stoppingToken);
                    await ProbeAsync(stoppingToken);
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
                LogAway(reason, failure is DbException or EmbeddedPostgresException ? null : failure);
                database.Become(database.State is DatabaseState.Away away
                    ? away with { Reason = reason } : new DatabaseState.Away(reason, clock.GetUtcNow()));
                // A pooled connection may still lead to the server that went away.
                NpgsqlConnection.ClearAllPools();
            }
            pause = TimeSpan.FromTicks(Math.Clamp(pause.Ticks * 2, options.Value.ShortestRetry.Ticks, options.Value.LongestRetry.Ticks));
            await Task.Delay(pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (embedded is not null) await embedded.DisposeAsync();
    }

    private async Task StartAsyncCore(CancellationToken cancellationToken)
    {
        if (!connection.IsConfigured)
        {
            if (embedded is not null) await embedded.DisposeAsync();
            embedded = null;
            embedded = await EmbeddedPostgres.StartAsync(
                new EmbeddedPostgresOptions { DataFolder = Path.Combine(options.Value.Folder, "postgres") }, logger, cancellationToken);
            connection.Use(embedded.ConnectionString);
        }
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
                    $"PostgreSQL {server.PostgreSqlVersion} is too old; Archon needs {OldestMajor} or newer. Upgrade the server, or name another one.");
            }
            db.Database.SetCommandTimeout(TimeSpan.FromMinutes(5));
            await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_lock({AdvisoryLocks.Migrations})", cancellationToken);
            var pending = (await db.Database.GetPendingMigrationsAsync(cancellationToken)).ToList();
            if (pending.Count > 0) await db.Database.MigrateAsync(cancellationToken);
            await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_unlock({AdvisoryLocks.Migrations})", CancellationToken.None);
            return pending.Count;
        }
        finally
        {
            db.Database.SetCommandTimeout((int?)null);
            await db.Database.CloseConnectionAsync();
        }
    }

    private async Task ProbeAsync(CancellationToken cancellationToken)
    {
        await using var server = new NpgsqlConnection(connection.ConnectionString);
        await server.OpenAsync(cancellationToken);
        await using var ask = server.CreateCommand();
        ask.CommandText = "SELECT 1";
        ask.CommandTimeout = (int)options.Value.ProbeTimeout.TotalSeconds;
        await ask.ExecuteScalarAsync(cancellationToken);
    }

    private static string Describe(Exception failure) => failure switch
    {
        // EF Core wraps what looks transient, to recommend a retrying strategy.
        InvalidOperationException { InnerException: DbException cause } => Describe(cause),
        PostgresException { SqlState: PostgresErrorCodes.InvalidPassword } => "The database refused the user name or password.",
        PostgresException refused => refused.MessageText,
        NpgsqlException { InnerException: TimeoutException } => "The database did not answer in time.",
        NpgsqlException { InnerException: System.Net.Sockets.SocketException unreachable } => $"The database cannot be reached: {unreachable.Message}.",
        DbException or EmbeddedPostgresException or TimeoutException => failure.Message,
        _ => $"The database could not be brought up ({failure.GetType().Name}); the console's log says more.",
    };

    [LoggerMessage(Level = LogLevel.Information, Message = "The database is ready, {Applied} migrations applied")]
    private partial void LogReady(int applied);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The database is away and will be tried again: {Reason}")]
    private partial void LogAway(string reason, Exception? failure);
}
