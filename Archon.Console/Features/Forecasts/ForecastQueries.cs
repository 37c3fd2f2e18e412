using Archon.Analysis.Forecasting;
using Archon.Data;
using Archon.Data.Catalogue;
using Archon.Data.Forecasts;
using Archon.Live;
using Archon.Ui.Parts;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Forecasts;

/// <summary>One limit that is watched, and when it is reached.</summary>
/// <param name="PastError">How far earlier forecasts were off, as a share of the level; null while none has come due.</param>
/// <param name="ReachedAt">Null when the limit is not in sight; <paramref name="Outlook"/> then says why.</param>
public sealed record LimitRow(
    long SeriesId,
    int WatchId,
    string? Service,
    string Watch,
    WatchSignal Signal,
    string Unit,
    IReadOnlyDictionary<string, string> Labels,
    double Limit,
    LimitSide LimitSide,
    double Value,
    double? PerDay,
    double? PastError,
    int PastForecasts,
    DateTimeOffset MadeAt,
    DateTimeOffset? ReachedAt,
    DateTimeOffset? ReachedEarliest,
    DateTimeOffset? ReachedLatest,
    double? Probability,
    string Outlook
)
{
    /// <summary>False where history is too short to say whether the limit is in sight.</summary>
    public bool IsJudged => Probability is not null;

    /// <summary>Broken objectives of latencies and error shares; everything else runs out.</summary>
    public bool IsObjective => Signal is WatchSignal.Duration or WatchSignal.Errors;

    public string Subject =>
        Service
        ?? (Labels.Count == 0 ? "all" : string.Join(", ", Labels.Where(label => label.Value.Length > 0).Select(label => label.Value)));

    /// <summary>The labels that tell this series from others of its service and watch.</summary>
    public string Part =>
        string.Join(
            " ",
            Labels
                .Where(label => label.Value.Length > 0 && label.Key is not ("job" or "service" or "namespace"))
                .Select(label => label.Value)
        );
}

/// <summary>Some limits of an environment at one time: those in sight first, the soonest first, then those that are nearest to their
/// limit.</summary>
/// <param name="Limits">A part of the list.</param>
/// <param name="Skipped">How many of the list come before the first one here.</param>
/// <param name="Listed">How long the list is: see <see cref="ForecastWindow.Calm"/>.</param>
/// <param name="InSight">How many limits are reached within 14 days.</param>
/// <param name="Judged">How many have history enough to say whether they are in sight.</param>
/// <param name="InAll">How many have a forecast.</param>
/// <param name="Asked">The limit that was asked for by its series; null where there is none.</param>
/// <param name="Watches">Watches with a limit.</param>
/// <param name="Series">Series of those; each gets a forecast as soon as it has history.</param>
/// <param name="MadeAt">When the newest forecast was made; null before the first.</param>
public sealed record ForecastsPicture(
    DateTimeOffset ReadAt,
    IReadOnlyList<LimitRow> Limits,
    int Skipped,
    int Listed,
    int InSight,
    int Judged,
    int InAll,
    LimitRow? Asked,
    int Watches,
    int Series,
    DateTimeOffset? MadeAt,
    PredictionRecord Exhaustion,
    PredictionRecord Degradation
) : ISharedPicture
{
    public long Bytes => 1500L * Limits.Count;
}

/// <summary>Which part of the limits to read.</summary>
/// <param name="Skip">Limits of the list that come before; beyond the last one the last part is read.</param>
/// <param name="Take">At most so many.</param>
/// <param name="Calm">How many limits that are not in sight the list has.</param>
/// <param name="Asked">A series whose limit is read too, wherever it is in the list.</param>
public sealed record ForecastWindow(int Skip, int Take, int Calm, long? Asked = null)
{
    public static readonly ForecastWindow Everything = new(0, int.MaxValue, int.MaxValue);
}

/// <summary>The place of a limit in sight in the order of the list, from which the next part of it begins.</summary>
public sealed record ForecastMark(DateTimeOffset ReachedAt, long SeriesId);

/// <summary>A prediction about one series that is settled or still to come.</summary>
public sealed record ReportedPrediction(
    DateTimeOffset MadeAt,
    DateTimeOffset ReachedAt,
    DateTimeOffset ReachedEarliest,
    DateTimeOffset ReachedLatest,
    PredictionOutcome Outcome,
    DateTimeOffset? SettledAt
);

/// <summary>A forecast in full.</summary>
public sealed record ForecastDetail(
    TimeSpan Step,
    double[] Median,
    double[] Lower,
    double[] Upper,
    string Query,
    TimeSpan WatchStep,
    IReadOnlyList<ReportedPrediction> Past
);

public sealed class ForecastQueries(IDbContextFactory<ArchonDbContext> contexts, TimeProvider clock)
{
    private const int PastShown = 10;

    public async Task<ForecastsPicture> PictureAsync(int environmentId, ForecastWindow window, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await using var moment = await db.BeginOneMomentAsync(cancellationToken);
        var all = Limited(db, environmentId);
        var counts = await CountAsync(all, cancellationToken);
        var listed = counts.InSight + Math.Min(window.Calm, counts.InAll - counts.InSight);
        var skip = Paging.Clamp(window.Skip, window.Take, listed);
        // How much of the way to a ceiling is used up; for a floor the less is left the nearer.
        var ordered =
            from forecast in all
            join watch in db.Watches on forecast.WatchId equals watch.Id
            orderby forecast.ReachedAt == null, forecast.ReachedAt, watch.LimitSide == LimitSide.Ceiling && forecast.Limit > 0
                ? forecast.Value / forecast.Limit.Value
                : -Math.Abs(forecast.Value - forecast.Limit!.Value) descending, forecast.SeriesId
            select forecast.SeriesId;
        var ids = await ordered.Skip(skip).Take(Math.Min(window.Take, listed - skip)).ToListAsync(cancellationToken);
        var rows = (
            await Rows(db, all.Where(forecast => ids.Contains(forecast.SeriesId) || forecast.SeriesId == window.Asked))
                .ToListAsync(cancellationToken)
        ).ToDictionary(row => row.SeriesId);
        var watched = db.Watches.Where(watch =>
            watch.EnvironmentId == environmentId && watch.Limit != null && watch.Enabled && watch.Origin != CatalogueOrigin.Ignored
        );
        var watches = await watched.CountAsync(cancellationToken);
        var series = await db.WatchedSeries.CountAsync(one => watched.Any(watch => watch.Id == one.WatchId), cancellationToken);
        var records = await PredictionLedger.RecordsAsync(db, environmentId, now, cancellationToken);
        return new ForecastsPicture(
            now,
            [.. ids.Where(rows.ContainsKey).Select(id => rows[id])],
            skip,
            listed,
            counts.InSight,
            counts.Judged,
            counts.InAll,
            window.Asked is { } asked ? rows.GetValueOrDefault(asked) : null,
            watches,
            series,
            counts.MadeAt,
            records[PredictionKind.Exhaustion],
            records[PredictionKind.Degradation]
        );
    }

    /// <summary>Limits in sight after a mark, the soonest first.</summary>
    /// <param name="after">Null for the first ones.</param>
    public async Task<IReadOnlyList<LimitRow>> InSightAfterAsync(
        int environmentId,
        ForecastMark? after,
        int limit,
        CancellationToken cancellationToken
    )
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var all = Limited(db, environmentId);
        if (after is { ReachedAt: var reachedAt, SeriesId: var seriesId })
        {
            all = all.Where(forecast =>
                forecast.ReachedAt > reachedAt || (forecast.ReachedAt == reachedAt && forecast.SeriesId > seriesId)
            );
        }
        var rows = await Rows(db, Soonest(all).Take(limit)).ToListAsync(cancellationToken);
        return [.. rows.OrderBy(row => row.ReachedAt).ThenBy(row => row.SeriesId)];
    }

    /// <summary>How many limits are in sight, and when the first one is reached.</summary>
    public async Task<(int Number, DateTimeOffset? Soonest)> InSightCountAsync(int environmentId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await Limited(db, environmentId)
            .Where(forecast => forecast.ReachedAt != null)
            .GroupBy(_ => 1)
            .Select(all => new { Number = all.Count(), Soonest = all.Min(one => one.ReachedAt) })
            .FirstOrDefaultAsync(cancellationToken);
        return (found?.Number ?? 0, found?.Soonest);
    }

    /// <returns>Null when the series has no forecast.</returns>
    public async Task<ForecastDetail?> FindAsync(int environmentId, long seriesId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var past = await db
            .Predictions.AsNoTracking()
            .Where(one => one.EnvironmentId == environmentId && one.SeriesId == seriesId)
            .OrderByDescending(one => one.MadeAt)
            .Take(PastShown)
            .Select(one => new ReportedPrediction(
                one.MadeAt,
                one.ReachedAt,
                one.ReachedEarliest,
                one.ReachedLatest,
                one.Outcome,
                one.SettledAt
            ))
            .ToListAsync(cancellationToken);
        return await (
            from forecast in db.SeriesForecasts.AsNoTracking()
            where forecast.EnvironmentId == environmentId && forecast.SeriesId == seriesId
            join watch in db.Watches on forecast.WatchId equals watch.Id
            select new ForecastDetail(forecast.Step, forecast.Median, forecast.Lower, forecast.Upper, watch.Query, watch.Step, past)
        ).FirstOrDefaultAsync(cancellationToken);
    }

    private static IQueryable<SeriesForecast> Limited(ArchonDbContext db, int environmentId) =>
        db.SeriesForecasts.AsNoTracking().Where(forecast => forecast.EnvironmentId == environmentId && forecast.Limit != null);

    private static IQueryable<SeriesForecast> Soonest(IQueryable<SeriesForecast> forecasts) =>
        forecasts
            .Where(forecast => forecast.ReachedAt != null)
            .OrderBy(forecast => forecast.ReachedAt)
            .ThenBy(forecast => forecast.SeriesId);

    private static async Task<(int InSight, int Judged, int InAll, DateTimeOffset? MadeAt)> CountAsync(
        IQueryable<SeriesForecast> limits,
        CancellationToken cancellationToken
    )
    {
        var counts = await limits
            .GroupBy(_ => 1)
            .Select(all => new
            {
                InSight = all.Count(one => one.ReachedAt != null),
                Judged = all.Count(one => one.Probability != null),
                InAll = all.Count(),
                MadeAt = all.Max(one => (DateTimeOffset?)one.MadeAt),
            })
            .FirstOrDefaultAsync(cancellationToken);
        return counts is null ? (0, 0, 0, null) : (counts.InSight, counts.Judged, counts.InAll, counts.MadeAt);
    }

    private static IQueryable<LimitRow> Rows(ArchonDbContext db, IQueryable<SeriesForecast> forecasts) =>
        from forecast in forecasts.AsNoTracking()
        join watch in db.Watches on forecast.WatchId equals watch.Id
        join series in db.WatchedSeries on forecast.SeriesId equals series.Id
        from service in db.Services.Where(one => one.Id == forecast.ServiceId).DefaultIfEmpty()
        select new LimitRow(
            forecast.SeriesId,
            watch.Id,
            service == null ? null : service.Name,
            watch.Name,
            watch.Signal,
            watch.Unit,
            series.Labels,
            forecast.Limit!.Value,
            watch.LimitSide,
            forecast.Value,
            forecast.PerDay,
            forecast.PastError,
            forecast.PastForecasts,
            forecast.MadeAt,
            forecast.ReachedAt,
            forecast.ReachedEarliest,
            forecast.ReachedLatest,
            forecast.Probability,
            forecast.Outlook
        );
}
