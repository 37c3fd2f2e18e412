using Archon.Data;
using Archon.Data.Anomalies;
using Archon.Data.Catalogue;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace Archon.Tests.Data;

[SystemTest]
public sealed class PartitionsTests(PostgresFixture postgres)
{
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Last_month_this_one_and_the_next_have_their_partitions_however_often_it_is_asked()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var db = await database.Contexts.CreateDbContextAsync(Token);

        await Partitions.EnsureAsync(db, Now, Token);
        await Partitions.EnsureAsync(db, Now, Token);

        Assert.Equal(
            ["anomalies_2026_10", "anomalies_2026_11", "anomalies_2026_12", "anomalies_default"],
            await TablesAsync(db, "anomalies")
        );
        Assert.Equal(
            ["unchecked_spans_2026_10", "unchecked_spans_2026_11", "unchecked_spans_2026_12", "unchecked_spans_default"],
            await TablesAsync(db, "unchecked_spans")
        );
    }

    [Fact]
    public async Task Rows_that_came_before_their_partition_move_into_it()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var db = await database.Contexts.CreateDbContextAsync(Token);
        var id = await AddAsync(db, Now);
        Assert.Equal("anomalies_default", await TableOfAsync(db, id));

        await Partitions.EnsureAsync(db, Now, Token);

        Assert.Equal("anomalies_2026_11", await TableOfAsync(db, id));
    }

    [Fact]
    public async Task What_is_too_old_goes_with_its_partition_and_nothing_younger()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var db = await database.Contexts.CreateDbContextAsync(Token);
        await Partitions.EnsureAsync(db, Now.AddMonths(-4), Token);
        await Partitions.EnsureAsync(db, Now, Token);
        await AddAsync(db, Now.AddYears(-1));
        await AddAsync(db, Now.AddMonths(-4));
        var young = await AddAsync(db, Now.AddDays(-30));
        var withoutPartition = await AddAsync(db, Now.AddDays(-80));

        await Partitions.DropOlderThanAsync(db, Now.AddDays(-90), Token);

        Assert.Equal([withoutPartition, young], await db.Anomalies.OrderBy(a => a.StartedAt).Select(a => a.Id).ToListAsync(Token));
        Assert.Equal(
            ["anomalies_2026_08", "anomalies_2026_10", "anomalies_2026_11", "anomalies_2026_12", "anomalies_default"],
            await TablesAsync(db, "anomalies")
        );
    }

    [Fact]
    public async Task Two_consoles_may_make_partitions_at_once()
    {
        await using var database = await postgres.NewDatabaseAsync();

        await Task.WhenAll(
            Enumerable
                .Range(0, 4)
                .Select(async _ =>
                {
                    await using var db = await database.Contexts.CreateDbContextAsync(Token);
                    await Partitions.EnsureAsync(db, Now, Token);
                })
        );

        await using var db = await database.Contexts.CreateDbContextAsync(Token);
        Assert.Equal(4, (await TablesAsync(db, "anomalies")).Count);
    }

    private static async Task<long> AddAsync(ArchonDbContext db, DateTimeOffset startedAt)
    {
        var watch = await db.Watches.FirstOrDefaultAsync(Token);
        if (watch is null)
        {
            watch = new Watch
            {
                EnvironmentId = MonitoredEnvironment.DefaultId,
                Name = "latency",
                Query = "latency",
                Signal = WatchSignal.Duration,
                Unit = "s",
                CreatedAt = Now,
            };
            db.Watches.Add(watch);
            await db.SaveChangesAsync(Token);
        }
        var series = new WatchedSeries
        {
            EnvironmentId = watch.EnvironmentId,
            WatchId = watch.Id,
            LabelsKey = $"at=\"{startedAt:O}\"",
        };
        db.WatchedSeries.Add(series);
        await db.SaveChangesAsync(Token);
        var anomaly = new Anomaly
        {
            EnvironmentId = watch.EnvironmentId,
            WatchId = watch.Id,
            SeriesId = series.Id,
            StartedAt = startedAt,
        };
        db.Anomalies.Add(anomaly);
        await db.SaveChangesAsync(Token);
        return anomaly.Id;
    }

    private static Task<string> TableOfAsync(ArchonDbContext db, long id) =>
        db.Database.SqlQuery<string>($"""SELECT tableoid::regclass::text AS "Value" FROM anomalies WHERE id = {id}""").SingleAsync(Token);

    private static Task<List<string>> TablesAsync(ArchonDbContext db, string table) =>
        db
            .Database.SqlQuery<string>(
                $"""
                SELECT inhrelid::regclass::text AS "Value" FROM pg_inherits WHERE inhparent = {table}::regclass ORDER BY 1
                """
            )
            .ToListAsync(Token);
}
