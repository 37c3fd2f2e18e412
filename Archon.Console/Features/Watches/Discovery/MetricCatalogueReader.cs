using Archon.Analysis.Series;
using Archon.Integrations;
using Archon.Integrations.Prometheus;

namespace Archon.Features.Watches.Discovery;

/// <summary>Reads from a server what discovery needs, by a bounded number of questions with bounded answers.</summary>
/// <remarks>
/// Written so that every Prometheus-compatible store answers. What a server cannot be asked, such as metadata of a store behind it, is left
/// out: discovery then knows less, and finds nothing wrong. Only without names and targets there is no catalogue.
/// </remarks>
public static class MetricCatalogueReader
{
    /// <summary>Names in one question.</summary>
    private const int BatchSize = 100;

    /// <summary>Jobs of which one series each is looked at for its labels, by metric.</summary>
    private const int Samples = 20;

    /// <summary>Values of one label of one metric that are looked at.</summary>
    private const int Values = 40;

    /// <summary>Services times metrics that are read at once; beyond, only services are.</summary>
    private const int MostCarriers = 40_000;

    private static readonly TimeSpan Lookback = TimeSpan.FromMinutes(15);

    public static async Task<Fetch<MetricCatalogue>> ReadAsync(
        PrometheusClient prometheus,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        var range = new TimeRange(now - Lookback, now);
        var answer = await prometheus.LabelValuesAsync("__name__", null, range, cancellationToken);
        if (answer is not Fetch<IReadOnlyList<string>>.Ok { Value: var all })
            return Failed(answer);
        // "up" has a sample per target with the target's labels, in every Prometheus-compatible store.
        var up = await prometheus.QueryRangeAsync("up", new TimeRange(now, now), TimeSpan.FromMinutes(1), cancellationToken);
        if (up is not Fetch<MatrixResult>.Ok { Value.Series: var targets })
            return Failed(up);

        var names = all.ToHashSet(StringComparer.Ordinal);
        var metadata = await prometheus.MetadataAsync(null, cancellationToken)
            is Fetch<IReadOnlyList<MetricMetadata>>.Ok { Value: var reported }
            ? reported
                .GroupBy(one => one.Metric, StringComparer.Ordinal)
                .ToDictionary(group => group.Key, group => group.First(), StringComparer.Ordinal)
            : [];
        var candidates = MetricDiscovery.Candidates(names, metadata);
        var reading = new Reading(prometheus, now, cancellationToken);
        var labels = await LabelsAsync(prometheus, range, cancellationToken);
        var crowded = await reading.CrowdedAsync(candidates, labels);
        return new Fetch<MetricCatalogue>.Ok(
            new MetricCatalogue(
                names,
                metadata,
                [.. targets.Select(target => target.Labels.Values)],
                await reading.CarriersAsync(candidates, labels, crowded),
                await reading.LabelsOfAsync(candidates)
            )
            {
                Crowded = crowded,
            }
        );
    }

    /// <summary>Labels that may name a service and are there.</summary>
    private static async Task<List<string>> LabelsAsync(PrometheusClient prometheus, TimeRange range, CancellationToken cancellationToken)
    {
        if (await prometheus.LabelNamesAsync(null, range, cancellationToken) is not Fetch<IReadOnlyList<string>>.Ok { Value: var names })
            return ["service", "job", "namespace"];
        var there = names.ToHashSet(StringComparer.Ordinal);
        return [.. LabelRoles.Identity.Append("namespace").Where(there.Contains)];
    }

    private static Fetch<MetricCatalogue> Failed<T>(Fetch<T> answer) =>
        answer is Fetch<T>.Rejected rejected
            ? new Fetch<MetricCatalogue>.Rejected(rejected.Reason)
            : new Fetch<MetricCatalogue>.Unavailable(answer.Reason());

    private sealed class Reading(PrometheusClient prometheus, DateTimeOffset now, CancellationToken cancellationToken)
    {
        /// <summary>Labels with more values than there are services, by metric.</summary>
        public async Task<IReadOnlyDictionary<string, IReadOnlySet<string>>> CrowdedAsync(
            IReadOnlyList<string> metrics,
            List<string> labels
        )
        {
            var crowded = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
            foreach (var label in labels.Where(label => label is not ("job" or "namespace")))
            {
                foreach (var (metric, values) in await CountsAsync(label, metrics))
                {
                    if (values <= ServiceFinder.MostServices)
                        continue;
                    if (!crowded.TryGetValue(metric, out var those))
                        crowded[metric] = those = new(StringComparer.Ordinal);
                    those.Add(label);
                }
            }
            return crowded.ToDictionary(one => one.Key, one => (IReadOnlySet<string>)one.Value, StringComparer.Ordinal);
        }

        public async Task<IReadOnlyList<MetricCarrier>> CarriersAsync(
            IReadOnlyList<string> metrics,
            List<string> labels,
            IReadOnlyDictionary<string, IReadOnlySet<string>> crowded
        )
        {
            var carriers = new List<MetricCarrier>();
            foreach (var group in metrics.GroupBy(metric => string.Join(',', Crowded(metric).Order(StringComparer.Ordinal))))
            {
                var by = labels.Except(group.SelectMany(Crowded)).Select(PromqlText.Label).ToList();
                foreach (var batch in group.Chunk(BatchSize))
                    carriers.AddRange(await CarriersAsync(batch, string.Join(", ", by)));
            }
            return carriers;

            IEnumerable<string> Crowded(string metric) => crowded.TryGetValue(metric, out var labels) ? labels : [];
        }

        private async Task<IEnumerable<MetricCarrier>> CarriersAsync(string[] metrics, string by)
        {
            var whole = $"count by (__name__, {by}) ({Any(metrics)})";
            var size = await AskAsync($"count({whole})");
            if (size.Count == 0)
                return [];
            if (Last(size[0]) <= MostCarriers)
                return (await AskAsync(whole)).Select(series => Carrier(series, series.Labels["__name__"]));

            var services = $"count by ({by}) ({Any(metrics)})";
            return await AskAsync($"count({services})") is [var count] && Last(count) <= MostCarriers
                ? (await AskAsync(services)).Select(series => Carrier(series, null))
                : [];
        }

        private static MetricCarrier Carrier(MetricSeries series, string? metric) =>
            new(
                metric,
                series
                    .Labels.Values.Where(label => label.Key != "__name__" && label.Value.Length > 0)
                    .ToDictionary(label => label.Key, label => label.Value, StringComparer.Ordinal)
            );

        public async Task<IReadOnlyDictionary<string, MetricLabels>> LabelsOfAsync(IReadOnlyList<string> metrics)
        {
            var names = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
            foreach (var batch in metrics.Chunk(BatchSize))
            {
                var sample = $"topk by (__name__) ({Samples}, topk by (__name__, job) (1, {Any(batch)}))";
                foreach (var series in await AskAsync(sample))
                {
                    var metric = series.Labels["__name__"];
                    if (!names.TryGetValue(metric, out var labels))
                        names[metric] = labels = new(StringComparer.Ordinal);
                    labels.UnionWith(series.Labels.Values.Keys);
                }
            }
            var outcomes = new Dictionary<(string Metric, string Label), HashSet<string>>();
            var routes = new Dictionary<(string Metric, string Label), int>();
            List<string> Having(string label) => [.. names.Where(one => one.Value.Contains(label)).Select(one => one.Key)];
            foreach (var label in LabelRoles.Outcome)
            {
                foreach (var batch in Having(label).Chunk(BatchSize))
                {
                    var name = PromqlText.Label(label);
                    var values = $"topk by (__name__) ({Values}, count by (__name__, {name}) ({Any(batch, $"{name}!=\"\"")}))";
                    foreach (var series in await AskAsync(values))
                    {
                        var key = (series.Labels["__name__"], label);
                        if (!outcomes.TryGetValue(key, out var those))
                            outcomes[key] = those = new(StringComparer.Ordinal);
                        those.Add(series.Labels[label]);
                    }
                }
            }
            foreach (var label in LabelRoles.Route)
            {
                foreach (var (metric, values) in await CountsAsync(label, Having(label)))
                    routes[(metric, label)] = values;
            }
            return names.ToDictionary(
                one => one.Key,
                one => new MetricLabels(
                    one.Value,
                    outcomes
                        .Where(found => found.Key.Metric == one.Key)
                        .ToDictionary(found => found.Key.Label, found => (IReadOnlySet<string>)found.Value, StringComparer.Ordinal),
                    routes
                        .Where(found => found.Key.Metric == one.Key)
                        .ToDictionary(found => found.Key.Label, found => found.Value, StringComparer.Ordinal)
                ),
                StringComparer.Ordinal
            );
        }

        /// <summary>How many values a label has on each metric. The server counts them: they are not read.</summary>
        private async Task<List<(string Metric, int Values)>> CountsAsync(string label, IReadOnlyList<string> metrics)
        {
            var counts = new List<(string, int)>();
            foreach (var batch in metrics.Chunk(BatchSize))
            {
                var name = PromqlText.Label(label);
                var query = $"count by (__name__) (count by (__name__, {name}) ({Any(batch, $"{name}!=\"\"")}))";
                foreach (var series in await AskAsync(query))
                    counts.Add((series.Labels["__name__"], (int)Math.Min(Last(series), int.MaxValue)));
            }
            return counts;
        }

        private async Task<IReadOnlyList<MetricSeries>> AskAsync(string query) =>
            await prometheus.QueryRangeAsync(query, new TimeRange(now, now), TimeSpan.FromMinutes(1), cancellationToken)
                is Fetch<MatrixResult>.Ok { Value.Series: var series }
                ? series
                : [];

        private static double Last(MetricSeries series) => series.Count > 0 ? series.Values.Span[^1] : 0;

        /// <summary>A selector of several metrics. Their names are those of the server, so each is taken literally.</summary>
        private static string Any(IEnumerable<string> metrics, string matchers = "")
        {
            var names = $"__name__=~{PromqlText.Quote(string.Join('|', metrics.Select(PromqlText.Literal)))}";
            return matchers.Length == 0 ? $"{{{names}}}" : $"{{{names},{matchers}}}";
        }
    }
}
