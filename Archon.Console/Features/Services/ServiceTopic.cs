using Archon.Live;

namespace Archon.Features.Services;

/// <summary>Services and their calls.</summary>
public sealed class ServiceTopic(TimeProvider clock) : LiveTopic(Id, clock)
{
    public const string Id = "services";
}
