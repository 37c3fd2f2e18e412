using Archon.Data;
using Archon.Data.States;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Scanning.States;

/// <summary>Adds rows of changed states in the transaction of the context that is handed in.</summary>
public static class StateLog
{
    /// <summary>A row that fits its columns: a reason that is too long is cut, and a figure that is no number is left out.</summary>
    public static StateChange Change(
        int? environmentId,
        StateSubject subject,
        string subjectId,
        string state,
        DateTimeOffset at,
        DateTimeOffset since,
        string reason,
        params IEnumerable<StateFigure> figures
    ) =>
        new()
        {
            EnvironmentId = environmentId,
            Subject = subject,
            SubjectId = subjectId,
            State = state,
            At = at,
            Since = since,
            Reason = reason.Length <= StateChangeLimits.Reason ? reason : reason[..StateChangeLimits.Reason],
            Figures = [.. figures.Where(figure => double.IsFinite(figure.Value))],
        };

    /// <summary>Adds the row unless the newest row of its subject has the same state, and is not of a clock that is ahead of this one.</summary>
    /// <remarks>The caller's transaction has a lock that keeps others from recording this subject.</remarks>
    /// <returns>Whether the row was added.</returns>
    public static async Task<bool> RecordAsync(ArchonDbContext db, StateChange change, CancellationToken cancellationToken)
    {
        var known = await db
            .StateChanges.Where(one =>
                one.EnvironmentId == change.EnvironmentId && one.Subject == change.Subject && one.SubjectId == change.SubjectId
            )
            .OrderByDescending(one => one.Id)
            .Select(one => new { one.State, one.At })
            .FirstOrDefaultAsync(cancellationToken);
        if (known?.State == change.State && known.At <= change.At)
            return false;
        await AddAsync(db, [change], cancellationToken);
        return true;
    }

    /// <summary>Adds rows that the caller knows to be changes.</summary>
    public static async Task AddAsync(ArchonDbContext db, IReadOnlyCollection<StateChange> changes, CancellationToken cancellationToken)
    {
        if (changes.Count == 0)
            return;
        db.StateChanges.AddRange(changes);
        await db.SaveChangesAsync(cancellationToken);
        db.ChangeTracker.Clear();
    }
}
