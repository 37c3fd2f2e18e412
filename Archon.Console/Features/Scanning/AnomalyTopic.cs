using Archon.Live;

namespace Archon.Features.Scanning;

/// <summary>Anomalies that began, went on or ended, verdicts on them, and watches that could or could not be checked.</summary>
public sealed class AnomalyTopic(TimeProvider clock) : LiveTopic(Id, clock)
{
    public const string Id = "anomalies";
}
