using System.Globalization;
using Archon.Data;
using Archon.Data.Catalogue;
using Archon.Data.States;
using Archon.Features.Scanning.States;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Scanning;

/// <summary>
/// The stored states of watches: whether their source has been asked and answered. Scans record an answer and its absence; this finds what no scan says: a
/// watch that is switched off, and one that no scan has come to.
/// </summary>
/// <remarks>
/// By watch and not by server: a watch row is common to all processes, while each process has its own view of a server.
/// </remarks>
internal sealed class WatchStates(TimeProvider clock) : IStateSource
{
    public const string Checked = "Checked";
    public const string NotChecked = "NotChecked";
    public const string Off = "Off";

    public async Task RecordAsync(ArchonDbContext db, int environmentId, DateTimeOffset recordingSince, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var watches = await Known(db, environmentId, now).ToListAsync(cancellationToken);
        var suspects = watches.Where(one => Changed(one, now, recordingSince) is not null).Select(one => one.Watch.Id).ToList();
        if (suspects.Count == 0)
            return;
        // A scan of a watch records what it finds. Without one, nothing changes until this transaction ends.
        var locked = await ScanStore.TryLockAsync(db, suspects, cancellationToken);
        now = clock.GetUtcNow();
        watches = await Known(db, environmentId, now).Where(one => locked.Contains(one.Watch.Id)).ToListAsync(cancellationToken);
        var changes = watches.Select(one => Changed(one, now, recordingSince)).OfType<StateChange>().ToList();
        await StateLog.AddAsync(db, changes, cancellationToken);
    }

    /// <summary>A scan got samples from <paramref name="since"/> on.</summary>
    public static StateChange Answered(Watch watch, DateTimeOffset at, DateTimeOffset since) =>
        Change(watch, Checked, at, since, "The source answered.");

    public static StateChange NotAnswered(Watch watch, DateTimeOffset at, DateTimeOffset since, string reason) =>
        Change(watch, NotChecked, at, since, reason);

    /// <returns>Null where the newest row has this state.</returns>
    private static StateChange? Changed(WatchAndState one, DateTimeOffset now, DateTimeOffset recordingSince) =>
        Of(one.Watch, now, recordingSince) is { } found && found.State != one.State ? found : null;

    /// <returns>Null where nothing is known: the watch has not been scanned yet.</returns>
    private static StateChange? Of(Watch watch, DateTimeOffset now, DateTimeOffset recordingSince)
    {
        if (!watch.Enabled || watch.Origin == CatalogueOrigin.Ignored)
        {
            var reason = watch.Enabled ? "The watch is ignored." : "The watch is switched off.";
            return Change(watch, Off, now, watch.EditedAt ?? now, reason);
        }
        if (watch.UncheckedSince is { } uncheckedSince)
            return NotAnswered(watch, now, uncheckedSince, watch.UncheckedReason ?? "The source did not answer.");
        var begin = watch.LastScanAt ?? watch.CreatedAt;
        var due = begin > recordingSince ? begin : recordingSince;
        if (now - due > ScanState.LateIntervals * watch.Step)
        {
            var age = new StateFigure("time without a scan", (now - begin).TotalSeconds, "s");
            var reason = string.Create(CultureInfo.InvariantCulture, $"No scan for {age.Value:0} s.");
            return Change(watch, NotChecked, now, watch.ScannedTo ?? watch.CreatedAt, reason, age);
        }
        return watch.ScannedTo is { } scannedTo ? Answered(watch, now, scannedTo) : null;
    }

    private static IQueryable<WatchAndState> Known(ArchonDbContext db, int environmentId, DateTimeOffset now) =>
        db
            .Watches.AsNoTracking()
            .Where(watch => watch.EnvironmentId == environmentId)
            .OrderBy(watch => watch.Id)
            .Select(watch => new WatchAndState
            {
                Watch = watch,
                State = db
                    .StateChanges.Where(change =>
                        change.EnvironmentId == environmentId && change.Subject == StateSubject.Watch && change.SubjectId == "" + watch.Id
                    )
                    .OrderByDescending(change => change.Id)
                    // As in StateLog: a row of a clock that is ahead is written again.
                    .Select(change => change.At <= now ? change.State : null)
                    .FirstOrDefault(),
            });

    private static StateChange Change(
        Watch watch,
        string state,
        DateTimeOffset at,
        DateTimeOffset since,
        string reason,
        params IEnumerable<StateFigure> figures
    ) =>
        StateLog.Change(
            watch.EnvironmentId,
            StateSubject.Watch,
            watch.Id.ToString(CultureInfo.InvariantCulture),
            state,
            at,
            since,
            reason,
            figures
        );

    private sealed class WatchAndState
    {
        public required Watch Watch { get; init; }

        /// <summary>That of the newest row.</summary>
        public required string? State { get; init; }
    }
}
