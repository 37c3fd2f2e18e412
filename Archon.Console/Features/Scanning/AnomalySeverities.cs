using Archon.Analysis.Detection;
using Archon.Data;
using Archon.Data.Anomalies;
using Archon.Data.Catalogue;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Scanning;

/// <summary>Gives anomalies the severity that <see cref="Impact"/> finds. It may rise while one lasts, and does not fall.</summary>
internal static class AnomalySeverities
{
    public static ImpactSignal SignalOf(Watch watch) =>
        new(
            watch.Signal switch
            {
                WatchSignal.Rate => SignalKind.Requests,
                WatchSignal.Errors => SignalKind.Errors,
                WatchSignal.Duration => SignalKind.Latency,
                WatchSignal.Saturation => SignalKind.Saturation,
                WatchSignal.Availability => SignalKind.Availability,
                WatchSignal.Quality => SignalKind.Quality,
                _ => SignalKind.Traffic,
            },
            watch.Unit,
            DirectionOf(watch.Interesting),
            watch.Limit,
            watch.LimitSide == LimitSide.Floor
        );

    /// <summary>Grades what a scan found, once all series are scored.</summary>
    /// <param name="to">Up to where they are.</param>
    public static async Task GradeAsync(
        ArchonDbContext db,
        Watch watch,
        IReadOnlyCollection<SeriesScorer> scorers,
        IReadOnlyList<(SeriesScorer Scorer, OpenSpan Span)> changes,
        DateTimeOffset to,
        CancellationToken cancellationToken
    )
    {
        if (changes.Count == 0)
            return;
        var signal = SignalOf(watch);
        var weights = await WeightsAsync(db, changes.Select(change => change.Scorer.ServiceId), cancellationToken);
        var deviating = scorers
            .Where(scorer => scorer.Open is not null)
            .Select(scorer => (Scorer: scorer, Span: scorer.Open!))
            .Concat(changes.Where(change => change.Span.EndedAt is not null))
            .GroupBy(one => (one.Scorer.ServiceId, one.Span.Direction))
            .ToDictionary(group => group.Key, group => group.Select(one => one.Scorer.SeriesId).ToHashSet());
        foreach (var ofService in changes.GroupBy(change => change.Scorer.ServiceId))
        {
            var alive = scorers
                .Where(scorer => scorer.ServiceId == ofService.Key && to - scorer.LastSampleAt < ScanJob.SilentFor)
                .Select(scorer => scorer.SeriesId)
                .ToList();
            foreach (var (_, span) in ofService)
            {
                var those = deviating[(ofService.Key, span.Direction)];
                var affected = (double)those.Count / those.Union(alive).Count();
                foreach (var deviation in span.Ungraded)
                    Raise(span, Impact.Of(signal, deviation, weights(ofService.Key), affected));
                span.Ungraded.Clear();
            }
        }
    }

    /// <summary>Grades open anomalies anew by their last value: their watch means something else than when they were graded.</summary>
    /// <param name="open">All of the watch, followed by the context; not saved here.</param>
    public static async Task RegradeAsync(ArchonDbContext db, Watch watch, IReadOnlyList<Anomaly> open, CancellationToken cancellationToken)
    {
        if (open.Count == 0)
            return;
        var (signal, since) = (SignalOf(watch), watch.ScannedTo - ScanJob.SilentFor);
        var alive = await db
            .WatchedSeries.Where(series => series.WatchId == watch.Id && series.LastSampleAt > since)
            .Select(series => new { series.Id, series.ServiceId })
            .ToListAsync(cancellationToken);
        var weights = await WeightsAsync(db, open.Select(anomaly => anomaly.ServiceId), cancellationToken);
        foreach (var group in open.GroupBy(anomaly => (anomaly.ServiceId, anomaly.Direction)))
        {
            var those = group.Select(anomaly => anomaly.SeriesId).ToHashSet();
            var all = those.Union(alive.Where(series => series.ServiceId == group.Key.ServiceId).Select(series => series.Id)).Count();
            foreach (var anomaly in group)
            {
                var deviation = new Deviation(
                    anomaly.Value,
                    anomaly.Expected,
                    anomaly.ExpectedUpper,
                    DirectionOf(anomaly.Direction),
                    anomaly.LastSeenAt - anomaly.StartedAt + watch.Step
                );
                var grade = Impact.Of(signal, deviation, weights(anomaly.ServiceId), (double)those.Count / all);
                (anomaly.Severity, anomaly.SeverityReason) = (SeverityOf(grade), grade.Reason);
            }
        }
    }

    private static void Raise(OpenSpan span, ImpactGrade grade)
    {
        var severity = SeverityOf(grade);
        if (severity >= span.Severity)
            (span.Severity, span.SeverityReason) = (severity, grade.Reason);
    }

    /// <summary>A finding of another kind, such as a value that no longer moves, is worth a line even where its size is not.</summary>
    private static AnomalySeverity SeverityOf(ImpactGrade grade) =>
        grade.Severity switch
        {
            ImpactSeverity.Critical => AnomalySeverity.Critical,
            ImpactSeverity.Warning => AnomalySeverity.Warning,
            _ => AnomalySeverity.Info,
        };

    /// <returns>Standard for a series of no service.</returns>
    private static async Task<Func<int?, ServiceWeight>> WeightsAsync(
        ArchonDbContext db,
        IEnumerable<int?> serviceIds,
        CancellationToken cancellationToken
    )
    {
        var ids = serviceIds.OfType<int>().Distinct().ToList();
        var tiers = await db
            .Services.Where(service => ids.Contains(service.Id))
            .Select(service => new { service.Id, service.Tier })
            .ToDictionaryAsync(service => service.Id, service => service.Tier, cancellationToken);
        return id =>
            id is { } known && tiers.TryGetValue(known, out var tier)
                ? tier switch
                {
                    ServiceTier.Critical => ServiceWeight.Critical,
                    ServiceTier.BestEffort => ServiceWeight.BestEffort,
                    _ => ServiceWeight.Standard,
                }
                : ServiceWeight.Standard;
    }

    public static DeviationDirection DirectionOf(AnomalyDirection direction) =>
        direction switch
        {
            AnomalyDirection.Up => DeviationDirection.Up,
            AnomalyDirection.Down => DeviationDirection.Down,
            _ => DeviationDirection.None,
        };
}
