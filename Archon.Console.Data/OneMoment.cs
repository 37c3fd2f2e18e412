using System.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace Archon.Data;

public static class OneMoment
{
    /// <summary>
    /// Until the transaction ends, everything read through <paramref name="db"/> is of the moment of the first read. Without it an anomaly that ends
    /// between two queries would be in the list of the open ones and in that of the ended ones.
    /// </summary>
    public static Task<IDbContextTransaction> BeginOneMomentAsync(this ArchonDbContext db, CancellationToken cancellationToken) =>
        db.Database.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
}
