using System.Data.Common;
using Archon.Data;
using Archon.Data.Anomalies;
using Archon.Data.Catalogue;
using Archon.Features.Anomalies;
using Archon.Tests.Features.Watches;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Xunit;

namespace Archon.Tests.Features.Anomalies;

[SystemTest]
public sealed class AnomalyQueriesTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_anomaly_that_ends_while_the_picture_is_read_is_in_one_list_of_it()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var watch = await bench.AddWatchAsync();
        await using var db = await bench.Database.Contexts.CreateDbContextAsync(Token);
        var series = new WatchedSeries
        {
            EnvironmentId = 1,
            WatchId = watch,
            LabelsKey = "",
        };
        db.WatchedSeries.Add(series);
        await db.SaveChangesAsync(Token);
        db.Anomalies.Add(
            new Anomaly
            {
                EnvironmentId = 1,
                WatchId = watch,
                SeriesId = series.Id,
                StartedAt = JobBench.Start,
            }
        );
        await db.SaveChangesAsync(Token);

        var picture = await new AnomalyQueries(new EndingContexts(bench.Database), bench.Clock).PictureAsync(
            1,
            AnomalyFilter.Everything,
            AnomalyWindow.First,
            Token
        );

        Assert.Single(picture.Open);
        Assert.Empty(picture.Ended);
        Assert.Equal(0, await db.Anomalies.CountAsync(one => one.EndedAt == null, Token));
    }

    [Fact]
    public async Task What_a_person_judged_noise_is_not_counted_among_what_waits()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var watch = await bench.AddWatchAsync();
        await using var db = await bench.Database.Contexts.CreateDbContextAsync(Token);
        foreach (
            var (verdict, ended) in new (AnomalyVerdict?, DateTimeOffset?)[]
            {
                (null, null),
                (AnomalyVerdict.Useful, null),
                (AnomalyVerdict.Noise, null),
                (null, JobBench.Start),
            }
        )
        {
            var series = new WatchedSeries
            {
                EnvironmentId = 1,
                WatchId = watch,
                LabelsKey = Guid.NewGuid().ToString(),
            };
            db.WatchedSeries.Add(series);
            await db.SaveChangesAsync(Token);
            db.Anomalies.Add(
                new Anomaly
                {
                    EnvironmentId = 1,
                    WatchId = watch,
                    SeriesId = series.Id,
                    StartedAt = JobBench.Start,
                    EndedAt = ended,
                    Verdict = verdict,
                    Severity = AnomalySeverity.Warning,
                    Confidence = 0.8,
                }
            );
        }
        await db.SaveChangesAsync(Token);

        Assert.Equal(new OpenCount(2, false), await new AnomalyQueries(bench.Database.Contexts, bench.Clock).OpenCountAsync(1, Token));
    }

    [Fact]
    public async Task Confidence_is_held_against_the_verdicts_of_people()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var watch = await bench.AddWatchAsync();
        await using var db = await bench.Database.Contexts.CreateDbContextAsync(Token);
        var series = new WatchedSeries
        {
            EnvironmentId = 1,
            WatchId = watch,
            LabelsKey = "",
        };
        db.WatchedSeries.Add(series);
        await db.SaveChangesAsync(Token);
        var start = JobBench.Start;
        foreach (
            var (confidence, verdict) in new[]
            {
                (0.9, AnomalyVerdict.Useful),
                (0.95, AnomalyVerdict.Expected),
                (0.92, AnomalyVerdict.Noise),
                (0.1, AnomalyVerdict.Noise),
            }
        )
        {
            db.Anomalies.Add(
                new Anomaly
                {
                    EnvironmentId = 1,
                    WatchId = watch,
                    SeriesId = series.Id,
                    StartedAt = start,
                    EndedAt = start += TimeSpan.FromMinutes(1),
                    Confidence = confidence,
                    Verdict = verdict,
                    VerdictAt = JobBench.Start,
                }
            );
        }
        await db.SaveChangesAsync(Token);
        var id = await db.Anomalies.Select(one => one.Id).FirstAsync(Token);

        var detail = await new AnomalyQueries(bench.Database.Contexts, bench.Clock).FindAsync(1, id, Token);

        var bins = detail!.Reliability.Bins.Where(bin => bin.Claims > 0).ToList();
        Assert.Equal([(1, 0.0), (3, 2 / 3.0)], bins.Select(bin => (bin.Claims, bin.Observed)));
    }

    /// <summary>Contexts whose first answer is followed by the end of every anomaly, as a scan may write it.</summary>
    private sealed class EndingContexts(TestDatabase database) : DbCommandInterceptor, IDbContextFactory<ArchonDbContext>
    {
        private bool over;

        public ArchonDbContext CreateDbContext() =>
            new(
                new DbContextOptionsBuilder<ArchonDbContext>(ArchonContextOptions.For(database.ConnectionString))
                    .AddInterceptors(this)
                    .Options
            );

        public override async ValueTask<DbDataReader> ReaderExecutedAsync(
            DbCommand command,
            CommandExecutedEventData eventData,
            DbDataReader result,
            CancellationToken cancellationToken = default
        )
        {
            if (!over && command.CommandText.Contains("anomalies", StringComparison.Ordinal))
            {
                over = true;
                await using var other = await database.Contexts.CreateDbContextAsync(cancellationToken);
                await other.Anomalies.ExecuteUpdateAsync(set => set.SetProperty(one => one.EndedAt, JobBench.Start), cancellationToken);
            }
            return result;
        }
    }
}
