using Archon.Data;
using Microsoft.EntityFrameworkCore;

namespace Archon.Live;

/// <summary>The PostgreSQL channels by which a change reaches every process, and how it is announced.</summary>
public static class FeedChannels
{
    public const string Anomalies = "archon_anomalies";
    public const string Catalogue = "archon_catalogue";

    /// <summary>Sessions, users and tokens; the payload is the user's id.</summary>
    public const string Access = "archon_access";

    /// <summary>This process, as its announcements name it.</summary>
    public static string Origin { get; } = Guid.NewGuid().ToString("N");

    /// <summary>Announces a change when, and only when, the transaction of <paramref name="db"/> commits.</summary>
    public static Task AnnounceAsync(this ArchonDbContext db, string channel, CancellationToken cancellationToken) =>
        db.AnnounceAsync(channel, Origin, cancellationToken);

    /// <inheritdoc cref="AnnounceAsync(ArchonDbContext, string, CancellationToken)"/>
    public static Task AnnounceAsync(this ArchonDbContext db, string channel, string payload, CancellationToken cancellationToken) =>
        db.Database.ExecuteSqlAsync($"SELECT pg_notify({channel}, {payload})", cancellationToken);
}
