using Archon.Features.Scanning;

namespace Archon.Features.Watches.Discovery;

/// <summary>A service that discovery found.</summary>
/// <param name="Labels">Labels of its series; equal values, all of them.</param>
/// <param name="Kind">What it is, such as <c>FastAPI</c> or <c>exporter of Redis</c>; null where nothing says so.</param>
/// <param name="Metrics">Those it carries, of the metrics that discovery asked about.</param>
public sealed record FoundService(string Name, IReadOnlyDictionary<string, string> Labels, string? Kind, IReadOnlySet<string> Metrics);

/// <summary>Tells services apart by the labels that do so.</summary>
/// <remarks>
/// A label of a service counts where it tells services of one job apart: then the job is a pool that many are scraped by. Where it has one
/// value for each job, the job is the service. Instances and pods are never services.
/// </remarks>
internal static class ServiceFinder
{
    /// <summary>More services than this are not listed, nor a label with as many values believed to name any.</summary>
    public const int MostServices = 20_000;

    /// <summary>Longest name of a service.</summary>
    private const int NameLength = 200;

    /// <summary>Jobs that scrape whatever is there, by the beginnings that configurations give them.</summary>
    private static readonly string[] Pools =
    [
        "kubernetes-",
        "kubernetes_",
        "k8s-",
        "pods",
        "pod-",
        "podmonitor",
        "services",
        "endpoints",
        "federat",
        "otel",
        "opentelemetry",
        "otlp",
        "pushgateway",
        "docker",
        "consul",
        "nomad",
        "ec2",
        "ecs",
        "scrape",
        "annotated",
        "apps",
        "applications",
    ];

    /// <summary>Series of the scrape and not of what is scraped.</summary>
    private static readonly HashSet<string> OfScrape = ["up", "target_info", "scrape_duration_seconds"];

    /// <summary>Words of a mesh for a service that it does not know.</summary>
    private static readonly HashSet<string> Unknown = ["unknown", "PassthroughCluster", "BlackHoleCluster", "InboundPassthroughCluster"];

    /// <param name="telling">As <see cref="Telling"/> returns.</param>
    /// <param name="metrics">Those that say something of a service. Who carries others alone is none.</param>
    public static IReadOnlyList<FoundService> Find(
        MetricCatalogue catalogue,
        IReadOnlyDictionary<string, IReadOnlyList<string>> telling,
        IReadOnlySet<string> metrics
    )
    {
        var rows = catalogue
            .Targets.Select(labels => (Metric: (string?)"up", Labels: labels, IsTarget: true))
            .Concat(catalogue.Carriers.Select(carrier => (carrier.Metric, carrier.Labels, IsTarget: false)))
            .Where(row => row.Metric is null || metrics.Contains(row.Metric) || OfScrape.Contains(row.Metric));
        var found = new Dictionary<(string Label, string Value), Identity>();
        foreach (var job in rows.GroupBy(row => row.Labels.GetValueOrDefault("job", ""), StringComparer.Ordinal))
        {
            var ofJob = new HashSet<(string, string)>();
            foreach (var row in job)
            {
                var label = IdentityOf(row.Labels, telling);
                if (label is null || row.Labels[label] is not { Length: <= NameLength } value)
                    continue;
                if (!found.TryGetValue((label, value), out var identity))
                {
                    if (found.Count >= MostServices)
                        continue;
                    found[(label, value)] = identity = new Identity();
                }
                ofJob.Add((label, value));
                identity.Add(row.Metric, row.Labels.GetValueOrDefault("namespace", ""), row.IsTarget);
            }
            // A job that only passes on what others say of themselves is a pool, and no service.
            if (ofJob.Count > 1 && found.TryGetValue(("job", job.Key), out var pool) && !pool.HasMetricsOfItsOwn)
                found.Remove(("job", job.Key));
        }
        return Named(found);
    }

    /// <summary>The label that names the service of a series; null where none does.</summary>
    /// <param name="telling">As <see cref="Telling"/> returns.</param>
    public static string? IdentityOf(
        IReadOnlyDictionary<string, string> labels,
        IReadOnlyDictionary<string, IReadOnlyList<string>> telling
    ) =>
        telling
            .GetValueOrDefault(labels.GetValueOrDefault("job", ""), [])
            .FirstOrDefault(label => labels.GetValueOrDefault(label, "") is { Length: > 0 } value && !Unknown.Contains(value));

    /// <summary>Which labels tell services of a job apart, the most telling first, by job.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Telling(MetricCatalogue catalogue)
    {
        var values = new Dictionary<string, Dictionary<string, HashSet<string>>>(StringComparer.Ordinal);
        foreach (var labels in catalogue.Targets.Concat(catalogue.Carriers.Select(carrier => carrier.Labels)))
        {
            var job = labels.GetValueOrDefault("job", "");
            if (!values.TryGetValue(job, out var ofJob))
                values[job] = ofJob = new(StringComparer.Ordinal);
            foreach (var label in LabelRoles.Identity)
            {
                if (labels.GetValueOrDefault(label, "") is not { Length: > 0 } value)
                    continue;
                if (!ofJob.TryGetValue(label, out var those))
                    ofJob[label] = those = new(StringComparer.Ordinal);
                those.Add(value);
            }
        }
        var scraped = catalogue.Targets.Select(labels => labels.GetValueOrDefault("job", "")).ToHashSet(StringComparer.Ordinal);
        return values.ToDictionary(
            one => one.Key,
            one =>
                (IReadOnlyList<string>)
                    [
                        .. LabelRoles.Identity.Where(label =>
                            one.Value.ContainsKey(label) && (!scraped.Contains(one.Key) || Distinguishes(label, one.Key, one.Value[label]))
                        ),
                    ],
            StringComparer.Ordinal
        );
    }

    private static bool Distinguishes(string label, string job, HashSet<string> values) =>
        label is "service" or "job"
        || ServiceLabels.Called.Contains(label)
        || values.Count > 1
        || Pools.Any(pool => job.StartsWith(pool, StringComparison.OrdinalIgnoreCase));

    private static List<FoundService> Named(Dictionary<(string Label, string Value), Identity> found)
    {
        var named = new Dictionary<string, FoundService>(StringComparer.Ordinal);
        foreach (
            var ((label, value), identity) in found
                .OrderBy(one => Place(one.Key.Label))
                .ThenBy(one => one.Key.Value, StringComparer.Ordinal)
        )
        {
            // One name in several namespaces is several services.
            var namespaces = identity.Namespaces.Count > 1 ? identity.Namespaces.Order(StringComparer.Ordinal) : Enumerable.Repeat("", 1);
            foreach (var place in namespaces)
            {
                var name = place.Length == 0 ? value : $"{place}/{value}";
                var labels = new Dictionary<string, string>(StringComparer.Ordinal) { [label] = value };
                if (place.Length > 0)
                    labels["namespace"] = place;
                if (name.Length > NameLength)
                    continue;
                // Metrics of one service may name it by different labels.
                if (named.TryGetValue(name, out var same))
                {
                    var all = same.Metrics.Union(identity.Metrics).ToHashSet(StringComparer.Ordinal);
                    named[name] = same with { Metrics = all, Kind = same.Kind ?? identity.Kind };
                    continue;
                }
                named[name] = new FoundService(name, labels, identity.Kind, identity.Metrics);
            }
        }
        return [.. named.Values];
    }

    /// <summary>What a service calls itself is a better name than what others call it.</summary>
    private static int Place(string label)
    {
        for (var i = 0; i < ServiceLabels.Own.Count; i++)
        {
            if (ServiceLabels.Own[i] == label)
                return i;
        }
        return int.MaxValue;
    }

    private sealed class Identity
    {
        private readonly HashSet<string> ofTargets = new(StringComparer.Ordinal);
        private readonly HashSet<string> ofMetrics = new(StringComparer.Ordinal);

        public HashSet<string> Metrics { get; } = new(StringComparer.Ordinal);

        public bool HasMetricsOfItsOwn { get; private set; }

        public string? Kind => ServiceKinds.Of(Metrics, isTarget: ofTargets.Count > 0);

        /// <summary>Those of its targets: a namespace on a metric may be that of what the metric is about.</summary>
        public HashSet<string> Namespaces => ofTargets.Count > 0 ? ofTargets : ofMetrics;

        public void Add(string? metric, string place, bool isTarget)
        {
            if (isTarget || place.Length > 0)
                (isTarget ? ofTargets : ofMetrics).Add(place);
            if (metric is null)
            {
                HasMetricsOfItsOwn = true;
                return;
            }
            Metrics.Add(metric);
            HasMetricsOfItsOwn |= !OfScrape.Contains(metric);
        }
    }
}
