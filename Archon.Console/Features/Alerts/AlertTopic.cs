using Archon.Live;

namespace Archon.Features.Alerts;

/// <summary>Alerts that fire or are pending, and whether they could be asked for.</summary>
public sealed class AlertTopic(TimeProvider clock) : LiveTopic(Id, clock)
{
    public const string Id = "alerts";
}
