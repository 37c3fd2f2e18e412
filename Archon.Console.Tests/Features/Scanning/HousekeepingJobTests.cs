using Archon.Data.Anomalies;
using Archon.Data.Catalogue;
using Archon.Features.Scanning;
using Archon.Tests.Features.Watches;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace Archon.Tests.Features.Scanning;

[SystemTest]
public sealed class HousekeepingJobTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Series_silent_for_long_are_forgotten_unless_something_happened_to_them()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        var watch = await bench.AddWatchAsync();
        await bench.ReadAsync(async db =>
        {
            WatchedSeries Series(string key, TimeSpan ago) =>
                new()
                {
                    EnvironmentId = 1,
                    WatchId = watch,
                    LabelsKey = key,
                    LastSampleAt = JobBench.Start - ago,
                };
            var remembered = Series("remembered", TimeSpan.FromDays(30));
            db.WatchedSeries.AddRange(Series("fresh", TimeSpan.FromHours(1)), Series("silent", TimeSpan.FromDays(30)), remembered);
            await db.SaveChangesAsync(Token);
            db.Anomalies.Add(
                new Anomaly
                {
                    EnvironmentId = 1,
                    WatchId = watch,
                    SeriesId = remembered.Id,
                    StartedAt = JobBench.Start.AddHours(-1),
                }
            );
            return await db.SaveChangesAsync(Token);
        });

        await bench.Get<HousekeepingJob>().CleanAsync(Token);

        var left = await bench.ReadAsync(db => db.WatchedSeries.Select(series => series.LabelsKey).Order().ToListAsync(Token));
        Assert.Equal(["fresh", "remembered"], left);
    }

    [Fact]
    public async Task A_service_no_one_vouched_for_goes_with_its_last_sign_of_life()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        await bench.ReadAsync(async db =>
        {
            Service Service(string name, CatalogueOrigin origin) =>
                new()
                {
                    EnvironmentId = 1,
                    Name = name,
                    Origin = origin,
                    CreatedAt = JobBench.Start,
                    LastSeenAt = JobBench.Start.AddDays(-30),
                };
            db.Services.AddRange(
                Service("found", CatalogueOrigin.Discovered),
                Service("kept", CatalogueOrigin.Accepted),
                Service("dismissed", CatalogueOrigin.Ignored)
            );
            return await db.SaveChangesAsync(Token);
        });

        await bench.Get<HousekeepingJob>().CleanAsync(Token);

        var left = await bench.ReadAsync(db => db.Services.Select(service => service.Name).Order().ToListAsync(Token));
        Assert.Equal(["dismissed", "kept"], left);
    }
}
