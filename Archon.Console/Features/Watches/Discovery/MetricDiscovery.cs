using Archon.Data.Catalogue;
using Archon.Integrations.Prometheus;

namespace Archon.Features.Watches.Discovery;

/// <summary>A golden signal of a service.</summary>
/// <param name="Watch">Key of the template that watches it.</param>
/// <param name="Metrics">Metrics that it is computed from.</param>
public sealed record FoundSignal(string Service, WatchSignal Signal, string Watch, IReadOnlyList<string> Metrics, string Unit)
{
    /// <summary><c>traffic</c>, <c>errors</c>, <c>latency</c> or <c>saturation</c>; null for what is none of the four.</summary>
    public string? Golden =>
        Signal switch
        {
            WatchSignal.Rate or WatchSignal.Traffic => "traffic",
            WatchSignal.Errors => "errors",
            WatchSignal.Duration => "latency",
            WatchSignal.Saturation => "saturation",
            _ => null,
        };
}

/// <summary>What discovery makes of a server.</summary>
/// <param name="Watches">One query each for all services; those of whole services before those by endpoint.</param>
public sealed record DiscoveryResult(IReadOnlyList<FoundService> Services, IReadOnlyList<WatchTemplate> Watches)
{
    /// <summary>Which service has which signal.</summary>
    public IEnumerable<FoundSignal> Signals =>
        from service in Services
        from watch in Watches
        where watch.Requires.Any(service.Metrics.Contains) && !watch.Unless.Any(service.Metrics.Contains)
        select new FoundSignal(service.Name, watch.Signal, watch.Key, watch.Requires, watch.Unit);
}

/// <summary>Finds services, their signals and the watches for them in what a server has. Pure.</summary>
public static class MetricDiscovery
{
    public static DiscoveryResult Find(MetricCatalogue catalogue)
    {
        var templates = WatchTemplates.For(catalogue.Names).Concat(InQuotes(catalogue.Names)).ToList();
        var telling = ServiceFinder.Telling(catalogue);
        var watches = templates
            .Concat(SignalShapes.Find(catalogue, templates))
            .Select(template =>
                template with
                {
                    IdentityLabels = IdentityOf(template, catalogue, telling),
                    CrowdedLabels = [.. template.Requires.SelectMany(metric => CrowdedOn(metric, catalogue)).Distinct()],
                }
            )
            .ToList();
        var metrics = watches.SelectMany(watch => watch.Requires).Concat(ServiceKinds.Marks).ToHashSet(StringComparer.Ordinal);
        var services = ServiceFinder.Find(catalogue, telling, metrics);
        return new DiscoveryResult(services, [.. watches.Select(watch => OfProcess(watch) ? WithoutExporters(watch, services) : watch)]);
    }

    private static bool OfProcess(WatchTemplate watch) =>
        watch.Requires.All(metric =>
            metric.StartsWith("process_", StringComparison.Ordinal) || metric.StartsWith("go_", StringComparison.Ordinal)
        );

    /// <summary>What an exporter uses is not what the program uses that it speaks for.</summary>
    private static WatchTemplate WithoutExporters(WatchTemplate watch, IReadOnlyList<FoundService> services) =>
        watch with
        {
            Unless =
            [
                .. services
                    .Where(service => watch.Requires.Any(service.Metrics.Contains))
                    .Select(ServiceKinds.ExporterMark)
                    .OfType<string>()
                    .Distinct(StringComparer.Ordinal)
                    .Order(StringComparer.Ordinal),
            ],
        };

    private static IEnumerable<string> CrowdedOn(string metric, MetricCatalogue catalogue) =>
        catalogue.Crowded.TryGetValue(metric, out var labels) ? labels : [];

    /// <summary>Series to ask the server about: those that templates or shapes may watch, and those that say what a service is.</summary>
    internal static IReadOnlyList<string> Candidates(IReadOnlySet<string> names, IReadOnlyDictionary<string, MetricMetadata> metadata) =>
        [
            .. WatchTemplates
                .For(names)
                .Concat(InQuotes(names))
                .SelectMany(template => template.Requires)
                .Where(metric => !metric.EndsWith("_bucket", StringComparison.Ordinal))
                .Concat(ServiceKinds.Marks.Where(names.Contains))
                .Concat(SignalShapes.Candidates(names, metadata))
                .Distinct(StringComparer.Ordinal),
        ];

    /// <summary>Templates for OpenTelemetry's own names: <c>dotnet.gc.pause_time</c> for <c>dotnet_gc_pause_time</c>.</summary>
    private static IEnumerable<WatchTemplate> InQuotes(IReadOnlySet<string> names)
    {
        var quoted = names
            .Where(name => !PromqlText.IsPlainMetric(name) && !name.Contains('$'))
            .GroupBy(name => name.Replace('.', '_'), StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.Order(StringComparer.Ordinal).First(), StringComparer.Ordinal);
        if (quoted.Count == 0)
            return [];
        return WatchTemplates
            .Every.Where(template => template.Requires.Count == 1 && template.Probe is null && !template.Pattern.Contains('{'))
            .Where(template => quoted.ContainsKey(template.Requires[0]))
            .Select(template =>
            {
                var (plain, name) = (template.Requires[0], quoted[template.Requires[0]]);
                return template with
                {
                    Key = $"{template.Key}-utf8",
                    Requires = [name],
                    Pattern = template.Pattern.Replace(plain, PromqlText.Selector(name), StringComparison.Ordinal),
                    VolumePattern = template.VolumePattern?.Replace(plain, PromqlText.Selector(name), StringComparison.Ordinal),
                };
            });
    }

    /// <summary>Labels besides job, service and namespace without which the watch would add up several services.</summary>
    private static List<string> IdentityOf(
        WatchTemplate template,
        MetricCatalogue catalogue,
        IReadOnlyDictionary<string, IReadOnlyList<string>> telling
    )
    {
        if (!template.Pattern.Contains(WatchTemplate.Service, StringComparison.Ordinal))
            return [];
        var labels = catalogue
            .Carriers.Where(carrier => carrier.Metric is { } metric && template.Requires.Contains(metric))
            .Select(carrier => ServiceFinder.IdentityOf(carrier.Labels, telling))
            .ToHashSet(StringComparer.Ordinal);
        return [.. LabelRoles.Identity.Where(label => label is not ("service" or "job") && labels.Contains(label))];
    }
}
