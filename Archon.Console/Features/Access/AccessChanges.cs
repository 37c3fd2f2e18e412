using Archon.Data;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Archon.Features.Access;

internal static class AccessChanges
{
    /// <summary>Saves; where somebody else was faster, a result that says so in place of an exception.</summary>
    public static async Task<AccessResult> SaveOrExplainAsync(this ArchonDbContext db, CancellationToken cancellationToken)
    {
        try
        {
            await db.SaveChangesAsync(cancellationToken);
            return new AccessResult.Done();
        }
        catch (DbUpdateConcurrencyException)
        {
            return new AccessResult.NotFound();
        }
        catch (DbUpdateException clash) when (clash.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return new AccessResult.Invalid("Somebody else made the same change just now.");
        }
    }
}
