using Archon.Analysis.Detection;
using Archon.Data.Anomalies;
using Archon.Features.Scanning;
using Archon.Tests.Features.Watches;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace Archon.Tests.Features.Scanning;

/// <summary>Counts of all processes make one threshold for each environment.</summary>
[SystemTest]
public sealed class EstateThresholdsTests(PostgresFixture postgres)
{
    private static readonly DateTimeOffset Hour = JobBench.Start;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Counts_of_two_processes_add_up_and_both_have_the_threshold_that_follows()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var environment = await EnvironmentAsync(bench);
        var (one, other) = (new EstateThresholds(), new EstateThresholds());
        one.Add(environment, Calm(300));
        other.Add(environment, Calm(300));

        await ExchangeAsync(bench, one);
        Assert.Equal(0, one.LeastRarityOf(environment));
        await ExchangeAsync(bench, other);
        await ExchangeAsync(bench, one);

        var rows = await bench.ReadAsync(db => db.EvidenceCounts.AsNoTracking().ToListAsync(Token));
        Assert.Equal(600, rows.Sum(row => row.Series));
        Assert.InRange(one.LeastRarityOf(environment), 1, 10);
        Assert.Equal(one.LeastRarityOf(environment), other.LeastRarityOf(environment));
        Assert.Equal(0, one.LeastRarityOf(environment + 1));
    }

    [Fact]
    public async Task While_the_database_does_not_answer_the_last_threshold_remains_and_no_count_is_lost()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var environment = await EnvironmentAsync(bench);
        var thresholds = new EstateThresholds();
        thresholds.Add(environment, Calm(600));
        await ExchangeAsync(bench, thresholds);
        var before = thresholds.LeastRarityOf(environment);
        thresholds.Add(environment, Calm(100));

        await using (var db = await bench.Database.Contexts.CreateDbContextAsync(Token))
        {
            using var ended = new CancellationTokenSource();
            await ended.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => thresholds.ExchangeAsync(db, Hour, ended.Token));
        }
        Assert.Equal(before, thresholds.LeastRarityOf(environment));

        await ExchangeAsync(bench, thresholds);
        Assert.Equal(700, await bench.ReadAsync(db => db.EvidenceCounts.SumAsync(row => row.Series, Token)));
    }

    [Fact]
    public async Task Counts_of_more_than_a_week_ago_do_not_count_and_are_deleted_a_day_later()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var environment = await EnvironmentAsync(bench);
        await bench.ReadAsync(async db =>
        {
            db.EvidenceCounts.Add(Row(Hour - EstateThresholds.Memory - TimeSpan.FromHours(1)));
            db.EvidenceCounts.Add(Row(Hour - EstateThresholds.Memory - TimeSpan.FromDays(2)));
            return await db.SaveChangesAsync(Token);
        });
        var thresholds = new EstateThresholds();

        await ExchangeAsync(bench, thresholds);
        Assert.Equal(0, thresholds.LeastRarityOf(environment));
        await using (var db = await bench.Database.Contexts.CreateDbContextAsync(Token))
            await new EvidenceRetention().CleanAsync(db, Hour, Token);
        Assert.Equal(1, await bench.ReadAsync(db => db.EvidenceCounts.CountAsync(Token)));

        EvidenceCount Row(DateTimeOffset hour) =>
            new()
            {
                EnvironmentId = environment,
                Hour = hour,
                RarityClass = 3,
                Series = 10_000,
            };
    }

    [Fact]
    public void The_rarest_sample_of_an_hour_counts_once_the_hour_is_over()
    {
        var peaks = new HourlyPeaks();
        peaks.Add(Hour.AddMinutes(1), 0.3);
        peaks.Add(Hour.AddMinutes(59), 2.6);
        Assert.Empty(peaks.Take());

        peaks.Add(Hour.AddMinutes(60), 0.1);
        peaks.Add(Hour.AddHours(5), 4);

        Assert.Equal([new EvidencePeak(Hour, 10), new EvidencePeak(Hour.AddHours(1), 0)], peaks.Take());
        Assert.Empty(peaks.Take());
    }

    private static IEnumerable<EvidencePeak> Calm(int hours)
    {
        var random = new Random(7);
        for (var i = 0; i < hours; i++)
            yield return new EvidencePeak(Hour, EstateEvidence.ClassOf(1 - Math.Log10(random.NextDouble())));
    }

    private static async Task ExchangeAsync(JobBench bench, EstateThresholds thresholds)
    {
        await using var db = await bench.Database.Contexts.CreateDbContextAsync(Token);
        await thresholds.ExchangeAsync(db, Hour, Token);
    }

    private static Task<int> EnvironmentAsync(JobBench bench) =>
        bench.ReadAsync(db => db.Environments.Select(environment => environment.Id).FirstAsync(Token));
}
