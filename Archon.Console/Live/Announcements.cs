using Archon.Data;
using Microsoft.EntityFrameworkCore;

namespace Archon.Live;

/// <summary>How a change is announced to every process: by <c>NOTIFY</c> of PostgreSQL.</summary>
public static class Announcements
{
    /// <summary>This process, as its announcements name it.</summary>
    public static string Origin { get; } = Guid.NewGuid().ToString("N");

    /// <summary>Announces that data of a topic changed when, and only when, the transaction of <paramref name="db"/> commits.</summary>
    /// <param name="topic">As in <see cref="LiveTopic.Name"/>.</param>
    public static Task AnnounceAsync(this ArchonDbContext db, string topic, CancellationToken cancellationToken) =>
        db.AnnounceAsync(topic, Origin, cancellationToken);

    /// <inheritdoc cref="AnnounceAsync(ArchonDbContext, string, CancellationToken)"/>
    /// <param name="payload">At most 8,000 bytes.</param>
    public static Task AnnounceAsync(this ArchonDbContext db, string topic, string payload, CancellationToken cancellationToken)
    {
        var channel = Channel(topic);
        return db.Database.ExecuteSqlAsync($"SELECT pg_notify({channel}, {payload})", cancellationToken);
    }

    internal static string Channel(string topic) => $"archon_{topic}";
}
