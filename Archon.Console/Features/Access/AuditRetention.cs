using Archon.Data;
using Archon.Data.Audit;
using Archon.Jobs;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Archon.Features.Access;

/// <summary>Audit entries go by whole days, and tokens some time after they ended: until then the audit can be read with their names.</summary>
internal sealed class AuditRetention(IOptions<AccessOptions> options) : IRetention
{
    public async Task CleanAsync(ArchonDbContext db, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var oldest = new DateTimeOffset((now - options.Value.AuditRetention).UtcDateTime.Date, TimeSpan.Zero);
        await AuditChain.RemoveBeforeAsync(db, oldest, cancellationToken);
        await db.ApiTokens.Where(token => token.RevokedAt < oldest || token.ExpiresAt < oldest).ExecuteDeleteAsync(cancellationToken);
    }
}
