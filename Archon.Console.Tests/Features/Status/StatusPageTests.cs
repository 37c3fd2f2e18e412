using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Archon.Data.Anomalies;
using Archon.Data.Background;
using Archon.Data.Catalogue;
using Archon.Features.Access;
using Archon.Features.Scanning;
using Archon.Features.Status;
using Archon.Tests.Features.Watches;
using Archon.Tests.Kit;
using Hangfire;
using Hangfire.States;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Archon.Tests.Features.Status;

/// <summary>Status tells what went wrong in the console's own work.</summary>
[SystemTest]
public sealed class StatusPageTests(RunningConsole console, PostgresFixture postgres) : IClassFixture<RunningConsole>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Jobs_that_failed_are_reported_once_per_reason_with_how_often()
    {
        var storage = console.App.Services.GetRequiredService<JobStorage>();
        var jobs = new BackgroundJobClient(storage);
        using var connection = storage.GetConnection();
        foreach (var reason in (string[])["disk <full>", "disk <full>", "no such column"])
        {
            var id = jobs.Enqueue<HousekeepingJob>(job => job.CleanAsync(CancellationToken.None));
            connection.SetJobParameter(id, "RetryCount", "3"); // its retries are spent
            Assert.True(jobs.ChangeState(id, new FailedState(new InvalidOperationException(reason))));
        }

        var picture = await console.App.Services.GetRequiredService<JobQueries>().PictureAsync(Token);
        // Failed jobs are announced by no topic: the page shows them when its snapshot is read again.
        var page = "";
        await Waits.UntilAsync(async () => (page = await PageAsync()).Contains("HousekeepingJob.CleanAsync", StringComparison.Ordinal));

        Assert.Equal(3, picture.Failed);
        Assert.Equal(
            [("HousekeepingJob.CleanAsync", "disk <full>", 2), ("HousekeepingJob.CleanAsync", "no such column", 1)],
            picture.Failures.Select(failed => (failed.Name, failed.Reason, failed.Count)).OrderByDescending(failed => failed.Count)
        );
        Assert.All(picture.Failures, failed => Assert.NotNull(failed.FailedAt));
        Assert.Contains(WebUtility.HtmlEncode("disk <full>"), page, StringComparison.Ordinal);
        Assert.Contains("2 times, last", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_schedule_whose_last_run_failed_says_why()
    {
        var storage = console.App.Services.GetRequiredService<JobStorage>();
        var schedules = new RecurringJobManager(storage);
        schedules.AddOrUpdate<HousekeepingJob>("tidy", "housekeeping", job => job.CleanAsync(CancellationToken.None), "0 0 1 1 *");
        var id = schedules.TriggerJob("tidy");
        using (var connection = storage.GetConnection())
            connection.SetJobParameter(id, "RetryCount", "3"); // its retries are spent
        Assert.True(new BackgroundJobClient(storage).ChangeState(id, new FailedState(new InvalidOperationException("no space left"))));

        var picture = await console.App.Services.GetRequiredService<JobQueries>().PictureAsync(Token);

        var row = Assert.Single(picture.Schedules, one => one.Id == "tidy");
        Assert.Equal(("Failed", "no space left"), (row.LastState, row.Error));
        Assert.All(picture.Schedules.Where(one => one.Id != "tidy"), one => Assert.Null(one.Error));
        schedules.RemoveIfExists("tidy");
        new BackgroundJobClient(storage).Delete(id); // it is none of those that the other tests count
    }

    [Fact]
    public async Task Where_no_one_takes_jobs_it_says_that_nothing_is_scanned() =>
        Assert.Contains("No process takes jobs: nothing is scanned.", await PageAsync(), StringComparison.Ordinal); // this console serves pages alone

    [Fact]
    public async Task A_stretch_that_no_one_could_check_is_reported_with_its_reason_and_whether_it_was_caught_up()
    {
        await using (var db = await console.Database.Contexts.CreateDbContextAsync(Token))
        {
            var now = DateTimeOffset.UtcNow;
            var watch = new Watch
            {
                EnvironmentId = 1,
                Name = "Latency of checkout",
                Query = "latency",
                CreatedAt = now,
                UncheckedSince = now,
                UncheckedReason = "Nothing listens at http://prometheus:9090/.",
            };
            db.Watches.Add(watch);
            await db.SaveChangesAsync(Token);
            db.UncheckedSpans.AddRange(
                new UncheckedSpan
                {
                    EnvironmentId = 1,
                    WatchId = watch.Id,
                    From = now.AddMinutes(-30),
                    To = now.AddMinutes(-20),
                    Reason = "Prometheus did not answer within 10 s.",
                    CaughtUpAt = now,
                },
                new UncheckedSpan
                {
                    EnvironmentId = 1,
                    WatchId = watch.Id,
                    From = now.AddMinutes(-10),
                    To = now,
                    Reason = "Nothing listens at http://prometheus:9090/.",
                }
            );
            await db.SaveChangesAsync(Token);
        }

        // Written past the jobs that announce it: the page shows it when its snapshot is read again.
        var page = "";
        await Waits.UntilAsync(async () => (page = await PageAsync()).Contains("did not answer within 10 s.", StringComparison.Ordinal));

        var gaps = page[page.IndexOf("id=\"gaps-head\"", StringComparison.Ordinal)..];
        Assert.Contains("Latency of checkout", gaps, StringComparison.Ordinal);
        Assert.Matches(@"did not answer within 10 s\.</bdi></td>\s*<td[^>]*>(<span[^>]*>caught up: </span>)?yes<", gaps);
        Assert.Matches(@"Nothing listens at http://prometheus:9090/\.</bdi></td>\s*<td[^>]*>(<span[^>]*>caught up: </span>)?no<", gaps);
    }

    [Fact]
    public async Task Readers_who_open_it_at_once_ask_Prometheus_for_its_targets_once()
    {
        await using var metrics = await FakeMetrics.StartAsync();
        metrics.Targets = """{"activeTargets":[],"droppedTargets":[]}""";
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await ArchonApp.StartAsync(database, ("Prometheus:BaseAddress", metrics.Address.AbsoluteUri));
        var person = await app.SignInAsync();

        var pages = await Task.WhenAll(
            Enumerable.Range(0, 10).Select(_ => person.GetStringAsync(new Uri("status", UriKind.Relative), Token))
        );

        Assert.All(pages, page => Assert.Contains("Prometheus scrapes nothing.", page, StringComparison.Ordinal));
        // A second time where the ten took longer than a snapshot lasts, 5 s.
        Assert.InRange(metrics.TargetRequests, 1, 2);
    }

    [Fact]
    public async Task A_background_service_that_failed_is_shown_with_since_when_why_and_the_next_attempt()
    {
        var states = console.App.Services.GetRequiredService<BackgroundServiceStates>();
        var at = new DateTimeOffset(2026, 11, 30, 7, 12, 31, TimeSpan.Zero);
        states.Add("Test <service>");
        states.Failed("Test <service>", "InvalidOperationException: out & down", at, at.AddYears(10));

        var page = await PageAsync();
        var verdict = await (await console.App.WithTokenAsync(Roles.Viewer)).GetFromJsonAsync<JsonElement>(
            new Uri("monitoring/health/intelligent", UriKind.Relative),
            Token
        );
        states.Recovered("Test <service>");
        var after = await PageAsync();

        Assert.Matches(
            "role=\"alert\"[^§]*Test &lt;service&gt; failed at[^§]*07:12:31[^§]*InvalidOperationException: out &amp; down[^§]*Next attempt:",
            page
        );
        Assert.Contains(
            verdict.GetProperty("reasons").EnumerateArray(),
            reason =>
                reason.GetProperty("subject").GetString() == "Test <service>"
                && reason.GetProperty("message").GetString() == "This background service failed: InvalidOperationException: out & down"
        );
        Assert.DoesNotContain("Test &lt;service&gt; failed", after, StringComparison.Ordinal);
        Assert.Contains("Upstream probe", after, StringComparison.Ordinal);
    }

    private async Task<string> PageAsync() =>
        await (await console.App.SignInAsync()).GetStringAsync(new Uri("status", UriKind.Relative), Token);
}
