using Archon.Data;
using Archon.Data.Catalogue;
using Archon.Features.Scanning;
using Archon.Tests.Kit;
using Hangfire;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Archon.Tests.Storms;

/// <summary>Discovers <see cref="SpikingTarget"/> and fits its model, which the schedules would do within minutes.</summary>
internal static class Learning
{
    private const int LooksPerAttempt = 5;
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1);

    public static async Task LearnAsync(this ArchonApp app, CancellationToken cancellationToken)
    {
        var contexts = app.Services.GetRequiredService<IDbContextFactory<ArchonDbContext>>();
        var discovers = app.Services.GetRequiredService<IRecurringJobManager>();
        var jobs = app.Services.GetRequiredService<IBackgroundJobClient>();
        // By the queue, whose locks keep a job apart from the one that a schedule starts.
        await TryAsync(
            () => discovers.Trigger("discover"),
            async () => await WatchAsync(contexts, cancellationToken) is not null,
            cancellationToken
        );
        var watch = (await WatchAsync(contexts, cancellationToken))!;
        await using (var db = await contexts.CreateDbContextAsync(cancellationToken))
        {
            await db
                .Watches.Where(one => one.Id == watch.Id)
                .ExecuteUpdateAsync(set => set.SetProperty(one => one.Step, Step), cancellationToken);
        }
        await TryAsync(
            () => jobs.Enqueue<FitModelsJob>(job => job.FitAsync(watch.Id, CancellationToken.None)),
            () => IsFittedAsync(contexts, watch.Id, cancellationToken),
            cancellationToken
        );
    }

    /// <summary>There may not be enough samples yet: asked for again until it is done.</summary>
    private static async Task TryAsync(Action ask, Func<Task<bool>> isDone, CancellationToken cancellationToken)
    {
        for (var look = 0; !await isDone(); look++)
        {
            if (look % LooksPerAttempt == 0)
                ask();
            await Task.Delay(Step, cancellationToken);
        }
    }

    /// <summary>Of the gauge; null before it is discovered.</summary>
    public static async Task<Watch?> WatchAsync(IDbContextFactory<ArchonDbContext> contexts, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.Watches.AsNoTracking().SingleOrDefaultAsync(one => one.Template == "websocket-connections", cancellationToken);
    }

    private static async Task<bool> IsFittedAsync(
        IDbContextFactory<ArchonDbContext> contexts,
        int watchId,
        CancellationToken cancellationToken
    )
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.WatchedSeries.AnyAsync(series => series.WatchId == watchId && series.Model != null, cancellationToken);
    }
}
