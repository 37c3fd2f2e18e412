using Archon.Data;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Rules.Apply;

/// <summary>Files that their last apply left stuck: what the server runs of them is not known.</summary>
internal static class StuckFiles
{
    /// <returns>Ids of documents. The contents in the journal are not read: a page asks this every second.</returns>
    public static async Task<IReadOnlySet<int>> OfAsync(ArchonDbContext db, int environmentId, CancellationToken cancellationToken) =>
        (
            await db
                .Database.SqlQuery<int>(
                    $"""
                    SELECT (file -> 'DocumentId')::integer AS "Value"
                    FROM rule_applies AS apply, jsonb_array_elements(apply.files) AS file
                    WHERE apply.environment_id = {environmentId}
                        AND apply.stage = 'Stuck'
                        AND NOT EXISTS (
                            SELECT FROM rule_applies AS later
                            WHERE later.environment_id = apply.environment_id
                                AND later.id > apply.id
                                AND later.ended_at IS NOT NULL
                                AND later.files @> jsonb_build_array(jsonb_build_object('DocumentId', file -> 'DocumentId'))
                        )
                    """
                )
                .ToListAsync(cancellationToken)
        ).ToHashSet();
}
