using Archon.Integrations.Prometheus;

namespace Archon.Features.Watches.Discovery;

/// <summary>What a server has, as far as discovery needs it: names, types and a bounded number of labels and values. Everything in it was written by others.</summary>
/// <param name="Names">Names of all metrics.</param>
/// <param name="Metadata">By the name that the target gave, which for OpenMetrics counters lacks <c>_total</c>. Empty where the server has none.</param>
/// <param name="Targets">Labels of the series <c>up</c>.</param>
/// <param name="Carriers">Who carries which metrics: labels that may name a service, by metric.</param>
/// <param name="Metrics">Metrics that may be a signal, with their labels.</param>
public sealed record MetricCatalogue(
    IReadOnlySet<string> Names,
    IReadOnlyDictionary<string, MetricMetadata> Metadata,
    IReadOnlyList<IReadOnlyDictionary<string, string>> Targets,
    IReadOnlyList<MetricCarrier> Carriers,
    IReadOnlyDictionary<string, MetricLabels> Metrics
)
{
    /// <summary>Labels that have so many values on a metric that they name no service, by metric. Watches do not group by them.</summary>
    public IReadOnlyDictionary<string, IReadOnlySet<string>> Crowded { get; init; } = new Dictionary<string, IReadOnlySet<string>>();

    /// <summary>What the server says about a metric, by the name of one of its series.</summary>
    public MetricMetadata? About(string name)
    {
        if (Metadata.TryGetValue(name, out var found))
            return found;
        foreach (var suffix in (string[])["_total", "_bucket", "_count", "_sum"])
        {
            if (name.EndsWith(suffix, StringComparison.Ordinal) && Metadata.TryGetValue(name[..^suffix.Length], out found))
                return found;
        }
        return null;
    }
}

/// <param name="Metric">Null where the server has too many services to say which carries what.</param>
/// <param name="Labels">Those of <see cref="LabelRoles.Identity"/> and <c>namespace</c> that are there.</param>
public sealed record MetricCarrier(string? Metric, IReadOnlyDictionary<string, string> Labels);

/// <summary>The labels of one metric.</summary>
/// <param name="Names">Of a sample of its series.</param>
/// <param name="Outcomes">Values of each label that may say how a request ended; a bounded number of them.</param>
/// <param name="Routes">Number of values of each label that may name an endpoint.</param>
public sealed record MetricLabels(
    IReadOnlySet<string> Names,
    IReadOnlyDictionary<string, IReadOnlySet<string>> Outcomes,
    IReadOnlyDictionary<string, int> Routes
)
{
    public static MetricLabels None { get; } =
        new(new HashSet<string>(), new Dictionary<string, IReadOnlySet<string>>(), new Dictionary<string, int>());
}
