using Archon.Data;
using Archon.Data.Anomalies;
using Archon.Data.Catalogue;
using Archon.Data.States;
using Archon.Features.Scanning;
using Archon.Features.Scanning.States;
using Archon.Features.Services;
using Archon.Features.Watches;
using Archon.Tests.Features.Watches;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace Archon.Tests.Features.Scanning.States;

/// <summary>How states of many subjects are found and written.</summary>
[SystemTest]
public sealed class StateSourceTests(PostgresFixture postgres)
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(15);
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Another_signal_of_a_watch_is_recorded_for_its_open_anomalies_and_only_for_them()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var watch = await bench.AddWatchAsync();
        var (open, ended) = await AddAnomaliesAsync(bench, watch);
        var commands = bench.Get<WatchCommands>();
        var draft = new WatchDraft("latency", "latency", WatchSignal.Duration, "s", Step, AnomalyDirection.Up, 0.5);

        await commands.EditAsync(watch, null, draft with { Sensitivity = 0.7 }, TestActor.Named("ada"), Token);
        var edited = await bench.ReadAsync(db => db.Watches.AsNoTracking().SingleAsync(Token));
        bench.Clock.Advance(Step);
        var result = await commands.EditAsync(
            watch,
            edited.EditedAt,
            draft with
            {
                Signal = WatchSignal.Saturation,
            },
            TestActor.Named("ada"),
            Token
        );

        Assert.IsType<WatchResult.Done>(result);
        var rows = await RowsAsync(bench, StateSubject.Anomaly, open);
        Assert.Equal(["Critical", "Warning"], rows.Select(row => row.State));
        Assert.Equal((bench.Clock.GetUtcNow(), bench.Clock.GetUtcNow()), (rows[1].At, rows[1].Since));
        Assert.StartsWith("The watch was edited.", rows[1].Reason, StringComparison.Ordinal);
        Assert.Equal(["Critical", "Ended"], (await RowsAsync(bench, StateSubject.Anomaly, ended)).Select(row => row.State));
    }

    [Fact]
    public async Task A_source_that_fails_takes_nothing_from_what_others_recorded()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var watch = await bench.AddWatchAsync();
        await bench.ReadAsync(db => db.Watches.ExecuteUpdateAsync(set => set.SetProperty(one => one.Enabled, false), Token));

        var recorder = bench.Recorder(new WatchStates(bench.Clock), new FailingSource());
        await Assert.ThrowsAsync<InvalidOperationException>(() => recorder.RecordAsync(Token));

        Assert.Equal("Off", Assert.Single(await RowsAsync(bench, StateSubject.Watch, watch)).State);
        Assert.False(await bench.ReadAsync(db => db.ConsoleRuns.AnyAsync(Token)));
    }

    [Fact]
    public async Task Many_changes_are_recorded_with_as_many_statements_as_one()
    {
        var one = await StatementsAsync(1);
        var forty = await StatementsAsync(40);

        Assert.Equal(one.Count, forty.Count);
        // What a sparkline shows is most of a row of a series.
        Assert.DoesNotContain(forty, text => text.Contains("recent", StringComparison.Ordinal));
    }

    /// <summary>What it takes to record that some watches are off and that their services are not checked.</summary>
    private async Task<IReadOnlyList<string>> StatementsAsync(int count)
    {
        await using var bench = await JobBench.StartAsync(postgres);
        for (var i = 0; i < count; i++)
        {
            await bench.AddWatchAsync($"latency_{i}");
            await AddServiceAsync(bench, $"service-{i}");
        }
        await bench.ReadAsync(db => db.Watches.ExecuteUpdateAsync(set => set.SetProperty(one => one.Enabled, false), Token));
        var log = new CommandLog();
        var contexts = log.Contexts(bench.Database);
        foreach (var source in (IStateSource[])[new WatchStates(bench.Clock), new ServiceStates(bench.Clock)])
        {
            await using var db = await contexts.CreateDbContextAsync(Token);
            await using var transaction = await db.Database.BeginTransactionAsync(Token);
            await source.RecordAsync(db, 1, bench.Clock.GetUtcNow(), Token);
            await transaction.CommitAsync(Token);
        }
        Assert.Equal(2 * count, await bench.ReadAsync(db => db.StateChanges.CountAsync(Token)));
        return log.Texts;
    }

    private sealed class FailingSource : IStateSource
    {
        public Task RecordAsync(
            ArchonDbContext db,
            int environmentId,
            DateTimeOffset recordingSince,
            CancellationToken cancellationToken
        ) => throw new InvalidOperationException("This source fails.");
    }

    private static async Task<(long Open, long Ended)> AddAnomaliesAsync(JobBench bench, int watch)
    {
        var series = new WatchedSeries
        {
            EnvironmentId = 1,
            WatchId = watch,
            LabelsKey = "",
        };
        await bench.ReadAsync(db =>
        {
            db.WatchedSeries.Add(series);
            return db.SaveChangesAsync(Token);
        });
        Anomaly Starting(int minutesAgo, DateTimeOffset? endedAt) =>
            new()
            {
                EnvironmentId = 1,
                WatchId = watch,
                SeriesId = series.Id,
                StartedAt = JobBench.Start.AddMinutes(-minutesAgo),
                LastSeenAt = JobBench.Start,
                EndedAt = endedAt,
                Direction = AnomalyDirection.Up,
                Severity = AnomalySeverity.Critical,
                Confidence = 0.99,
                Value = 2,
                Expected = 0.1,
                Explanation = "2 s, usually near 0.1 s.",
            };
        var (open, ended) = (Starting(10, null), Starting(20, JobBench.Start));
        await bench.ReadAsync(db =>
        {
            db.Anomalies.AddRange(open, ended);
            return db.SaveChangesAsync(Token);
        });
        StateChange Row(Anomaly anomaly, string state) =>
            StateLog.Change(1, StateSubject.Anomaly, $"{anomaly.Id}", state, JobBench.Start, anomaly.StartedAt, "");
        await bench.ReadAsync(db =>
        {
            db.StateChanges.AddRange(Row(open, "Critical"), Row(ended, "Critical"), Row(ended, "Ended"));
            return db.SaveChangesAsync(Token);
        });
        return (open.Id, ended.Id);
    }

    private static async Task<int> AddServiceAsync(JobBench bench, string name = "checkout")
    {
        var service = new Service
        {
            EnvironmentId = 1,
            Name = name,
            Origin = CatalogueOrigin.Accepted,
            Matchers = { ["service"] = name },
            CreatedAt = JobBench.Start,
            LastSeenAt = JobBench.Start,
        };
        await bench.ReadAsync(db =>
        {
            db.Services.Add(service);
            return db.SaveChangesAsync(Token);
        });
        return service.Id;
    }

    private static Task<List<StateChange>> RowsAsync(JobBench bench, StateSubject subject, long id) =>
        bench.ReadAsync(db =>
            db.StateChanges.AsNoTracking()
                .Where(row => row.EnvironmentId == 1 && row.Subject == subject && row.SubjectId == $"{id}")
                .OrderBy(row => row.Id)
                .ToListAsync(Token)
        );
}
