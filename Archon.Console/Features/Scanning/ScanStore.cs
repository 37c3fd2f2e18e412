using System.Data;
using Archon.Analysis.Detection;
using Archon.Analysis.Series;
using Archon.Data;
using Archon.Data.Anomalies;
using Archon.Data.Catalogue;
using Archon.Features.Scanning.States;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;
using NpgsqlTypes;

namespace Archon.Features.Scanning;

/// <summary>The bulk reads and writes of scans and fits. Everything runs in the transaction of the context that is handed in.</summary>
internal static class ScanStore
{
    /// <summary>Values kept per series for sparklines.</summary>
    public const int RecentLength = 40;

    private const int LockClass = 0x41524348; // "ARCH": keeps our advisory locks apart from those of others in the same database
    private const int Batch = 500;

    /// <summary>Takes the watch for this transaction; false when another worker has it.</summary>
    public static async Task<bool> TryLockAsync(ArchonDbContext db, int watchId, CancellationToken cancellationToken) =>
        await db
            .Database.SqlQuery<bool>($"SELECT pg_try_advisory_xact_lock({LockClass}, {watchId}) AS \"Value\"")
            .SingleAsync(cancellationToken);

    /// <returns>Those that were taken for this transaction; another worker has the others.</returns>
    public static Task<List<int>> TryLockAsync(
        ArchonDbContext db,
        IReadOnlyCollection<int> watchIds,
        CancellationToken cancellationToken
    ) =>
        db
            .Database.SqlQuery<int>(
                $"SELECT id AS \"Value\" FROM unnest({watchIds.ToArray()}) AS id WHERE pg_try_advisory_xact_lock({LockClass}, id)"
            )
            .ToListAsync(cancellationToken);

    /// <summary>Takes the watch for this transaction, after whoever has it.</summary>
    public static Task LockAsync(ArchonDbContext db, int watchId, CancellationToken cancellationToken) =>
        db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock({LockClass}, {watchId})", cancellationToken);

    /// <summary>Forgets what was learnt about a watch's series. The lock of the watch is held.</summary>
    public static Task ForgetModelsAsync(ArchonDbContext db, int watchId, CancellationToken cancellationToken) =>
        db
            .WatchedSeries.Where(series => series.WatchId == watchId && (series.Model != null || series.ReadyAt != null))
            .ExecuteUpdateAsync(
                set =>
                    set.SetProperty(series => series.Model, (byte[]?)null)
                        .SetProperty(series => series.FittedAt, (DateTimeOffset?)null)
                        .SetProperty(series => series.ReadyAt, (DateTimeOffset?)null)
                        .SetProperty(series => series.FittedSamples, 0),
                cancellationToken
            );

    /// <summary>Whether a watch asks for other samples, or is compared with another limit, than when <paramref name="before"/> was read: a person edited it.</summary>
    /// <remarks>The lock of the watch is held until the transaction ends.</remarks>
    public static async Task<bool> IsEditedAsync(ArchonDbContext db, Watch before, CancellationToken cancellationToken)
    {
        var now = await db.Watches.AsNoTracking().SingleOrDefaultAsync(one => one.Id == before.Id, cancellationToken);
        return now is null
            || (now.Query, now.VolumeQuery, now.Step, now.Unit, now.Limit, now.LimitSide)
                != (before.Query, before.VolumeQuery, before.Step, before.Unit, before.Limit, before.LimitSide);
    }

    /// <summary>Gives series to the services that own them now: services come, go and are edited.</summary>
    public static async Task AssignServicesAsync(ArchonDbContext db, Watch watch, CancellationToken cancellationToken)
    {
        var services = await ServiceMatcher.LoadAsync(db, watch.EnvironmentId, cancellationToken);
        var moved = (
            await db
                .WatchedSeries.AsNoTracking()
                .Where(series => series.WatchId == watch.Id)
                .Select(series => new
                {
                    series.Id,
                    series.ServiceId,
                    series.Labels,
                })
                .ToListAsync(cancellationToken)
        ).Select(series => (series.Id, From: series.ServiceId, To: services.Find(series.Labels))).Where(series => series.From != series.To).ToLookup(series => series.To, series => series.Id);
        foreach (var group in moved)
        {
            var ids = group.ToList();
            await db
                .WatchedSeries.Where(series => ids.Contains(series.Id))
                .ExecuteUpdateAsync(set => set.SetProperty(series => series.ServiceId, group.Key), cancellationToken);
        }
    }

    /// <summary>Adds rows for series that were never seen.</summary>
    public static async Task<List<WatchedSeries>> AddSeriesAsync(
        ArchonDbContext db,
        Watch watch,
        IReadOnlyCollection<SeriesLabels> fresh,
        CancellationToken cancellationToken
    )
    {
        if (fresh.Count == 0)
            return [];
        var services = await ServiceMatcher.LoadAsync(db, watch.EnvironmentId, cancellationToken);
        var rows = fresh
            .Select(labels => new WatchedSeries
            {
                EnvironmentId = watch.EnvironmentId,
                WatchId = watch.Id,
                ServiceId = services.Find(labels.Values),
                LabelsKey = labels.Key,
                Labels = new Dictionary<string, string>(labels.Values, StringComparer.Ordinal),
            })
            .ToList();
        db.WatchedSeries.AddRange(rows);
        await db.SaveChangesAsync(cancellationToken);
        db.ChangeTracker.Clear();
        return rows;
    }

    /// <summary>Writes the newest sample, its band and the sparkline of many series in one statement.</summary>
    /// <param name="points">The new values, <paramref name="width"/> per scorer, in the order of the scorers.</param>
    public static async Task SaveSamplesAsync(
        ArchonDbContext db,
        IReadOnlyList<SeriesScorer> scorers,
        double[] points,
        int width,
        CancellationToken cancellationToken
    )
    {
        if (scorers.Count == 0)
            return;
        var (ids, ats) = (new long[scorers.Count], new DateTime?[scorers.Count]);
        var (values, lowers, uppers) = (new double[scorers.Count], new double[scorers.Count], new double[scorers.Count]);
        var guarded = new string?[scorers.Count];
        for (var i = 0; i < scorers.Count; i++)
        {
            var scorer = scorers[i];
            (ids[i], ats[i]) = (scorer.SeriesId, scorer.LastSampleAt?.UtcDateTime);
            (values[i], lowers[i], uppers[i], guarded[i]) = (scorer.LastValue, scorer.LastLower, scorer.LastUpper, scorer.Guarded);
        }
        await using var command = Command(
            db,
            """
            UPDATE watched_series AS s
            SET last_sample_at = coalesce(u.at, s.last_sample_at),
                last_value = CASE WHEN u.at IS NULL THEN s.last_value ELSE nullif(u.value, 'NaN') END,
                expected_lower = CASE WHEN u.at IS NULL THEN s.expected_lower ELSE nullif(u.lower, 'NaN') END,
                expected_upper = CASE WHEN u.at IS NULL THEN s.expected_upper ELSE nullif(u.upper, 'NaN') END,
                guarded = CASE WHEN u.at IS NULL THEN s.guarded ELSE u.guarded END,
                recent = (s.recent || (@points)[(u.i - 1) * @width + 1 : u.i * @width])[greatest(1, cardinality(s.recent) + @width - @keep + 1) :]
            FROM unnest(@ids, @ats, @values, @lowers, @uppers, @guarded) WITH ORDINALITY AS u (id, at, value, lower, upper, guarded, i)
            WHERE s.id = u.id
            """
        );
        command.Parameters.AddWithValue("ids", ids);
        command.Parameters.Add(new NpgsqlParameter("ats", NpgsqlDbType.Array | NpgsqlDbType.TimestampTz) { Value = ats });
        command.Parameters.AddWithValue("values", values);
        command.Parameters.AddWithValue("lowers", lowers);
        command.Parameters.AddWithValue("uppers", uppers);
        command.Parameters.Add(new NpgsqlParameter("guarded", NpgsqlDbType.Array | NpgsqlDbType.Text) { Value = guarded });
        command.Parameters.AddWithValue("points", points);
        command.Parameters.AddWithValue("width", width);
        command.Parameters.AddWithValue("keep", RecentLength);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Writes what began, went on or ended, by natural key, and the changes of state that this means.</summary>
    /// <param name="now">The time under the lock of the watch.</param>
    public static async Task<(int Began, int Ended)> SaveAnomaliesAsync(
        ArchonDbContext db,
        Watch watch,
        IReadOnlyList<(SeriesScorer Scorer, OpenSpan Span)> changes,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        if (changes.Count == 0)
            return (0, 0);
        var (began, ended) = (0, 0);
        var (opened, over) = (new List<(Anomaly Anomaly, DateTimeOffset Since)>(), new List<Anomaly>());
        var seriesIds = changes.Select(change => change.Scorer.SeriesId).Distinct().ToList();
        var starts = changes.Select(change => change.Span.StartedAt).Distinct().ToList();
        var known = (
            await db
                .Anomalies.Where(anomaly =>
                    anomaly.WatchId == watch.Id && starts.Contains(anomaly.StartedAt) && seriesIds.Contains(anomaly.SeriesId)
                )
                .ToListAsync(cancellationToken)
        ).ToDictionary(anomaly => (anomaly.SeriesId, anomaly.StartedAt));
        foreach (var (scorer, span) in changes)
        {
            var beganBefore = began;
            if (!known.TryGetValue((scorer.SeriesId, span.StartedAt), out var anomaly))
            {
                anomaly = new Anomaly
                {
                    StartedAt = span.StartedAt,
                    EnvironmentId = watch.EnvironmentId,
                    WatchId = watch.Id,
                    SeriesId = scorer.SeriesId,
                    ServiceId = scorer.ServiceId,
                    Direction = span.Direction,
                    Season = span.Season,
                    FittedSamples = span.FittedSamples,
                };
                known.Add((scorer.SeriesId, span.StartedAt), anomaly);
                db.Anomalies.Add(anomaly);
                began++;
            }
            if (anomaly.EndedAt is null && span.EndedAt is not null)
            {
                ended++;
                over.Add(anomaly);
            }
            var (isNew, before) = (began > beganBefore, AnomalyStates.Of(anomaly));
            if (anomaly.EndedAt is null)
                (anomaly.EndedAt, anomaly.EndReason) = (span.EndedAt, span.EndReason);
            anomaly.LastSeenAt = span.LastSeenAt;
            anomaly.Score = span.Score;
            anomaly.Confidence = span.Confidence;
            (anomaly.Severity, anomaly.SeverityReason) = (span.Severity, span.SeverityReason);
            anomaly.Value = span.Value;
            anomaly.Expected = span.Expected;
            anomaly.ExpectedLower = span.Lower;
            anomaly.ExpectedUpper = span.Upper;
            anomaly.PeakValue = span.PeakValue;
            anomaly.PeakDeviation = span.PeakDeviation;
            anomaly.SamplesOutside = span.SamplesOutside;
            anomaly.Explanation = span.Explanation;
            anomaly.Votes = span.Votes;
            if (isNew || (anomaly.EndedAt is null && AnomalyStates.Of(anomaly) != before))
                opened.Add((anomaly, isNew ? span.StartedAt : span.LastSeenAt));
        }
        await db.SaveChangesAsync(cancellationToken);
        db.ChangeTracker.Clear();
        // Now that new anomalies have their ids.
        await StateLog.AddAsync(
            db,
            [
                .. opened.Select(one => AnomalyStates.Open(watch, one.Anomaly, now, one.Since)),
                .. over.Select(one => AnomalyStates.End(watch, one, now)),
            ],
            cancellationToken
        );
        return (began, ended);
    }

    /// <summary>Writes fitted models, a batch at a time: models are the one big thing in a row.</summary>
    public static async Task SaveModelsAsync(
        ArchonDbContext db,
        IReadOnlyList<(long SeriesId, SeriesModel Model)> models,
        DateTimeOffset fittedAt,
        CancellationToken cancellationToken
    )
    {
        foreach (var batch in models.Chunk(Batch))
        {
            await using var command = Command(
                db,
                """
                UPDATE watched_series AS s
                SET model = u.model, fitted_samples = u.samples, model_version = @version, fitted_at = @at, ready_at = NULL
                FROM unnest(@ids, @models, @samples) AS u (id, model, samples)
                WHERE s.id = u.id
                """
            );
            command.Parameters.AddWithValue("ids", batch.Select(one => one.SeriesId).ToArray());
            command.Parameters.AddWithValue("models", batch.Select(one => one.Model.ToBytes()).ToArray());
            command.Parameters.AddWithValue("samples", batch.Select(one => one.Model.FittedSamples).ToArray());
            command.Parameters.AddWithValue("version", SeriesModel.FormatVersion);
            command.Parameters.AddWithValue("at", fittedAt.UtcDateTime);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    /// <summary>Notes when series will have history enough for a model. What was learnt from less before is no model any more.</summary>
    public static async Task SaveReadyTimesAsync(
        ArchonDbContext db,
        IReadOnlyList<(long SeriesId, DateTimeOffset At)> ready,
        CancellationToken cancellationToken
    )
    {
        if (ready.Count == 0)
            return;
        await using var command = Command(
            db,
            """
            UPDATE watched_series AS s
            SET ready_at = u.at, model = NULL, fitted_at = NULL, fitted_samples = 0
            FROM unnest(@ids, @ats) AS u (id, at)
            WHERE s.id = u.id
            """
        );
        command.Parameters.AddWithValue("ids", ready.Select(one => one.SeriesId).ToArray());
        command.Parameters.AddWithValue("ats", ready.Select(one => one.At.UtcDateTime).ToArray());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Writes where detectors stand, so that a restart goes on from here.</summary>
    public static async Task SaveStatesAsync(ArchonDbContext db, IEnumerable<SeriesScorer> scorers, CancellationToken cancellationToken)
    {
        foreach (var batch in scorers.Where(scorer => scorer.KnownToMs is not null).Chunk(Batch))
        {
            await using var command = Command(
                db,
                """
                UPDATE watched_series AS s SET model = u.model, fitted_samples = u.samples
                FROM unnest(@ids, @models, @samples) AS u (id, model, samples)
                WHERE s.id = u.id
                """
            );
            var models = batch.Select(scorer => scorer.Model!).ToArray();
            command.Parameters.AddWithValue("ids", batch.Select(scorer => scorer.SeriesId).ToArray());
            command.Parameters.AddWithValue("models", models.Select(model => model.ToBytes()).ToArray());
            command.Parameters.AddWithValue("samples", models.Select(model => model.FittedSamples).ToArray());
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    /// <summary>
    /// Takes back what scans of a watch noted after <paramref name="now"/>, while the clock was ahead. A model that has seen samples from after it would take
    /// those to come for late ones, and is learnt anew.
    /// </summary>
    /// <param name="now">A time of the grid on which samples lie.</param>
    /// <param name="at">The time under the lock of the watch, for changes of states.</param>
    /// <returns>When the newest sample up to now was; null where there is none.</returns>
    public static async Task<DateTimeOffset?> ForgetFutureAsync(
        ArchonDbContext db,
        Watch watch,
        DateTimeOffset now,
        DateTimeOffset at,
        CancellationToken cancellationToken
    )
    {
        await db.UncheckedSpans.Where(span => span.WatchId == watch.Id && span.From >= now).ExecuteDeleteAsync(cancellationToken);
        await db
            .UncheckedSpans.Where(span => span.WatchId == watch.Id && span.To > now)
            .ExecuteUpdateAsync(set => set.SetProperty(span => span.To, now), cancellationToken);
        var future = await db
            .Anomalies.Where(anomaly => anomaly.WatchId == watch.Id && anomaly.EndedAt == null && anomaly.LastSeenAt > now)
            .ToListAsync(cancellationToken);
        foreach (var anomaly in future)
            (anomaly.EndedAt, anomaly.EndReason) = (anomaly.LastSeenAt, "The clock was set back; scans go on from an earlier time.");
        await db.SaveChangesAsync(cancellationToken);
        db.ChangeTracker.Clear();
        await StateLog.AddAsync(db, [.. future.Select(one => AnomalyStates.End(watch, one, at))], cancellationToken);
        await db
            .WatchedSeries.Where(series => series.WatchId == watch.Id && series.LastSampleAt > now)
            .ExecuteUpdateAsync(
                set =>
                    set.SetProperty(series => series.LastSampleAt, (DateTimeOffset?)null)
                        .SetProperty(series => series.Model, (byte[]?)null)
                        .SetProperty(series => series.FittedAt, (DateTimeOffset?)null)
                        .SetProperty(series => series.ReadyAt, (DateTimeOffset?)null)
                        .SetProperty(series => series.FittedSamples, 0),
                cancellationToken
            );
        if (watch.UncheckedSince > now)
            watch.UncheckedSince = null;
        return await db
            .WatchedSeries.Where(series => series.WatchId == watch.Id)
            .MaxAsync(series => series.LastSampleAt, cancellationToken);
    }

    private static NpgsqlCommand Command(ArchonDbContext db, string sql)
    {
        var connection = (NpgsqlConnection)db.Database.GetDbConnection();
        if (connection.State != ConnectionState.Open)
            throw new InvalidOperationException("Bulk writes belong into an open transaction.");
        return new NpgsqlCommand(sql, connection, (NpgsqlTransaction?)db.Database.CurrentTransaction?.GetDbTransaction());
    }
}
