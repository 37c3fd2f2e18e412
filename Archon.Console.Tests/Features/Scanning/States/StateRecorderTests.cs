using Archon.Data.Anomalies;
using Archon.Data.Catalogue;
using Archon.Data.States;
using Archon.Features.Anomalies;
using Archon.Features.Scanning;
using Archon.Features.Scanning.States;
using Archon.Tests.Features.Watches;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace Archon.Tests.Features.Scanning.States;

[SystemTest]
public sealed class StateRecorderTests(PostgresFixture postgres)
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(15);
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_service_has_one_row_for_each_change_of_its_health_with_reason_and_figures()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var (watch, service) = await FittedAsync(bench, at => at >= Unix(3) && at < Unix(8) ? 2 : Quiet(at));
        var recorder = bench.Get<StateRecorder>();

        await recorder.RecordAsync(Token);
        for (var i = 0; i < 14; i++)
        {
            await bench.ScanAsync(watch, Step);
            await recorder.RecordAsync(Token);
        }

        var rows = await RowsAsync(bench, StateSubject.Service, service);
        Assert.Equal(["Healthy", "Warning", "Critical", "Healthy"], rows.Select(row => row.State));
        Assert.Equal("Within expected bands", rows[0].Reason);
        Assert.StartsWith("latency 2 s, expected ", rows[1].Reason, StringComparison.Ordinal);
        Assert.Equal((2, "s"), (rows[1].Figures[0].Value, rows[1].Figures[0].Unit));
        Assert.Equal(["value", "expected from", "expected to", "confidence"], rows[1].Figures.Select(figure => figure.Name));
        Assert.Equal((JobBench.Start + (3 * Step), JobBench.Start + (3 * Step)), (rows[1].Since, rows[1].At));
    }

    [Fact]
    public async Task An_anomaly_has_a_row_for_its_beginning_each_verdict_and_its_end()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var (watch, _) = await FittedAsync(bench, at => at >= Unix(1) && at < Unix(4) ? 2 : Quiet(at));
        for (var i = 0; i < 2; i++)
            await bench.ScanAsync(watch, Step);
        var anomaly = await bench.ReadAsync(db => db.Anomalies.AsNoTracking().SingleAsync(Token));
        var commands = bench.Get<AnomalyCommands>();

        await commands.JudgeAsync(anomaly.Id, anomaly.StartedAt, AnomalyVerdict.Noise, TestActor.Named("ada"), Token);
        await commands.JudgeAsync(anomaly.Id, anomaly.StartedAt, AnomalyVerdict.Expected, TestActor.Named("ada"), Token);
        await commands.JudgeAsync(anomaly.Id, anomaly.StartedAt, null, TestActor.Named("ada"), Token);
        for (var i = 0; i < 8; i++)
            await bench.ScanAsync(watch, Step);

        var rows = await RowsAsync(bench, StateSubject.Anomaly, anomaly.Id);
        Assert.Equal(["Warning", "Judged", "Warning", "Ended"], rows.Select(row => row.State));
        Assert.Equal(anomaly.StartedAt, rows[0].Since);
        Assert.Equal("value", rows[0].Figures[0].Name);
        Assert.StartsWith("Verdict: noise.", rows[1].Reason, StringComparison.Ordinal);
        Assert.Equal("Back in its expected band.", rows[3].Reason);
        Assert.Equal(JobBench.Start + (4 * Step), rows[3].Since);
    }

    [Fact]
    public async Task Workers_that_record_and_scan_at_once_write_each_change_once()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var (watch, service) = await FittedAsync(bench, at => at / 120 % 2 == 0 ? 2 : Quiet(at));
        var recorders = Enumerable.Range(0, 3).Select(_ => bench.Get<StateRecorder>()).ToList();

        for (var i = 0; i < 24; i++)
        {
            bench.Metrics.Down = i is > 15 and < 20;
            bench.Clock.Advance(2 * Step);
            await Task.WhenAll([
                .. recorders.Select(recorder => recorder.RecordAsync(Token)),
                .. Enumerable.Range(0, 3).Select(_ => bench.Get<ScanJob>().ScanAsync(watch, Token)),
            ]);
        }
        await recorders[0].RecordAsync(Token);

        var services = await RowsAsync(bench, StateSubject.Service, service);
        var watches = await RowsAsync(bench, StateSubject.Watch, watch);
        Assert.True(services.Count >= 3, $"{services.Count} changes");
        Assert.Equal(["Checked", "NotChecked", "Checked"], watches.Select(row => row.State));
        foreach (var history in (List<StateChange>[])[services, watches])
            Assert.All(history.Zip(history.Skip(1)), pair => Assert.NotEqual(pair.First.State, pair.Second.State));
        foreach (var anomaly in await bench.ReadAsync(db => db.Anomalies.AsNoTracking().ToListAsync(Token)))
        {
            var rows = await RowsAsync(bench, StateSubject.Anomaly, anomaly.Id);
            Assert.Equal(anomaly.EndedAt is null ? 0 : 1, rows.Count(row => row.State == AnomalyStates.Ended));
            Assert.All(rows.Zip(rows.Skip(1)), pair => Assert.NotEqual(pair.First.State, pair.Second.State));
        }
    }

    [Fact]
    public async Task A_watch_is_not_checked_without_an_answer_or_a_scan_and_off_when_it_is_switched_off()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var (watch, _) = await FittedAsync(bench, Quiet);
        var recorder = bench.Get<StateRecorder>();
        bench.Metrics.Down = true;
        await bench.ScanAsync(watch, Step);
        await bench.ScanAsync(watch, Step);
        bench.Metrics.Down = false;
        await bench.ScanAsync(watch, Step);
        await recorder.RecordAsync(Token);

        for (var i = 0; i < 4; i++)
        {
            bench.Clock.Advance(Step);
            await recorder.RecordAsync(Token);
        }
        await bench.ScanAsync(watch, Step);
        await recorder.RecordAsync(Token);
        await bench.ReadAsync(db => db.Watches.ExecuteUpdateAsync(set => set.SetProperty(one => one.Enabled, false), Token));
        await recorder.RecordAsync(Token);

        var rows = await RowsAsync(bench, StateSubject.Watch, watch);
        Assert.Equal(["Checked", "NotChecked", "Checked", "NotChecked", "Checked", "Off"], rows.Select(row => row.State));
        Assert.Equal(JobBench.Start, rows[1].Since);
        Assert.Equal("No scan for 60 s.", rows[3].Reason);
        Assert.Equal(new StateFigure("time without a scan", 60, "s"), Assert.Single(rows[3].Figures));
        Assert.Equal("The watch is switched off.", rows[5].Reason);
    }

    [Fact]
    public async Task A_change_is_dated_when_the_console_learned_of_it_and_not_when_it_asked()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        bench.Metrics.Serve("latency", "checkout", Quiet);
        var watch = await bench.AddWatchAsync();
        bench.Metrics.BeforeAnswer = () =>
        {
            bench.Clock.Advance(TimeSpan.FromSeconds(2));
            return Task.CompletedTask;
        };

        await bench.ScanAsync(watch, Step);

        var row = Assert.Single(await RowsAsync(bench, StateSubject.Watch, watch));
        // Nothing was asked of Prometheus after that.
        Assert.Equal(bench.Clock.GetUtcNow(), row.At);
        Assert.True(row.At > JobBench.Start + Step);
    }

    [Fact]
    public async Task A_verdict_that_waits_for_a_scan_is_dated_after_what_the_scan_wrote()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var (watch, _) = await FittedAsync(bench, at => at >= Unix(1) ? 2 : Quiet(at));
        await bench.ScanAsync(watch, Step);
        var anomaly = await bench.ReadAsync(db => db.Anomalies.AsNoTracking().SingleAsync(Token));
        await using var scan = await bench.Database.Contexts.CreateDbContextAsync(Token);
        await using var scanning = await scan.Database.BeginTransactionAsync(Token);
        await ScanStore.LockAsync(scan, watch, Token);

        var judging = bench
            .Get<AnomalyCommands>()
            .JudgeAsync(anomaly.Id, anomaly.StartedAt, AnomalyVerdict.Noise, TestActor.Named("ada"), Token);
        await Waits.UntilAsync(() =>
            bench.ReadAsync(db =>
                db.Database.SqlQuery<bool>($"SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted) AS \"Value\"").SingleAsync(Token)
            )
        );
        bench.Clock.Advance(Step);
        await scanning.CommitAsync(Token);
        await judging;

        var rows = await RowsAsync(bench, StateSubject.Anomaly, anomaly.Id);
        Assert.Equal(("Judged", bench.Clock.GetUtcNow()), (rows[^1].State, rows[^1].At));
    }

    [Fact]
    public async Task The_time_from_a_kill_to_the_next_start_is_unknown_and_not_the_last_state()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var service = await AddServiceAsync(bench);
        var first = bench.Get<StateRecorder>();
        await RunAsync(bench, TimeSpan.FromMinutes(2), first);
        var killedAt = bench.Clock.GetUtcNow();

        bench.Clock.Advance(TimeSpan.FromMinutes(20));
        var second = bench.Get<StateRecorder>();
        var startedAt = bench.Clock.GetUtcNow();
        await RunAsync(bench, TimeSpan.FromMinutes(1), second);

        Assert.Equal(
            [("NotChecked", killedAt), (null, startedAt), ("NotChecked", bench.Clock.GetUtcNow())],
            (await HistoryAsync(bench, service)).Select(span => (span.State, span.To))
        );
        var consoles = await bench.ReadAsync(db =>
            db.StateChanges.Where(row => row.Subject == StateSubject.Console).OrderBy(row => row.Id).ToListAsync(Token)
        );
        Assert.Equal(
            [("Recording", JobBench.Start), ("Lost", killedAt), ("Recording", startedAt)],
            consoles.Select(row => (row.State, row.At))
        );
        Assert.StartsWith("No heartbeat for more than 60 s on ", consoles[1].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_two_consoles_the_state_is_unknown_only_while_neither_ran()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var service = await AddServiceAsync(bench);
        var (one, other) = (bench.Get<StateRecorder>(), bench.Get<StateRecorder>());
        await RunAsync(bench, TimeSpan.FromMinutes(1), one);
        await RunAsync(bench, TimeSpan.FromMinutes(1), one, other);

        // The first is killed: the second notices.
        await RunAsync(bench, TimeSpan.FromMinutes(5), other);
        await other.StopAsync(Token);
        var stoppedAt = bench.Clock.GetUtcNow();
        bench.Clock.Advance(TimeSpan.FromSeconds(10));
        var third = bench.Get<StateRecorder>();
        await RunAsync(bench, TimeSpan.FromMinutes(1), third);

        Assert.Equal(
            [("NotChecked", stoppedAt), (null, stoppedAt.AddSeconds(10)), ("NotChecked", bench.Clock.GetUtcNow())],
            (await HistoryAsync(bench, service)).Select(span => (span.State, span.To))
        );
        Assert.Equal(1, await CountAsync(bench, ConsoleStates.Lost));
        Assert.Equal(1, await CountAsync(bench, ConsoleStates.Stopped));
    }

    [Fact]
    public async Task Consoles_that_notice_one_loss_at_once_record_it_once()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        await RunAsync(bench, Step, bench.Get<StateRecorder>());
        bench.Clock.Advance(TimeSpan.FromMinutes(5));

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => bench.Get<StateRecorder>().RecordAsync(Token)));

        Assert.Equal(1, await CountAsync(bench, ConsoleStates.Lost));
        Assert.Equal(5, await CountAsync(bench, ConsoleStates.Recording));
    }

    [Fact]
    public async Task A_machine_that_slept_leaves_its_sleep_unknown()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var service = await AddServiceAsync(bench);
        var recorder = bench.Get<StateRecorder>();
        await RunAsync(bench, TimeSpan.FromMinutes(1), recorder);
        var sleptAt = bench.Clock.GetUtcNow();

        bench.Clock.Advance(TimeSpan.FromHours(8));
        await RunAsync(bench, TimeSpan.FromMinutes(1), recorder);

        Assert.Equal(
            [("NotChecked", sleptAt), (null, sleptAt.AddHours(8)), ("NotChecked", bench.Clock.GetUtcNow())],
            (await HistoryAsync(bench, service)).Select(span => (span.State, span.To))
        );
    }

    [Fact]
    public async Task A_heartbeat_in_the_future_and_rows_of_a_clock_that_was_ahead_make_no_rows_without_end()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var service = await AddServiceAsync(bench);
        var ahead = bench.Clock.GetUtcNow().AddDays(1);
        await bench.ReadAsync(db =>
        {
            db.StateChanges.Add(StateLog.Change(1, StateSubject.Service, $"{service}", "Healthy", ahead, ahead, ""));
            db.ConsoleRuns.Add(
                new ConsoleRun
                {
                    Id = Guid.NewGuid(),
                    Host = "ahead",
                    StartedAt = ahead,
                    HeartbeatAt = ahead,
                }
            );
            return db.SaveChangesAsync(Token);
        });

        await RunAsync(bench, TimeSpan.FromMinutes(2), bench.Get<StateRecorder>());

        Assert.Equal(["Healthy", "NotChecked"], (await RowsAsync(bench, StateSubject.Service, service)).Select(row => row.State));
        Assert.Equal(1, await CountAsync(bench, ConsoleStates.Lost));
        Assert.Equal(1, await CountAsync(bench, ConsoleStates.Recording));
    }

    [Fact]
    public async Task Histories_of_all_services_are_those_of_each()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var services = new[] { await AddServiceAsync(bench, "one"), await AddServiceAsync(bench, "two") };
        await RunAsync(bench, TimeSpan.FromMinutes(2), bench.Get<StateRecorder>());
        var (from, to) = (JobBench.Start.AddMinutes(1), bench.Clock.GetUtcNow());

        var all = await bench.Get<StateQueries>().HistoriesAsync(1, StateSubject.Service, from, to, Token);

        Assert.Equal(2, all.Count);
        foreach (var service in services)
        {
            var span = Assert.Single(all[$"{service}"]);
            Assert.Equal((from, to, "NotChecked"), (span.From, span.To, span.State));
        }
        Assert.Empty(await bench.Get<StateQueries>().HistoriesAsync(2, StateSubject.Service, from, to, Token));
    }

    [Fact]
    public async Task A_console_that_starts_and_stops_says_so()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using (await ArchonApp.StartAsync(database))
        {
            await Waits.UntilAsync(async () =>
            {
                await using var open = await database.Contexts.CreateDbContextAsync(Token);
                return await open.ConsoleRuns.AnyAsync(Token);
            });
        }

        await using var db = await database.Contexts.CreateDbContextAsync(Token);
        Assert.Equal(["Serving", "Stopped"], await db.StateChanges.OrderBy(row => row.Id).Select(row => row.State).ToListAsync(Token));
        Assert.Empty(await db.ConsoleRuns.ToListAsync(Token));
    }

    /// <summary>Consoles that record every 15 s for a time.</summary>
    private static async Task RunAsync(JobBench bench, TimeSpan time, params StateRecorder[] recorders)
    {
        for (var passed = TimeSpan.Zero; ; passed += Step)
        {
            foreach (var recorder in recorders)
                await recorder.RecordAsync(Token);
            if (passed >= time)
                return;
            bench.Clock.Advance(Step);
        }
    }

    private static async Task<(int Watch, int Service)> FittedAsync(JobBench bench, Func<long, double?> value)
    {
        bench.Metrics.Serve("latency", "checkout", value);
        var service = await AddServiceAsync(bench);
        var watch = await bench.AddWatchAsync();
        await bench.Get<FitModelsJob>().FitAsync(watch, Token);
        await bench.ScanAsync(watch, TimeSpan.Zero);
        return (watch, service);
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

    private static Task<IReadOnlyList<StateSpan>> HistoryAsync(JobBench bench, int service) =>
        bench.Get<StateQueries>().HistoryAsync(1, StateSubject.Service, $"{service}", JobBench.Start, bench.Clock.GetUtcNow(), Token);

    private static Task<List<StateChange>> RowsAsync(JobBench bench, StateSubject subject, long id) =>
        bench.ReadAsync(db =>
            db.StateChanges.AsNoTracking()
                .Where(row => row.EnvironmentId == 1 && row.Subject == subject && row.SubjectId == $"{id}")
                .OrderBy(row => row.Id)
                .ToListAsync(Token)
        );

    private static Task<int> CountAsync(JobBench bench, string state) =>
        bench.ReadAsync(db => db.StateChanges.CountAsync(row => row.Subject == StateSubject.Console && row.State == state, Token));

    private static double? Quiet(long at) => 0.1 + (at / 15 % 5 * 0.001);

    private static long Unix(int steps) => (JobBench.Start + (steps * Step)).ToUnixTimeSeconds();
}
