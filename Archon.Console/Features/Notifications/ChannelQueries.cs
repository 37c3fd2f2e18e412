using Archon.Data;
using Archon.Live;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Notifications;

/// <summary>One integration of a receiver. The target carries no secret.</summary>
public sealed record ChannelRow(
    int Id,
    string Receiver,
    string Kind,
    int Ordinal,
    string Target,
    bool SendResolved,
    DateTimeOffset? ServerSeenAt
);

public sealed record ChannelsPicture(IReadOnlyList<ChannelRow> Channels, DateTimeOffset? ServerSeenAt) : ISharedPicture
{
    public long Bytes => 500L * Channels.Count;
}

public sealed class ChannelQueries(IDbContextFactory<ArchonDbContext> contexts)
{
    public async Task<ChannelsPicture> PictureAsync(int environmentId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var channels = await db
            .NotificationChannels.AsNoTracking()
            .Where(channel => channel.EnvironmentId == environmentId && channel.DeletedAt == null)
            .OrderBy(channel => channel.Receiver)
            .ThenBy(channel => channel.Kind)
            .ThenBy(channel => channel.Ordinal)
            .Select(channel => new ChannelRow(
                channel.Id,
                channel.Receiver,
                channel.Kind,
                channel.Ordinal,
                channel.Target,
                channel.SendResolved,
                channel.ServerSeenAt
            ))
            .ToListAsync(cancellationToken);
        return new ChannelsPicture(channels, channels.Max(channel => channel.ServerSeenAt));
    }
}
