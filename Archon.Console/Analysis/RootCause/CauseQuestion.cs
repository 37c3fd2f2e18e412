namespace Archon.Analysis.RootCause;

/// <summary>One metric of one service over the window of an incident.</summary>
/// <param name="Service">Name of the service, as in the graph.</param>
/// <param name="Metric">Name of the metric; the same metric has the same name at every service.</param>
/// <param name="Statistic">Which summary of the metric it is, such as <c>p99</c>; empty when there is one only.</param>
/// <param name="Values">A value per time of the question; NaN and infinities are gaps.</param>
/// <param name="Normal">Values of an ordinary past in the same step, oldest first, of one length and one clock for all series; empty when
/// there is none.</param>
public sealed record ServiceSeries(
    string Service,
    string Metric,
    string Statistic,
    ReadOnlyMemory<double> Values,
    ReadOnlyMemory<double> Normal = default
)
{
    /// <summary>What it says of its service, where that is known; null for what the name says.</summary>
    public MetricRole? Role { get; init; }
}

/// <summary>Something people or their tools did to a service.</summary>
/// <param name="AtMs">Unix milliseconds.</param>
public sealed record ServiceChange(string Service, ServiceChangeKind Kind, long AtMs, string Description);

public enum ServiceChangeKind
{
    Deploy,
    Restart,
    Configuration,
}

/// <summary>An alert or anomaly that others have found.</summary>
/// <param name="Metric">Empty when it is about the service as a whole.</param>
/// <param name="AtMs">Unix milliseconds of its beginning.</param>
/// <param name="Confidence">0 to 1; 1 for an alert.</param>
public sealed record ServiceHint(string Service, string Metric, long AtMs, double Confidence);

/// <summary>The objective whose breach opened the incident.</summary>
public sealed record BreachedObjective(string Service, string Metric);

/// <summary>What is known when a cause is asked for.</summary>
public sealed record CauseQuestion
{
    /// <summary>Unix milliseconds, oldest first, evenly spaced.</summary>
    public required ReadOnlyMemory<long> Times { get; init; }

    public required IReadOnlyList<ServiceSeries> Series { get; init; }

    /// <summary>Null when nobody knows who calls whom.</summary>
    public ServiceGraph? Graph { get; init; }

    /// <summary>Unix milliseconds; null when the onset is to be found.</summary>
    public long? OnsetMs { get; init; }

    public BreachedObjective? Breached { get; init; }
    public IReadOnlyList<ServiceChange> Changes { get; init; } = [];
    public IReadOnlyList<ServiceHint> Hints { get; init; } = [];
}
