using System.Net.Sockets;
using System.Transactions;
using Archon.Data;
using Archon.Live;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;
using Xunit;

namespace Archon.Tests.Data;

public sealed class DatabaseFailuresTests
{
    private static readonly NpgsqlException Refused = new(
        "Failed to connect to 127.0.0.1:5432",
        new SocketException((int)SocketError.ConnectionRefused)
    );
    private static readonly NpgsqlException Slow = new(
        "Exception while reading from stream",
        new TimeoutException("Timeout during reading attempt")
    );
    private static readonly NpgsqlException Broken = new(
        "Exception while reading from stream",
        new EndOfStreamException("Attempted to read past the end of the stream.")
    );
    private static readonly NpgsqlException PoolIsEmpty = new(
        "The connection pool has been exhausted, either raise 'Max Pool Size' (currently 50)",
        new TimeoutException("The operation has timed out.")
    );

    public static TheoryData<string, Exception, string> Away =>
        new()
        {
            { "as it is", Refused, "The database cannot be reached: Connection refused." },
            {
                "by a query of EF Core",
                new InvalidOperationException("likely due to a transient failure", Refused),
                "The database cannot be reached: Connection refused."
            },
            {
                "by a change of EF Core",
                new DbUpdateException("An error occurred while saving the entity changes.", Broken),
                "The connection to the database broke."
            },
            {
                "by both",
                new DbUpdateException("saving", new InvalidOperationException("transient", Slow)),
                "The database did not answer in time."
            },
            {
                "by a retrying strategy",
                new RetryLimitExceededException("The maximum number of retries was exceeded", Slow),
                "The database did not answer in time."
            },
            {
                "by a task",
                new AggregateException(new InvalidOperationException("ours"), Refused),
                "The database cannot be reached: Connection refused."
            },
            { "without a free connection", PoolIsEmpty, "No connection to the database became free in time." },
            { "by Hangfire's transaction", new TransactionAbortedException("aborted", Broken), "The connection to the database broke." },
            {
                "stopping",
                Postgres(PostgresErrorCodes.AdminShutdown, "terminating connection due to administrator command"),
                "terminating connection due to administrator command."
            },
            {
                "starting",
                Postgres(PostgresErrorCodes.CannotConnectNow, "the database system is starting up"),
                "the database system is starting up."
            },
            {
                "full",
                Postgres(PostgresErrorCodes.TooManyConnections, "sorry, too many clients already"),
                "The database has no free connection: sorry, too many clients already."
            },
            {
                "with another password",
                Postgres(PostgresErrorCodes.InvalidPassword, "password authentication failed for user \"archon\""),
                "The database refused the user name or password."
            },
            {
                "not started",
                new DatabaseAwayException("The embedded PostgreSQL has not started yet."),
                "The embedded PostgreSQL has not started yet."
            },
        };

    [Theory, MemberData(nameof(Away))]
    public void A_database_that_is_away_is_known_however_its_exception_is_wrapped(string how, Exception exception, string words)
    {
        Assert.True(DatabaseFailures.IsAway(exception), how);
        Assert.Equal(words, DatabaseFailures.Describe(exception));
        Assert.Equal(words, ReadFailures.Describe(exception));
    }

    [Fact]
    public void A_statement_that_was_turned_down_is_described_and_does_not_count_as_away()
    {
        var twice = new DbUpdateException(
            "saving",
            Postgres(PostgresErrorCodes.UniqueViolation, "duplicate key value violates unique constraint \"ix\"")
        );

        Assert.False(DatabaseFailures.IsAway(twice));
        Assert.Equal("duplicate key value violates unique constraint \"ix\".", DatabaseFailures.Describe(twice));
    }

    [Fact]
    public void A_fault_of_ours_has_nothing_to_do_with_it()
    {
        foreach (
            var ours in (Exception[])
                [
                    new InvalidOperationException("ours"),
                    new DbUpdateConcurrencyException("changed meanwhile"),
                    new IOException("a file"),
                    new TimeoutException("an upstream"),
                ]
        )
        {
            Assert.False(DatabaseFailures.IsAway(ours), ours.Message);
            Assert.Null(DatabaseFailures.Describe(ours));
        }
    }

    private static PostgresException Postgres(string state, string words) => new(words, "FATAL", "FATAL", state);
}
