using Archon.Data;
using Archon.Tests.Kit;
using Npgsql;
using Xunit;

namespace Archon.Tests.Data;

[SystemTest]
public sealed class AdvisoryLockTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_owner_at_a_time_and_the_next_one_as_soon_as_it_is_released()
    {
        await using var database = await postgres.NewDatabaseAsync();
        var connection = LiveDatabase.Connection(database);

        for (var turn = 0; turn < 5; turn++)
        {
            await using var owned = await AdvisoryLock.TryTakeAsync(connection, "triage:1", Token);
            await using var second = await AdvisoryLock.TryTakeAsync(connection, "triage:1", Token);
            await using var other = await AdvisoryLock.TryTakeAsync(connection, "triage:2", Token);

            Assert.NotNull(owned);
            Assert.Null(second);
            Assert.NotNull(other);
        }
    }

    [Fact]
    public async Task A_session_that_the_server_ended_loses_the_lock_and_says_so()
    {
        await using var database = await postgres.NewDatabaseAsync();
        var connection = LiveDatabase.Connection(database);
        await using var owned = await AdvisoryLock.TryTakeAsync(connection, "triage:1", Token);
        using var lost = new ManualResetEventSlim();
        using var _ = owned!.Lost.Register(lost.Set);

        await TerminateAsync(database, "archon lock triage:1");

        Assert.True(lost.Wait(TimeSpan.FromSeconds(20), Token));
        await using var next = await AdvisoryLock.TryTakeAsync(connection, "triage:1", Token);
        Assert.NotNull(next);
    }

    [Fact]
    public async Task An_idle_lock_stays_through_many_checks_of_its_connection()
    {
        await using var database = await postgres.NewDatabaseAsync();
        var connection = LiveDatabase.Connection(database);
        await using var owned = await AdvisoryLock.TryTakeAsync(connection, "triage:1", Token);
        await using var watcher = new NpgsqlConnection(database.ConnectionString);
        await watcher.OpenAsync(Token);

        // Each check is a query of the lock's session.
        var seen = new HashSet<DateTime>();
        while (seen.Count < 3)
        {
            await using var ask = new NpgsqlCommand(
                "SELECT query_start FROM pg_stat_activity WHERE application_name = 'archon lock triage:1'",
                watcher
            );
            seen.Add((DateTime)(await ask.ExecuteScalarAsync(Token))!);
            await Task.Delay(100, Token);
        }

        Assert.False(owned!.Lost.IsCancellationRequested);
        await using var second = await AdvisoryLock.TryTakeAsync(connection, "triage:1", Token);
        Assert.Null(second);
    }

    [Fact]
    public void A_key_made_of_a_text_never_meets_one_of_the_fixed_keys()
    {
        var texts = Enumerable.Range(0, 10_000).Select(number => $"fit:{number}").ToList();

        Assert.All((long[])[AdvisoryLocks.Migrations, AdvisoryLocks.Partitions], key => Assert.True(key > 0));
        Assert.All(texts, text => Assert.True(AdvisoryLocks.KeyOf(text) < 0));
        Assert.Equal(texts.Count, texts.Select(AdvisoryLocks.KeyOf).Distinct().Count());
        Assert.Equal(AdvisoryLocks.KeyOf("triage:1"), AdvisoryLocks.KeyOf("triage:1"));
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_an_error_and_no_taken_lock()
    {
        var nowhere = new ArchonConnection(
            new NpgsqlConnectionStringBuilder
            {
                Host = "127.0.0.1",
                Port = NoServer.Port,
                Username = "archon",
            }.ConnectionString
        );

        await Assert.ThrowsAnyAsync<NpgsqlException>(() => AdvisoryLock.TryTakeAsync(nowhere, "triage:1", Token));
    }

    private static async Task TerminateAsync(TestDatabase database, string applicationName)
    {
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync(Token);
        await using var terminate = new NpgsqlCommand(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1",
            connection
        );
        terminate.Parameters.AddWithValue(applicationName);
        Assert.Equal(true, await terminate.ExecuteScalarAsync(Token));
    }
}
