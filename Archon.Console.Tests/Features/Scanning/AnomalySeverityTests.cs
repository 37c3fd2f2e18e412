using Archon.Data.Anomalies;
using Archon.Data.Catalogue;
using Archon.Data.States;
using Archon.Features.Scanning;
using Archon.Tests.Features.Watches;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql;
using Xunit;

namespace Archon.Tests.Features.Scanning;

/// <summary>What scans make of the size of a deviation, and not of how sure they are.</summary>
[SystemTest]
public sealed class AnomalySeverityTests(PostgresFixture postgres)
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(15);
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Half_of_a_critical_services_requests_fail_and_it_is_critical_within_a_minute()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        await AddServiceAsync(bench, ServiceTier.Critical);
        // A rate over a minute sees the fault by and by.
        bench.Metrics.Serve("errors", "checkout", at => at < Unix(2) ? Few(at) : Math.Min(0.5, (at - Unix(2) + 15) / 60.0 * 0.5));
        var watch = await FittedAsync(bench, "errors", WatchSignal.Errors, "1", AnomalyDirection.Up);

        await ScansAsync(bench, watch, 5);

        var anomaly = Assert.Single(await AnomaliesAsync(bench));
        Assert.Equal(AnomalySeverity.Critical, anomaly.Severity);
        Assert.Contains("% errors, usually ", anomaly.SeverityReason, StringComparison.Ordinal);
        Assert.Equal(["Warning", "Critical"], await StatesAsync(bench, anomaly));
    }

    [Fact]
    public async Task The_greatest_severity_is_kept_while_it_lasts_and_over_a_restart()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        await AddServiceAsync(bench, ServiceTier.Critical);
        bench.Metrics.Serve(
            "errors",
            "checkout",
            at =>
                at < Unix(2) ? Few(at)
                : at < Unix(6) ? 0.5
                : 0.03
        );
        var watch = await FittedAsync(bench, "errors", WatchSignal.Errors, "1", AnomalyDirection.Up);
        await ScansAsync(bench, watch, 6);
        bench.Forget(watch);

        await ScansAsync(bench, watch, 4);

        var anomaly = Assert.Single(await AnomaliesAsync(bench));
        Assert.Equal((0.03, AnomalySeverity.Critical), (anomaly.Value, anomaly.Severity));
        Assert.StartsWith("50 % errors", anomaly.SeverityReason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, AnomalySeverity.Warning)]
    [InlineData(10, AnomalySeverity.Critical)]
    public async Task Pods_that_are_down_count_by_their_share_of_the_service(int down, AnomalySeverity expected)
    {
        await using var bench = await JobBench.StartAsync(postgres);
        await AddServiceAsync(bench, ServiceTier.Critical);
        for (var i = 0; i < 10; i++)
        {
            var isDown = i < down;
            AddPod(bench, "up", $"pod-{i}", at => isDown && at >= Unix(2) ? 0 : 1);
        }
        var watch = await FittedAsync(bench, "up", WatchSignal.Availability, "1", AnomalyDirection.Down);

        await ScansAsync(bench, watch, 6);

        var anomalies = await AnomaliesAsync(bench);
        Assert.Equal(down, anomalies.Count);
        Assert.All(anomalies, anomaly => Assert.Equal(expected, anomaly.Severity));
    }

    [Fact]
    public async Task An_outage_that_is_caught_up_after_it_ended_is_graded_as_if_it_had_been_seen()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        await AddServiceAsync(bench, ServiceTier.Critical);
        for (var i = 0; i < 4; i++)
            AddPod(bench, "up", $"pod-{i}", at => at >= Unix(10) && at < Unix(30) ? 0 : 1);
        var watch = await FittedAsync(bench, "up", WatchSignal.Availability, "1", AnomalyDirection.Down);

        await ScansAsync(bench, watch, 1, 60 * Step);

        var anomalies = await AnomaliesAsync(bench);
        Assert.Equal(4, anomalies.Count);
        Assert.All(anomalies, anomaly => Assert.Equal((AnomalySeverity.Critical, true), (anomaly.Severity, anomaly.EndedAt is not null)));
    }

    [Fact]
    public async Task A_series_of_no_service_is_graded_as_a_standard_one()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        bench.Metrics.Serve("errors", "checkout", at => at < Unix(2) ? Few(at) : 0.2);
        var watch = await FittedAsync(bench, "errors", WatchSignal.Errors, "1", AnomalyDirection.Up);

        await ScansAsync(bench, watch, 8);

        var anomaly = Assert.Single(await AnomaliesAsync(bench));
        Assert.Equal((null, AnomalySeverity.Warning), (anomaly.ServiceId, anomaly.Severity));
    }

    [Fact]
    public async Task A_difference_that_no_one_can_notice_opens_no_anomaly_and_keeps_none_open()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        bench.Metrics.Serve(
            "latency",
            "checkout",
            at =>
                at < Unix(2) ? 0.0176 + (at / 15 % 5 * 0.00001)
                : at < Unix(22) ? 0.0205
                : at < Unix(28) ? 0.18
                : 0.0205
        );
        var watch = await FittedAsync(bench, "latency", WatchSignal.Duration, "s", AnomalyDirection.Up);
        await ScansAsync(bench, watch, 3);
        var outside = await bench.ReadAsync(db => db.WatchedSeries.AsNoTracking().SingleAsync(Token));
        await ScansAsync(bench, watch, 17);
        var unnoticed = await AnomaliesAsync(bench);

        await ScansAsync(bench, watch, 20);

        Assert.True(outside.LastValue > outside.ExpectedUpper);
        Assert.Empty(unnoticed);
        var anomaly = Assert.Single(await AnomaliesAsync(bench));
        Assert.Equal(JobBench.Start + (28 * Step), anomaly.EndedAt);
    }

    [Fact]
    public async Task Rows_from_before_severity_was_stored_get_what_their_confidence_meant()
    {
        await using var database = await postgres.NewEmptyDatabaseAsync();
        await using var db = await database.Contexts.CreateDbContextAsync(Token);
        var migrator = db.GetService<IMigrator>();
        var all = db.Database.GetMigrations().ToList();
        var before = all[all.FindIndex(name => name.EndsWith("_AnomalySeverity", StringComparison.Ordinal)) - 1];
        await migrator.MigrateAsync(before, Token);
        await using (var connection = new NpgsqlConnection(database.ConnectionString))
        {
            await connection.OpenAsync(Token);
            await using var command = new NpgsqlCommand(
                """
                INSERT INTO watches (environment_id, name, query, signal, unit, step, interesting, sensitivity, limit_side, origin, enabled, created_at)
                SELECT 1, signal, signal, signal, '1', interval '15 seconds', 'Both', 0.5, 'Ceiling', 'Discovered', true, now()
                FROM (VALUES ('Errors'), ('Availability')) AS one (signal);
                INSERT INTO watched_series (environment_id, watch_id, labels_key, labels, model_version, fitted_samples, recent)
                SELECT 1, id, '', '{}', 0, 0, '{}' FROM watches;
                INSERT INTO anomalies (environment_id, watch_id, series_id, started_at, last_seen_at, direction, score, confidence, value, expected,
                    expected_lower, expected_upper, peak_value, peak_deviation, season, explanation, votes, fitted_samples, samples_outside)
                SELECT 1, watch.id, series.id, now() - make_interval(secs => place), now(), direction, 0, confidence, 0, 0, 0, 0, 0, 0, 'none', '', '[]', 0, 0
                FROM (VALUES (1, 'Errors', 'Up', 0.95), (2, 'Errors', 'Up', 0.9), (3, 'Errors', 'Down', 0.99), (4, 'Errors', 'Up', 0.6),
                    (5, 'Availability', 'Down', 0.99)) AS one (place, signal, direction, confidence)
                    JOIN watches AS watch USING (signal) JOIN watched_series AS series ON series.watch_id = watch.id
                """,
                connection
            );
            await command.ExecuteNonQueryAsync(Token);
        }

        await migrator.MigrateAsync(cancellationToken: Token);

        Assert.Equal(
            [AnomalySeverity.Critical, AnomalySeverity.Warning, AnomalySeverity.Warning, AnomalySeverity.Info, AnomalySeverity.Critical],
            await db.Anomalies.OrderByDescending(one => one.StartedAt).Select(one => one.Severity).ToListAsync(Token)
        );
    }

    private static double Few(long at) => 0.002 + (at / 15 % 5 * 0.0001);

    private static long Unix(int steps) => (JobBench.Start + (steps * Step)).ToUnixTimeSeconds();

    private static void AddPod(JobBench bench, string query, string pod, Func<long, double?> value)
    {
        if (!bench.Metrics.Queries.TryGetValue(query, out var series))
            bench.Metrics.Queries[query] = series = [];
        series.Add((new Dictionary<string, string> { ["service"] = "checkout", ["pod"] = pod }, value));
    }

    private static async Task AddServiceAsync(JobBench bench, ServiceTier tier) =>
        await bench.ReadAsync(db =>
        {
            db.Services.Add(
                new Service
                {
                    EnvironmentId = 1,
                    Name = "checkout",
                    Tier = tier,
                    Matchers = { ["service"] = "checkout" },
                    CreatedAt = JobBench.Start,
                    LastSeenAt = JobBench.Start,
                }
            );
            return db.SaveChangesAsync(Token);
        });

    private static async Task<int> FittedAsync(JobBench bench, string query, WatchSignal signal, string unit, AnomalyDirection interesting)
    {
        var watch = await bench.AddWatchAsync(query, interesting);
        await bench.ReadAsync(db =>
            db.Watches.ExecuteUpdateAsync(set => set.SetProperty(one => one.Signal, signal).SetProperty(one => one.Unit, unit), Token)
        );
        await bench.Get<FitModelsJob>().FitAsync(watch, Token);
        await bench.ScanAsync(watch, TimeSpan.Zero);
        return watch;
    }

    private static async Task ScansAsync(JobBench bench, int watch, int scans, TimeSpan? every = null)
    {
        for (var i = 0; i < scans; i++)
            await bench.ScanAsync(watch, every ?? Step);
    }

    private static Task<List<Anomaly>> AnomaliesAsync(JobBench bench) =>
        bench.ReadAsync(db => db.Anomalies.AsNoTracking().ToListAsync(Token));

    private static Task<List<string>> StatesAsync(JobBench bench, Anomaly anomaly) =>
        bench.ReadAsync(db =>
            db.StateChanges.Where(change => change.Subject == StateSubject.Anomaly && change.SubjectId == "" + anomaly.Id)
                .OrderBy(change => change.Id)
                .Select(change => change.State)
                .ToListAsync(Token)
        );
}
