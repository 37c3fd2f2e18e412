using Archon.Live;

namespace Archon.Features.Incidents;

/// <summary>Incidents and their ranked causes.</summary>
public sealed class IncidentTopic(TimeProvider clock) : LiveTopic(Id, clock)
{
    public const string Id = "incidents";
}
