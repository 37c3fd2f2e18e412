using Archon.Analysis.Detection;
using Archon.Data;
using Archon.Data.Anomalies;
using Archon.Data.Catalogue;
using Archon.Features.Services;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Anomalies;

/// <summary>One anomaly as a list shows it.</summary>
/// <param name="Recent">Newest values of the series for a sparkline; empty for ended ones.</param>
public sealed record AnomalyRow(
    long Id, DateTimeOffset StartedAt, DateTimeOffset? EndedAt, DateTimeOffset LastSeenAt, string? Service, int WatchId, string Watch,
    WatchSignal Signal, string Unit, IReadOnlyDictionary<string, string> Labels, AnomalyDirection Direction,
    double Value, double Lower, double Upper, double PeakValue, double Confidence, AnomalyVerdict? Verdict, IReadOnlyList<double> Recent)
{
    public HealthState State => HealthStates.Of(Signal, Direction, Confidence, Verdict);

    /// <summary>What to call it where the service is unknown: the labels that tell its series apart.</summary>
    public string Subject => Service ?? (Labels.Count == 0 ? "all" : string.Join(", ", Labels.Select(label => $"{label.Key}={label.Value}")));
}

/// <summary>Everything the detail of one anomaly rests on, but the samples.</summary>
/// <param name="Explanation">What is unusual, as a sentence.</param>
/// <param name="HasGuard">Values computed from a handful of requests are not judged.</param>
/// <param name="Reliability">How often anomalies of each confidence were real, by the verdicts of 90 days: all but those that said noise.</param>
public sealed record AnomalyDetail(
    AnomalyRow Row, long SeriesId, double Expected, double PeakDeviation, double Score, string Season, int FittedSamples, int SamplesOutside,
    string? VerdictBy, DateTimeOffset? VerdictAt, string Query, TimeSpan Step, double Sensitivity, DateTimeOffset? FittedAt,
    DateTimeOffset? ScannedTo, DateTimeOffset? UncheckedSince, string? UncheckedReason, int EarlierOnSeries, int NoiseOnSeries,
    string Explanation, IReadOnlyList<AnomalyVote> Votes, bool HasGuard, string? Guarded, Reliability Reliability);

/// <summary>The anomalies of an environment: those that last, those that ended lately, and how far checking got.</summary>
public sealed record AnomaliesPicture(
    DateTimeOffset ReadAt, IReadOnlyList<AnomalyRow> Open, int OpenInAll, IReadOnlyList<AnomalyRow> Ended, int EndedInAll, int EndedAsNoise,
    CheckingState Checking) : ISharedPicture;

/// <summary>How much of the estate is really being judged.</summary>
public sealed record CheckingState(
    int Watches, int WatchesUnchecked, string? UncheckedReason, DateTimeOffset? UncheckedSince, DateTimeOffset? LastScan, int Series, int SeriesWithBand)
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
    /// <summary>More open anomalies than this are counted, not listed: nobody reads the five-hundredth.</summary>
    public const int OpenLimit = 200;
    public const int EndedLimit = 100;
    public static readonly TimeSpan EndedWindow = TimeSpan.FromHours(24);
    public static readonly TimeSpan NeighbourWindow = TimeSpan.FromMinutes(10);
    private const int NeighbourLimit = 8;

    /// <summary>Bins of the reliability table, and the most verdicts it is made of, the newest.</summary>
    private const int ConfidenceBins = 5;
    private const int VerdictLimit = 5000;
    private static readonly TimeSpan VerdictWindow = TimeSpan.FromDays(90);

    public async Task<AnomaliesPicture> PictureAsync(int environmentId, AnomalyFilter filter, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var since = now - EndedWindow;
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await using var moment = await db.BeginOneMomentAsync(cancellationToken);

        var open = Filtered(db, environmentId, filter).Where(a => a.EndedAt == null);
        var openRows = await Rows(db, open.OrderByDescending(a => a.Confidence).ThenBy(a => a.StartedAt).ThenBy(a => a.Id).Take(OpenLimit), withRecent: true)
            .ToListAsync(cancellationToken);
        var openInAll = openRows.Count < OpenLimit ? openRows.Count : await open.CountAsync(cancellationToken);

        var ended = Filtered(db, environmentId, filter).Where(a => a.EndedAt != null && a.EndedAt >= since);
        var endedRows = await Rows(db, ended.OrderByDescending(a => a.EndedAt).ThenByDescending(a => a.Id).Take(EndedLimit), withRecent: false)
            .ToListAsync(cancellationToken);
        var counts = await ended.GroupBy(_ => 1)
            .Select(all => new { InAll = all.Count(), Noise = all.Count(a => a.Verdict == AnomalyVerdict.Noise) }).FirstOrDefaultAsync(cancellationToken);

        return new AnomaliesPicture(
            now,
            [.. openRows.OrderBy(row => row.State).ThenByDescending(row => row.Confidence).ThenBy(row => row.StartedAt).ThenBy(row => row.Id)],
            openInAll,
            [.. endedRows.OrderByDescending(row => row.EndedAt).ThenByDescending(row => row.Id)],
            counts?.InAll ?? 0, counts?.Noise ?? 0, await CheckingAsync(db, environmentId, cancellationToken));
    }

    /// <summary>One anomaly; null when there is none, or it was too old to be kept.</summary>
    public async Task<AnomalyDetail?> FindAsync(int environmentId, long id, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await using var moment = await db.BeginOneMomentAsync(cancellationToken);
        var row = await Rows(db, db.Anomalies.Where(a => a.EnvironmentId == environmentId && a.Id == id), withRecent: true).FirstOrDefaultAsync(cancellationToken);
        if (row is null) return null;
        var reliability = await ReliabilityAsync(db, environmentId, cancellationToken);
        return await (
            from anomaly in db.Anomalies.AsNoTracking()
            where anomaly.Id == id && anomaly.StartedAt == row.StartedAt
            join watch in db.Watches on anomaly.WatchId equals watch.Id
            from series in db.WatchedSeries.Where(one => one.Id == anomaly.SeriesId).DefaultIfEmpty()
            select new AnomalyDetail(
                row, anomaly.SeriesId, anomaly.Expected, anomaly.PeakDeviation, anomaly.Score, anomaly.Season, anomaly.FittedSamples, anomaly.SamplesOutside,
                anomaly.VerdictBy, anomaly.VerdictAt, watch.Query, watch.Step, watch.Sensitivity, series == null ? null : series.FittedAt,
                watch.ScannedTo, watch.UncheckedSince, watch.UncheckedReason,
                db.Anomalies.Count(other => other.SeriesId == anomaly.SeriesId && other.Id != anomaly.Id),
                db.Anomalies.Count(other => other.SeriesId == anomaly.SeriesId && other.Id != anomaly.Id && other.Verdict == AnomalyVerdict.Noise),
                anomaly.Explanation, anomaly.Votes, watch.VolumeQuery != null, series == null ? null : series.Guarded, reliability)).FirstOrDefaultAsync(cancellationToken);
    }

    private async Task<Reliability> ReliabilityAsync(ArchonDbContext db, int environmentId, CancellationToken cancellationToken)
    {
        var since = clock.GetUtcNow() - VerdictWindow;
        var judged = await db.Anomalies.AsNoTracking().Where(one => one.EnvironmentId == environmentId && one.VerdictAt > since && one.Verdict != null)
            .OrderByDescending(one => one.VerdictAt).Take(VerdictLimit).Select(one => new { one.Confidence, one.Verdict }).ToListAsync(cancellationToken);
        return Reliability.Of(judged.Select(one => (one.Confidence, one.Verdict != AnomalyVerdict.Noise)), ConfidenceBins);
    }

    /// <summary>What else left its band about when this one did, in the order it happened.</summary>
    public async Task<IReadOnlyList<AnomalyRow>> NeighboursAsync(int environmentId, AnomalyRow row, CancellationToken cancellationToken)
    {
        var (from, to) = (row.StartedAt - NeighbourWindow, row.StartedAt + NeighbourWindow);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var near = db.Anomalies.AsNoTracking()
            .Where(a => a.EnvironmentId == environmentId && a.StartedAt >= from && a.StartedAt <= to && a.Id != row.Id)
            .OrderByDescending(a => a.Confidence).ThenBy(a => a.Id).Take(NeighbourLimit);
        var rows = await Rows(db, near, withRecent: false).ToListAsync(cancellationToken);
        return [.. rows.OrderBy(one => one.StartedAt).ThenBy(one => one.Id)];
    }

    /// <summary>The state of each open anomaly that nobody judged noise or expected.</summary>
    public async Task<IReadOnlyList<HealthState>> OpenStatesAsync(int environmentId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var open = await (
            from anomaly in db.Anomalies.AsNoTracking()
            where anomaly.EnvironmentId == environmentId && anomaly.EndedAt == null
            join watch in db.Watches on anomaly.WatchId equals watch.Id
            select new { watch.Signal, anomaly.Direction, anomaly.Confidence, anomaly.Verdict }).ToListAsync(cancellationToken);
        return [.. open.Select(one => HealthStates.Of(one.Signal, one.Direction, one.Confidence, one.Verdict)).Where(state => state != HealthState.Judged)];
    }

    public async Task<CheckingState> CheckingAsync(int environmentId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await CheckingAsync(db, environmentId, cancellationToken);
    }

    private static async Task<CheckingState> CheckingAsync(ArchonDbContext db, int environmentId, CancellationToken cancellationToken)
    {
        var watches = await db.Watches.AsNoTracking()
            .Where(w => w.EnvironmentId == environmentId && w.Enabled && w.Origin != CatalogueOrigin.Ignored)
            .Select(w => new { w.Id, w.ScannedTo, w.UncheckedSince, w.UncheckedReason }).ToListAsync(cancellationToken);
        var series = await db.WatchedSeries.Where(s => s.EnvironmentId == environmentId).GroupBy(_ => 1)
            .Select(all => new { InAll = all.Count(), WithBand = all.Count(s => s.Model != null) }).FirstOrDefaultAsync(cancellationToken);
        var blind = watches.Where(w => w.UncheckedSince is not null).OrderBy(w => w.UncheckedSince).ToList();
        return new CheckingState(
            watches.Count, blind.Count, blind.FirstOrDefault()?.UncheckedReason, blind.FirstOrDefault()?.UncheckedSince,
            watches.Max(w => w.ScannedTo), series?.InAll ?? 0, series?.WithBand ?? 0);
    }

    private static IQueryable<Anomaly> Filtered(ArchonDbContext db, int environmentId, AnomalyFilter filter)
    {
        var anomalies = db.Anomalies.AsNoTracking().Where(a => a.EnvironmentId == environmentId);
        if (filter.Confidence > 0) anomalies = anomalies.Where(a => a.Confidence >= filter.Confidence);
        if (filter.Signal is { } signal) anomalies = anomalies.Where(a => db.Watches.Any(w => w.Id == a.WatchId && w.Signal == signal));
        if (!string.IsNullOrWhiteSpace(filter.Text))
        {
            var pattern = $"%{filter.Text.Trim().Replace(@"\", @"\\", StringComparison.Ordinal).Replace("%", @"\%", StringComparison.Ordinal).Replace("_", @"\_", StringComparison.Ordinal)}%";
            anomalies = anomalies.Where(a =>
                db.Services.Any(s => s.Id == a.ServiceId && EF.Functions.ILike(s.Name, pattern))
                || db.Watches.Any(w => w.Id == a.WatchId && EF.Functions.ILike(w.Name, pattern))
                || db.WatchedSeries.Any(s => s.Id == a.SeriesId && EF.Functions.ILike(s.LabelsKey, pattern)));
        }
        return anomalies;
    }

    private static IQueryable<AnomalyRow> Rows(ArchonDbContext db, IQueryable<Anomaly> anomalies, bool withRecent) =>
        from anomaly in anomalies
        join watch in db.Watches on anomaly.WatchId equals watch.Id
        from series in db.WatchedSeries.Where(one => one.Id == anomaly.SeriesId).DefaultIfEmpty()
        from service in db.Services.Where(one => one.Id == anomaly.ServiceId).DefaultIfEmpty()
        select new AnomalyRow(
            anomaly.Id, anomaly.StartedAt, anomaly.EndedAt, anomaly.LastSeenAt, service == null ? null : service.Name, watch.Id, watch.Name,
            watch.Signal, watch.Unit, series == null ? new Dictionary<string, string>() : series.Labels, anomaly.Direction,
            anomaly.Value, anomaly.ExpectedLower, anomaly.ExpectedUpper, anomaly.PeakValue, anomaly.Confidence, anomaly.Verdict,
            withRecent && series != null ? series.Recent : Array.Empty<double>());
}
