using Archon.Data;
using Archon.Data.Catalogue;
using Archon.Jobs;
using Archon.Live;
using Hangfire;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Archon.Features.Scanning;

public sealed partial class HousekeepingJob(
    IDbContextFactory<ArchonDbContext> contexts,
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

        var forgotten = now - options.Value.Retention;
        await db
            .Incidents.Where(incident =>
                incident.ResolvedAt < forgotten || (incident.MergedIntoId != null && incident.ChangedAt < forgotten)
            )
            .ExecuteDeleteAsync(cancellationToken);
        await db.Predictions.Where(prediction => prediction.SettledAt < forgotten).ExecuteDeleteAsync(cancellationToken);

        // Anomalies keep their series: what happened stays readable for as long as it is kept.
        var silent = now - options.Value.StaleAfter;
        var series = await db
            .WatchedSeries.Where(one => one.LastSampleAt < silent && !db.Anomalies.Any(anomaly => anomaly.SeriesId == one.Id))
            .ExecuteDeleteAsync(cancellationToken);
        // A service that nobody vouched for goes with its last sign of life.
        var services = await db
            .Services.Where(service =>
                service.Origin == CatalogueOrigin.Discovered
                && service.LastSeenAt < silent
                && !db.Anomalies.Any(anomaly => anomaly.ServiceId == service.Id)
                && !db.WatchedSeries.Any(one => one.ServiceId == service.Id)
                && !db.ServiceDependencies.Any(call => call.CalleeId == service.Id || call.CallerId == service.Id)
            )
            .ExecuteDeleteAsync(cancellationToken);
        if (services > 0)
            await db.AnnounceAsync(SampleTopic.Id, cancellationToken);
        LogCleaned(series, services);
    }

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Housekeeping: {Series} silent series and {Services} vanished services forgotten"
    )]
    private partial void LogCleaned(int series, int services);
}
