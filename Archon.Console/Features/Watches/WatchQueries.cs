using Archon.Analysis.Detection;
using Archon.Analysis.Series;
using Archon.Data;
using Archon.Data.Catalogue;
using Archon.Features.Scanning;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Watches;

/// <summary>A watch as the person sees it who may change it.</summary>
/// <param name="EditedAt">To be handed back with an edit: another edit since then is told.</param>
public sealed record WatchDetail(
    int Id,
    string Name,
    string? Template,
    string Query,
    WatchSignal Signal,
    string Unit,
    TimeSpan Step,
    AnomalyDirection Interesting,
    double Sensitivity,
    double? Limit,
    LimitSide LimitSide,
    string? VolumeQuery,
    CatalogueOrigin Origin,
    DateTimeOffset? EditedAt,
    string? EditedBy
);

/// <summary>What verdicts change in the detection of one series, in sentences; empty where they change nothing.</summary>
/// <param name="Now">From the verdicts that were given.</param>
/// <param name="IfNoise">If one more anomaly were judged noise.</param>
/// <param name="IfExpected">If it were judged expected.</param>
public sealed record FeedbackWords(IReadOnlyList<string> Now, string IfNoise, string IfExpected);

/// <summary>What a query gives now.</summary>
public sealed record WatchTrial(int Series, IReadOnlyList<string> Warnings, IReadOnlyList<string> Infos);

public sealed class WatchQueries(IDbContextFactory<ArchonDbContext> contexts, Upstreams upstreams, TimeProvider clock)
{
    private static readonly TimeSpan TrialWindow = TimeSpan.FromMinutes(5);

    /// <returns>Null where there is no such watch.</returns>
    public async Task<WatchDetail?> FindAsync(int environmentId, int id, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db
            .Watches.AsNoTracking()
            .Where(watch => watch.EnvironmentId == environmentId && watch.Id == id)
            .Select(watch => new WatchDetail(
                watch.Id,
                watch.Name,
                watch.Template,
                watch.Query,
                watch.Signal,
                watch.Unit,
                watch.Step,
                watch.Interesting,
                watch.Sensitivity,
                watch.Limit,
                watch.LimitSide,
                watch.VolumeQuery,
                watch.Origin,
                watch.EditedAt,
                watch.EditedBy
            ))
            .SingleOrDefaultAsync(cancellationToken);
    }

    /// <param name="anomalyAt">When the anomaly began that might be judged next.</param>
    /// <param name="deviation">Signed, at its furthest, in standard deviations.</param>
    public async Task<FeedbackWords> FeedbackAsync(
        int watchId,
        long seriesId,
        DateTimeOffset anomalyAt,
        double deviation,
        CancellationToken cancellationToken
    )
    {
        var now = clock.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var labels = await WatchFeedback.LabelsAsync(db, watchId, cancellationToken);
        string With(FeedbackLabel label) =>
            Feedback.Preview(
                label,
                WatchFeedback.Adjust([.. labels, (seriesId, new AnomalyFeedback(now, label, true, anomalyAt, deviation))], seriesId, now)
            );
        return new FeedbackWords(
            WatchFeedback.Adjust(labels, seriesId, now).Words,
            With(FeedbackLabel.Noise),
            With(FeedbackLabel.Expected)
        );
    }

    /// <summary>Asks the query of the last minutes, and keeps nothing.</summary>
    public async Task<Fetch<WatchTrial>> TryAsync(int environmentId, string query, TimeSpan step, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var prometheus = upstreams.For(environmentId).Prometheus;
        return await prometheus.QueryRangeAsync(query, new TimeRange(now - TrialWindow, now), step, cancellationToken) switch
        {
            Fetch<MatrixResult>.Ok { Value: var matrix } => new Fetch<WatchTrial>.Ok(
                new WatchTrial(matrix.Series.Count, matrix.Warnings, matrix.Infos)
            ),
            Fetch<MatrixResult>.Rejected rejected => new Fetch<WatchTrial>.Rejected(rejected.Reason),
            var missed => new Fetch<WatchTrial>.Unavailable(missed.Reason()),
        };
    }
}
