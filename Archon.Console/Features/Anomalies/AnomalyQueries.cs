using Archon.Analysis.Detection;
using Archon.Data;
using Archon.Data.Anomalies;
using Archon.Data.Catalogue;
using Archon.Live;
using Archon.Ui.Health;
using Archon.Ui.Parts;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Anomalies;

/// <summary>One anomaly as a list shows it.</summary>
/// <param name="Recent">Newest values of the series for a sparkline; empty for ended ones.</param>
public sealed record AnomalyRow(
    long Id,
    DateTimeOffset StartedAt,
    DateTimeOffset? EndedAt,
    DateTimeOffset LastSeenAt,
    string? Service,
    int WatchId,
    string Watch,
    WatchSignal Signal,
    string Unit,
    IReadOnlyDictionary<string, string> Labels,
    AnomalyDirection Direction,
    double Value,
    double Lower,
    double Upper,
    double PeakValue,
    AnomalySeverity Severity,
    double Confidence,
    AnomalyVerdict? Verdict,
    IReadOnlyList<double> Recent
)
{
    public HealthState State => HealthStates.Of(Severity, Verdict);

    /// <summary>What to call it where the service is unknown: the labels that tell its series apart.</summary>
    public string Subject =>
        Service ?? (Labels.Count == 0 ? "all" : string.Join(", ", Labels.Select(label => $"{label.Key}={label.Value}")));
}

/// <summary>Everything the detail of one anomaly rests on, but the samples.</summary>
/// <param name="Explanation">What is unusual, as a sentence.</param>
/// <param name="SeverityReason">What the severity follows from, in sentences; null where that was not kept.</param>
/// <param name="EndReason">Why it ended, as a sentence; null while it lasts.</param>
/// <param name="HasGuard">Values computed from a handful of requests are not judged.</param>
/// <param name="Reliability">How often anomalies of each confidence were real, by the verdicts of 90 days: all but those that said noise.</param>
public sealed record AnomalyDetail(
    AnomalyRow Row,
    long SeriesId,
    double Expected,
    double PeakDeviation,
    double Score,
    string Season,
    int FittedSamples,
    int SamplesOutside,
    string? VerdictBy,
    DateTimeOffset? VerdictAt,
    string Query,
    TimeSpan Step,
    double Sensitivity,
    DateTimeOffset? FittedAt,
    DateTimeOffset? ScannedTo,
    DateTimeOffset? UncheckedSince,
    string? UncheckedReason,
    int EarlierOnSeries,
    int NoiseOnSeries,
    string Explanation,
    string? SeverityReason,
    string? EndReason,
    IReadOnlyList<AnomalyVote> Votes,
    bool HasGuard,
    string? Guarded,
    Reliability Reliability
);

/// <summary>The anomalies of an environment: those that last, those that ended lately, and how far checking got.</summary>
/// <param name="Open">A part of those that are open, worst first.</param>
/// <param name="OpenSkipped">How many open ones come before the first of <paramref name="Open"/>.</param>
public sealed record AnomaliesPicture(
    DateTimeOffset ReadAt,
    IReadOnlyList<AnomalyRow> Open,
    int OpenInAll,
    int OpenSkipped,
    IReadOnlyList<AnomalyRow> Ended,
    int EndedInAll,
    int EndedAsNoise,
    CheckingState Checking
) : ISharedPicture
{
    public long Bytes => Open.Concat(Ended).Sum(row => 500L + (200L * row.Labels.Count) + (8 * row.Recent.Count));
}

/// <summary>How many anomalies are open that nobody called noise or expected.</summary>
public sealed record OpenCount(int Number, bool IsCritical);

/// <summary>Which part of the lists to read.</summary>
/// <param name="Skip">Open ones that come before; beyond the last one the last part is read.</param>
/// <param name="Open">At most so many open ones.</param>
/// <param name="Ended">At most so many ended ones, the newest.</param>
public sealed record AnomalyWindow(int Skip, int Open, int Ended)
{
    public static readonly AnomalyWindow First = new(0, AnomalyQueries.OpenShown, AnomalyQueries.EndedShown);
}

/// <summary>The place of an open anomaly in the order of the list, from which the next part of it begins.</summary>
public sealed record AnomalyMark(int State, double Confidence, DateTimeOffset StartedAt, long Id);

/// <summary>How much of the estate is really being judged.</summary>
public sealed record CheckingState(
    int Watches,
    int WatchesUnchecked,
    string? UncheckedReason,
    DateTimeOffset? UncheckedSince,
    DateTimeOffset? LastScan,
    int Series,
    int SeriesWithBand
)
{
    public int SeriesLearning => Series - SeriesWithBand;
}

/// <summary>What to list. Empty means everything.</summary>
/// <param name="Text">Part of the name of a service or a watch.</param>
public sealed record AnomalyFilter(string? Text = null, double Confidence = 0, WatchSignal? Signal = null)
{
    public static readonly AnomalyFilter Everything = new();
    public bool IsEmpty => string.IsNullOrWhiteSpace(Text) && Confidence <= 0 && Signal is null;
}

public sealed class AnomalyQueries(IDbContextFactory<ArchonDbContext> contexts, TimeProvider clock)
{
    /// <summary>Rows of one page of the list.</summary>
    public const int OpenShown = 60;
    public const int EndedShown = 100;
    public static readonly TimeSpan EndedWindow = TimeSpan.FromHours(24);
    public static readonly TimeSpan NeighbourWindow = TimeSpan.FromMinutes(10);
    private const int NeighbourLimit = 8;

    /// <summary>Bins of the reliability table, and the most verdicts it is made of, the newest.</summary>
    private const int ConfidenceBins = 5;
    private const int VerdictLimit = 5000;
    private static readonly TimeSpan VerdictWindow = TimeSpan.FromDays(90);

    public async Task<AnomaliesPicture> PictureAsync(
        int environmentId,
        AnomalyFilter filter,
        AnomalyWindow window,
        CancellationToken cancellationToken
    )
    {
        var now = clock.GetUtcNow();
        var since = now - EndedWindow;
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await using var moment = await db.BeginOneMomentAsync(cancellationToken);

        var open = Filtered(db, environmentId, filter).Where(a => a.EndedAt == null);
        var openInAll = await open.CountAsync(cancellationToken);
        var skip = Paging.Clamp(window.Skip, window.Open, openInAll);
        var openRows = await OpenRowsAsync(db, Ranked(open), skip, window.Open, cancellationToken);

        var ended = Filtered(db, environmentId, filter).Where(a => a.EndedAt != null && a.EndedAt >= since);
        var endedRows =
            window.Ended == 0
                ? []
                : await Rows(db, ended.OrderByDescending(a => a.EndedAt).ThenByDescending(a => a.Id).Take(window.Ended), withRecent: false)
                    .ToListAsync(cancellationToken);
        var counts = await ended
            .GroupBy(_ => 1)
            .Select(all => new { InAll = all.Count(), Noise = all.Count(a => a.Verdict == AnomalyVerdict.Noise) })
            .FirstOrDefaultAsync(cancellationToken);

        return new AnomaliesPicture(
            now,
            openRows,
            openInAll,
            skip,
            [.. endedRows.OrderByDescending(row => row.EndedAt).ThenByDescending(row => row.Id)],
            counts?.InAll ?? 0,
            counts?.Noise ?? 0,
            await CheckingAsync(db, environmentId, cancellationToken)
        );
    }

    /// <summary>Open anomalies after a mark, worst first, and how many are open in all.</summary>
    /// <param name="after">Null for the first ones.</param>
    public async Task<(IReadOnlyList<AnomalyRow> Rows, int InAll, CheckingState Checking)> OpenAfterAsync(
        int environmentId,
        AnomalyFilter filter,
        AnomalyMark? after,
        int limit,
        CancellationToken cancellationToken
    )
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await using var moment = await db.BeginOneMomentAsync(cancellationToken);
        var open = Filtered(db, environmentId, filter).Where(a => a.EndedAt == null);
        var ranked = Ranked(open);
        if (after is { State: var state, Confidence: var confidence, StartedAt: var startedAt, Id: var id })
        {
            ranked = ranked.Where(one =>
                one.State > state
                || (
                    one.State == state
                    && (
                        one.Anomaly.Confidence < confidence
                        || (
                            one.Anomaly.Confidence == confidence
                            && (one.Anomaly.StartedAt > startedAt || (one.Anomaly.StartedAt == startedAt && one.Anomaly.Id > id))
                        )
                    )
                )
            );
        }
        return (
            await OpenRowsAsync(db, ranked, 0, limit, cancellationToken),
            await open.CountAsync(cancellationToken),
            await CheckingAsync(db, environmentId, cancellationToken)
        );
    }

    /// <summary>The open anomalies of some services, by service.</summary>
    public async Task<ILookup<string, AnomalyRow>> OpenOfAsync(
        int environmentId,
        IReadOnlyList<int> serviceIds,
        CancellationToken cancellationToken
    )
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var rows = await Rows(
                db,
                db.Anomalies.AsNoTracking()
                    .Where(a =>
                        a.EnvironmentId == environmentId
                        && a.EndedAt == null
                        && a.ServiceId != null
                        && serviceIds.Contains(a.ServiceId.Value)
                    ),
                withRecent: false
            )
            .ToListAsync(cancellationToken);
        return rows.OrderBy(row => row.StartedAt).ThenBy(row => row.Id).ToLookup(row => row.Service ?? "", StringComparer.Ordinal);
    }

    /// <summary>One anomaly; null when there is none, or it was too old to be kept.</summary>
    public async Task<AnomalyDetail?> FindAsync(int environmentId, long id, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await using var moment = await db.BeginOneMomentAsync(cancellationToken);
        var row = await Rows(db, db.Anomalies.Where(a => a.EnvironmentId == environmentId && a.Id == id), withRecent: true)
            .FirstOrDefaultAsync(cancellationToken);
        if (row is null)
            return null;
        var reliability = await ReliabilityAsync(db, environmentId, cancellationToken);
        return await (
            from anomaly in db.Anomalies.AsNoTracking()
            where anomaly.Id == id && anomaly.StartedAt == row.StartedAt
            join watch in db.Watches on anomaly.WatchId equals watch.Id
            from series in db.WatchedSeries.Where(one => one.Id == anomaly.SeriesId).DefaultIfEmpty()
            select new AnomalyDetail(
                row,
                anomaly.SeriesId,
                anomaly.Expected,
                anomaly.PeakDeviation,
                anomaly.Score,
                anomaly.Season,
                anomaly.FittedSamples,
                anomaly.SamplesOutside,
                anomaly.VerdictBy,
                anomaly.VerdictAt,
                watch.Query,
                watch.Step,
                watch.Sensitivity,
                series == null ? null : series.FittedAt,
                watch.ScannedTo,
                watch.UncheckedSince,
                watch.UncheckedReason,
                db.Anomalies.Count(other => other.SeriesId == anomaly.SeriesId && other.Id != anomaly.Id),
                db.Anomalies.Count(other =>
                    other.SeriesId == anomaly.SeriesId && other.Id != anomaly.Id && other.Verdict == AnomalyVerdict.Noise
                ),
                anomaly.Explanation,
                anomaly.SeverityReason,
                anomaly.EndReason,
                anomaly.Votes,
                watch.VolumeQuery != null,
                series == null ? null : series.Guarded,
                reliability
            )
        ).FirstOrDefaultAsync(cancellationToken);
    }

    private async Task<Reliability> ReliabilityAsync(ArchonDbContext db, int environmentId, CancellationToken cancellationToken)
    {
        var since = clock.GetUtcNow() - VerdictWindow;
        var judged = await db
            .Anomalies.AsNoTracking()
            .Where(one => one.EnvironmentId == environmentId && one.VerdictAt > since && one.Verdict != null)
            .OrderByDescending(one => one.VerdictAt)
            .Take(VerdictLimit)
            .Select(one => new { one.Confidence, one.Verdict })
            .ToListAsync(cancellationToken);
        return Reliability.Of(judged.Select(one => (one.Confidence, one.Verdict != AnomalyVerdict.Noise)), ConfidenceBins);
    }

    /// <summary>What else left its band about when this one did, in the order it happened.</summary>
    public async Task<IReadOnlyList<AnomalyRow>> NeighboursAsync(int environmentId, AnomalyRow row, CancellationToken cancellationToken)
    {
        var (from, to) = (row.StartedAt - NeighbourWindow, row.StartedAt + NeighbourWindow);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var near = db
            .Anomalies.AsNoTracking()
            .Where(a => a.EnvironmentId == environmentId && a.StartedAt >= from && a.StartedAt <= to && a.Id != row.Id)
            .OrderByDescending(a => a.Confidence)
            .ThenBy(a => a.Id)
            .Take(NeighbourLimit);
        var rows = await Rows(db, near, withRecent: false).ToListAsync(cancellationToken);
        return [.. rows.OrderBy(one => one.StartedAt).ThenBy(one => one.Id)];
    }

    /// <summary>How many open anomalies wait for somebody, without those that were judged noise or expected, and whether one of them is
    /// critical.</summary>
    public async Task<OpenCount> OpenCountAsync(int environmentId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var states = await Ranked(db.Anomalies.AsNoTracking().Where(a => a.EnvironmentId == environmentId && a.EndedAt == null))
            .GroupBy(one => one.State)
            .Select(group => new { State = group.Key, Number = group.Count() })
            .ToListAsync(cancellationToken);
        return new OpenCount(
            states.Where(one => one.State != (int)HealthState.Judged).Sum(one => one.Number),
            states.Any(one => one.State == (int)HealthState.Critical)
        );
    }

    public async Task<CheckingState> CheckingAsync(int environmentId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await CheckingAsync(db, environmentId, cancellationToken);
    }

    private static async Task<CheckingState> CheckingAsync(ArchonDbContext db, int environmentId, CancellationToken cancellationToken)
    {
        var watches = await db
            .Watches.AsNoTracking()
            .Where(w => w.EnvironmentId == environmentId && w.Enabled && w.Origin != CatalogueOrigin.Ignored)
            .Select(w => new
            {
                w.Id,
                w.ScannedTo,
                w.UncheckedSince,
                w.UncheckedReason,
            })
            .ToListAsync(cancellationToken);
        var series = await db
            .WatchedSeries.Where(s => s.EnvironmentId == environmentId)
            .GroupBy(_ => 1)
            .Select(all => new { InAll = all.Count(), WithBand = all.Count(s => s.Model != null) })
            .FirstOrDefaultAsync(cancellationToken);
        var blind = watches.Where(w => w.UncheckedSince is not null).OrderBy(w => w.UncheckedSince).ToList();
        return new CheckingState(
            watches.Count,
            blind.Count,
            blind.FirstOrDefault()?.UncheckedReason,
            blind.FirstOrDefault()?.UncheckedSince,
            watches.Max(w => w.ScannedTo),
            series?.InAll ?? 0,
            series?.WithBand ?? 0
        );
    }

    private static IQueryable<Anomaly> Filtered(ArchonDbContext db, int environmentId, AnomalyFilter filter)
    {
        var anomalies = db.Anomalies.AsNoTracking().Where(a => a.EnvironmentId == environmentId);
        if (filter.Confidence > 0)
            anomalies = anomalies.Where(a => a.Confidence >= filter.Confidence);
        if (filter.Signal is { } signal)
            anomalies = anomalies.Where(a => db.Watches.Any(w => w.Id == a.WatchId && w.Signal == signal));
        if (!string.IsNullOrWhiteSpace(filter.Text))
        {
            var pattern = LikePattern.Containing(filter.Text);
            anomalies = anomalies.Where(a =>
                db.Services.Any(s => s.Id == a.ServiceId && EF.Functions.ILike(s.Name, pattern, LikePattern.Escape))
                || db.Watches.Any(w => w.Id == a.WatchId && EF.Functions.ILike(w.Name, pattern, LikePattern.Escape))
                || db.WatchedSeries.Any(s => s.Id == a.SeriesId && EF.Functions.ILike(s.LabelsKey, pattern, LikePattern.Escape))
            );
        }
        return anomalies;
    }

    /// <summary>Anomalies with the state that <see cref="HealthStates.Of"/> gives them, so that the database can put the worst
    /// first.</summary>
    private static IQueryable<RankedAnomaly> Ranked(IQueryable<Anomaly> anomalies) =>
        anomalies.Select(anomaly => new RankedAnomaly
        {
            Anomaly = anomaly,
            State =
                anomaly.Verdict == AnomalyVerdict.Noise || anomaly.Verdict == AnomalyVerdict.Expected ? (int)HealthState.Judged
                : anomaly.Severity == AnomalySeverity.Critical ? (int)HealthState.Critical
                : anomaly.Severity == AnomalySeverity.Warning ? (int)HealthState.Warning
                : (int)HealthState.Info,
        });

    private static async Task<IReadOnlyList<AnomalyRow>> OpenRowsAsync(
        ArchonDbContext db,
        IQueryable<RankedAnomaly> ranked,
        int skip,
        int take,
        CancellationToken cancellationToken
    )
    {
        // First which, then what they say: a join of everything to sort it by a few columns would carry sparklines along.
        var ids = await ranked
            .OrderBy(one => one.State)
            .ThenByDescending(one => one.Anomaly.Confidence)
            .ThenBy(one => one.Anomaly.StartedAt)
            .ThenBy(one => one.Anomaly.Id)
            .Skip(skip)
            .Take(take)
            .Select(one => one.Anomaly.Id)
            .ToListAsync(cancellationToken);
        var rows = await Rows(db, db.Anomalies.AsNoTracking().Where(a => ids.Contains(a.Id)), withRecent: true)
            .ToListAsync(cancellationToken);
        return
        [
            .. rows.OrderBy(row => row.State).ThenByDescending(row => row.Confidence).ThenBy(row => row.StartedAt).ThenBy(row => row.Id),
        ];
    }

    private static IQueryable<AnomalyRow> Rows(ArchonDbContext db, IQueryable<Anomaly> anomalies, bool withRecent) =>
        from anomaly in anomalies
        join watch in db.Watches on anomaly.WatchId equals watch.Id
        from series in db.WatchedSeries.Where(one => one.Id == anomaly.SeriesId).DefaultIfEmpty()
        from service in db.Services.Where(one => one.Id == anomaly.ServiceId).DefaultIfEmpty()
        select new AnomalyRow(
            anomaly.Id,
            anomaly.StartedAt,
            anomaly.EndedAt,
            anomaly.LastSeenAt,
            service == null ? null : service.Name,
            watch.Id,
            watch.Name,
            watch.Signal,
            watch.Unit,
            series == null ? new Dictionary<string, string>() : series.Labels,
            anomaly.Direction,
            anomaly.Value,
            anomaly.ExpectedLower,
            anomaly.ExpectedUpper,
            anomaly.PeakValue,
            anomaly.Severity,
            anomaly.Confidence,
            anomaly.Verdict,
            withRecent && series != null ? series.Recent : Array.Empty<double>()
        );

    private sealed class RankedAnomaly
    {
        public required Anomaly Anomaly { get; init; }

        /// <summary>A <see cref="HealthState"/>, by its number.</summary>
        public required int State { get; init; }
    }
}
