using System.Globalization;
using Archon.Analysis.Series;
using Archon.Data;
using Archon.Data.Access;
using Archon.Data.Catalogue;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Archon.Live;
using Hangfire;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Watches;

/// <summary>What a person may say about a watch.</summary>
/// <param name="Limit">The value that must not be reached; null where there is none.</param>
/// <param name="VolumeQuery">PromQL of how many requests stand behind each value; null where a value needs none.</param>
public sealed record WatchDraft(
    string Name,
    string Query,
    WatchSignal Signal,
    string Unit,
    TimeSpan Step,
    AnomalyDirection Interesting,
    double Sensitivity,
    double? Limit = null,
    LimitSide LimitSide = LimitSide.Ceiling,
    string? VolumeQuery = null
)
{
    internal string? Volume => string.IsNullOrWhiteSpace(VolumeQuery) ? null : VolumeQuery.Trim();
}

public abstract record WatchResult
{
    private WatchResult() { }

    public sealed record Done(int Id) : WatchResult;

    public sealed record NotFound : WatchResult;

    public sealed record ChangedMeanwhile : WatchResult;

    /// <summary>The draft cannot be kept; the reason is a sentence for the person who wrote it, or the server's own words.</summary>
    public sealed record Invalid(string Reason) : WatchResult;

    /// <summary>Prometheus gave no answer, so the query could not be tried.</summary>
    public sealed record NotChecked(string Reason) : WatchResult;
}

public sealed class WatchCommands(
    IDbContextFactory<ArchonDbContext> contexts,
    Upstreams upstreams,
    IBackgroundJobClient jobs,
    IServiceProvider services,
    TimeProvider clock
)
{
    private const string ScanQueue = "scan";
    private const int QueueLooked = 200;
    private static readonly Lock Starting = new();
    private static readonly TimeSpan LeastStep = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan MostStep = TimeSpan.FromHours(1);

    /// <summary>Starts an analysis of everything now.</summary>
    /// <returns>The id of the job, as the list of jobs shows it.</returns>
    /// <remarks>One that still waits serves everybody who asks meanwhile: the queue must not grow with each request.</remarks>
    public string StartAnalysis(int environmentId)
    {
        lock (Starting)
        {
            // Asked for late: the storage makes its tables when it is first built, which needs the database.
            var waiting = services
                .GetRequiredService<JobStorage>()
                .GetMonitoringApi()
                .EnqueuedJobs(ScanQueue, 0, QueueLooked)
                .Where(entry =>
                    entry.Value?.Job is { } job
                    && job.Type == typeof(AnalyseJob)
                    && job.Args is [int environment, ..]
                    && environment == environmentId
                );
            return waiting.Select(entry => entry.Key).FirstOrDefault()
                ?? jobs.Enqueue<AnalyseJob>(job => job.AnalyseAsync(environmentId, CancellationToken.None));
        }
    }

    public async Task<WatchResult> CreateAsync(int environmentId, WatchDraft draft, string who, CancellationToken cancellationToken)
    {
        if (await FaultAsync(environmentId, draft, cancellationToken) is { } fault)
            return fault;
        var now = clock.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var watch = new Watch
        {
            EnvironmentId = environmentId,
            Name = "",
            Query = "",
            CreatedAt = now,
        };
        Fill(watch, draft, who, now);
        db.Watches.Add(watch);
        return await SaveAsync(db, watch, "watch.create", who, cancellationToken);
    }

    /// <param name="editedAt"><see cref="Watch.EditedAt"/> as the person saw it. The row's own version will not do: every scan moves it.</param>
    public async Task<WatchResult> EditAsync(
        int id,
        DateTimeOffset? editedAt,
        WatchDraft draft,
        string who,
        CancellationToken cancellationToken
    )
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var watch = await db.Watches.AsNoTracking().SingleOrDefaultAsync(one => one.Id == id, cancellationToken);
        if (watch is null)
            return new WatchResult.NotFound();
        if (await FaultAsync(watch.EnvironmentId, draft, cancellationToken) is { } fault)
            return fault;
        if (watch.EditedAt != editedAt)
            return new WatchResult.ChangedMeanwhile();
        var now = clock.GetUtcNow();
        // Another query has other series: the models of the old one say nothing about them.
        var otherQuery = watch.Query != draft.Query.Trim() || watch.Step != draft.Step;
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var changed = await db
            .Watches.Where(one => one.Id == id && one.EditedAt == editedAt)
            .ExecuteUpdateAsync(
                set =>
                    set.SetProperty(one => one.Name, draft.Name.Trim())
                        .SetProperty(one => one.Query, draft.Query.Trim())
                        .SetProperty(one => one.Signal, draft.Signal)
                        .SetProperty(one => one.Unit, draft.Unit)
                        .SetProperty(one => one.Step, draft.Step)
                        .SetProperty(one => one.Interesting, draft.Interesting)
                        .SetProperty(one => one.Sensitivity, draft.Sensitivity)
                        .SetProperty(one => one.Limit, draft.Limit)
                        .SetProperty(one => one.LimitSide, draft.LimitSide)
                        .SetProperty(one => one.VolumeQuery, draft.Volume)
                        // What was forecast for another limit says nothing about this one.
                        .SetProperty(one => one.ForecastAt, (DateTimeOffset?)null)
                        .SetProperty(one => one.Origin, CatalogueOrigin.Edited)
                        .SetProperty(one => one.EditedAt, now)
                        .SetProperty(one => one.EditedBy, who)
                        .SetProperty(one => one.FittedAt, one => otherQuery ? null : one.FittedAt),
                cancellationToken
            );
        if (changed == 0)
            return new WatchResult.ChangedMeanwhile();
        if (otherQuery)
        {
            await db
                .WatchedSeries.Where(series => series.WatchId == id)
                .ExecuteUpdateAsync(
                    set =>
                        set.SetProperty(series => series.Model, (byte[]?)null)
                            .SetProperty(series => series.FittedAt, (DateTimeOffset?)null)
                            .SetProperty(series => series.FittedSamples, 0),
                    cancellationToken
                );
        }
        await NoteAsync(db, watch.EnvironmentId, id, "watch.edit", who, draft.Name, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new WatchResult.Done(id);
    }

    public Task<WatchResult> AcceptAsync(int id, string who, CancellationToken cancellationToken) =>
        MarkAsync(
            id,
            watch => watch.Origin == CatalogueOrigin.Discovered ? CatalogueOrigin.Accepted : watch.Origin,
            "watch.accept",
            who,
            cancellationToken
        );

    /// <summary>Stops watching, and keeps the row so that discovery does not bring it back.</summary>
    public Task<WatchResult> IgnoreAsync(int id, string who, CancellationToken cancellationToken) =>
        MarkAsync(id, _ => CatalogueOrigin.Ignored, "watch.ignore", who, cancellationToken);

    public Task<WatchResult> RestoreAsync(int id, string who, CancellationToken cancellationToken) =>
        MarkAsync(
            id,
            watch =>
                watch.Origin != CatalogueOrigin.Ignored ? watch.Origin
                : watch.EditedAt is null ? CatalogueOrigin.Discovered
                : CatalogueOrigin.Edited,
            "watch.restore",
            who,
            cancellationToken
        );

    private async Task<WatchResult> MarkAsync(
        int id,
        Func<Watch, CatalogueOrigin> next,
        string action,
        string who,
        CancellationToken cancellationToken
    )
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var watch = await db.Watches.AsNoTracking().SingleOrDefaultAsync(one => one.Id == id, cancellationToken);
        if (watch is null)
            return new WatchResult.NotFound();
        var origin = next(watch);
        if (origin == watch.Origin)
            return new WatchResult.Done(id);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db
            .Watches.Where(one => one.Id == id)
            .ExecuteUpdateAsync(set => set.SetProperty(one => one.Origin, origin), cancellationToken);
        await NoteAsync(db, watch.EnvironmentId, id, action, who, watch.Name, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new WatchResult.Done(id);
    }

    private async Task<WatchResult> SaveAsync(
        ArchonDbContext db,
        Watch watch,
        string action,
        string who,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.SaveChangesAsync(cancellationToken);
        await NoteAsync(db, watch.EnvironmentId, watch.Id, action, who, watch.Name, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new WatchResult.Done(watch.Id);
    }

    private async Task NoteAsync(
        ArchonDbContext db,
        int environmentId,
        int id,
        string action,
        string who,
        string detail,
        CancellationToken cancellationToken
    )
    {
        db.AuditEntries.Add(
            new AuditEntry
            {
                At = clock.GetUtcNow(),
                Actor = who,
                Action = action,
                Subject = string.Create(CultureInfo.InvariantCulture, $"watch {id}"),
                Detail = detail,
            }
        );
        await db.SaveChangesAsync(cancellationToken);
        await db.AnnounceAsync(WatchTopic.Id, environmentId, cancellationToken);
    }

    private static void Fill(Watch watch, WatchDraft draft, string who, DateTimeOffset now)
    {
        watch.Name = draft.Name.Trim();
        watch.Query = draft.Query.Trim();
        watch.Signal = draft.Signal;
        watch.Unit = draft.Unit;
        watch.Step = draft.Step;
        watch.Interesting = draft.Interesting;
        watch.Sensitivity = draft.Sensitivity;
        (watch.Limit, watch.LimitSide, watch.VolumeQuery) = (draft.Limit, draft.LimitSide, draft.Volume);
        watch.Origin = CatalogueOrigin.Edited;
        (watch.EditedAt, watch.EditedBy) = (now, who);
    }

    private async Task<WatchResult?> FaultAsync(int environmentId, WatchDraft draft, CancellationToken cancellationToken)
    {
        if (string.IsNullOrWhiteSpace(draft.Name))
            return new WatchResult.Invalid("A watch needs a name.");
        if (draft.Name.Trim().Length > 200)
            return new WatchResult.Invalid("A name has at most 200 characters.");
        if (string.IsNullOrWhiteSpace(draft.Query))
            return new WatchResult.Invalid("A watch needs a query.");
        if (draft.Step < LeastStep || draft.Step > MostStep)
            return new WatchResult.Invalid("The step must be between 5 s and 1 h.");
        if (draft.Step.Ticks % TimeSpan.TicksPerSecond != 0)
            return new WatchResult.Invalid("The step is in whole seconds.");
        if (draft.Sensitivity is not (>= 0 and <= 1))
            return new WatchResult.Invalid("Sensitivity must be between 0 and 1.");
        if (draft.Limit is { } limit && !double.IsFinite(limit))
            return new WatchResult.Invalid("The limit is a number, or left out.");
        // The server knows best whether it is PromQL, and whether it gives series at all.
        foreach (var query in (string?[])[draft.Query, draft.Volume])
        {
            if (query is null)
                continue;
            var now = clock.GetUtcNow();
            switch (
                await upstreams.For(environmentId).Prometheus.QueryRangeAsync(query, new TimeRange(now, now), draft.Step, cancellationToken)
            )
            {
                case Fetch<MatrixResult>.Rejected rejected:
                    return new WatchResult.Invalid(rejected.Reason);
                case Fetch<MatrixResult>.Unavailable missed:
                    return new WatchResult.NotChecked(missed.Reason);
            }
        }
        return null;
    }
}
