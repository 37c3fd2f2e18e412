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
    private const int LongPoints = 4200;

    /// <summary>Most points of one series in the short history.</summary>
    private const int ShortPoints = 5000;

    /// <summary>Points of all series together in one reply: 128 MB of arrays.</summary>
    private const long MostPoints = 8_000_000;

    /// <summary>Fewer points than this in the long history is short: most of a day at five minutes.</summary>
    private const int EnoughPoints = 270;

    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    /// <summary>Stretch that is read at the watch's own step where there is no long history, and need not be.</summary>
    private static readonly TimeSpan ShortHistory = TimeSpan.FromHours(6);

    /// <summary>The end of the history, which is read at the watch's own step.</summary>
    private static readonly TimeSpan Recent = TimeSpan.FromMinutes(30);

    /// <summary>Least distance of two points in the long history: five minutes, and a prime number of seconds, so that what happens at
    /// the same minute of each hour does not
    /// always fall between two points.</summary>
    internal static readonly TimeSpan LongStep = TimeSpan.FromSeconds(293);

    /// <summary>Part of the longest history that is read which a series needs at most: a few samples may be missing.</summary>
    private const double MostOfWindow = 0.9;

    /// <summary>Read beyond the least history, for samples that are missing in it.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromHours(2);

    private static readonly TimeSpan RefitNone = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan RefitShort = TimeSpan.FromMinutes(5);

    /// <summary>How often the history of series that learn is measured again: some stop, and are ready later.</summary>
    private static readonly TimeSpan MeasureAgain = TimeSpan.FromHours(1);

    /// <summary>A series that has been silent for longer has nothing new to teach.</summary>
    private static readonly TimeSpan Silent = TimeSpan.FromHours(1);

    /// <summary>History that a series needs for a band whose rate of false anomalies holds.</summary>
    private TimeSpan LeastHistory =>
        TimeSpan.FromTicks(Math.Min(options.Value.LeastHistory.Ticks, (long)(MostOfWindow * options.Value.HistoryWindow.Ticks)));

    /// <summary>Puts every watch with something to learn into a queue: at once when it was never learnt, when a series has history
    /// enough, and every few minutes
    /// while a model is of a short history.</summary>
    /// <remarks>A model with enough history learns on with every scan. Learning it anew would make the scan load and replay everything
    /// for nothing.</remarks>
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
                IsKnown = db.WatchedSeries.Any(series => series.WatchId == watch.Id && (series.FittedAt != null || series.ReadyAt != null)),
                IsReady = db.WatchedSeries.Any(series => series.WatchId == watch.Id && series.LastSampleAt > seen && series.ReadyAt <= now),
                IsLearning = db.WatchedSeries.Any(series =>
                    series.WatchId == watch.Id && series.LastSampleAt > seen && series.ReadyAt > now
                ),
                IsUnsettled = db.WatchedSeries.Any(series =>
                    series.WatchId == watch.Id
                    && series.LastSampleAt > seen
                    && series.ReadyAt == null
                    && (series.FittedAt == null || series.FittedSamples < EnoughPoints || series.ModelVersion != SeriesModel.FormatVersion)
                ),
            })
            .ToListAsync(cancellationToken);
        foreach (var watch in watches)
        {
            TimeSpan? every =
                !watch.IsKnown || watch.IsReady ? RefitNone
                : watch.IsUnsettled ? RefitShort
                : watch.IsLearning ? MeasureAgain
                : null;
            if (every is { } interval && DueTimes.IsDue(watch.FittedAt, interval, now))
                jobs.Enqueue<FitModelsJob>(job => job.FitAsync(watch.Id, CancellationToken.None));
        }
    }

    /// <summary>Learns every series of one watch that has history enough, and says of the others when they will. A second run only learns
    /// the same again.</summary>
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
                .Select(series => new LearningRun.Row(
                    series.LabelsKey,
                    series.FittedAt,
                    series.FittedSamples,
                    series.ModelVersion,
                    series.ReadyAt
                ))
                .ToListAsync(cancellationToken)
        ).ToDictionary(row => row.LabelsKey, StringComparer.Ordinal);
        bool Settled(string key) =>
            rows.TryGetValue(key, out var row) && row.FittedSamples >= EnoughPoints && row.ModelVersion == SeriesModel.FormatVersion;
        if (rows.Count > 0 && rows.Keys.All(Settled))
            return;

        var learning = new LearningRun(now, watch.FittedAt, LeastHistory, rows, key => !Settled(key));
        var window = rows.Keys.Any(Settled) ? RecentWindow : options.Value.HistoryWindow;
        var step = LongStepOf(watch, window, rows.Count);
        var isRead =
            await RecentAsync(watch, learning, cancellationToken)
            && await LearnAsync(watch, learning, window, step, cancellationToken)
            // Where the long history is read at coarse steps, a series of a day has few points in it.
            && (
                step == LongStepOf(watch, RecentWindow, rows.Count)
                || await LearnAsync(watch, learning, RecentWindow, LongStepOf(watch, RecentWindow, rows.Count), cancellationToken)
            )
            && (!learning.IsAnyLeft || await LearnShortAsync(watch, learning, cancellationToken));
        if (!isRead || !await SaveAsync(db, watch, now, learning, cancellationToken))
            return;
        metrics.Fitted(learning.Models.Count, Stopwatch.GetElapsedTime(started));
        LogFitted(watchId, learning.Models.Count);
    }

    /// <summary>What series that are new can have at most, and those that were known before have anyway.</summary>
    private TimeSpan RecentWindow => Shorter(Longest(LeastHistory, Day) + Margin, options.Value.HistoryWindow);

    private static TimeSpan LongStepOf(Watch watch, TimeSpan window, int series)
    {
        var points = Math.Clamp(MostPoints / Math.Max(1, series), EnoughPoints, LongPoints);
        return Whole(Longest(window / points, LongStep, watch.Step));
    }

    /// <summary>The end of the history at the watch's own step: how noisy samples are, a coarser history cannot tell.</summary>
    private async Task<bool> RecentAsync(Watch watch, LearningRun learning, CancellationToken cancellationToken)
    {
        if (await AskAsync(watch, new TimeRange(learning.Now - Recent, learning.Now), watch.Step, cancellationToken) is not { } histories)
            return false;
        foreach (var history in histories)
        {
            learning.Recent[history.Labels] = history;
            // One that is younger is in no longer history.
            if (learning.Sees(history.Labels, options.Value.SeriesLimit) && learning.Wants(history.Labels))
                learning.IsEnough(history.Labels, Coverage.Of(history, watch.Step, learning.LookedAt));
        }
        return true;
    }

    /// <returns>False when the upstream gave no answer; <see cref="Watch.FittedAt"/> then stays, so that the next dispatch tries
    /// again.</returns>
    private async Task<bool> LearnAsync(
        Watch watch,
        LearningRun learning,
        TimeSpan window,
        TimeSpan step,
        CancellationToken cancellationToken
    )
    {
        var until = learning.Now - Recent;
        if (await AskAsync(watch, new TimeRange(until - window, until), step, cancellationToken) is not { } histories)
            return false;
        foreach (var history in histories)
        {
            var recent = learning.Recent.GetValueOrDefault(history.Labels);
            var covered = Coverage.Of(history, step, learning.LookedAt) + Coverage.Of(recent, watch.Step, learning.LookedAt);
            Learn(watch, learning, history, covered, EnoughPoints, recent, cancellationToken);
        }
        return true;
    }

    /// <summary>For series that have enough history without having much of it: where less than a day is enough, or where the server keeps
    /// no more.</summary>
    private async Task<bool> LearnShortAsync(Watch watch, LearningRun learning, CancellationToken cancellationToken)
    {
        var window = Shorter(ShortHistory, options.Value.HistoryWindow);
        var points = Math.Clamp(MostPoints / Math.Max(1, learning.Rows.Count), EnoughPoints, ShortPoints);
        var step = Whole(Longest(window / points, watch.Step));
        if (await AskAsync(watch, new TimeRange(learning.Now - window, learning.Now), step, cancellationToken) is not { } histories)
            return false;
        foreach (var history in histories)
            Learn(watch, learning, history, Coverage.Of(history, step, learning.LookedAt), 0, recent: null, cancellationToken);
        return true;
    }

    private void Learn(
        Watch watch,
        LearningRun learning,
        MetricSeries history,
        Coverage covered,
        int least,
        MetricSeries? recent,
        CancellationToken cancellationToken
    )
    {
        if (!learning.Sees(history.Labels, options.Value.SeriesLimit) || !learning.Wants(history.Labels))
            return;
        cancellationToken.ThrowIfCancellationRequested();
        if (!learning.IsEnough(history.Labels, covered) || history.Count < least)
            return;
        var model = SeriesModel.Fit(history, new SeriesModelSettings { Unit = watch.Unit });
        if (model.FitVerdict is not FitVerdict.TooShort)
            learning.Models[history.Labels] = recent is null ? model : model.GoOn(recent);
    }

    private async Task<IReadOnlyList<MetricSeries>?> AskAsync(
        Watch watch,
        TimeRange range,
        TimeSpan step,
        CancellationToken cancellationToken
    )
    {
        var answer = await upstreams.For(watch.EnvironmentId).Prometheus.QueryRangeAsync(watch.Query, range, step, cancellationToken);
        if (answer is Fetch<MatrixResult>.Ok { Value.Series: var histories })
            return histories;
        LogNotChecked(watch.Id, answer.Reason());
        return null;
    }

    /// <returns>False when a person has edited the watch meanwhile: what was learnt of the query before says nothing of the new one,
    /// which is fitted next.</returns>
    private static async Task<bool> SaveAsync(
        ArchonDbContext db,
        Watch watch,
        DateTimeOffset now,
        LearningRun learning,
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
        var fresh = learning.Seen.Where(labels => !keys.ContainsKey(labels.Key)).ToList();
        foreach (var row in await ScanStore.AddSeriesAsync(db, watch, fresh, cancellationToken))
            keys[row.LabelsKey] = row.Id;
        await ScanStore.SaveModelsAsync(
            db,
            [.. learning.Models.Where(one => keys.ContainsKey(one.Key.Key)).Select(one => (keys[one.Key.Key], one.Value))],
            now,
            cancellationToken
        );
        await ScanStore.SaveReadyTimesAsync(
            db,
            [.. learning.ReadyTimes().Where(one => keys.ContainsKey(one.Key)).Select(one => (keys[one.Key], one.At))],
            cancellationToken
        );
        await ScanStore.AssignServicesAsync(db, watch, cancellationToken);
        await db
            .Watches.Where(one => one.Id == watch.Id)
            .ExecuteUpdateAsync(set => set.SetProperty(one => one.FittedAt, now), cancellationToken);
        if (fresh.Count > 0 || learning.Rows.Values.Any(row => row.FittedAt is null))
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

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;

    [LoggerMessage(Level = LogLevel.Information, Message = "Watch {WatchId}: {Models} models fitted")]
    private partial void LogFitted(int watchId, int models);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Watch {WatchId} could not be fitted: {Reason}")]
    private partial void LogNotChecked(int watchId, string reason);
}
