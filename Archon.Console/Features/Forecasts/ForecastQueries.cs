using Archon.Analysis.Forecasting;
using Archon.Data;
using Archon.Data.Catalogue;
using Archon.Data.Forecasts;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Forecasts;

/// <summary>One limit that is watched, and when it is reached.</summary>
/// <param name="PastError">How far earlier forecasts were off, as a share of the level; null while none has come due.</param>
/// <param name="ReachedAt">Null when the limit is not in sight; <paramref name="Outlook"/> then says why.</param>
public sealed record LimitRow(
    long SeriesId, int WatchId, string? Service, string Watch, WatchSignal Signal, string Unit, IReadOnlyDictionary<string, string> Labels,
    double Limit, LimitSide LimitSide, double Value, double? PerDay, double? PastError, int PastForecasts,
    DateTimeOffset MadeAt, DateTimeOffset? ReachedAt, DateTimeOffset? ReachedEarliest, DateTimeOffset? ReachedLatest, double? Probability, string Outlook)
{
    /// <summary>False where history is too short to say whether the limit is in sight.</summary>
    public bool IsJudged => Probability is not null;

    /// <summary>Broken objectives of latencies and error shares; everything else runs out.</summary>
    public bool IsObjective => Signal is WatchSignal.Duration or WatchSignal.Errors;

    public string Subject => Service ?? (Labels.Count == 0 ? "all" : string.Join(", ", Labels.Where(label => label.Value.Length > 0).Select(label => label.Value)));

    /// <summary>The labels that tell this series from others of its service and watch.</summary>
    public string Part => string.Join(" ", Labels.Where(label => label.Value.Length > 0 && label.Key is not ("job" or "service" or "namespace")).Select(label => label.Value));
}

/// <summary>The limits of an environment at one time, the soonest first.</summary>
/// <param name="Watches">Watches with a limit.</param>
/// <param name="Series">Series of those; each gets a forecast as soon as it has history.</param>
public sealed record ForecastsPicture(
    DateTimeOffset ReadAt, IReadOnlyList<LimitRow> Limits, int Watches, int Series, DateTimeOffset? MadeAt, PredictionRecord Exhaustion, PredictionRecord Degradation)
    : ISharedPicture
{
    public IEnumerable<LimitRow> InSight => Limits.Where(limit => limit.ReachedAt is not null);
}

/// <summary>A prediction about one series that is settled or still to come.</summary>
public sealed record ToldPrediction(
    DateTimeOffset MadeAt, DateTimeOffset ReachedAt, DateTimeOffset ReachedEarliest, DateTimeOffset ReachedLatest, PredictionOutcome Outcome, DateTimeOffset? SettledAt);

/// <summary>A forecast in full.</summary>
public sealed record ForecastDetail(TimeSpan Step, double[] Median, double[] Lower, double[] Upper, string Query, TimeSpan WatchStep, IReadOnlyList<ToldPrediction> Past);

public sealed class ForecastQueries(IDbContextFactory<ArchonDbContext> contexts, TimeProvider clock)
{
    /// <summary>More limits than this are counted, not listed: those left out are the farthest.</summary>
    public const int RowLimit = 200;
    private const int PastShown = 10;

    public async Task<ForecastsPicture> PictureAsync(int environmentId, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await using var moment = await db.BeginOneMomentAsync(cancellationToken);
        var limits = await Rows(db, db.SeriesForecasts.Where(forecast => forecast.EnvironmentId == environmentId && forecast.Limit != null)
            .OrderBy(forecast => forecast.ReachedAt == null).ThenBy(forecast => forecast.ReachedAt).ThenBy(forecast => forecast.SeriesId).Take(RowLimit))
            .ToListAsync(cancellationToken);
        var watched = db.Watches.Where(watch => watch.EnvironmentId == environmentId && watch.Limit != null && watch.Enabled && watch.Origin != CatalogueOrigin.Ignored);
        var watches = await watched.CountAsync(cancellationToken);
        var series = await db.WatchedSeries.CountAsync(one => watched.Any(watch => watch.Id == one.WatchId), cancellationToken);
        var records = await PredictionLedger.RecordsAsync(db, environmentId, now, cancellationToken);
        return new ForecastsPicture(
            now, [.. limits.OrderBy(row => row.ReachedAt ?? DateTimeOffset.MaxValue).ThenByDescending(row => Nearness(row)).ThenBy(row => row.SeriesId)],
            watches, series, limits.Count == 0 ? null : limits.Max(row => row.MadeAt), records[PredictionKind.Exhaustion], records[PredictionKind.Degradation]);
    }

    /// <returns>Null when the series has no forecast.</returns>
    public async Task<ForecastDetail?> FindAsync(int environmentId, long seriesId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var past = await db.Predictions.AsNoTracking().Where(one => one.EnvironmentId == environmentId && one.SeriesId == seriesId)
            .OrderByDescending(one => one.MadeAt).Take(PastShown)
            .Select(one => new ToldPrediction(one.MadeAt, one.ReachedAt, one.ReachedEarliest, one.ReachedLatest, one.Outcome, one.SettledAt)).ToListAsync(cancellationToken);
        return await (
            from forecast in db.SeriesForecasts.AsNoTracking()
            where forecast.EnvironmentId == environmentId && forecast.SeriesId == seriesId
            join watch in db.Watches on forecast.WatchId equals watch.Id
            select new ForecastDetail(forecast.Step, forecast.Median, forecast.Lower, forecast.Upper, watch.Query, watch.Step, past)).FirstOrDefaultAsync(cancellationToken);
    }

    private static IQueryable<LimitRow> Rows(ArchonDbContext db, IQueryable<SeriesForecast> forecasts) =>
        from forecast in forecasts.AsNoTracking()
        join watch in db.Watches on forecast.WatchId equals watch.Id
        join series in db.WatchedSeries on forecast.SeriesId equals series.Id
        from service in db.Services.Where(one => one.Id == forecast.ServiceId).DefaultIfEmpty()
        select new LimitRow(
            forecast.SeriesId, watch.Id, service == null ? null : service.Name, watch.Name, watch.Signal, watch.Unit, series.Labels,
            forecast.Limit!.Value, watch.LimitSide, forecast.Value, forecast.PerDay, forecast.PastError, forecast.PastForecasts,
            forecast.MadeAt, forecast.ReachedAt, forecast.ReachedEarliest, forecast.ReachedLatest, forecast.Probability, forecast.Outlook);

    /// <summary>How much of the way to a ceiling is used up; for a floor the less is left the nearer.</summary>
    private static double Nearness(LimitRow row) => row.LimitSide == LimitSide.Ceiling && row.Limit > 0 ? row.Value / row.Limit : -Math.Abs(row.Value - row.Limit);
}
