using System.Globalization;
using Archon.Analysis.Series;
using Archon.Data;
using Archon.Data.Access;
using Archon.Data.Catalogue;
using Archon.Features.Access;
using Archon.Features.Scanning;
using Archon.Features.Scanning.States;
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
    CommandGate gate,
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
    /// <exception cref="PermissionDeniedException">The actor may not start an analysis.</exception>
    /// <remarks>One that still waits serves everybody who asks meanwhile: the queue must not grow with each request.</remarks>
    public async Task<string> StartAnalysisAsync(int environmentId, Actor actor, CancellationToken cancellationToken)
    {
        await gate.RequireAsync(actor, Permission.StartAnalysis, environmentId, cancellationToken);
        return StartAnalysis(environmentId);
    }

    private string StartAnalysis(int environmentId)
    {
        lock (Starting)
        {
            // Asked for late: the storage makes its tables when it is first built, which needs the database.
            var waiting = services
                .GetRequiredService<JobStorage>()
                .GetMonitoringApi()
                .EnqueuedJobs(ScanQueue, 0, QueueLooked)
                .Where(entry => AnalyseJob.IsOf(entry.Value?.Job, environmentId));
            return waiting.Select(entry => entry.Key).FirstOrDefault()
                ?? jobs.Enqueue<AnalyseJob>(job => job.AnalyseAsync(environmentId, CancellationToken.None));
        }
    }

    /// <exception cref="PermissionDeniedException">The actor may not edit watches.</exception>
    public async Task<WatchResult> CreateAsync(int environmentId, WatchDraft draft, Actor actor, CancellationToken cancellationToken)
    {
        await gate.RequireAsync(actor, Permission.EditWatches, environmentId, cancellationToken);
        if (await FaultAsync(environmentId, draft, cancellationToken) is { } fault)
            return fault;
        var now = clock.GetUtcNow();
        await using var db = await gate.OpenAsync(actor, Permission.EditWatches, environmentId, cancellationToken);
        var watch = new Watch
        {
            EnvironmentId = environmentId,
            Name = "",
            Query = "",
            CreatedAt = now,
        };
        Fill(watch, draft, actor.Name, now);
        db.Watches.Add(watch);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await SaveAsync(db, watch, "watch.create", cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new WatchResult.Done(watch.Id);
    }

    /// <param name="editedAt"><see cref="Watch.EditedAt"/> as the person saw it. The row's own version will not do: every scan moves it.</param>
    /// <exception cref="PermissionDeniedException">The actor may not edit watches.</exception>
    public async Task<WatchResult> EditAsync(
        int id,
        DateTimeOffset? editedAt,
        WatchDraft draft,
        Actor actor,
        CancellationToken cancellationToken
    )
    {
        await using var db = await gate.OpenAsync(actor, Permission.EditWatches, environmentId: null, cancellationToken);
        var environment = await db
            .Watches.Where(one => one.Id == id)
            .Select(one => (int?)one.EnvironmentId)
            .SingleOrDefaultAsync(cancellationToken);
        if (environment is not { } environmentId)
            return new WatchResult.NotFound();
        // Before the transaction: Prometheus is asked.
        if (await FaultAsync(environmentId, draft, cancellationToken) is { } fault)
            return fault;
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (await LockedAsync(db, id, cancellationToken) is not { } watch)
            return new WatchResult.NotFound();
        if (watch.EditedAt != editedAt)
            return new WatchResult.ChangedMeanwhile();
        // Another query has other series: the models of the old one say nothing about them.
        var otherQuery = watch.Query != draft.Query.Trim() || watch.Step != draft.Step || watch.Unit != draft.Unit;
        var measure = (watch.Signal, watch.Unit, watch.Interesting, watch.Limit, watch.LimitSide);
        var now = clock.GetUtcNow();
        Fill(watch, draft, actor.Name, now);
        // What was forecast for another limit says nothing about this one.
        watch.ForecastAt = null;
        if (otherQuery)
        {
            watch.FittedAt = null;
            await ScanStore.ForgetModelsAsync(db, id, cancellationToken);
        }
        await SaveAsync(db, watch, "watch.edit", cancellationToken);
        if (
            measure != (watch.Signal, watch.Unit, watch.Interesting, watch.Limit, watch.LimitSide)
            && await AnomalyStates.RecordEditAsync(db, watch, now, cancellationToken)
        )
            await db.AnnounceAsync(AnomalyTopic.Id, watch.EnvironmentId, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new WatchResult.Done(id);
    }

    /// <exception cref="PermissionDeniedException">The actor may not edit watches.</exception>
    public Task<WatchResult> AcceptAsync(int id, Actor actor, CancellationToken cancellationToken) =>
        MarkAsync(
            id,
            watch => watch.Origin == CatalogueOrigin.Discovered ? CatalogueOrigin.Accepted : watch.Origin,
            "watch.accept",
            actor,
            cancellationToken
        );

    /// <summary>Stops watching, and keeps the row so that discovery does not bring it back.</summary>
    /// <exception cref="PermissionDeniedException">The actor may not edit watches.</exception>
    public Task<WatchResult> IgnoreAsync(int id, Actor actor, CancellationToken cancellationToken) =>
        MarkAsync(id, _ => CatalogueOrigin.Ignored, "watch.ignore", actor, cancellationToken);

    /// <exception cref="PermissionDeniedException">The actor may not edit watches.</exception>
    public Task<WatchResult> RestoreAsync(int id, Actor actor, CancellationToken cancellationToken) =>
        MarkAsync(
            id,
            watch =>
                watch.Origin != CatalogueOrigin.Ignored ? watch.Origin
                : watch.EditedAt is null ? CatalogueOrigin.Discovered
                : CatalogueOrigin.Edited,
            "watch.restore",
            actor,
            cancellationToken
        );

    private async Task<WatchResult> MarkAsync(
        int id,
        Func<Watch, CatalogueOrigin> next,
        string action,
        Actor actor,
        CancellationToken cancellationToken
    )
    {
        await using var db = await gate.OpenAsync(actor, Permission.EditWatches, environmentId: null, cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (await LockedAsync(db, id, cancellationToken) is not { } watch)
            return new WatchResult.NotFound();
        var origin = next(watch);
        if (origin == watch.Origin)
            return new WatchResult.Done(id);
        watch.Origin = origin;
        // Scorers that still hold what was open are made anew.
        watch.JudgedAt = clock.GetUtcNow();
        // Nobody would ever see them end.
        var left =
            origin == CatalogueOrigin.Ignored
                ? await db.Anomalies.Where(anomaly => anomaly.WatchId == id && anomaly.EndedAt == null).ToListAsync(cancellationToken)
                : [];
        foreach (var anomaly in left)
            (anomaly.EndedAt, anomaly.EndReason) = (anomaly.LastSeenAt, "The watch is ignored.");
        await SaveAsync(db, watch, action, cancellationToken);
        if (left.Count > 0)
        {
            var now = clock.GetUtcNow();
            await StateLog.AddAsync(db, [.. left.Select(one => AnomalyStates.End(watch, one, now))], cancellationToken);
            await db.AnnounceAsync(AnomalyTopic.Id, watch.EnvironmentId, cancellationToken);
        }
        await transaction.CommitAsync(cancellationToken);
        return new WatchResult.Done(id);
    }

    /// <summary>The row as it is until the transaction ends: a scan, a fit or a forecast of it waits.</summary>
    private static async Task<Watch?> LockedAsync(ArchonDbContext db, int id, CancellationToken cancellationToken)
    {
        await ScanStore.LockAsync(db, id, cancellationToken);
        // What moves the row without that lock, such as a dispatch.
        await db.Database.ExecuteSqlAsync($"SELECT 1 FROM watches WHERE id = {id} FOR UPDATE", cancellationToken);
        return await db.Watches.SingleOrDefaultAsync(one => one.Id == id, cancellationToken);
    }

    private async Task SaveAsync(ArchonDbContext db, Watch watch, string action, CancellationToken cancellationToken)
    {
        db.Note(
            clock.GetUtcNow(),
            action,
            () => string.Create(CultureInfo.InvariantCulture, $"watch {watch.Id}"),
            watch.Name,
            watch.EnvironmentId
        );
        await db.SaveChangesAsync(cancellationToken);
        await db.AnnounceAsync(WatchTopic.Id, watch.EnvironmentId, cancellationToken);
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
