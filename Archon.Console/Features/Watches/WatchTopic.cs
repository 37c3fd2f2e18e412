using Archon.Live;

namespace Archon.Features.Watches;

/// <summary>Watches and what they were discovered from.</summary>
public sealed class WatchTopic(TimeProvider clock) : LiveTopic(Id, clock)
{
    public const string Id = "watches";
}
