using System.Globalization;
using Archon.Data;
using Archon.Data.Anomalies;
using Archon.Data.Catalogue;
using Archon.Data.States;
using Archon.Features.Scanning.States;
using Archon.Ui.Format;
using Archon.Ui.Health;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Scanning;

/// <summary>The stored states of anomalies: what an open one means, by the name of a <see cref="HealthState"/>, or <see cref="Ended"/>.</summary>
public static class AnomalyStates
{
    public const string Ended = "Ended";

    /// <summary>Keeps scans of the watch from changing its anomalies until the transaction ends. To be taken before any row is changed.</summary>
    /// <returns>The environment of the anomaly; null where there is no such anomaly.</returns>
    public static async Task<int?> LockAsync(ArchonDbContext db, long id, DateTimeOffset startedAt, CancellationToken cancellationToken)
    {
        var anomaly = await db
            .Anomalies.Where(one => one.Id == id && one.StartedAt == startedAt)
            .Select(one => new { one.EnvironmentId, one.WatchId })
            .SingleOrDefaultAsync(cancellationToken);
        if (anomaly is null)
            return null;
        await ScanStore.LockAsync(db, anomaly.WatchId, cancellationToken);
        return anomaly.EnvironmentId;
    }

    /// <summary>Records what a verdict that was just written made of an anomaly. One that has ended stays as it is.</summary>
    public static async Task RecordVerdictAsync(
        ArchonDbContext db,
        long id,
        DateTimeOffset startedAt,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        var row = await (
            from anomaly in db.Anomalies.AsNoTracking()
            join watch in db.Watches on anomaly.WatchId equals watch.Id
            where anomaly.Id == id && anomaly.StartedAt == startedAt && anomaly.EndedAt == null
            select new { Anomaly = anomaly, Watch = watch }
        ).SingleOrDefaultAsync(cancellationToken);
        if (row is null)
            return;
        var reason = row.Anomaly.Verdict is { } verdict
            ? $"Verdict: {verdict.ToString().ToLowerInvariant()}. {row.Anomaly.Explanation}"
            : $"Verdict withdrawn. {row.Anomaly.Explanation}";
        await StateLog.RecordAsync(db, Open(row.Watch, row.Anomaly, now, now, reason), cancellationToken);
    }

    internal static string Of(Watch watch, Anomaly anomaly) =>
        HealthStates.Of(watch.Signal, anomaly.Direction, anomaly.Confidence, anomaly.Verdict).ToString();

    /// <param name="since">When it began, or from when on it means something else.</param>
    internal static StateChange Open(Watch watch, Anomaly anomaly, DateTimeOffset at, DateTimeOffset since, string? reason = null) =>
        Change(anomaly, Of(watch, anomaly), at, since, reason ?? anomaly.Explanation, watch.Unit);

    internal static StateChange End(Watch watch, Anomaly anomaly, DateTimeOffset at, string? reason = null) =>
        Change(anomaly, Ended, at, anomaly.EndedAt ?? anomaly.LastSeenAt, reason ?? ReasonOfEnd(anomaly), watch.Unit);

    /// <remarks>An anomaly of a series that is gone ends with its last sample; any other ends later, with a sample inside the band.</remarks>
    private static string ReasonOfEnd(Anomaly anomaly) =>
        anomaly.EndedAt > anomaly.LastSeenAt ? "The series is inside its expected band again." : "The series has no more samples.";

    private static StateChange Change(Anomaly anomaly, string state, DateTimeOffset at, DateTimeOffset since, string reason, string unit) =>
        StateLog.Change(
            anomaly.EnvironmentId,
            StateSubject.Anomaly,
            anomaly.Id.ToString(CultureInfo.InvariantCulture),
            state,
            at,
            since,
            Figures.Plain(reason),
            new StateFigure("value", anomaly.Value, unit),
            new StateFigure("expected from", anomaly.ExpectedLower, unit),
            new StateFigure("expected to", anomaly.ExpectedUpper, unit),
            new StateFigure("most unusual value", anomaly.PeakValue, unit),
            new StateFigure("confidence", anomaly.Confidence, "1")
        );
}
