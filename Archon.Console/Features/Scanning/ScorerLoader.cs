using Archon.Analysis.Detection;
using Archon.Data;
using Archon.Data.Catalogue;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Scanning;

/// <summary>Makes the scorers of a watch from what is stored.</summary>
internal static class ScorerLoader
{
    /// <param name="model">Null for a series that nothing was learnt of yet.</param>
    public static SeriesScorer Make(
        Watch watch,
        ScanSettings scan,
        EstateThresholds thresholds,
        long seriesId,
        int? serviceId,
        SeriesModel? model,
        DetectionAdjustment adjustment
    )
    {
        var settings = new DetectorSettings
        {
            Sensitivity = watch.Sensitivity,
            Guard = scan.Guard,
            Adjustment = adjustment,
        };
        return new SeriesScorer(seriesId, serviceId, model, watch.Interesting, watch.Unit, settings, scan)
        {
            Peaks = thresholds.PeaksOf(seriesId),
        };
    }

    /// <summary>Reads models and open anomalies of a watch anew.</summary>
    public static async Task<Dictionary<string, SeriesScorer>> LoadAsync(
        ArchonDbContext db,
        Watch watch,
        ScanSettings scan,
        EstateThresholds thresholds,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        var scorers = new Dictionary<string, SeriesScorer>(StringComparer.Ordinal);
        var byId = new Dictionary<long, SeriesScorer>();
        var labels = await WatchFeedback.LabelsAsync(db, watch.Id, cancellationToken);
        var rows = db
            .WatchedSeries.AsNoTracking()
            .Where(series => series.WatchId == watch.Id)
            .Select(series => new
            {
                series.Id,
                series.LabelsKey,
                series.ServiceId,
                series.Model,
                series.LastSampleAt,
            })
            .AsAsyncEnumerable();
        await foreach (var row in rows.WithCancellation(cancellationToken))
        {
            // A model in a form this version cannot read is as good as none: the next fit writes a new one.
            var model = row.Model is not null && SeriesModel.TryRead(row.Model, out var read) ? read : null;
            var scorer = Make(watch, scan, thresholds, row.Id, row.ServiceId, model, WatchFeedback.Adjust(labels, row.Id, now));
            // What the model was learnt from has come too.
            scorer.GoOnFrom(row.LastSampleAt ?? scorer.LearntTo);
            scorers[row.LabelsKey] = scorer;
            byId[row.Id] = scorer;
        }
        var anomalies = await db
            .Anomalies.AsNoTracking()
            .Where(anomaly => anomaly.WatchId == watch.Id && anomaly.EndedAt == null)
            .ToListAsync(cancellationToken);
        if (anomalies.Count == 0)
            return scorers;
        var scannedTo = watch.ScannedTo ?? now;
        var since = anomalies.Min(anomaly => anomaly.LastSeenAt);
        var gaps = await db
            .UncheckedSpans.AsNoTracking()
            .Where(span => span.WatchId == watch.Id && span.CaughtUpAt == null && span.To > since)
            .Select(span => new { span.From, span.To })
            .ToListAsync(cancellationToken);
        foreach (var anomaly in anomalies)
        {
            if (!byId.TryGetValue(anomaly.SeriesId, out var scorer))
                continue;
            var without = scannedTo - anomaly.LastSeenAt;
            foreach (var gap in gaps)
            {
                var (from, to) = (gap.From > anomaly.LastSeenAt ? gap.From : anomaly.LastSeenAt, gap.To < scannedTo ? gap.To : scannedTo);
                if (to > from)
                    without -= to - from;
            }
            scorer.Resume(anomaly, scannedTo, without > TimeSpan.Zero ? without : TimeSpan.Zero);
        }
        return scorers;
    }
}
