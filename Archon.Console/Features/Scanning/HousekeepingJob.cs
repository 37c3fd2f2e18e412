using Archon.Data;
using Archon.Jobs;
using Archon.Live;
using Hangfire;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Archon.Features.Scanning;

public sealed partial class HousekeepingJob(
    IDbContextFactory<ArchonDbContext> contexts,
    IEnumerable<IRetention> retentions,
    IOptions<WatchOptions> options,
    TimeProvider clock,
    ILogger<HousekeepingJob> logger
)
{
    /// <summary>Makes partitions for the days to come, drops the old ones, forgets series nobody has seen for long.</summary>
    [Queue("housekeeping"), AutomaticRetry(Attempts = 3), AdvisoryLock("housekeeping")]
    public async Task CleanAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await Partitions.EnsureAsync(db, now, cancellationToken);
        await Partitions.DropOlderThanAsync(db, now - options.Value.Retention, cancellationToken);

        // Anomalies keep their series: what happened stays readable for as long as it is kept.
        var silent = now - options.Value.StaleAfter;
        var series = await db
            .WatchedSeries.Where(one => one.LastSampleAt < silent && !db.Anomalies.Any(anomaly => anomaly.SeriesId == one.Id))
            .ExecuteDeleteAsync(cancellationToken);
        if (series > 0)
            await db.AnnounceToAllAsync(SampleTopic.Id, cancellationToken);
        foreach (var retention in retentions)
            await retention.CleanAsync(db, now, cancellationToken);
        LogCleaned(series);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Housekeeping: {Series} series without samples deleted")]
    private partial void LogCleaned(int series);
}
