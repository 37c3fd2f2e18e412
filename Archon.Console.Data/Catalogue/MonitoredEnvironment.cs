namespace Archon.Data.Catalogue;

/// <summary>A cluster or stage that is watched on its own, such as <c>prod-eu1</c>. Every catalogue row belongs to one.</summary>
public sealed class MonitoredEnvironment
{
    /// <summary>The environment that the first migration creates, fed by the upstreams of the configuration.</summary>
    public const int DefaultId = 1;

    public int Id { get; set; }
    public required string Name { get; set; }
    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>When anomalies and alerts were last gathered into incidents, to the minute. Null before the first time.</summary>
    public DateTimeOffset? TriagedAt { get; set; }
}
