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

    /// <summary>Records what a verdict made of an open anomaly. One that has ended stays as it is.</summary>
    /// <param name="anomaly">As it is now, under the lock of the watch.</param>
    internal static async Task RecordVerdictAsync(
        ArchonDbContext db,
        Watch watch,
        Anomaly anomaly,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        if (anomaly.EndedAt is not null)
            return;
        var reason = anomaly.Verdict is { } verdict
            ? $"Verdict: {verdict.ToString().ToLowerInvariant()}. {anomaly.Explanation}"
            : $"Verdict withdrawn. {anomaly.Explanation}";
        await StateLog.RecordAsync(db, Open(watch, anomaly, now, now, reason), cancellationToken);
    }

    /// <summary>Grades the open anomalies of a watch again after an edit: the same values of errors and of saturation mean different things.</summary>
    /// <param name="watch">As it is now, under its lock.</param>
    /// <returns>Whether it made something else of one of them.</returns>
    internal static async Task<bool> RecordEditAsync(
        ArchonDbContext db,
        Watch watch,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        var open = await db
            .Anomalies.Where(anomaly => anomaly.WatchId == watch.Id && anomaly.EndedAt == null)
            .OrderBy(anomaly => anomaly.Id)
            .ToListAsync(cancellationToken);
        var before = open.ConvertAll(Of);
        await AnomalySeverities.RegradeAsync(db, watch, open, cancellationToken);
        var changed = open.Where((anomaly, i) => Of(anomaly) != before[i]).ToList();
        await db.SaveChangesAsync(cancellationToken);
        await StateLog.AddAsync(
            db,
            [.. changed.Select(one => Open(watch, one, now, now, $"The watch was edited. {one.Explanation}"))],
            cancellationToken
        );
        return changed.Count > 0;
    }

    internal static string Of(Anomaly anomaly) => HealthStates.Of(anomaly.Severity, anomaly.Verdict).ToString();

    /// <param name="since">When it began, or from when on it means something else.</param>
    internal static StateChange Open(Watch watch, Anomaly anomaly, DateTimeOffset at, DateTimeOffset since, string? reason = null) =>
        Change(anomaly, Of(anomaly), at, since, reason ?? anomaly.Explanation, watch.Unit);

    internal static StateChange End(Watch watch, Anomaly anomaly, DateTimeOffset at) =>
        Change(anomaly, Ended, at, anomaly.EndedAt ?? anomaly.LastSeenAt, anomaly.EndReason ?? "", watch.Unit);

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
