using System.Globalization;
using Archon.Data.Catalogue;
using Archon.Integrations.Prometheus;

namespace Archon.Features.Watches.Discovery;

/// <summary>Finds request rates, errors, latencies and saturation by what metrics look like: their endings, types, units and labels.</summary>
/// <remarks>
/// A metric is taken for a golden signal of the service that serves, never of the one that calls: an HTTP client's latency says something of
/// another service. Of two metrics that speak of the same requests the plainer one is watched. The number of queries is bounded.
/// </remarks>
internal sealed class SignalShapes
{
    /// <summary>Watches by shape of one environment. Those of requests come first.</summary>
    private const int MostWatches = 240;

    /// <summary>Metrics that are asked about in detail.</summary>
    private const int MostCandidates = 400;

    /// <summary>A label with more values is written from raw paths, and names no endpoint.</summary>
    private const int MostRoutes = 100;

    private readonly MetricCatalogue catalogue;
    private readonly Dictionary<string, HashSet<string>> carriers;
    private readonly Dictionary<string, HashSet<string>> jobs;
    private readonly Dictionary<(string Stem, WatchSignal Signal), HashSet<string>> covered = [];
    private readonly Dictionary<WatchSignal, HashSet<string>> requests = [];
    private readonly HashSet<string> known = new(StringComparer.Ordinal);
    private readonly HashSet<string> families = new(StringComparer.Ordinal);

    private SignalShapes(MetricCatalogue catalogue, IReadOnlyList<WatchTemplate> templates)
    {
        this.catalogue = catalogue;
        carriers = By(carrier => string.Join('\n', LabelRoles.Identity.Select(label => carrier.Labels.GetValueOrDefault(label, ""))));
        jobs = By(carrier => carrier.Labels.GetValueOrDefault("job", ""));
        foreach (var template in templates)
        {
            foreach (var metric in template.Requires)
            {
                Cover(MetricWords.Of(metric), template.Signal, metric);
                known.Add(metric);
                families.Add(Family(metric));
            }
        }
        // Names that many programs share say nothing of what else a job runs.
        families.ExceptWith(["http", "calls", "duration", "rag", "archon", "signalr", "db", "up"]);
    }

    /// <summary>Who carries each metric.</summary>
    private Dictionary<string, HashSet<string>> By(Func<MetricCarrier, string> who) =>
        catalogue
            .Carriers.Where(carrier => carrier.Metric is not null)
            .GroupBy(carrier => carrier.Metric!, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.Select(who).ToHashSet(StringComparer.Ordinal), StringComparer.Ordinal);

    /// <summary>Series worth asking about, most likely requests first.</summary>
    public static IReadOnlyList<string> Candidates(IReadOnlySet<string> names, IReadOnlyDictionary<string, MetricMetadata> metadata)
    {
        var catalogue = new MetricCatalogue(names, metadata, [], [], new Dictionary<string, MetricLabels>());
        return
        [
            .. ShapedMetric
                .All(catalogue)
                .Where(metric =>
                    metric.IsTraffic
                    || metric.IsLatency(catalogue)
                    || metric.IsErrors
                    || metric.IsSaturation
                    || metric.IsProcessorTime
                    || metric.IsProcessMemory
                    || metric.Limit(catalogue) is not null
                )
                .OrderBy(metric => !metric.IsOfRequests)
                .ThenBy(metric => metric.Base, StringComparer.Ordinal)
                .Select(metric => metric.Plain)
                .Distinct()
                .Take(MostCandidates),
        ];
    }

    /// <param name="templates">Those that fit the server already: what they watch is left to them.</param>
    public static IReadOnlyList<WatchTemplate> Find(MetricCatalogue catalogue, IReadOnlyList<WatchTemplate> templates) =>
        new SignalShapes(catalogue, templates).Find();

    private List<WatchTemplate> Find()
    {
        var all = ShapedMetric.All(catalogue).OrderBy(metric => metric.Form).ThenBy(metric => metric.Base, StringComparer.Ordinal).ToList();
        var metrics = all.Where(metric => !IsOwned(metric)).ToList();
        var found = new List<WatchTemplate>();
        // Requests first: what else a program does is watched where it has no requests.
        foreach (var ofRequests in new[] { true, false })
        {
            foreach (var metric in metrics)
            {
                if (metric.IsTraffic && metric.IsOfRequests == ofRequests)
                    found.AddRange(Traffic(metric, ofRequests));
            }
            foreach (var metric in metrics)
            {
                if (metric.IsLatency(catalogue) && metric.IsOfRequests == ofRequests)
                    found.AddRange(Latency(metric, ofRequests));
            }
        }
        foreach (var metric in metrics.Where(metric => metric.IsErrors))
            found.AddRange(Failures(metric));
        foreach (var metric in all.Where(metric => !known.Contains(metric.Base)))
        {
            if (metric.IsProcessorTime)
                found.Add(Process(metric, "{cpu}", Rate(metric, "", WatchTemplate.Service)));
            else if (metric.IsProcessMemory)
                found.Add(Process(metric, "By", $"sum by ({WatchTemplate.Service}) ({PromqlText.Selector(metric.Base)})"));
        }
        foreach (var metric in metrics.Where(metric => !known.Contains(metric.Base)))
        {
            if (metric.Limit(catalogue) is { } most)
                found.Add(Full(metric, most));
            else if (metric.IsSaturation)
                found.Add(Level(metric));
        }
        return [.. found.Concat(metrics.SelectMany(Endpoints)).DistinctBy(template => template.Key).Take(MostWatches)];
    }

    /// <summary>Whether an exporter's own templates speak for what a job tells under this prefix.</summary>
    private bool IsOwned(ShapedMetric metric)
    {
        if (!families.Contains(Family(metric.Base)))
            return false;
        if (!jobs.TryGetValue(metric.Plain, out var its))
            return true;
        return known
            .Where(name => Family(name) == Family(metric.Base))
            .Any(name => jobs.TryGetValue(name, out var those) && those.Overlaps(its));
    }

    private static string Family(string metric) => metric.IndexOfAny(['_', '.']) is > 0 and var at ? metric[..at] : metric;

    private IEnumerable<WatchTemplate> Traffic(ShapedMetric metric, bool isRequest)
    {
        if (IsCovered(metric, WatchSignal.Rate, isRequest) || !IsMeasured(metric))
            yield break;
        var title = isRequest ? $"{metric.Words.Title} requests" : metric.Words.Whole;
        var unit = isRequest ? "{req}/s" : "{event}/s";
        var rate = Template("rate", metric, title, WatchSignal.Rate, unit, Rate(metric, "", WatchTemplate.Service));
        yield return Uncovered(rate, metric, WatchSignal.Rate, isRequest);
        Cover(metric.Words, WatchSignal.Rate, metric.Plain);
        if (LabelRoles.Of(Labels(metric)) is not { } outcome || IsCovered(metric, WatchSignal.Errors, isRequest))
            yield break;
        yield return Uncovered(Errors(metric, outcome), metric, WatchSignal.Errors, isRequest);
        if (outcome.Refused is { } refused)
        {
            var name = $"{metric.Words.Title} client errors{(outcome.IsHttp ? " (4xx)" : "")}";
            var errors = Errors("client-errors", metric, name, outcome, refused, WatchTemplate.Service);
            yield return Uncovered(errors, metric, WatchSignal.Errors, isRequest);
        }
        Cover(metric.Words, WatchSignal.Errors, metric.Plain);
    }

    private IEnumerable<WatchTemplate> Latency(ShapedMetric metric, bool isRequest)
    {
        if (IsCovered(metric, WatchSignal.Duration, isRequest) || !IsMeasured(metric))
            yield break;
        var title = $"{metric.Words.Title} latency";
        if (metric.Form == MetricForm.Summary)
        {
            var mean = Latency("mean", metric, $"{metric.Words.Title} mean duration", 0, WatchTemplate.Service);
            yield return Uncovered(mean, metric, WatchSignal.Duration, isRequest);
        }
        else
        {
            foreach (var (quantile, part) in new[] { (0.5, "P50"), (0.95, "P95"), (0.99, "P99") })
            {
                if (!isRequest && part != "P95")
                    continue;
                var latency = Latency(part.ToLowerInvariant(), metric, $"{title} {part}", quantile, WatchTemplate.Service);
                yield return Uncovered(latency, metric, WatchSignal.Duration, isRequest);
            }
        }
        Cover(metric.Words, WatchSignal.Duration, metric.Plain);
        // Where no counter says how many of these requests failed, the histogram may.
        if (LabelRoles.Of(Labels(metric)) is { } outcome && !IsCovered(metric, WatchSignal.Errors, isRequest))
        {
            yield return Uncovered(Errors(metric, outcome), metric, WatchSignal.Errors, isRequest);
            Cover(metric.Words, WatchSignal.Errors, metric.Plain);
        }
    }

    private IEnumerable<WatchTemplate> Failures(ShapedMetric metric)
    {
        var words = metric.Words;
        var stem = ShapedMetric.StemOfErrors(words);
        var ofRequests = covered.ContainsKey((stem, WatchSignal.Errors)) || covered.ContainsKey(($"{stem} request", WatchSignal.Errors));
        if (known.Contains(metric.Base) || ofRequests || IsCovered(metric, WatchSignal.Errors, metric.IsOfRequests))
            yield break;
        yield return Template(
            "failures",
            metric,
            words.Whole,
            WatchSignal.Errors,
            "{error}/s",
            Rate(metric, "", WatchTemplate.Service)
        ) with
        {
            Interesting = AnomalyDirection.Up,
        };
        Cover(words, WatchSignal.Errors, metric.Plain);
    }

    private static WatchTemplate Process(ShapedMetric metric, string unit, string pattern) =>
        Template("process", metric, metric.Words.Whole, WatchSignal.Saturation, unit, pattern) with
        {
            Interesting = AnomalyDirection.Up,
        };

    private static WatchTemplate Full(ShapedMetric metric, string most)
    {
        var used = $"sum by ({WatchTemplate.Service}) ({PromqlText.Selector(metric.Base)})";
        var all = $"sum by ({WatchTemplate.Service}) ({PromqlText.Selector(most)})";
        return Template("full", metric, metric.Words.Whole, WatchSignal.Saturation, "1", $"{used} / ({all} > 0)") with
        {
            Interesting = AnomalyDirection.Up,
            Requires = [metric.Base, most],
            Limit = 1,
        };
    }

    private static WatchTemplate Level(ShapedMetric metric) =>
        Template(
            "level",
            metric,
            metric.Words.Whole,
            WatchSignal.Saturation,
            metric.IsPercent ? "%"
                : metric.IsPartOfOne ? "1"
                : metric.Words.Set.Contains("requests") ? "{req}"
                : metric.Words.Time?.Unit ?? "{item}",
            $"{(metric.IsPartOfOne ? "max" : "sum")} by ({WatchTemplate.Service}) ({PromqlText.Selector(metric.Base)})"
        ) with
        {
            Interesting = AnomalyDirection.Up,
        };

    /// <summary>The same by endpoint, where a label names one and has a few values.</summary>
    private IEnumerable<WatchTemplate> Endpoints(ShapedMetric metric)
    {
        var labels = Labels(metric);
        var route = LabelRoles.Route.FirstOrDefault(label => labels.Routes.GetValueOrDefault(label) is > 1 and <= MostRoutes);
        if (route is null || !metric.IsOfRequests)
            yield break;
        var by = $"{WatchTemplate.Service}, {PromqlText.Label(route)}";
        // Traffic stands for what is watched by endpoint: a counter and a histogram of the same requests need not both be.
        if (metric.IsTraffic && !IsCovered(metric, WatchSignal.Traffic, isRequest: true))
        {
            var name = $"{metric.Words.Title} requests by endpoint";
            var rate = Template("rate-by-endpoint", metric, name, WatchSignal.Rate, "{req}/s", Rate(metric, "", by));
            yield return Uncovered(rate, metric, WatchSignal.Traffic, isRequest: true);
            if (LabelRoles.Of(labels) is { } outcome)
            {
                name = $"{metric.Words.Title} errors by endpoint";
                var errors = Errors("errors-by-endpoint", metric, name, outcome, outcome.Failed, by);
                yield return Uncovered(errors, metric, WatchSignal.Traffic, isRequest: true);
            }
            Cover(metric.Words, WatchSignal.Traffic, metric.Plain);
        }
        if (metric.IsLatency(catalogue) && metric.Form is MetricForm.Classic or MetricForm.Native)
            yield return Latency("p95-by-endpoint", metric, $"{metric.Words.Title} P95 by endpoint", 0.95, by);
    }

    private static WatchTemplate Errors(ShapedMetric metric, OutcomeRole outcome) =>
        Errors(
            "errors",
            metric,
            $"{metric.Words.Title} errors{(outcome.IsHttp ? " (5xx)" : "")}",
            outcome,
            outcome.Failed,
            WatchTemplate.Service
        );

    private static WatchTemplate Errors(string key, ShapedMetric metric, string name, OutcomeRole outcome, string pattern, string by)
    {
        var all = Rate(metric, "", by);
        // Whichever label says it: series that lack it are no part of its branch.
        var failed = string.Join(
            " or ",
            outcome.Labels.Select(label => Rate(metric, $"{PromqlText.Label(label)}=~{PromqlText.Quote(pattern)}", by))
        );
        return Template(key, metric, name, WatchSignal.Errors, "1", $"({failed} or {all} * 0) / ({all} > 0)") with
        {
            Interesting = AnomalyDirection.Up,
            VolumePattern = Volume(metric, by),
        };
    }

    /// <param name="quantile">0 for the mean.</param>
    private WatchTemplate Latency(string key, ShapedMetric metric, string name, double quantile, string by)
    {
        var (unit, perSecond) =
            MetricWords.TimeUnit(catalogue.About(metric.Base)?.Unit)
            ?? metric.Words.Time
            // OpenTelemetry measures in seconds where neither name nor metadata say so.
            ?? ("s", 1);
        var scale = unit == "s" ? "" : string.Create(CultureInfo.InvariantCulture, $" / {perSecond:0}");
        var value = metric.Form switch
        {
            MetricForm.Classic => string.Create(
                CultureInfo.InvariantCulture,
                $"histogram_quantile({quantile}, sum by (le, {by}) (rate({PromqlText.Selector($"{metric.Base}_bucket")}[$window])))"
            ),
            MetricForm.Native => string.Create(
                CultureInfo.InvariantCulture,
                $"histogram_quantile({quantile}, sum by ({by}) (rate({PromqlText.Selector(metric.Base)}[$window])))"
            ),
            _ => $"sum by ({by}) (rate({PromqlText.Selector($"{metric.Base}_sum")}[$window]))"
                + $" / (sum by ({by}) (rate({PromqlText.Selector($"{metric.Base}_count")}[$window])) > 0)",
        };
        return Template(key, metric, name, WatchSignal.Duration, "s", value + scale) with
        {
            Interesting = AnomalyDirection.Up,
            VolumePattern = Volume(metric, by),
        };
    }

    private static string Rate(ShapedMetric metric, string matchers, string by)
    {
        var selector = PromqlText.Selector(metric.Plain, matchers);
        return metric.Form == MetricForm.Native
            ? $"histogram_count(sum by ({by}) (rate({selector}[$window])))"
            : $"sum by ({by}) (rate({selector}[$window]))";
    }

    private static string Volume(ShapedMetric metric, string by)
    {
        var selector = PromqlText.Selector(metric.Plain);
        return metric.Form == MetricForm.Native
            ? $"histogram_count(sum by ({by}) (increase({selector}[$window])))"
            : $"sum by ({by}) (increase({selector}[$window]))";
    }

    private static WatchTemplate Template(string key, ShapedMetric metric, string name, WatchSignal signal, string unit, string pattern) =>
        new(
            TemplateKey.Of(key, metric.Base),
            name,
            signal,
            unit,
            AnomalyDirection.Both,
            metric.Form switch
            {
                MetricForm.Classic => [$"{metric.Base}_bucket", $"{metric.Base}_count"],
                MetricForm.Summary => [$"{metric.Base}_sum", $"{metric.Base}_count"],
                _ => [metric.Base],
            },
            pattern,
            metric.Form == MetricForm.Native ? $"count(histogram_count({PromqlText.Selector(metric.Base)}))" : null
        );

    /// <summary>Metrics that say the same of the same requests, or, for what is no request, say more.</summary>
    private HashSet<string> Others(ShapedMetric metric, WatchSignal signal, bool isRequest)
    {
        var others = covered.GetValueOrDefault((metric.Words.Stem, signal), []).ToHashSet(StringComparer.Ordinal);
        if (!isRequest)
            others.UnionWith(requests.GetValueOrDefault(signal, []));
        others.Remove(metric.Plain);
        return others;
    }

    /// <summary>Whether everyone who carries the metric carries another one that is watched already.</summary>
    private bool IsCovered(ShapedMetric metric, WatchSignal signal, bool isRequest)
    {
        if (covered.GetValueOrDefault((metric.Words.Stem, signal))?.Contains(metric.Plain) == true)
            return true;
        var others = Others(metric, signal, isRequest);
        if (others.Count == 0)
            return false;
        if (!carriers.TryGetValue(metric.Plain, out var its))
            return covered.ContainsKey((metric.Words.Stem, signal));
        return its.All(one => others.Any(other => carriers.GetValueOrDefault(other)?.Contains(one) == true));
    }

    /// <summary>Leaves out those who carry another metric that is watched for the same.</summary>
    private WatchTemplate Uncovered(WatchTemplate template, ShapedMetric metric, WatchSignal signal, bool isRequest)
    {
        if (!carriers.TryGetValue(metric.Plain, out var its))
            return template;
        return template with
        {
            Unless =
            [
                .. Others(metric, signal, isRequest)
                    .Where(other => carriers.GetValueOrDefault(other)?.Overlaps(its) == true)
                    .Order(StringComparer.Ordinal),
            ],
        };
    }

    private void Cover(MetricWords words, WatchSignal signal, string metric)
    {
        if (!covered.TryGetValue((words.Stem, signal), out var metrics))
            covered[(words.Stem, signal)] = metrics = new(StringComparer.Ordinal);
        metrics.Add(metric);
        if (!ShapedMetric.AreOfRequests(words))
            return;
        if (!requests.TryGetValue(signal, out var ofRequests))
            requests[signal] = ofRequests = new(StringComparer.Ordinal);
        ofRequests.Add(metric);
    }

    /// <summary>Whether the server has a sample of it now: names stay in its index for a while.</summary>
    private bool IsMeasured(ShapedMetric metric) =>
        catalogue.Metrics.Count == 0 || catalogue.Metrics.ContainsKey(metric.Plain) || metric.Form == MetricForm.Native;

    private MetricLabels Labels(ShapedMetric metric) => catalogue.Metrics.GetValueOrDefault(metric.Plain, MetricLabels.None);
}
