using System.Net;
using System.Text.Json;
using Archon.Data.Catalogue;
using Archon.Features.Access;
using Archon.Features.Scanning;
using Archon.Tests.Kit;
using Hangfire;
using Hangfire.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace Archon.Tests.Features.Watches;

/// <summary>A console whose scans stop says so everywhere, for whatever reason they do.</summary>
[SystemTest]
public sealed class ScansStoppedTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_process_that_serves_pages_stays_ready_and_every_page_for_it_says_since_when_and_why()
    {
        await using var database = await postgres.NewDatabaseAsync();
        var newest = DateTimeOffset.UtcNow.AddMinutes(-10);
        await AddWatchAsync(database, newest);
        await using var app = await ArchonApp.StartAsync(database); // it serves pages alone
        var words = $"Scans stopped at {newest:HH:mm:ss} UTC. No process takes jobs. Start a console with Archon:Role All or Worker.";

        var ready = await UntilAsync(app, reply => reply.Body.Contains("Scans stopped", StringComparison.Ordinal));

        Assert.Equal(HttpStatusCode.OK, ready.Status);
        Assert.Equal($"Degraded\nscans: {words}", ready.Body);
        using var program = await app.WithTokenAsync(Roles.Viewer);
        using var verdict = JsonDocument.Parse(
            await program.GetStringAsync(new Uri("monitoring/health/intelligent", UriKind.Relative), Token)
        );
        Assert.Equal("unknown", verdict.RootElement.GetProperty("status").GetString());
        Assert.Contains(
            verdict.RootElement.GetProperty("reasons").EnumerateArray(),
            reason => reason.GetProperty("message").GetString() == words
        );
        var person = await app.SignInAsync();
        foreach (var path in (string[])["", "status"])
        {
            var page = await person.GetStringAsync(new Uri(path, UriKind.Relative), Token);
            Assert.Matches($"(?s)Scans stopped at .*{newest:HH:mm:ss}.* UTC.*No process takes jobs", page);
        }
        Assert.Contains(
            "Nothing is being checked.",
            await person.GetStringAsync(new Uri("", UriKind.Relative), Token),
            StringComparison.Ordinal
        );
        Assert.Contains(app.Log, line => line.Contains(words, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_worker_whose_schedule_is_gone_becomes_not_ready_and_ready_again_with_the_next_scan()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await AddWatchAsync(database, lastScanAt: null);
        await using var app = await ArchonApp.StartAsync(database, ("Archon:Role", "Worker"));
        await UntilScannedAsync(database, after: DateTimeOffset.MinValue);
        var schedules = new RecurringJobManager(app.Services.GetRequiredService<JobStorage>());

        schedules.RemoveIfExists("scan");

        var stopped = await UntilAsync(app, reply => reply.Status == HttpStatusCode.ServiceUnavailable);
        Assert.Matches(
            "^Unhealthy\nscans: Scans stopped at [0-9:]{8} UTC\\. The schedule \"scan\" was removed from Hangfire\\.",
            stopped.Body
        );
        Archon.Hosting.RecurringJobs.Register(schedules, Contributions.Schedules, 1);
        Assert.Equal("Healthy", (await UntilAsync(app, reply => reply.Status == HttpStatusCode.OK)).Body);
    }

    [Fact]
    public async Task Scans_without_an_answer_from_Prometheus_have_not_stopped()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await AddWatchAsync(database, DateTimeOffset.UtcNow.AddMinutes(-10));
        await using var nowhere = await FakeUpstream.SayAsync(503, "text/plain", "no");
        await using var app = await ArchonApp.StartAsync(
            database,
            ("Archon:Role", "All"),
            ("Prometheus:BaseAddress", nowhere.Address.AbsoluteUri)
        );
        var began = DateTimeOffset.UtcNow;

        // Past the time that a console has to begin.
        await UntilScannedAsync(database, began + TimeSpan.FromSeconds(22));

        var ready = await ReadyAsync(app);
        Assert.Equal((HttpStatusCode.OK, "Healthy"), (ready.Status, ready.Body));
        Assert.IsType<ScanState.Running>(app.Services.GetRequiredService<ScanHealth>().Overall);
        await using var db = await database.Contexts.CreateDbContextAsync(Token);
        Assert.NotNull((await db.Watches.SingleAsync(Token)).UncheckedSince);
    }

    [Fact]
    public async Task Locks_and_schedules_dated_in_the_future_do_not_stop_scans()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await AddWatchAsync(database, lastScanAt: null);
        await using (var first = await ArchonApp.StartAsync(database, ("Archon:Role", "All")))
            await UntilScannedAsync(database, DateTimeOffset.MinValue);
        // As a console leaves them whose clock was a day ahead when it was killed.
        await RunAsync(
            database,
            """
            INSERT INTO hangfire.lock (resource, acquired) SELECT 'hangfire:' || name, now() + interval '1 day'
            FROM unnest(ARRAY['recurring-jobs:lock', 'lock:recurring-job:scan', 'locks:schedulepoller']) AS name
            ON CONFLICT (resource) DO UPDATE SET acquired = excluded.acquired;
            UPDATE hangfire.set SET score = score + 86400 WHERE key = 'recurring-jobs';
            UPDATE hangfire.hash SET value = (value::bigint + 86400000)::text WHERE key LIKE 'recurring-job:%' AND field IN ('NextExecution', 'LastExecution') AND value ~ '^[0-9]+$';
            UPDATE watches SET scanned_to = now() + interval '1 day', last_scan_at = now() + interval '1 day';
            """
        );
        await using var app = await ArchonApp.StartAsync(database, ("Archon:Role", "All"));
        var began = DateTimeOffset.UtcNow;

        await Waits.UntilAsync(async () =>
        {
            await using var db = await database.Contexts.CreateDbContextAsync(Token);
            return (await db.Watches.SingleAsync(Token)).LastScanAt is { } at && at > began && at < DateTimeOffset.UtcNow.AddMinutes(1);
        });

        await Waits.UntilAsync(() =>
        {
            using var connection = app.Services.GetRequiredService<JobStorage>().GetConnection();
            return Task.FromResult(
                connection.GetRecurringJobs().All(job => job.NextExecution < DateTimeOffset.UtcNow.UtcDateTime.AddHours(1.01))
            );
        });
        Assert.Contains(
            app.Log,
            line =>
                line.Contains("recurring-jobs:lock", StringComparison.Ordinal) && line.Contains("in the future", StringComparison.Ordinal)
        );
    }

    private static async Task AddWatchAsync(TestDatabase database, DateTimeOffset? lastScanAt)
    {
        await using var db = await database.Contexts.CreateDbContextAsync(Token);
        db.Watches.Add(
            new Watch
            {
                EnvironmentId = MonitoredEnvironment.DefaultId,
                Name = "latency",
                Query = "latency",
                Signal = WatchSignal.Duration,
                Unit = "s",
                Step = TimeSpan.FromSeconds(5),
                Origin = CatalogueOrigin.Edited,
                CreatedAt = DateTimeOffset.UtcNow.AddHours(-1),
                LastScanAt = lastScanAt,
                ScannedTo = lastScanAt,
            }
        );
        db.Services.Add(
            new Service
            {
                EnvironmentId = MonitoredEnvironment.DefaultId,
                Name = "checkout",
                CreatedAt = DateTimeOffset.UtcNow,
                LastSeenAt = DateTimeOffset.UtcNow,
            }
        );
        await db.SaveChangesAsync(Token);
    }

    private static Task UntilScannedAsync(TestDatabase database, DateTimeOffset after) =>
        Waits.UntilAsync(async () =>
        {
            await using var db = await database.Contexts.CreateDbContextAsync(Token);
            return await db.Watches.AnyAsync(watch => watch.LastScanAt > after, Token);
        });

    private static async Task<(HttpStatusCode Status, string Body)> ReadyAsync(ArchonApp app)
    {
        using var reply = await app.NewClient(accept: null).GetAsync(new Uri("monitoring/health/ready", UriKind.Relative), Token);
        return (reply.StatusCode, await reply.Content.ReadAsStringAsync(Token));
    }

    private static async Task<(HttpStatusCode Status, string Body)> UntilAsync(
        ArchonApp app,
        Func<(HttpStatusCode Status, string Body), bool> wanted
    )
    {
        var reply = await ReadyAsync(app);
        await Waits.UntilAsync(async () => wanted(reply = await ReadyAsync(app)));
        return reply;
    }

    private static async Task RunAsync(TestDatabase database, string sql)
    {
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync(Token);
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The test's own text.
        command.CommandText = sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(Token);
    }
}
