using Archon.Analysis.Detection;
using Archon.Data;
using Archon.Data.Anomalies;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Scanning;

/// <summary>What people's verdicts on anomalies change in the detection of a series and of those alike: the other series of its watch.</summary>
internal static class WatchFeedback
{
    /// <summary>Verdicts of one watch, with the series they are about.</summary>
    public static async Task<IReadOnlyList<(long SeriesId, AnomalyFeedback Label)>> LabelsAsync(
        ArchonDbContext db,
        int watchId,
        CancellationToken cancellationToken
    )
    {
        var judged = await db
            .Anomalies.AsNoTracking()
            .Where(anomaly => anomaly.WatchId == watchId && anomaly.Verdict != null && anomaly.VerdictAt != null)
            .Select(anomaly => new
            {
                anomaly.SeriesId,
                anomaly.Verdict,
                anomaly.VerdictAt,
                anomaly.StartedAt,
                anomaly.PeakDeviation,
            })
            .ToListAsync(cancellationToken);
        return
        [
            .. judged.Select(one =>
                (one.SeriesId, new AnomalyFeedback(one.VerdictAt!.Value, Label(one.Verdict!.Value), true, one.StartedAt, one.PeakDeviation))
            ),
        ];
    }

    public static DetectionAdjustment Adjust(
        IReadOnlyList<(long SeriesId, AnomalyFeedback Label)> labels,
        long seriesId,
        DateTimeOffset now
    ) =>
        labels.Count == 0
            ? DetectionAdjustment.None
            : Feedback.Adjust(labels.Select(one => one.Label with { IsSameSeries = one.SeriesId == seriesId }), now, TimeZoneInfo.Utc);

    public static FeedbackLabel Label(AnomalyVerdict verdict) =>
        verdict switch
        {
            AnomalyVerdict.Noise => FeedbackLabel.Noise,
            AnomalyVerdict.Expected => FeedbackLabel.Expected,
            _ => FeedbackLabel.Useful,
        };
}
