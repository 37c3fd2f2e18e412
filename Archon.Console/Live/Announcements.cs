using System.Globalization;
using Archon.Data;
using Microsoft.EntityFrameworkCore;

namespace Archon.Live;

/// <summary>How a change is announced to every process: by <c>NOTIFY</c> of PostgreSQL.</summary>
public static class Announcements
{
    /// <summary>This process, as its announcements name it.</summary>
    public static string Origin { get; } = Guid.NewGuid().ToString("N");

    /// <summary>Announces that data of a topic changed in one environment when, and only when, the transaction of <paramref name="db"/> commits.</summary>
    /// <param name="topic">As in <see cref="LiveTopic.Name"/>.</param>
    public static Task AnnounceAsync(this ArchonDbContext db, string topic, int environmentId, CancellationToken cancellationToken) =>
        db.AnnounceAsync(topic, string.Create(CultureInfo.InvariantCulture, $"{Origin} {environmentId}"), cancellationToken);

    /// <summary>As <see cref="AnnounceAsync(ArchonDbContext, string, int, CancellationToken)"/>, of all environments.</summary>
    public static Task AnnounceToAllAsync(this ArchonDbContext db, string topic, CancellationToken cancellationToken) =>
        db.AnnounceAsync(topic, Origin, cancellationToken);

    /// <inheritdoc cref="AnnounceAsync(ArchonDbContext, string, int, CancellationToken)"/>
    /// <param name="payload">At most 8,000 bytes.</param>
    public static Task AnnounceAsync(this ArchonDbContext db, string topic, string payload, CancellationToken cancellationToken)
    {
        var channel = Channel(topic);
        return db.Database.ExecuteSqlAsync($"SELECT pg_notify({channel}, {payload})", cancellationToken);
    }

    internal static string Channel(string topic) => $"archon_{topic}";

    /// <summary>Who announced, and the environment; null for all. An older console names none.</summary>
    internal static (string Origin, int? EnvironmentId) Read(string payload)
    {
        var parts = payload.Split(' ', 2);
        return (
            parts[0],
            parts.Length > 1 && int.TryParse(parts[1], CultureInfo.InvariantCulture, out var environment) ? environment : null
        );
    }
}
