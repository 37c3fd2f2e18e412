using System.Text.Json;
using Archon.Data.Anomalies;
using Archon.Data.Catalogue;
using Archon.Features.Anomalies;
using Archon.Tests.Features.Watches;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace Archon.Tests.Features.Anomalies;

[SystemTest]
public sealed class AnomalyCommandsTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_verdict_is_kept_with_its_author_and_can_be_taken_back()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var commands = new AnomalyCommands(TestActor.Gate(bench.Database.Contexts, bench.Clock), bench.Clock);
        var anomaly = await AddAnomalyAsync(bench);

        var judged = await commands.JudgeAsync(anomaly.Id, anomaly.StartedAt, AnomalyVerdict.Noise, TestActor.Named("ada"), Token);
        var kept = await bench.ReadAsync(db => db.Anomalies.AsNoTracking().SingleAsync(Token));
        await commands.JudgeAsync(anomaly.Id, anomaly.StartedAt, null, TestActor.Named("bob"), Token);
        var withdrawn = await bench.ReadAsync(db => db.Anomalies.AsNoTracking().SingleAsync(Token));

        Assert.IsType<JudgeResult.Done>(judged);
        Assert.Equal((AnomalyVerdict.Noise, "ada", JobBench.Start), (kept.Verdict!.Value, kept.VerdictBy, kept.VerdictAt!.Value));
        Assert.Null(withdrawn.Verdict);
        Assert.Null(withdrawn.VerdictBy);
        Assert.Equal(
            ["ada", "bob"],
            await bench.ReadAsync(db => db.AuditEntries.OrderBy(entry => entry.Id).Select(entry => entry.Actor).ToListAsync(Token))
        );
    }

    [Fact]
    public async Task The_audit_of_a_verdict_has_the_anomaly_and_not_the_state_that_follows_from_it()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var anomaly = await AddAnomalyAsync(bench);

        await bench.Get<AnomalyCommands>().JudgeAsync(anomaly.Id, anomaly.StartedAt, AnomalyVerdict.Noise, TestActor.Named("ada"), Token);

        Assert.Equal("Judged", await bench.ReadAsync(db => db.StateChanges.Select(row => row.State).SingleAsync(Token)));
        var changes = (await bench.ReadAsync(db => db.AuditEntries.SingleAsync(Token))).Changes!;
        Assert.Equal(
            ["anomalies"],
            JsonDocument.Parse(changes).RootElement.EnumerateArray().Select(row => row.GetProperty("table").GetString())
        );
    }

    [Fact]
    public async Task An_anomaly_that_is_not_there_is_said_so()
    {
        await using var bench = await JobBench.StartAsync(postgres);

        var result = await new AnomalyCommands(TestActor.Gate(bench.Database.Contexts, bench.Clock), bench.Clock).JudgeAsync(
            1,
            JobBench.Start,
            AnomalyVerdict.Useful,
            TestActor.Named("ada"),
            Token
        );

        Assert.IsType<JudgeResult.NotFound>(result);
    }

    private static async Task<Anomaly> AddAnomalyAsync(JobBench bench)
    {
        var watch = await bench.AddWatchAsync();
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
        var anomaly = new Anomaly
        {
            EnvironmentId = 1,
            WatchId = watch,
            SeriesId = series.Id,
            StartedAt = JobBench.Start,
        };
        await bench.ReadAsync(db =>
        {
            db.Anomalies.Add(anomaly);
            return db.SaveChangesAsync(Token);
        });
        return anomaly;
    }
}
