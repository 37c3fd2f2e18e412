using System.Diagnostics;
using System.Globalization;
using Archon.Analysis.Forecasting;
using Archon.Analysis.Series;
using Archon.Data;
using Archon.Data.Catalogue;
using Archon.Data.Forecasts;
using Archon.Features.Scanning;
using Archon.Integrations;
using Archon.Integrations.Alertmanager;
using Archon.Integrations.Prometheus;
using Archon.Jobs;
using Archon.Live;
using Archon.Ui.Format;
using Hangfire;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Archon.Features.Forecasts;

/// <summary>Looks ahead for every series of a watch with a limit: what its values will be, and when the limit is reached.</summary>
public sealed partial class ForecastJob(
    IDbContextFactory<ArchonDbContext> contexts,
    Upstreams upstreams,
    WatchMetrics metrics,
    IBackgroundJobClient jobs,
    JobStorage storage,
    IOptions<WatchOptions> watchOptions,
    IOptions<ForecastOptions> options,
    TimeProvider clock,
    ILogger<ForecastJob> logger
)
{
    /// <summary>Points of all series together in one reply: 64 MB of arrays.</summary>
    private const long MostPoints = 4_000_000;
    private const int MostPerSeries = 4032;
    private const int LeastPerSeries = 336;

    /// <summary>With so much history a forecast goes by the hour; with less it goes by the finer step and not so far.</summary>
    private static readonly TimeSpan LongHistory = TimeSpan.FromDays(3);
    private static readonly TimeSpan LongStep = TimeSpan.FromHours(1);
    private static readonly TimeSpan ShortStep = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan Usually = TimeSpan.FromHours(1);

    /// <summary>A limit this near moves while one looks.</summary>
    private static readonly TimeSpan Near = TimeSpan.FromHours(12);
    private static readonly TimeSpan WhenNear = TimeSpan.FromMinutes(5);

    /// <summary>What has left its band may be at its limit long before the long history shows a trend.</summary>
    private static readonly TimeSpan WhenOutside = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan MostOutside = TimeSpan.FromHours(6);
    private const int MostOutsideSteps = 1440;
    private const int StraightPoints = 60;

    /// <summary>An alert that nobody renews ends by itself: the console may be gone.</summary>
    private static readonly TimeSpan AlertLasts = TimeSpan.FromHours(2.5);

    /// <summary>Puts every watch whose forecasts are due into the queue: hourly, every five minutes while a limit is near or a series is new, and each minute while
    /// a series is outside its band.</summary>
    [Queue("forecast"), AutomaticRetry(Attempts = 0), AdvisoryLock("forecast-dispatch", WhenTaken = WhenLockTaken.Skip)]
    public async Task DispatchAsync(CancellationToken cancellationToken)
    {
        // What waits or runs already would be asked for twice.
        if (storage.GetMonitoringApi().EnqueuedCount("forecast") > 0)
            return;

        var now = clock.GetUtcNow();
        var near = now + Near;
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var watches = await db
            .Watches.AsNoTracking()
            .Where(watch => watch.Enabled && watch.Origin != CatalogueOrigin.Ignored && watch.Limit != null)
            .OrderBy(watch => watch.ForecastAt)
            .Select(watch => new
            {
                watch.Id,
                watch.ForecastAt,
                Soon = db.SeriesForecasts.Any(forecast => forecast.WatchId == watch.Id && forecast.ReachedAt < near)
                    || db.WatchedSeries.Any(series =>
                        series.WatchId == watch.Id && !db.SeriesForecasts.Any(forecast => forecast.SeriesId == series.Id)
                    ),
                IsOutside = db.Anomalies.Any(anomaly => anomaly.WatchId == watch.Id && anomaly.EndedAt == null),
            })
            .ToListAsync(cancellationToken);
        foreach (var watch in watches)
        {
            if (
                DueTimes.IsDue(
                    watch.ForecastAt,
                    watch.IsOutside ? WhenOutside
                        : watch.Soon ? WhenNear
                        : Usually,
                    now
                )
            )
            {
                jobs.Enqueue<ForecastJob>(job => job.ForecastAsync(watch.Id, CancellationToken.None));
            }
        }
    }

    /// <summary>Forecasts every series of one watch. A second run only forecasts the same again.</summary>
    [Queue("forecast"), AutomaticRetry(Attempts = 3), AdvisoryLock("forecast:{0}")]
    public async Task ForecastAsync(int watchId, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var now = clock.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var watch = await db.Watches.AsNoTracking().SingleOrDefaultAsync(one => one.Id == watchId, cancellationToken);
        if (watch is not { Enabled: true, Limit: not null } || watch.Origin == CatalogueOrigin.Ignored)
            return;

        if (await LookAheadAsync(db, watch, now, cancellationToken) is not { } found)
            return;

        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await ScanStore.LockAsync(db, watchId, cancellationToken);
        // What was looked for ahead of the limit before says nothing of the new one, which is forecast next.
        if (await ScanStore.IsEditedAsync(db, watch, cancellationToken))
            return;
        var alerts = await KeepAsync(db, watch, found, now, cancellationToken);
        await db
            .Watches.Where(one => one.Id == watchId)
            .ExecuteUpdateAsync(set => set.SetProperty(one => one.ForecastAt, now), cancellationToken);
        await db.AnnounceAsync(ForecastTopic.Id, watch.EnvironmentId, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        // After the commit: a slow Alertmanager must not keep a connection. What it does not take is posted again by the retry, and an alert that
        // is over ends by its own end.
        await PostAsync(watch.EnvironmentId, alerts, cancellationToken);
        metrics.Forecasted(found.Count, Stopwatch.GetElapsedTime(started));
        var inSight = found.Count(one => one.Forecast.ReachedAt is not null);
        LogForecast(watchId, found.Count, inSight);
    }

    /// <summary>What was seen ahead of one series.</summary>
    private sealed record Sight(string? Service, MetricSeries History, SeriesForecast Forecast, ExhaustionResult Result);

    /// <returns>Null when Prometheus gave no answer.</returns>
    private async Task<List<Sight>?> LookAheadAsync(
        ArchonDbContext db,
        Watch watch,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        var rows = await db
            .WatchedSeries.AsNoTracking()
            .Where(series => series.WatchId == watch.Id)
            .Select(series => new
            {
                series.Id,
                series.LabelsKey,
                series.ServiceId,
                Service = db.Services.Where(one => one.Id == series.ServiceId).Select(one => one.Name).FirstOrDefault(),
            })
            .ToDictionaryAsync(row => row.LabelsKey, StringComparer.Ordinal, cancellationToken);
        var window = watchOptions.Value.HistoryWindow;
        var points = Math.Clamp(MostPoints / Math.Max(1, rows.Count), LeastPerSeries, MostPerSeries);
        var step = TimeSpan.FromSeconds(
            Math.Ceiling(Math.Max((window / points).TotalSeconds, Math.Max(ShortStep.TotalSeconds, watch.Step.TotalSeconds)))
        );
        var range = new TimeRange(now - window, now);
        if (await AskAsync(watch, watch.Query, range, step, cancellationToken) is not { } histories)
            return null;
        var volumes = watch.VolumeQuery is { } query ? await AskAsync(watch, query, range, step, cancellationToken) : null;
        if (watch.VolumeQuery is not null && volumes is null)
            return null;

        if (await OutsideAsync(db, watch, now, cancellationToken) is not { } outside)
            return null;

        var behind = new VolumeMatcher(volumes ?? []);
        var found = new List<Sight>();
        foreach (var history in histories)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!rows.TryGetValue(history.Labels.Key, out var row) || Last(history) is not { } value)
                continue;
            var outlook = Outlooks.Of(watch, history, behind.Find(history.Labels), step);
            var near = outside.TryGetValue(row.Id, out var since) ? Outlooks.Outside(watch, since) : null;
            outlook = near ?? outlook;
            var forecast = new SeriesForecast
            {
                EnvironmentId = watch.EnvironmentId,
                WatchId = watch.Id,
                MadeAt = now,
                Value = value,
                Limit = watch.Limit,
                Outlook = outlook.Words,
            };
            Report(forecast, outlook.Result, now);
            if (near is null)
                Paint(forecast, history, step);
            else
                PaintStraight(forecast);
            (forecast.SeriesId, forecast.ServiceId) = (row.Id, row.ServiceId);
            found.Add(new Sight(row.Service, history, forecast, outlook.Result));
        }
        return found;
    }

    /// <summary>The samples, as they are scanned, of series that have left their band, since they did.</summary>
    /// <returns>By series; null when Prometheus gave no answer.</returns>
    private async Task<Dictionary<long, MetricSeries>?> OutsideAsync(
        ArchonDbContext db,
        Watch watch,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        var oldest = now - MostOutside;
        var open = await (
            from anomaly in db.Anomalies.AsNoTracking()
            where anomaly.WatchId == watch.Id && anomaly.EndedAt == null && anomaly.StartedAt >= oldest
            join series in db.WatchedSeries on anomaly.SeriesId equals series.Id
            select new
            {
                series.Id,
                series.LabelsKey,
                anomaly.StartedAt,
            }
        ).ToListAsync(cancellationToken);
        if (open.Count == 0)
            return [];
        var range = new TimeRange(open.Min(one => one.StartedAt), now);
        var step = TimeSpan.FromSeconds(Math.Ceiling(Math.Max(watch.Step.TotalSeconds, (range.Length / MostOutsideSteps).TotalSeconds)));
        if (await AskAsync(watch, watch.Query, range, step, cancellationToken) is not { } recent)
            return null;
        var byKey = recent
            .GroupBy(series => series.Labels.Key)
            .ToDictionary(group => group.Key, group => group.First(), StringComparer.Ordinal);
        return open.Where(one => byKey.ContainsKey(one.LabelsKey))
            .GroupBy(one => one.Id)
            .ToDictionary(group => group.Key, group => byKey[group.First().LabelsKey].From(group.Min(one => one.StartedAt)));
    }

    /// <summary>Keeps the forecasts, settles what was predicted before and predicts anew.</summary>
    /// <returns>What Alertmanager is to be told.</returns>
    private async Task<List<PostedAlert>> KeepAsync(
        ArchonDbContext db,
        Watch watch,
        List<Sight> found,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        var before = await db
            .SeriesForecasts.Where(one => one.WatchId == watch.Id)
            .ToDictionaryAsync(one => one.SeriesId, cancellationToken);
        var open = await db
            .Predictions.Where(one => one.WatchId == watch.Id && one.Outcome == PredictionOutcome.Open)
            .ToDictionaryAsync(one => one.SeriesId, cancellationToken);
        var kind = watch.Signal is WatchSignal.Duration or WatchSignal.Errors ? PredictionKind.Degradation : PredictionKind.Exhaustion;
        var record = (await PredictionLedger.RecordsAsync(db, watch.EnvironmentId, now, cancellationToken))[kind];
        var alerts = new List<PostedAlert>();
        foreach (var sight in found)
        {
            var previous = before.GetValueOrDefault(sight.Forecast.SeriesId);
            var prediction = open.GetValueOrDefault(sight.Forecast.SeriesId);
            if (prediction is not null && Settle(watch, sight, prediction, now))
            {
                // What is over is told as over; a limit that is reached is for an ordinary rule.
                if (prediction.Alerted)
                    Report(prediction, now);
                prediction = null;
                // The old one must be settled before a new one is open: there is one open per series.
                await db.SaveChangesAsync(cancellationToken);
            }
            var settings = new PredictiveAlertSettings { Lead = options.Value.WarnAhead };
            if (
                PredictiveAlerts.Decide([.. Earlier(previous, now), sight.Result], record, now, settings) is PredictiveVerdict.Report
                {
                    Projection: var projection
                }
            )
            {
                if (prediction is null)
                    db.Predictions.Add(prediction = Predict(watch, sight.Forecast, kind, projection, now));
                Report(prediction, now + AlertLasts);
                prediction.Alerted |= options.Value.PostAlerts;
            }
            else if (prediction is { Alerted: true })
            {
                Report(prediction, now);
                prediction.Alerted = false;
            }
            if (previous is null)
                db.SeriesForecasts.Add(sight.Forecast);
            else
                db.Entry(previous).CurrentValues.SetValues(sight.Forecast);

            void Report(Prediction reported, DateTimeOffset endsAt)
            {
                if (options.Value.PostAlerts)
                    alerts.Add(Alert(watch, sight, reported, record, endsAt));
            }
        }
        // A series that is gone can no longer reach anything.
        var seen = found.Select(one => one.Forecast.SeriesId).ToHashSet();
        foreach (var silent in open.Values.Where(one => one.Outcome == PredictionOutcome.Open && !seen.Contains(one.SeriesId)))
            PredictionLedger.Settle(silent, null, now);
        await db.SaveChangesAsync(cancellationToken);
        return alerts;
    }

    /// <returns>True when it is known by now what came of the prediction.</returns>
    private static bool Settle(Watch watch, Sight sight, Prediction prediction, DateTimeOffset now)
    {
        // A budget is spent and a wave crosses in ways that single values do not show: there the outlook itself says when it is so.
        var reached =
            prediction.Kind == PredictionKind.Exhaustion
                ? PredictionLedger.FirstReached(sight.History, prediction.Limit, watch.LimitSide, prediction.MadeAt)
            : sight.Result is ExhaustionResult.Reached ? now
            : (DateTimeOffset?)null;
        PredictionLedger.Settle(prediction, reached, now);
        return prediction.Outcome != PredictionOutcome.Open;
    }

    private static Prediction Predict(
        Watch watch,
        SeriesForecast forecast,
        PredictionKind kind,
        ExhaustionResult.Projected projection,
        DateTimeOffset now
    ) =>
        new()
        {
            EnvironmentId = watch.EnvironmentId,
            WatchId = watch.Id,
            SeriesId = forecast.SeriesId,
            ServiceId = forecast.ServiceId,
            Kind = kind,
            MadeAt = now,
            Limit = watch.Limit!.Value,
            ReachedAt = projection.At,
            ReachedEarliest = projection.Earliest,
            ReachedLatest = projection.Latest,
        };

    private async Task<IReadOnlyList<MetricSeries>?> AskAsync(
        Watch watch,
        string query,
        TimeRange range,
        TimeSpan step,
        CancellationToken cancellationToken
    )
    {
        var answer = await upstreams.For(watch.EnvironmentId).Prometheus.QueryRangeAsync(query, range, step, cancellationToken);
        if (answer is Fetch<MatrixResult>.Ok { Value.Series: var series })
            return series;
        // The mark stays, so that the next dispatch tries again; the page says how old what it shows is.
        LogNotChecked(watch.Id, answer.Reason());
        return null;
    }

    /// <summary>The fan of what may come, and how good earlier ones were.</summary>
    private static void Paint(SeriesForecast forecast, MetricSeries history, TimeSpan asked)
    {
        var span = TimeSpan.FromMilliseconds(history.Times.Span[^1] - history.Times.Span[0]);
        forecast.Step = span >= LongHistory ? LongStep : asked;
        var ahead = span >= LongHistory ? Outlooks.Ahead : asked * Math.Max(12, Math.Floor(span / 2 / asked));
        if (Forecaster.Forecast(RegularSeries.Resample(history, forecast.Step), ahead) is not ForecastResult.Ok { Forecast: var ok })
            return;
        forecast.Median = [.. Enumerable.Range(0, ok.Horizon).Select(ok.Median)];
        forecast.Lower = [.. Enumerable.Range(0, ok.Horizon).Select(at => ok.Interval(at, 0.8).Lower)];
        forecast.Upper = [.. Enumerable.Range(0, ok.Horizon).Select(at => ok.Interval(at, 0.8).Upper)];
        if (ok.Error.Origins > 0 && double.IsFinite(ok.Error.Relative))
            (forecast.PastError, forecast.PastForecasts) = (ok.Error.Relative, ok.Error.Origins);
    }

    /// <summary>A runaway is drawn as what was told of it, straight to the limit: forecasts by the hour know nothing of it yet.</summary>
    private static void PaintStraight(SeriesForecast forecast)
    {
        var end = forecast.ReachedLatest!.Value - forecast.MadeAt;
        forecast.Step = TimeSpan.FromSeconds(Math.Max(1, Math.Ceiling(end.TotalSeconds * 1.1 / StraightPoints)));
        double[] To(DateTimeOffset reached)
        {
            var within = Longer(reached - forecast.MadeAt, forecast.Step);
            return
            [
                .. Enumerable
                    .Range(1, StraightPoints)
                    .Select(at => forecast.Value + ((forecast.Limit!.Value - forecast.Value) * (at * forecast.Step / within))),
            ];
        }
        forecast.Median = To(forecast.ReachedAt!.Value);
        var (soonest, latest) = (To(forecast.ReachedEarliest!.Value), To(forecast.ReachedLatest!.Value));
        (forecast.Lower, forecast.Upper) = forecast.Limit > forecast.Value ? (latest, soonest) : (soonest, latest);
    }

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private static void Report(SeriesForecast forecast, ExhaustionResult result, DateTimeOffset now)
    {
        switch (result)
        {
            case ExhaustionResult.Projected projected:
                (forecast.ReachedAt, forecast.ReachedEarliest, forecast.ReachedLatest) = (
                    projected.At,
                    projected.Earliest,
                    projected.Latest
                );
                (forecast.Probability, forecast.PerDay) = (projected.Probability, projected.ChangePerDay);
                break;
            case ExhaustionResult.Reached:
                (forecast.ReachedAt, forecast.ReachedEarliest, forecast.ReachedLatest, forecast.Probability) = (now, now, now, 1);
                break;
            case ExhaustionResult.NotExpected not:
                // Nothing was judged: that must not read as "unlikely".
                forecast.Probability = not.Reason == NoExhaustionReason.TooShort ? null : not.Probability;
                break;
        }
    }

    /// <summary>The projection of the run before, as it is stored.</summary>
    private static IEnumerable<ExhaustionResult> Earlier(SeriesForecast? previous, DateTimeOffset now)
    {
        if (previous is { ReachedAt: { } at, ReachedEarliest: { } earliest, ReachedLatest: { } latest } && previous.MadeAt < now)
        {
            yield return new ExhaustionResult.Projected(at, earliest, latest, previous.Probability ?? 0, previous.PerDay ?? 0);
        }
    }

    private static PostedAlert Alert(Watch watch, Sight sight, Prediction prediction, PredictionRecord record, DateTimeOffset endsAt)
    {
        var (service, forecast) = (sight.Service, sight.Forecast);
        var all = sight
            .History.Labels.Values.Where(label => label.Value.Length > 0 && label.Key != "__name__")
            .ToDictionary(label => label.Key, label => label.Value, StringComparer.Ordinal);
        all["alertname"] = prediction.Kind == PredictionKind.Exhaustion ? "ArchonPredictedExhaustion" : "ArchonPredictedDegradation";
        all["severity"] = "info";
        all["watch"] = watch.Name;
        if (service is not null)
            all.TryAdd("service", service);
        var subject = service ?? all.GetValueOrDefault("instance") ?? watch.Name;
        var when = (forecast.ReachedAt ?? prediction.ReachedAt).UtcDateTime.ToString("ddd d MMM HH:mm 'UTC'", CultureInfo.InvariantCulture);
        var wrong =
            record.Judged == 0
                ? "No earlier prediction of this kind has come due yet."
                : $"Of {record.Judged} earlier predictions of this kind {record.False} did not come true ({Figures.Format(record.FalseShare, "1")}).";
        return new PostedAlert(
            all,
            new Dictionary<string, string>
            {
                ["summary"] = $"{subject}: {watch.Name} reaches {Figures.Format(prediction.Limit, watch.Unit)} at {when}",
                ["description"] = $"{forecast.Outlook} Now {Figures.Format(forecast.Value, watch.Unit)}. {wrong}",
            },
            prediction.MadeAt,
            endsAt,
            null
        );
    }

    private async Task PostAsync(int environmentId, List<PostedAlert> alerts, CancellationToken cancellationToken)
    {
        if (alerts.Count == 0)
            return;
        if (await upstreams.For(environmentId).Alertmanager.PostAlertsAsync(alerts, cancellationToken) is { } answer and not Fetch<bool>.Ok)
        {
            throw new InvalidOperationException($"{alerts.Count} predictive alerts were not taken by Alertmanager: {answer.Reason()}");
        }
    }

    private static double? Last(MetricSeries series)
    {
        var values = series.Values.Span;
        for (var i = values.Length - 1; i >= 0; i--)
        {
            if (double.IsFinite(values[i]))
                return values[i];
        }
        return null;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Watch {WatchId}: {Series} series forecast, {InSight} limits in sight")]
    private partial void LogForecast(int watchId, int series, int inSight);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Watch {WatchId} could not be forecast: {Reason}")]
    private partial void LogNotChecked(int watchId, string reason);
}
