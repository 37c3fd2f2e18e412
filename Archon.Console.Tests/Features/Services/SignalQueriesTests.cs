using Archon.Analysis.Series;
using Archon.Data.Catalogue;
using Archon.Features.Services;
using Archon.Integrations;
using Archon.Tests.Features.Watches;
using Archon.Tests.Kit;
using Xunit;

namespace Archon.Tests.Features.Services;

[SystemTest]
public sealed class SignalQueriesTests(PostgresFixture postgres)
{
    private static readonly TimeRange Range = new(JobBench.Start - TimeSpan.FromHours(1), JobBench.Start);
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_the_server_says_beside_the_samples_comes_with_them()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        bench.Metrics.Warnings.Add("bucket label \"le\" is missing");
        bench.Metrics.Infos.Add("metric might not be a counter");

        var picture = Assert.IsType<Fetch<SignalPicture>.Ok>(await ReadAsync(bench)).Value;

        Assert.Equal(["bucket label \"le\" is missing"], picture.Warnings);
        Assert.Equal(["metric might not be a counter"], picture.Infos);
    }

    [Fact]
    public async Task Without_an_answer_there_is_no_picture_and_the_reason_is_reported()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        bench.Metrics.Down = true;

        var missed = Assert.IsType<Fetch<SignalPicture>.Unavailable>(await ReadAsync(bench));

        Assert.Contains("failed (500)", missed.Reason, StringComparison.Ordinal);
    }

    private static async Task<Fetch<SignalPicture>?> ReadAsync(JobBench bench)
    {
        var watch = await bench.AddWatchAsync();
        var series = new WatchedSeries
        {
            EnvironmentId = 1,
            WatchId = watch,
            LabelsKey = "job=\"a\"",
            Labels = new() { ["job"] = "a" },
        };
        await bench.ReadAsync(db =>
        {
            db.WatchedSeries.Add(series);
            return db.SaveChangesAsync(Token);
        });
        return await new SignalQueries(
            bench.Database.Contexts,
            UpstreamClients.At(bench.Metrics.Address, bench.Metrics.Address)
        ).SeriesAsync(watch, series.Id, Range, 100, Token);
    }
}
