using System.Diagnostics;
using Archon.Analysis.Detection;
using Archon.Analysis.Series;
using Archon.Data;
using Archon.Data.Anomalies;
using Archon.Data.Catalogue;
using Archon.Features.Scanning.States;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Archon.Jobs;
using Archon.Live;
using Hangfire;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Archon.Features.Scanning;

/// <summary>Scores the newest samples of watches: from the mark of the last scan to now, each sample once.</summary>
public sealed partial class ScanJob(
    IDbContextFactory<ArchonDbContext> contexts,
    Upstreams upstreams,
    ScanMemory memory,
    WatchMetrics metrics,
    EstateThresholds thresholds,
    IBackgroundJobClient jobs,
    JobStorage storage,
    IOptions<WatchOptions> options,
    TimeProvider clock,
    ILogger<ScanJob> logger
)
{
    /// <summary>Steps of one slice: a long outage is caught up in transactions of this size, so that a restart loses little.</summary>
    private const int SliceSteps = 240;

    /// <summary>Least steps that a scorer replays when it is new to this process, so that it knows which anomaly is going on; and the most.</summary>
    private const int LeastReplaySteps = 40;
    private const int MostReplaySteps = 480;

    /// <summary>Share of the steps of an unchecked stretch that must turn out to have samples for it to count as caught up.</summary>
    private const double CaughtUpShare = 0.8;

    /// <summary>So long a series that is silent gets gaps in its sparkline.</summary>
    internal static readonly TimeSpan SilentFor = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan LeastGap = TimeSpan.FromMinutes(1);

    /// <summary>Detectors learn with every sample; a process that ends replays what is not stored yet.</summary>
    private static readonly TimeSpan SaveEvery = TimeSpan.FromMinutes(10);

    /// <summary>Puts every watch that is due into a queue, a shard per job.</summary>
    [Queue("scan"), AutomaticRetry(Attempts = 0), AdvisoryLock("scan-dispatch", WhenTaken = WhenLockTaken.Skip)]
    public async Task DispatchAsync(CancellationToken cancellationToken)
    {
        // Workers that cannot keep up are not helped by more of the same: what waits will scan to its own "now".
        if (storage.GetMonitoringApi().EnqueuedCount("scan") >= 2 * options.Value.ScanShards)
            return;

        var now = clock.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var watches = await db
            .Watches.AsNoTracking()
            .Where(watch => watch.Enabled && watch.Origin != CatalogueOrigin.Ignored)
            .OrderBy(watch => watch.Id)
            .Select(watch => new
            {
                watch.Id,
                watch.ScannedTo,
                watch.Step,
                watch.VolumeQuery,
                watch.EnvironmentId,
            })
            .ToListAsync(cancellationToken);
        // Watches that need the same requests behind their values lie in one shard, which asks for them once.
        var due = watches
            .Where(watch => DueTimes.IsDue(watch.ScannedTo, watch.Step, now))
            .GroupBy(watch => (watch.EnvironmentId, watch.VolumeQuery ?? $"{watch.Id}"), watch => watch.Id)
            .ToList();
        var shards = Math.Min(options.Value.ScanShards, due.Count);
        for (var shard = 0; shard < shards; shard++)
        {
            var ids = due.Where((_, place) => place % shards == shard).SelectMany(group => group).ToArray();
            jobs.Enqueue<ScanJob>(job => job.ScanShardAsync(ids, CancellationToken.None));
        }
    }

    /// <summary>Scans some watches one after the other. One that fails does not keep the others from their turn.</summary>
    [Queue("scan"), AutomaticRetry(Attempts = 3)]
    public async Task ScanShardAsync(int[] watchIds, CancellationToken cancellationToken)
    {
        var failures = new List<Exception>();
        var readings = new SharedReadings(upstreams);
        var scanned = new HashSet<int>();
        foreach (var watchId in watchIds)
        {
            try
            {
                if (await ScanWatchAsync(watchId, readings, cancellationToken) is { } environmentId)
                    scanned.Add(environmentId);
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                failures.Add(failure);
            }
        }
        // One tick for the shard and environment: sparklines moved on even where nothing is anomalous.
        if (scanned.Count > 0)
        {
            await using var db = await contexts.CreateDbContextAsync(cancellationToken);
            foreach (var environmentId in scanned)
                await db.AnnounceAsync(SampleTopic.Id, environmentId, cancellationToken);
        }
        if (failures.Count > 0)
            throw new AggregateException($"{failures.Count} of {watchIds.Length} watches could not be scanned.", failures);
    }

    /// <summary>Scores everything of one watch that has not been scored yet. A second run changes nothing.</summary>
    [Queue("scan"), AutomaticRetry(Attempts = 3)]
    public Task ScanAsync(int watchId, CancellationToken cancellationToken) => ScanShardAsync([watchId], cancellationToken);

    /// <returns>The environment of the watch; null where there was nothing to score.</returns>
    private async Task<int?> ScanWatchAsync(int watchId, SharedReadings readings, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        try
        {
            int? environmentId = null;
            Slice slice;
            do
            {
                db.ChangeTracker.Clear();
                (slice, var scannedIn) = await ScanSliceAsync(db, watchId, readings, cancellationToken);
                environmentId ??= scannedIn;
            } while (slice == Slice.MoreToCatchUp);
            return environmentId;
        }
        catch
        {
            // The scorers may have seen samples whose transaction is gone.
            memory.Forget(watchId);
            throw;
        }
    }

    private enum Slice
    {
        NotScanned,
        UpToDate,
        MoreToCatchUp,
    }

    /// <returns>With the environment of the watch where it was scanned.</returns>
    private async Task<(Slice Slice, int? EnvironmentId)> ScanSliceAsync(
        ArchonDbContext db,
        int watchId,
        SharedReadings readings,
        CancellationToken cancellationToken
    )
    {
        var started = Stopwatch.GetTimestamp();
        if (await FindAsync(db, watchId, cancellationToken) is not { } watch)
            return (Slice.NotScanned, null);
        var now = clock.GetUtcNow();
        var step = watch.Step;
        var end = Floor(now, step);
        if (await MarkAsync(db, watch, now, end, cancellationToken) is not { } mark || end <= mark)
            return (Slice.NotScanned, null);
        var sliceEnd = end - mark > SliceSteps * step ? mark + (SliceSteps * step) : end;

        var settings = Settings(watch);
        var entry = memory.For(watchId, watch.ScannedTo, watch.FittedAt, settings);
        var replay = entry is null && watch.ScannedTo is not null && watch.FittedAt is not null;
        var scan = entry?.Scan ?? ScanSettings.Of(watch);
        entry ??= new ScanMemory.Entry
        {
            FittedAt = watch.FittedAt,
            Settings = settings,
            Scan = scan,
            Scorers = await ScorerLoader.LoadAsync(db, watch, scan, thresholds, now, cancellationToken),
            SavedTo = mark,
        };

        // Asked before the transaction begins: a slow Prometheus must not keep a lock and a connection.
        var start = mark + step - (replay ? ReplayedSteps(entry, mark, step) * step : TimeSpan.Zero);
        var prometheus = upstreams.For(watch.EnvironmentId).Prometheus;
        var fetched = (await prometheus.QueryRangeAsync(watch.Query, new TimeRange(start, sliceEnd), step, cancellationToken)).Whole();
        var requests =
            fetched is Fetch<MatrixResult>.Ok && watch.VolumeQuery is { } volumeQuery
                ? await readings.RequestsAsync(watch.EnvironmentId, volumeQuery, new TimeRange(start, sliceEnd), step, cancellationToken)
                : [];
        var gaps = SourceGaps.None;
        if (fetched is Fetch<MatrixResult>.Ok)
        {
            var range = new TimeRange(start, sliceEnd);
            var found = await readings.GapsAsync(watch.EnvironmentId, range, step, entry.Scan.Window, cancellationToken);
            // Whether the samples are of a gap cannot be said without it, least of all while the server starts again.
            if (found is Fetch<SourceGaps>.Ok { Value: var known })
                gaps = known;
            else
                fetched = new Fetch<MatrixResult>.Unavailable(found.Reason());
        }

        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (!await ScanStore.TryLockAsync(db, watchId, cancellationToken))
            return (Slice.NotScanned, null); // another worker is at it
        if (await FindAsync(db, watchId, cancellationToken) is not { } current || !IsAsBefore(watch, current))
            return (Slice.NotScanned, null); // another worker or a person was faster: the next run begins from there
        watch = current;
        // Not from before the request: others may have recorded something while it ran.
        var lockedAt = clock.GetUtcNow();
        if (fetched is not Fetch<MatrixResult>.Ok { Value.Series: var series })
        {
            await NotCheckedAsync(db, watch, mark, end, fetched.Reason(), cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return (Slice.NotScanned, null); // the mark stays: the next run sees this window again
        }

        if (
            watch.ScannedTo is not null
            && watch.UncheckedSince is null
            && end - mark > Longer(LeastGap, 4 * step)
            && !await db.UncheckedSpans.AnyAsync(span => span.WatchId == watchId && span.From <= mark && span.To > mark, cancellationToken)
        )
        {
            await NoteUncheckedAsync(db, watch, mark, end, "No scan ran.", cancellationToken);
        }
        series = await KnownAsync(db, watch, entry, series, cancellationToken);
        var leastRarity = thresholds.LeastRarityOf(watch.EnvironmentId);
        foreach (var scorer in entry.Scorers.Values)
            scorer.LeastRarity = leastRarity;
        var (scored, covered, points, width) = Score(entry, series, new VolumeMatcher(requests), gaps, mark, sliceEnd);
        foreach (var scorer in entry.Scorers.Values)
            scorer.EndIfUnjudged(mark, sliceEnd, gaps);
        var changes = entry.Scorers.Values.SelectMany(scorer => scorer.TakeChanges().Select(span => (scorer, span))).ToList();
        await AnomalySeverities.GradeAsync(db, watch, entry.Scorers.Values, changes, sliceEnd, cancellationToken);
        var (began, ended) = await ScanStore.SaveAnomaliesAsync(db, watch, changes, lockedAt, cancellationToken);
        await ScanStore.SaveSamplesAsync(db, points.Scorers, points.Values, width, cancellationToken);
        var isSaveDue = sliceEnd - entry.SavedTo >= SaveEvery;
        if (isSaveDue)
            await ScanStore.SaveStatesAsync(db, entry.Scorers.Values, cancellationToken);
        var caughtUp = await CatchUpAsync(db, watch, mark, sliceEnd, covered, cancellationToken);
        await db
            .Watches.Where(one => one.Id == watchId)
            .ExecuteUpdateAsync(
                set =>
                    set.SetProperty(one => one.ScannedTo, sliceEnd)
                        .SetProperty(one => one.LastScanAt, lockedAt)
                        .SetProperty(one => one.UncheckedSince, (DateTimeOffset?)null)
                        .SetProperty(one => one.UncheckedReason, (string?)null),
                cancellationToken
            );
        if (watch.UncheckedSince is not null || watch.ScannedTo is null)
            await StateLog.RecordAsync(db, WatchStates.Answered(watch, lockedAt, mark), cancellationToken);
        if (changes.Count > 0 || caughtUp || watch.UncheckedSince is not null)
            await db.AnnounceAsync(AnomalyTopic.Id, watch.EnvironmentId, cancellationToken);
        await transaction.CommitAsync(cancellationToken);

        entry.ScannedTo = sliceEnd;
        if (isSaveDue)
            entry.SavedTo = sliceEnd;
        memory.Keep(watchId, entry);
        thresholds.Add(watch.EnvironmentId, entry.Scorers.Values.SelectMany(scorer => scorer.Peaks.Take()));
        metrics.Scanned(series.Count, scored, Stopwatch.GetElapsedTime(started), clock.GetUtcNow() - sliceEnd);
        if (began + ended > 0)
        {
            metrics.Changed(began, ended);
            LogScanned(watchId, began, ended);
        }
        return (sliceEnd < end ? Slice.MoreToCatchUp : Slice.UpToDate, watch.EnvironmentId);
    }

    /// <returns>Null where the watch is not to be scanned.</returns>
    private static async Task<Watch?> FindAsync(ArchonDbContext db, int watchId, CancellationToken cancellationToken) =>
        await db.Watches.AsNoTracking().SingleOrDefaultAsync(one => one.Id == watchId, cancellationToken) is { Enabled: true } watch
        && watch.Origin != CatalogueOrigin.Ignored
            ? watch
            : null;

    private static bool IsAsBefore(Watch before, Watch now) =>
        before.ScannedTo == now.ScannedTo && before.FittedAt == now.FittedAt && Settings(before) == Settings(now);

    /// <summary>Hash of what a person may set, or judge.</summary>
    private static uint Settings(Watch watch) =>
        (uint)
            HashCode.Combine(
                (watch.Query, watch.VolumeQuery, watch.Step),
                (watch.Signal, watch.Unit, watch.Interesting, watch.Sensitivity),
                (watch.Limit, watch.LimitSide),
                watch.JudgedAt
            );

    /// <summary>Up to where the watch was scanned. A mark in the future or too far in the past is moved.</summary>
    /// <returns>Null where another worker is at it.</returns>
    private async Task<DateTimeOffset?> MarkAsync(
        ArchonDbContext db,
        Watch watch,
        DateTimeOffset now,
        DateTimeOffset end,
        CancellationToken cancellationToken
    )
    {
        var step = watch.Step;
        var mark = watch.ScannedTo is { } scannedTo ? Floor(scannedTo, step) : end - step;
        var oldest = Floor(now - options.Value.CatchUpLimit, step);
        if (mark <= end + step && mark >= oldest)
            return mark;
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (!await ScanStore.TryLockAsync(db, watch.Id, cancellationToken))
            return null;
        if (mark > end + step)
        {
            LogClockSetBack(watch.Id, mark);
            var newest = await ScanStore.ForgetFutureAsync(db, watch, end, clock.GetUtcNow(), cancellationToken);
            memory.Forget(watch.Id);
            watch.ScannedTo = mark = newest is { } at ? Floor(at, step) : end - step;
            await db
                .Watches.Where(one => one.Id == watch.Id)
                .ExecuteUpdateAsync(set => set.SetProperty(one => one.ScannedTo, mark), cancellationToken);
        }
        if (mark < oldest)
        {
            await NoteUncheckedAsync(db, watch, mark, oldest, "Longer ago than scans catch up.", cancellationToken);
            mark = oldest;
        }
        await transaction.CommitAsync(cancellationToken);
        return mark;
    }

    /// <summary>The series that have a row, with rows made for the new ones, up to the limit.</summary>
    private async Task<IReadOnlyList<MetricSeries>> KnownAsync(
        ArchonDbContext db,
        Watch watch,
        ScanMemory.Entry entry,
        IReadOnlyList<MetricSeries> series,
        CancellationToken cancellationToken
    )
    {
        var fresh = new List<SeriesLabels>();
        foreach (var one in series)
        {
            if (!entry.Scorers.ContainsKey(one.Labels.Key))
                fresh.Add(one.Labels);
        }
        if (fresh.Count == 0)
            return series;
        var room = Math.Max(0, options.Value.SeriesLimit - entry.Scorers.Count);
        if (fresh.Count > room)
            LogTooMany(watch.Id, fresh.Count - room, options.Value.SeriesLimit);
        foreach (var row in await ScanStore.AddSeriesAsync(db, watch, fresh.Take(room).ToList(), cancellationToken))
        {
            entry.Scorers[row.LabelsKey] = ScorerLoader.Make(
                watch,
                entry.Scan,
                thresholds,
                row.Id,
                row.ServiceId,
                model: null,
                DetectionAdjustment.None
            );
        }
        return fresh.Count > room ? [.. series.Where(one => entry.Scorers.ContainsKey(one.Labels.Key))] : series;
    }

    private static (long Scored, SortedSet<long> Covered, (List<SeriesScorer> Scorers, double[] Values) Points, int Width) Score(
        ScanMemory.Entry entry,
        IReadOnlyList<MetricSeries> series,
        VolumeMatcher volumes,
        SourceGaps gaps,
        DateTimeOffset mark,
        DateTimeOffset sliceEnd
    )
    {
        var (markMs, endMs) = (mark.ToUnixTimeMilliseconds(), sliceEnd.ToUnixTimeMilliseconds());
        var stepMs = (long)entry.Scan.Step.TotalMilliseconds;
        var width = (int)Math.Min(ScanStore.RecentLength, (endMs - markMs) / stepMs);
        var firstMs = endMs - ((width - 1) * stepMs);
        var silent = entry.Scorers.Values.Where(scorer => sliceEnd - scorer.LastSampleAt < SilentFor).ToHashSet();
        var scorers = new List<SeriesScorer>(series.Count + silent.Count);
        var points = new double[(series.Count + silent.Count) * width];
        Array.Fill(points, double.NaN);
        var covered = new SortedSet<long>();
        var scored = 0L;
        foreach (var one in series)
        {
            var scorer = entry.Scorers[one.Labels.Key];
            var times = one.Times.Span;
            var values = one.Values.Span;
            var row = scorers.Count * width;
            var any = false;
            var behind = new VolumeCursor(volumes.Find(one.Labels));
            for (var i = 0; i < times.Length && times[i] <= endMs; i++)
            {
                var gap = gaps.Reason(one.Labels, times[i], entry.Scan.Window);
                if (times[i] <= markMs)
                {
                    scorer.Replay(times[i], values[i], behind.At(times[i]), gap);
                    continue;
                }
                scorer.Score(times[i], values[i], behind.At(times[i]), gap);
                scored++;
                any = true;
                covered.Add(times[i]);
                if (times[i] >= firstMs)
                    points[row + (int)((times[i] - firstMs) / stepMs)] = values[i];
            }
            if (!any)
                continue;
            scorers.Add(scorer);
            silent.Remove(scorer);
        }
        // Those that said nothing get their gap in the sparkline.
        scorers.AddRange(silent);
        return (scored, covered, (scorers, scorers.Count * width == points.Length ? points : points[..(scorers.Count * width)]), width);
    }

    /// <summary>From where the stored models have seen samples on.</summary>
    private static int ReplayedSteps(ScanMemory.Entry entry, DateTimeOffset mark, TimeSpan step)
    {
        var (markMs, stepMs, most) = (mark.ToUnixTimeMilliseconds(), (long)step.TotalMilliseconds, LeastReplaySteps);
        foreach (var scorer in entry.Scorers.Values)
        {
            if (scorer.KnownToMs is not { } known)
                continue;
            var steps = (markMs - known) / stepMs;
            // One that has been silent for longer has nothing to replay.
            if (steps <= MostReplaySteps)
                most = Math.Max(most, (int)steps);
        }
        return most;
    }

    private async Task NotCheckedAsync(
        ArchonDbContext db,
        Watch watch,
        DateTimeOffset mark,
        DateTimeOffset end,
        string reason,
        CancellationToken cancellationToken
    )
    {
        var since = watch.UncheckedSince ?? mark;
        var words = reason.Length > 1000 ? reason[..1000] : reason;
        await NoteUncheckedAsync(db, watch, since, end, words, cancellationToken);
        await db
            .Watches.Where(one => one.Id == watch.Id)
            .ExecuteUpdateAsync(
                set =>
                    set.SetProperty(one => one.UncheckedSince, since)
                        .SetProperty(one => one.LastScanAt, clock.GetUtcNow())
                        .SetProperty(one => one.UncheckedReason, words)
                        // A watch that was never scanned must not forget when it began to wait.
                        .SetProperty(one => one.ScannedTo, one => one.ScannedTo ?? mark),
                cancellationToken
            );
        if (watch.UncheckedSince is null)
        {
            await StateLog.RecordAsync(db, WatchStates.NotAnswered(watch, clock.GetUtcNow(), since, words), cancellationToken);
            await db.AnnounceAsync(AnomalyTopic.Id, watch.EnvironmentId, cancellationToken);
        }
        metrics.NotChecked();
        LogNotChecked(watch.Id, words);
    }

    /// <summary>Keeps one row per stretch: a stretch that goes on gets a later end.</summary>
    private static async Task NoteUncheckedAsync(
        ArchonDbContext db,
        Watch watch,
        DateTimeOffset from,
        DateTimeOffset to,
        string reason,
        CancellationToken cancellationToken
    )
    {
        var longer = await db
            .UncheckedSpans.Where(span => span.WatchId == watch.Id && span.From == from)
            .ExecuteUpdateAsync(set => set.SetProperty(span => span.To, to).SetProperty(span => span.Reason, reason), cancellationToken);
        if (longer > 0)
            return;
        db.UncheckedSpans.Add(
            new UncheckedSpan
            {
                EnvironmentId = watch.EnvironmentId,
                WatchId = watch.Id,
                From = from,
                To = to,
                Reason = reason,
            }
        );
        await db.SaveChangesAsync(cancellationToken);
        db.ChangeTracker.Clear();
    }

    /// <summary>Says of the unchecked stretches this slice went through whether the upstream had kept them.</summary>
    private async Task<bool> CatchUpAsync(
        ArchonDbContext db,
        Watch watch,
        DateTimeOffset mark,
        DateTimeOffset sliceEnd,
        SortedSet<long> covered,
        CancellationToken cancellationToken
    )
    {
        var spans = await db
            .UncheckedSpans.Where(span => span.WatchId == watch.Id && span.CaughtUpAt == null && span.To > mark && span.To <= sliceEnd)
            .ToListAsync(cancellationToken);
        var any = false;
        foreach (var span in spans)
        {
            var from = span.From > mark ? span.From : mark;
            var steps = (span.To - from) / watch.Step;
            var there = covered.GetViewBetween(from.ToUnixTimeMilliseconds() + 1, span.To.ToUnixTimeMilliseconds()).Count;
            if (there == 0 || there < CaughtUpShare * Math.Floor(steps))
                continue;
            span.CaughtUpAt = clock.GetUtcNow();
            any = true;
        }
        await db.SaveChangesAsync(cancellationToken);
        db.ChangeTracker.Clear();
        return any;
    }

    /// <summary>Steps lie on one grid for ever, so that a sample is never asked for twice, at whatever time a scan runs.</summary>
    private static DateTimeOffset Floor(DateTimeOffset at, TimeSpan step)
    {
        var stepMs = (long)step.TotalMilliseconds;
        return DateTimeOffset.FromUnixTimeMilliseconds(at.ToUnixTimeMilliseconds() / stepMs * stepMs);
    }

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;

    [LoggerMessage(Level = LogLevel.Information, Message = "Watch {WatchId} scanned: {Began} anomalies began, {Ended} ended")]
    private partial void LogScanned(int watchId, int began, int ended);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Watch {WatchId} not checked: {Reason}")]
    private partial void LogNotChecked(int watchId, string reason);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Watch {WatchId} was scanned up to {Mark:u}, in the future: the clock was set back. Scans go on from its newest sample"
    )]
    private partial void LogClockSetBack(int watchId, DateTimeOffset mark);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Watch {WatchId}: {Left} series are not watched, the limit is {Limit}")]
    private partial void LogTooMany(int watchId, int left, int limit);
}
