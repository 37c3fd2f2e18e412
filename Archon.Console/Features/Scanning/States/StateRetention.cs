using Archon.Data;
using Archon.Data.States;
using Archon.Jobs;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Archon.Features.Scanning.States;

/// <summary>
/// Deletes old changes of states. The newest one before the cut stays for each subject that still exists: it says what the state is at the cut, and without a
/// later change what it is now. A console that has ended exists no more.
/// </summary>
internal sealed class StateRetention(IOptions<StateOptions> options) : IRetention
{
    public Task CleanAsync(ArchonDbContext db, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var cut = now - options.Value.StateRetention;
        // CASE: only an id of that kind of subject is read as a number.
        return db.Database.ExecuteSqlAsync(
            $"""
            WITH old AS MATERIALIZED (
                SELECT id, subject, subject_id, state,
                    lead(id) OVER (PARTITION BY environment_id, subject, subject_id ORDER BY at, id) IS NOT NULL AS is_replaced
                FROM state_changes WHERE at < {cut}
            )
            DELETE FROM state_changes AS change USING old
            WHERE change.id = old.id AND (old.is_replaced OR CASE old.subject
                WHEN 'Service' THEN NOT EXISTS (SELECT 1 FROM services WHERE services.id = old.subject_id::int)
                WHEN 'Watch' THEN NOT EXISTS (SELECT 1 FROM watches WHERE watches.id = old.subject_id::int)
                WHEN 'Anomaly' THEN NOT EXISTS (SELECT 1 FROM anomalies WHERE anomalies.id = old.subject_id::bigint)
                WHEN 'Console' THEN old.state IN ({ConsoleStates.Stopped}, {ConsoleStates.Lost})
                ELSE false END)
            """,
            cancellationToken
        );
    }
}
