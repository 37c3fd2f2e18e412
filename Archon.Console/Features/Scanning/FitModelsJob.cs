using System.Diagnostics;
using Archon.Analysis.Detection;
using Archon.Analysis.Series;
using Archon.Data;
using Archon.Data.Catalogue;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Archon.Jobs;
using Archon.Live;
using Hangfire;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Archon.Features.Scanning;

/// <summary>Learns what is normal for every series of a watch, from history.</summary>
public sealed partial class FitModelsJob(
    IDbContextFactory<ArchonDbContext> contexts,
    Upstreams upstreams,
    WatchMetrics metrics,
    IBackgroundJobClient jobs,
    JobStorage storage,
    IOptions<WatchOptions> options,
    TimeProvider clock,
    ILogger<FitModelsJob> logger
)
{
    /// <summary>Points of one series in the long history: five minutes apart over two weeks.</summary>
    private const int LongPoints = 4032;

    /// <summary>Most points of one series in the short history.</summary>
    private const int ShortPoints = 5000;

    /// <summary>Points of all series together in one reply: 128 MB of arrays.</summary>
    private const long MostPoints = 8_000_000;

    /// <summary>Fewer points than this in the long history is short: one day at five minutes.</summary>
    private const int EnoughPoints = 288;

    /// <summary>Stretch that is read at the watch's own step for series without a long history.</summary>
    private static readonly TimeSpan ShortHistory = TimeSpan.FromHours(6);

    /// <summary>The end of the history, which is read at the watch's own step.</summary>
    private static readonly TimeSpan Recent = TimeSpan.FromMinutes(30);

    /// <summary>Least distance of two points in the long history.</summary>
    private static readonly TimeSpan LongStep = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan RefitNone = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan RefitShort = TimeSpan.FromMinutes(5);

    /// <summary>A series that has been silent for longer has nothing new to teach.</summary>
    private static readonly TimeSpan Silent = TimeSpan.FromHours(1);

    /// <summary>Puts every watch with something to learn into a queue: at once when it was never learnt, and every few minutes while history is short.</summary>
    /// <remarks>A model with enough history learns on with every scan. Learning it anew would make the scan load and replay everything for nothing.</remarks>
    [Queue("fit"), AutomaticRetry(Attempts = 0), AdvisoryLock("fit-dispatch", WhenTaken = WhenLockTaken.Skip)]
    public async Task DispatchAsync(CancellationToken cancellationToken)
    {
        // What waits or runs already would be asked for twice.
        if (storage.GetMonitoringApi().EnqueuedCount("fit") > 0)
            return;

        var now = clock.GetUtcNow();
        var seen = now - Silent;
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var watches = await db
            .Watches.AsNoTracking()
            .Where(watch => watch.Enabled && watch.Origin != CatalogueOrigin.Ignored)
            .OrderBy(watch => watch.FittedAt)
            .Select(watch => new
            {
                watch.Id,
                watch.FittedAt,
                Fitted = db.WatchedSeries.Any(series => series.WatchId == watch.Id && series.FittedAt != null),
                Unsettled = db.WatchedSeries.Any(series =>
                    series.WatchId == watch.Id
                    && series.LastSampleAt > seen
                    && (series.FittedAt == null || series.FittedSamples < EnoughPoints || series.ModelVersion != SeriesModel.FormatVersion)
                ),
            })
            .ToListAsync(cancellationToken);
        foreach (var watch in watches)
        {
            if (watch.Fitted && !watch.Unsettled)
                continue;
            if (DueTimes.IsDue(watch.FittedAt, watch.Fitted ? RefitShort : RefitNone, now))
                jobs.Enqueue<FitModelsJob>(job => job.FitAsync(watch.Id, CancellationToken.None));
        }
    }

    /// <summary>Learns every series of one watch. A second run only learns the same again.</summary>
    [Queue("fit"), AutomaticRetry(Attempts = 3), AdvisoryLock("fit:{0}")]
    public async Task FitAsync(int watchId, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var now = clock.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var watch = await db.Watches.AsNoTracking().SingleOrDefaultAsync(one => one.Id == watchId, cancellationToken);
        if (watch is not { Enabled: true } || watch.Origin == CatalogueOrigin.Ignored)
            return;

        var rows = (
            await db
                .WatchedSeries.AsNoTracking()
                .Where(series => series.WatchId == watchId)
                .Select(series => new SeriesRow(series.Id, series.LabelsKey, series.FittedAt, series.FittedSamples, series.ModelVersion))
                .ToListAsync(cancellationToken)
        ).ToDictionary(row => row.LabelsKey, StringComparer.Ordinal);
        bool Settled(string key) =>
            rows.TryGetValue(key, out var row) && row.FittedSamples >= EnoughPoints && row.ModelVersion == SeriesModel.FormatVersion;
        if (rows.Count > 0 && rows.Keys.All(Settled))
            return;
        var models = new Dictionary<SeriesLabels, SeriesModel>();
        var seen = new HashSet<SeriesLabels>();

        if (!rows.Values.Any(row => Settled(row.LabelsKey)))
        {
            var window = options.Value.HistoryWindow;
            var points = Math.Clamp(MostPoints / Math.Max(1, rows.Count), EnoughPoints, LongPoints);
            var step = Whole(Longest(window / points, LongStep, watch.Step));
            var longUntil = now - Recent;
            if (
                !await LearnAsync(
                    watch,
                    new TimeRange(longUntil - window, longUntil),
                    step,
                    EnoughPoints,
                    _ => true,
                    models,
                    seen,
                    cancellationToken
                ) || !await GoOnAsync(watch, new TimeRange(longUntil, now), models, cancellationToken)
            )
                return;
        }
        var shortHistory = ShortHistory < options.Value.HistoryWindow ? ShortHistory : options.Value.HistoryWindow;
        var shortPoints = Math.Clamp(MostPoints / Math.Max(1, rows.Count), EnoughPoints, ShortPoints);
        var shortStep = Whole(Longest(shortHistory / shortPoints, watch.Step));
        bool Wanted(SeriesLabels labels) => !models.ContainsKey(labels) && !Settled(labels.Key);
        if (!await LearnAsync(watch, new TimeRange(now - shortHistory, now), shortStep, 0, Wanted, models, seen, cancellationToken))
            return;

        if (!await SaveAsync(db, watch, now, rows, models, seen, cancellationToken))
            return;
        metrics.Fitted(models.Count, Stopwatch.GetElapsedTime(started));
        LogFitted(watchId, models.Count);
    }

    /// <returns>False when the upstream gave no answer; <see cref="Watch.FittedAt"/> then stays, so that the next dispatch tries again.</returns>
    private async Task<bool> LearnAsync(
        Watch watch,
        TimeRange range,
        TimeSpan step,
        int least,
        Func<SeriesLabels, bool> wanted,
        Dictionary<SeriesLabels, SeriesModel> models,
        HashSet<SeriesLabels> seen,
        CancellationToken cancellationToken
    )
    {
        var answer = await upstreams.For(watch.EnvironmentId).Prometheus.QueryRangeAsync(watch.Query, range, step, cancellationToken);
        if (answer is not Fetch<MatrixResult>.Ok { Value.Series: var histories })
        {
            LogNotChecked(watch.Id, answer.Reason());
            return false;
        }
        var settings = new SeriesModelSettings { Unit = watch.Unit };
        foreach (var history in histories)
        {
            if (seen.Count < options.Value.SeriesLimit)
                seen.Add(history.Labels);
            if (!seen.Contains(history.Labels) || history.Count < least || !wanted(history.Labels))
                continue;
            cancellationToken.ThrowIfCancellationRequested();
            var model = SeriesModel.Fit(history, settings);
            if (model.FitVerdict is not FitVerdict.TooShort)
                models[history.Labels] = model;
        }
        return true;
    }

    /// <summary>Shows the models the newest samples as the scan will: how noisy those are, a coarser history cannot tell.</summary>
    private async Task<bool> GoOnAsync(
        Watch watch,
        TimeRange range,
        Dictionary<SeriesLabels, SeriesModel> models,
        CancellationToken cancellationToken
    )
    {
        if (models.Count == 0)
            return true;
        var answer = await upstreams.For(watch.EnvironmentId).Prometheus.QueryRangeAsync(watch.Query, range, watch.Step, cancellationToken);
        if (answer is not Fetch<MatrixResult>.Ok { Value.Series: var recent })
        {
            LogNotChecked(watch.Id, answer.Reason());
            return false;
        }
        foreach (var series in recent)
        {
            if (models.TryGetValue(series.Labels, out var model))
                models[series.Labels] = model.GoOn(series);
        }
        return true;
    }

    /// <returns>False when a person has edited the watch meanwhile: what was learnt of the query before says nothing of the new one, which is fitted next.</returns>
    private static async Task<bool> SaveAsync(
        ArchonDbContext db,
        Watch watch,
        DateTimeOffset now,
        Dictionary<string, SeriesRow> rows,
        Dictionary<SeriesLabels, SeriesModel> models,
        HashSet<SeriesLabels> seen,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        // The scan adds series too: whoever comes second waits here and then finds the rows of the first.
        await ScanStore.LockAsync(db, watch.Id, cancellationToken);
        if (await ScanStore.IsEditedAsync(db, watch, cancellationToken))
            return false;
        var keys = await db
            .WatchedSeries.AsNoTracking()
            .Where(series => series.WatchId == watch.Id)
            .Select(series => new { series.LabelsKey, series.Id })
            .ToDictionaryAsync(row => row.LabelsKey, row => row.Id, cancellationToken);
        var fresh = seen.Where(labels => !keys.ContainsKey(labels.Key)).ToList();
        foreach (var row in await ScanStore.AddSeriesAsync(db, watch, fresh, cancellationToken))
            keys[row.LabelsKey] = row.Id;
        await ScanStore.SaveModelsAsync(
            db,
            [.. models.Where(one => keys.ContainsKey(one.Key.Key)).Select(one => (keys[one.Key.Key], one.Value))],
            now,
            cancellationToken
        );
        await ScanStore.AssignServicesAsync(db, watch, cancellationToken);
        await db
            .Watches.Where(one => one.Id == watch.Id)
            .ExecuteUpdateAsync(set => set.SetProperty(one => one.FittedAt, now), cancellationToken);
        if (fresh.Count > 0 || rows.Values.Any(row => row.FittedAt is null))
            await db.AnnounceAsync(SampleTopic.Id, watch.EnvironmentId, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    private static TimeSpan Longest(params ReadOnlySpan<TimeSpan> lengths)
    {
        var longest = TimeSpan.Zero;
        foreach (var length in lengths)
            longest = length > longest ? length : longest;
        return longest;
    }

    private static TimeSpan Whole(TimeSpan step) => TimeSpan.FromSeconds(Math.Ceiling(step.TotalSeconds));

    private sealed record SeriesRow(long Id, string LabelsKey, DateTimeOffset? FittedAt, int FittedSamples, int ModelVersion);

    [LoggerMessage(Level = LogLevel.Information, Message = "Watch {WatchId}: {Models} models fitted")]
    private partial void LogFitted(int watchId, int models);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Watch {WatchId} could not be fitted: {Reason}")]
    private partial void LogNotChecked(int watchId, string reason);
}
