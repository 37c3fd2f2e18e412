using System.Data.Common;
using System.Net.Sockets;
using System.Transactions;
using Npgsql;

namespace Archon.Data;

/// <summary>
/// Tells an exception that means "the database is away" from a fault of ours. Npgsql's own exceptions arrive wrapped: by EF Core in
/// <see cref="InvalidOperationException"/>, <c>DbUpdateException</c> or <c>RetryLimitExceededException</c>, by Hangfire in its own, by tasks in
/// <see cref="AggregateException"/>.
/// </summary>
public static class DatabaseFailures
{
    /// <summary>
    /// True where the database could not be used: unreachable, frozen, stopping, without a free connection, or refusing our credentials. False where it
    /// answered and turned a statement down, such as a value that is there already.
    /// </summary>
    public static bool IsAway(Exception exception) =>
        Causes(exception)
            .Any(cause =>
                cause switch
                {
                    PostgresException refused => IsAway(refused.SqlState),
                    NpgsqlException or DatabaseAwayException => true,
                    // Hangfire's transactions end with this where their connection broke.
                    TransactionException => true,
                    _ => false,
                }
            );

    /// <summary>What the database said, or why it said nothing, as a sentence without secrets; null where the exception has nothing to do with it.</summary>
    public static string? Describe(Exception exception)
    {
        var causes = Causes(exception).ToList();
        var cause = causes.Find(one => one is DbException) ?? causes.Find(one => one is TransactionException);
        return cause switch
        {
            null => null,
            PostgresException { SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification } =>
                "The database refused the user name or password.",
            PostgresException { SqlState: PostgresErrorCodes.TooManyConnections } full =>
                $"The database has no free connection: {full.MessageText}.",
            PostgresException { SqlState: PostgresErrorCodes.QueryCanceled } => "The database did not answer in time.",
            PostgresException refused => Sentence(refused.MessageText),
            NpgsqlException { InnerException: TimeoutException } pool when pool.Message.Contains("pool", StringComparison.Ordinal) =>
                "No connection to the database became free in time.",
            NpgsqlException { InnerException: TimeoutException } => "The database did not answer in time.",
            NpgsqlException { InnerException: SocketException unreachable } =>
                $"The database cannot be reached: {Sentence(unreachable.Message)}",
            NpgsqlException { InnerException: IOException } => "The connection to the database broke.",
            TransactionException => "The connection to the database broke in a transaction.",
            _ => Sentence(cause.Message),
        };
    }

    /// <summary>By class and code, see "PostgreSQL Error Codes" in its manual, appendix A.</summary>
    private static bool IsAway(string state) =>
        state switch
        {
            PostgresErrorCodes.AdminShutdown
            or PostgresErrorCodes.CrashShutdown
            or PostgresErrorCodes.CannotConnectNow
            or PostgresErrorCodes.DatabaseDropped => true,
            PostgresErrorCodes.IdleSessionTimeout => true,
            // A server that became a standby takes no writes.
            PostgresErrorCodes.ReadOnlySqlTransaction => true,
            PostgresErrorCodes.InvalidCatalogName => true,
            // Connection exceptions, credentials, resources that are used up, errors of the system around it.
            _ => state[..2] is "08" or "28" or "53" or "58",
        };

    private static IEnumerable<Exception> Causes(Exception exception)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            yield return cause;
            if (cause is not AggregateException { InnerExceptions: { Count: > 1 } several })
                continue;
            foreach (var inner in several.Skip(1).SelectMany(Causes))
                yield return inner;
        }
    }

    private static string Sentence(string words) => words.EndsWith('.') ? words : words + ".";
}
