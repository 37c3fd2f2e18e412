using Archon.Live;

namespace Archon.Features.Notifications;

/// <summary>Notification channels.</summary>
public sealed class ChannelTopic(TimeProvider clock) : LiveTopic(Id, clock)
{
    public const string Id = "channels";
}
