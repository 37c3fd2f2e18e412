using Archon.Data;
using Archon.Data.Catalogue;
using Archon.Features.Scanning;
using Archon.Jobs;
using Hangfire;
using Hangfire.Common;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Watches;

/// <summary>One analysis on demand: what the schedules do, now and in order.</summary>
public sealed class AnalyseJob(IDbContextFactory<ArchonDbContext> contexts, WatchDiscoverer discovery, FitModelsJob fits, ScanJob scans)
{
    /// <summary>Whether a job is an analysis of this environment.</summary>
    internal static bool IsOf(Job? job, int environmentId) =>
        job is { Args: [int environment, ..] } && job.Type == typeof(AnalyseJob) && environment == environmentId;

    /// <summary>Sets up watches that are missing, learns what has no model yet, and scans every watch of an environment.</summary>
    [Queue("scan"), AutomaticRetry(Attempts = 3), AdvisoryLock("analyse:{0}")]
    public async Task AnalyseAsync(int environmentId, CancellationToken cancellationToken)
    {
        await discovery.ApplyAsync(environmentId, cancellationToken);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var watches = await db
            .Watches.AsNoTracking()
            .Where(watch => watch.EnvironmentId == environmentId && watch.Enabled && watch.Origin != CatalogueOrigin.Ignored)
            .OrderBy(watch => watch.Id)
            .Select(watch => new { watch.Id, watch.FittedAt })
            .ToListAsync(cancellationToken);
        foreach (var watch in watches.Where(watch => watch.FittedAt is null))
            await fits.FitAsync(watch.Id, cancellationToken);
        await scans.ScanShardAsync([.. watches.Select(watch => watch.Id)], cancellationToken);
    }
}
