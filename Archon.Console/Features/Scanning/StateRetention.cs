using Archon.Data;
using Archon.Data.States;
using Archon.Jobs;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Archon.Features.Scanning;

/// <summary>
/// Deletes old changes of states. The one that was written last before the cut stays for each subject whose state can still change: it says what the state is at
/// the cut, and without a later change what it is now. An anomaly or a console that has ended, and a subject that was deleted, keeps none.
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
                    lead(id) OVER (PARTITION BY environment_id, subject, subject_id ORDER BY id) IS NOT NULL AS is_replaced
                FROM state_changes WHERE at < {cut}
            )
            DELETE FROM state_changes AS change USING old
            WHERE change.id = old.id AND (old.is_replaced OR CASE old.subject
                WHEN 'Service' THEN NOT EXISTS (SELECT 1 FROM services WHERE services.id = old.subject_id::int)
                WHEN 'Watch' THEN NOT EXISTS (SELECT 1 FROM watches WHERE watches.id = old.subject_id::int)
                WHEN 'Anomaly' THEN old.state = {AnomalyStates.Ended}
                    OR NOT EXISTS (SELECT 1 FROM anomalies WHERE anomalies.id = old.subject_id::bigint)
                WHEN 'Console' THEN old.state IN ({ConsoleStates.Stopped}, {ConsoleStates.Lost})
                ELSE false END)
            """,
            cancellationToken
        );
    }
}
