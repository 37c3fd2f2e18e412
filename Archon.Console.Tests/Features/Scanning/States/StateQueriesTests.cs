using Archon.Data.States;
using Archon.Features.Scanning.States;
using Archon.Tests.Features.Watches;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Archon.Tests.Features.Scanning.States;

[SystemTest]
public sealed class StateQueriesTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_state_at_the_beginning_of_a_range_is_that_which_was_written_last_before_it()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await AddAsync(
            database,
            Row(null, StateSubject.Console, "a", ConsoleStates.Recording, 0),
            Row(1, StateSubject.Service, "7", "Healthy", 10), // by a clock that was five minutes ahead
            Row(1, StateSubject.Service, "7", "Warning", 5),
            Row(1, StateSubject.Service, "8", "Critical", 12)
        );
        var queries = new StateQueries(database.Contexts, new FakeTimeProvider(At(60)));

        var one = await queries.HistoryAsync(1, StateSubject.Service, "7", At(20), At(30), Token);
        var all = await queries.HistoriesAsync(1, StateSubject.Service, At(20), At(30), Token);

        Assert.Equal("Warning", Assert.Single(one).State);
        Assert.Equal("Warning", Assert.Single(all["7"]).State);
        Assert.Equal("Critical", Assert.Single(all["8"]).State);
    }

    [Fact]
    public async Task An_index_serves_every_read_of_histories()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await FillAsync(database);
        var log = new CommandLog();
        var queries = new StateQueries(log.Contexts(database), new FakeTimeProvider(At(0)));

        await queries.HistoryAsync(1, StateSubject.Service, "7", At(-60), At(0), Token);
        await queries.HistoriesAsync(1, StateSubject.Service, At(-60), At(0), Token);
        await using (var db = await log.Contexts(database).CreateDbContextAsync(Token))
            Assert.False(await StateLog.RecordAsync(db, Row(1, StateSubject.Watch, "7", "Checked", 0), Token));

        var plans = await log.ExplainAsync(database, "state_changes", Token);
        foreach (var plan in plans)
            TestContext.Current.TestOutputHelper?.WriteLine(plan);
        Assert.Equal(9, plans.Count);
        Assert.All(plans, plan => Assert.DoesNotContain("Seq Scan on state_changes", plan, StringComparison.Ordinal));
        Assert.All(plans, plan => Assert.Contains(" using ix_state_changes_", plan, StringComparison.Ordinal));
    }

    /// <summary>90 days of 200 services and 200 watches that change twice a day, and of 500 runs of consoles.</summary>
    private static async Task FillAsync(TestDatabase database)
    {
        await using var db = await database.Contexts.CreateDbContextAsync(Token);
        await db.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO state_changes (environment_id, subject, subject_id, at, since, state, reason, figures)
            SELECT 1, subject, id::text, {At(0)} - change * interval '12 hours' - id * interval '1 second', {At(0)}, 'Checked', '', '[]'
            FROM generate_series(180, 1, -1) AS change, generate_series(1, 200) AS id, unnest(ARRAY['Service', 'Watch']) AS subject
            """,
            Token
        );
        await db.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO state_changes (environment_id, subject, subject_id, at, since, state, reason, figures)
            SELECT NULL, 'Console', run::text, {At(0)} - run * interval '4 hours', {At(0)}, state, '', '[]'
            FROM generate_series(500, 1, -1) AS run, unnest(ARRAY['Recording', 'Stopped']) AS state
            """,
            Token
        );
        await db.Database.ExecuteSqlRawAsync("ANALYZE state_changes", Token);
    }

    private static async Task AddAsync(TestDatabase database, params StateChange[] rows)
    {
        await using var db = await database.Contexts.CreateDbContextAsync(Token);
        foreach (var row in rows)
            await StateLog.AddAsync(db, [row], Token);
    }

    private static StateChange Row(int? environment, StateSubject subject, string id, string state, int minute) =>
        StateLog.Change(environment, subject, id, state, At(minute), At(minute), "");

    private static DateTimeOffset At(int minute) => JobBench.Start.AddMinutes(minute);
}
