using Archon.Data;
using Archon.Data.Background;
using Archon.Jobs;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Scanning;

/// <summary>Exchanges the counts of this process with those of all, once a minute. It is no job, because each process has to add its
/// own.</summary>
internal sealed class EstateThresholdKeeper(
    ArchonDatabase database,
    IDbContextFactory<ArchonDbContext> contexts,
    EstateThresholds thresholds,
    Supervision supervision,
    TimeProvider clock
) : SupervisedService("Estate thresholds", supervision)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    protected override async Task RunAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await database.WhenReadyAsync(stoppingToken);
            await using (var db = await contexts.CreateDbContextAsync(stoppingToken))
                await thresholds.ExchangeAsync(db, clock.GetUtcNow(), stoppingToken);
            ReportHealthy();
            await Task.Delay(Interval, clock, stoppingToken);
        }
    }
}

/// <summary>Deletes counts that no threshold follows from any more.</summary>
internal sealed class EvidenceRetention : IRetention
{
    public Task CleanAsync(ArchonDbContext db, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var oldest = now - EstateThresholds.Memory - TimeSpan.FromDays(1);
        return db.EvidenceCounts.Where(one => one.Hour < oldest).ExecuteDeleteAsync(cancellationToken);
    }
}
