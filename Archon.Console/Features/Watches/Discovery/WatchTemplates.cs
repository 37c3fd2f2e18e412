using Archon.Data.Catalogue;
using static Archon.Data.Catalogue.AnomalyDirection;
using static Archon.Data.Catalogue.WatchSignal;

namespace Archon.Features.Watches.Discovery;

/// <summary>The watches that discovery can set up, and which of them fit a server.</summary>
/// <remarks>
/// The number of queries grows with the kinds of signal, not with the services: each query covers every service at once, grouped by the
/// labels that name one. A label that a metric lacks is simply left out of its group. Shares and latencies say nothing while almost
/// nobody calls, so they come with the number of requests behind each value: a value of a handful is shown and not judged.
/// </remarks>
public static class WatchTemplates
{
    private const string Service = WatchTemplate.Service;
    private const string Instance = WatchTemplate.Instance;

    public static IReadOnlyList<WatchTemplate> All { get; } =
    [
        .. HttpCounter("http-client-library", "HTTP", "http_requests_total", ["status", "code", "status_code"]),
        .. HttpCounter("http-archon", "Archon HTTP", "archon_http_requests_total", ["status", "code", "status_code"]),
        .. HttpLatency("http-client-library", "HTTP", "http_request_duration_seconds"),
        .. HttpLatency("http-fastapi", "HTTP (high resolution)", "http_request_duration_highr_seconds"),
        .. HttpLatency("http-archon", "Archon HTTP", "archon_http_request_duration_seconds"),
        .. HttpHistogram("http-otel", "HTTP", "http_server_request_duration_seconds", ["http_response_status_code", "http_status_code"]),
        .. HttpLatency("http-otel", "HTTP", "http_server_request_duration_seconds"),
        .. HttpHistogram("http-otel-ms", "HTTP", "http_server_duration_milliseconds", ["http_status_code", "http_response_status_code"]),
        .. HttpLatency("http-otel-ms", "HTTP", "http_server_duration_milliseconds", perSecond: 1000),
        .. Rag(),
        .. Intelligence(),
        Gauge("websocket-connections", "WebSocket connections", Traffic, "{connection}", Both, "archon_websocket_connections"),
        Gauge(
            "websocket-connections-active",
            "WebSocket connections",
            Traffic,
            "{connection}",
            Both,
            "archon_websocket_connections_active"
        ),
        Gauge("background-tasks", "Background tasks", Saturation, "{task}", Up, "archon_background_tasks", extra: "state, status"),
        Gauge("background-tasks-pending", "Background tasks pending", Saturation, "{task}", Up, "archon_background_tasks_pending"),
        Gauge("background-tasks-active", "Background tasks active", Saturation, "{task}", Both, "archon_background_tasks_active"),
        .. Pool("archon_db_pool_connections_in_use", "archon_db_pool_connections_max"),
        .. Pool("archon_db_pool_in_use", "archon_db_pool_size"),
        .. Pool("archon_db_connections_active", "archon_db_connections_max"),
        Share(
            "cache-hits",
            "Cache hit ratio",
            Quality,
            Down,
            ["archon_cache_hits_total", "archon_cache_misses_total"],
            $"sum by ({Service}) (rate(archon_cache_hits_total[$window]))",
            $"(sum by ({Service}) (rate(archon_cache_hits_total[$window])) + sum by ({Service}) (rate(archon_cache_misses_total[$window])))"
        ),
        Share(
            "cache-hits-by-result",
            "Cache hit ratio",
            Quality,
            Down,
            ["archon_cache_requests_total"],
            $"sum by ({Service}) (rate(archon_cache_requests_total{{result=\"hit\"}}[$window]))",
            $"sum by ({Service}) (rate(archon_cache_requests_total[$window]))",
            "count(archon_cache_requests_total{result=\"hit\"})"
        ),
        Gauge("onex-compliance", "ONEX compliance", Quality, "1", Down, "archon_onex_compliance_score", "avg"),
        Gauge("onex-compliance-ratio", "ONEX compliance", Quality, "1", Down, "archon_onex_compliance_ratio", "avg"),
        Gauge("quality-score", "Quality score", Quality, "1", Down, "archon_quality_score", "avg"),
        new("up", "Targets that answer", Availability, "1", Down, ["up"], $"min by ({Instance}) (up)"),
        new(
            "process-cpu",
            "CPU of the process",
            Saturation,
            "{cpu}",
            Up,
            ["process_cpu_seconds_total"],
            $"sum by ({Service}) (rate(process_cpu_seconds_total[$window]))"
        ),
        Gauge("process-resident-memory", "Resident memory", Saturation, "By", Up, "process_resident_memory_bytes"),
        Gauge("process-virtual-memory", "Virtual memory", Saturation, "By", Up, "process_virtual_memory_bytes"),
        new(
            "process-files",
            "File descriptors in use",
            Saturation,
            "1",
            Up,
            ["process_open_fds", "process_max_fds"],
            $"max by ({Service}) (process_open_fds / (process_max_fds > 0))",
            Limit: 1
        ),
        new(
            "dotnet-gc-pause",
            ".NET time in garbage collection",
            Saturation,
            "1",
            Up,
            ["dotnet_gc_pause_time_seconds_total"],
            $"sum by ({Service}) (rate(dotnet_gc_pause_time_seconds_total[$window]))"
        ),
        new(
            "dotnet-exceptions",
            ".NET exceptions",
            Errors,
            "{exception}/s",
            Up,
            ["dotnet_exceptions_total"],
            $"sum by ({Service}) (rate(dotnet_exceptions_total[$window]))"
        ),
        Gauge("dotnet-thread-pool-queue", ".NET thread pool queue", Saturation, "{task}", Up, "dotnet_thread_pool_queue_length"),
        // OpenTelemetry counts up and down what others call a gauge, hence the ending.
        Gauge("dotnet-thread-pool-queue-otel", ".NET thread pool queue", Saturation, "{task}", Up, "dotnet_thread_pool_queue_length_total"),
        Gauge("dotnet-heap", ".NET managed memory", Saturation, "By", Up, "dotnet_total_memory_bytes"),
        Gauge("dotnet-heap-otel", ".NET managed memory", Saturation, "By", Up, "dotnet_gc_last_collection_heap_size_bytes"),
        Gauge("dotnet-working-set", ".NET working set", Saturation, "By", Up, "dotnet_process_memory_working_set_bytes"),
        new(
            "dotnet-cpu",
            ".NET CPU of the process",
            Saturation,
            "{cpu}",
            Up,
            ["dotnet_process_cpu_time_seconds_total"],
            $"sum by ({Service}) (rate(dotnet_process_cpu_time_seconds_total[$window]))"
        ),
        Gauge("dotnet-signalr", "SignalR connections", Traffic, "{connection}", Both, "signalr_server_active_connections"),
        new(
            "db-pool-otel",
            "Connection pool in use",
            Saturation,
            "1",
            Up,
            ["db_client_connection_count", "db_client_connection_max"],
            $"sum by ({Service}) (db_client_connection_count{{db_client_connection_state=\"used\"}})"
                + $" / (sum by ({Service}) (db_client_connection_max) > 0)"
        ),
        new(
            "node-cpu",
            "CPU of the host",
            Saturation,
            "1",
            Up,
            ["node_cpu_seconds_total"],
            "1 - avg by (job, instance) (rate(node_cpu_seconds_total{mode=\"idle\"}[$window]))"
        ),
        new(
            "node-memory",
            "Memory available on the host",
            Saturation,
            "1",
            Down,
            ["node_memory_MemAvailable_bytes", "node_memory_MemTotal_bytes"],
            "min by (job, instance) (node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes)",
            Limit: 0,
            LimitSide: LimitSide.Floor
        ),
        new(
            "node-load",
            "Load per CPU",
            Saturation,
            "{load}",
            Up,
            ["node_load1", "node_cpu_seconds_total"],
            "sum by (job, instance) (node_load1) / count by (job, instance) (node_cpu_seconds_total{mode=\"idle\"})"
        ),
        new(
            "node-disk-free",
            "Disk space free",
            Saturation,
            "1",
            Down,
            ["node_filesystem_avail_bytes", "node_filesystem_size_bytes"],
            "min by (job, instance, device) (node_filesystem_avail_bytes{fstype!~\"tmpfs|ramfs|overlay|squashfs|iso9660\"}"
                + " / (node_filesystem_size_bytes{fstype!~\"tmpfs|ramfs|overlay|squashfs|iso9660\"} > 0))",
            Limit: 0,
            LimitSide: LimitSide.Floor
        ),
        new(
            "node-inodes-free",
            "Inodes free",
            Saturation,
            "1",
            Down,
            ["node_filesystem_files_free", "node_filesystem_files"],
            "min by (job, instance, device) (node_filesystem_files_free{fstype!~\"tmpfs|ramfs|overlay|squashfs|iso9660\"}"
                + " / (node_filesystem_files{fstype!~\"tmpfs|ramfs|overlay|squashfs|iso9660\"} > 0))",
            Limit: 0,
            LimitSide: LimitSide.Floor
        ),
        new(
            "node-files",
            "File descriptors of the host in use",
            Saturation,
            "1",
            Up,
            ["node_filefd_allocated", "node_filefd_maximum"],
            "max by (job, instance) (node_filefd_allocated / (node_filefd_maximum > 0))",
            Limit: 1
        ),
        new(
            "node-disk-busy",
            "Disk busy",
            Saturation,
            "1",
            Up,
            ["node_disk_io_time_seconds_total"],
            "max by (job, instance, device) (rate(node_disk_io_time_seconds_total[$window]))"
        ),
        new(
            "node-disk-read",
            "Disk read",
            Traffic,
            "By/s",
            Both,
            ["node_disk_read_bytes_total"],
            $"sum by (job, instance, device) (rate(node_disk_read_bytes_total{{{RealDisks}}}[$window]))"
        ),
        new(
            "node-disk-written",
            "Disk written",
            Traffic,
            "By/s",
            Both,
            ["node_disk_written_bytes_total"],
            $"sum by (job, instance, device) (rate(node_disk_written_bytes_total{{{RealDisks}}}[$window]))"
        ),
        new(
            "node-network-in",
            "Network received",
            Traffic,
            "By/s",
            Both,
            ["node_network_receive_bytes_total"],
            "sum by (job, instance) (rate(node_network_receive_bytes_total{device!~\"lo|veth.*|docker.*|br-.*\"}[$window]))"
        ),
        new(
            "node-network-out",
            "Network sent",
            Traffic,
            "By/s",
            Both,
            ["node_network_transmit_bytes_total"],
            "sum by (job, instance) (rate(node_network_transmit_bytes_total{device!~\"lo|veth.*|docker.*|br-.*\"}[$window]))"
        ),
        new(
            "node-connections",
            "TCP connections of the host",
            Saturation,
            "{connection}",
            Both,
            ["node_netstat_Tcp_CurrEstab"],
            "sum by (job, instance) (node_netstat_Tcp_CurrEstab)"
        ),
        new(
            "container-cpu",
            "CPU of the container",
            Saturation,
            "{cpu}",
            Up,
            ["container_cpu_usage_seconds_total"],
            $"sum by ({Container}) (rate(container_cpu_usage_seconds_total{{{RealContainers}}}[$window]))"
        ),
        new(
            "container-memory",
            "Memory of the container",
            Saturation,
            "By",
            Up,
            ["container_memory_working_set_bytes"],
            $"sum by ({Container}) (container_memory_working_set_bytes{{{RealContainers}}})"
        ),
        new(
            "container-memory-share",
            "Memory of the container in use",
            Saturation,
            "1",
            Up,
            ["container_memory_working_set_bytes", "container_spec_memory_limit_bytes"],
            $"sum by ({Container}) (container_memory_working_set_bytes{{{RealContainers}}})"
                + $" / (sum by ({Container}) (container_spec_memory_limit_bytes{{{RealContainers}}}) > 0)",
            $"count(container_spec_memory_limit_bytes{{{RealContainers}}} > 0)",
            Limit: 1
        ),
        new(
            "container-throttled",
            "CPU throttling of the container",
            Saturation,
            "1",
            Up,
            ["container_cpu_cfs_throttled_periods_total", "container_cpu_cfs_periods_total"],
            $"sum by ({Container}) (rate(container_cpu_cfs_throttled_periods_total[$window]))"
                + $" / (sum by ({Container}) (rate(container_cpu_cfs_periods_total[$window])) > 0)"
        ),
        new("postgres-up", "PostgreSQL answers", Availability, "1", Down, ["pg_up"], $"min by ({Instance}) (pg_up)"),
        new(
            "postgres-connections",
            "PostgreSQL connections in use",
            Saturation,
            "1",
            Up,
            ["pg_stat_activity_count", "pg_settings_max_connections"],
            $"sum by ({Instance}) (pg_stat_activity_count) / max by ({Instance}) (pg_settings_max_connections > 0)",
            Limit: 1
        ),
        new(
            "postgres-transactions",
            "PostgreSQL transactions",
            Rate,
            "{transaction}/s",
            Both,
            ["pg_stat_database_xact_commit"],
            $"sum by ({Instance}) (rate(pg_stat_database_xact_commit[$window]))"
        ),
        new(
            "postgres-rollbacks",
            "PostgreSQL rollbacks",
            Errors,
            "{transaction}/s",
            Up,
            ["pg_stat_database_xact_rollback"],
            $"sum by ({Instance}) (rate(pg_stat_database_xact_rollback[$window]))"
        ),
        Share(
            "postgres-cache",
            "PostgreSQL cache hit ratio",
            Quality,
            Down,
            ["pg_stat_database_blks_hit", "pg_stat_database_blks_read"],
            $"sum by ({Instance}) (rate(pg_stat_database_blks_hit[$window]))",
            $"(sum by ({Instance}) (rate(pg_stat_database_blks_hit[$window])) + sum by ({Instance}) (rate(pg_stat_database_blks_read[$window])))",
            labels: Instance
        ),
        new(
            "postgres-longest",
            "PostgreSQL longest transaction",
            Duration,
            "s",
            Up,
            ["pg_stat_activity_max_tx_duration"],
            $"max by ({Instance}) (pg_stat_activity_max_tx_duration)"
        ),
        new("redis-up", "Redis answers", Availability, "1", Down, ["redis_up"], $"min by ({Instance}) (redis_up)"),
        new(
            "redis-commands",
            "Redis commands",
            Rate,
            "{command}/s",
            Both,
            ["redis_commands_processed_total"],
            $"sum by ({Instance}) (rate(redis_commands_processed_total[$window]))"
        ),
        new(
            "redis-clients",
            "Redis clients",
            Saturation,
            "{connection}",
            Both,
            ["redis_connected_clients"],
            $"sum by ({Instance}) (redis_connected_clients)"
        ),
        new(
            "redis-memory",
            "Redis memory",
            Saturation,
            "By",
            Up,
            ["redis_memory_used_bytes"],
            $"sum by ({Instance}) (redis_memory_used_bytes)"
        ),
        Share(
            "redis-cache",
            "Redis hit ratio",
            Quality,
            Down,
            ["redis_keyspace_hits_total", "redis_keyspace_misses_total"],
            $"sum by ({Instance}) (rate(redis_keyspace_hits_total[$window]))",
            $"(sum by ({Instance}) (rate(redis_keyspace_hits_total[$window])) + sum by ({Instance}) (rate(redis_keyspace_misses_total[$window])))",
            labels: Instance
        ),
        new(
            "redis-memory-share",
            "Redis memory in use",
            Saturation,
            "1",
            Up,
            ["redis_memory_used_bytes", "redis_memory_max_bytes"],
            $"sum by ({Instance}) (redis_memory_used_bytes) / (sum by ({Instance}) (redis_memory_max_bytes) > 0)",
            "count(redis_memory_max_bytes > 0)",
            Limit: 1
        ),
        new("probe-success", "Probes that succeed", Availability, "1", Down, ["probe_success"], $"min by ({Instance}) (probe_success)"),
        new(
            "probe-duration",
            "Probe duration",
            Duration,
            "s",
            Up,
            ["probe_duration_seconds"],
            $"max by ({Instance}) (probe_duration_seconds)"
        ),
        new(
            "probe-certificate",
            "Certificate expires in",
            Saturation,
            "s",
            Down,
            ["probe_ssl_earliest_cert_expiry"],
            // An exporter that never read the certificate reports the year 1: that is not known, and not expired.
            $"clamp_min(min by ({Instance}) (probe_ssl_earliest_cert_expiry > 0) - time(), 0)",
            Limit: 0,
            LimitSide: LimitSide.Floor
        ),
        new(
            "quota",
            "Quota in use",
            Saturation,
            "1",
            Up,
            ["kube_resourcequota"],
            "max by (job, namespace, resourcequota, resource) (kube_resourcequota{type=\"used\"}"
                + " / ignoring (type) (kube_resourcequota{type=\"hard\"} > 0))",
            "count(kube_resourcequota{type=\"hard\"} > 0)",
            Limit: 1
        ),
    ];

    private const string Container = "job, service, namespace, pod, container, name";
    private const string RealDisks = "device!~\"(loop|ram|zram|fd|sr)[0-9]+\"";
    private const string RealContainers = "image!=\"\",container!=\"POD\"";

    /// <summary>Templates whose metrics all exist. Those with a probe still have to be tried.</summary>
    public static IReadOnlyList<WatchTemplate> For(IReadOnlySet<string> metrics) =>
        [.. Every.Where(template => template.Requires.All(metrics.Contains))];

    /// <summary>All of these, and those of exporters and proxies.</summary>
    public static IReadOnlyList<WatchTemplate> Every { get; } = [.. All, .. KnownFamilies.All];

    /// <summary>Requests, and the shares of failed ones, from a counter with a status label.</summary>
    private static IEnumerable<WatchTemplate> HttpCounter(string key, string name, string metric, IReadOnlyList<string> statusLabels) =>
        RateAndErrors(
            key,
            name,
            metric,
            metric,
            selector => $"sum by ({Service}) (rate({metric}{selector}[$window]))",
            statusLabels,
            probe: null
        );

    /// <summary>Requests, and the shares of failed ones, from the count of a histogram, classic or native.</summary>
    private static IEnumerable<WatchTemplate> HttpHistogram(string key, string name, string metric, IReadOnlyList<string> statusLabels) =>
        [
            .. RateAndErrors(
                key,
                name,
                $"{metric}_count",
                $"{metric}_count",
                selector => $"sum by ({Service}) (rate({metric}_count{selector}[$window]))",
                statusLabels,
                probe: null
            ),
            .. RateAndErrors(
                $"{key}-native",
                name,
                metric,
                metric,
                selector => $"histogram_count(sum by ({Service}) (rate({metric}{selector}[$window])))",
                statusLabels,
                NativeProbe(metric)
            ),
        ];

    private static IEnumerable<WatchTemplate> RateAndErrors(
        string key,
        string name,
        string requires,
        string counter,
        Func<string, string> rate,
        IReadOnlyList<string> statusLabels,
        string? probe
    )
    {
        yield return new WatchTemplate($"{key}-rate", $"{name} requests", Rate, "{req}/s", Both, [requires], rate(""), probe);
        foreach (
            var (suffix, title, pattern) in new[] { ("errors", "errors (5xx)", "5.."), ("client-errors", "client errors (4xx)", "4..") }
        )
        {
            // Whichever label holds the status: series that lack it are no part of its branch.
            var failed = string.Join(" or ", statusLabels.Select(label => rate($"{{{label}=~\"{pattern}\"}}")));
            var known = string.Join(" or ", statusLabels.Select(label => $"{counter}{{{label}!=\"\"}}"));
            yield return Share(
                $"{key}-{suffix}",
                $"{name} {title}",
                Errors,
                Up,
                [requires],
                $"({failed} or {rate("")} * 0)",
                rate(""),
                $"count({known})"
            );
        }
    }

    /// <summary>Half, 95 % and 99 % of the requests take at most this long, from a histogram, classic or native.</summary>
    private static IEnumerable<WatchTemplate> HttpLatency(string key, string name, string metric, int perSecond = 1) =>
        Latency(key, $"{name} latency", metric, ["0.5", "0.95", "0.99"], perSecond);

    internal static IEnumerable<WatchTemplate> Latency(
        string key,
        string name,
        string metric,
        IReadOnlyList<string> quantiles,
        int perSecond = 1
    )
    {
        var scale = perSecond == 1 ? "" : $" / {perSecond}";
        foreach (var quantile in quantiles)
        {
            var title = quantile switch
            {
                "0.5" => "P50",
                "0.95" => "P95",
                _ => "P99",
            };
            yield return new WatchTemplate(
                $"{key}-{title.ToLowerInvariant()}",
                $"{name} {title}",
                Duration,
                "s",
                Up,
                [$"{metric}_bucket", $"{metric}_count"],
                $"histogram_quantile({quantile}, sum by (le, {Service}) (rate({metric}_bucket[$window]))){scale}",
                VolumePattern: $"sum by ({Service}) (increase({metric}_count[$window]))"
            );
            yield return new WatchTemplate(
                $"{key}-native-{title.ToLowerInvariant()}",
                $"{name} {title}",
                Duration,
                "s",
                Up,
                [metric],
                $"histogram_quantile({quantile}, sum by ({Service}) (rate({metric}[$window]))){scale}",
                NativeProbe(metric),
                VolumePattern: $"histogram_count(sum by ({Service}) (increase({metric}[$window])))"
            );
        }
    }

    private static IEnumerable<WatchTemplate> Rag()
    {
        foreach (var metric in new[] { "archon_rag_query_duration_seconds", "rag_query_duration_seconds" })
        {
            var key = metric.StartsWith("archon", StringComparison.Ordinal) ? "rag" : "rag-plain";
            foreach (var template in Latency(key, "RAG query", metric, ["0.5", "0.95"]))
                yield return template;
        }
        foreach (var metric in new[] { "archon_rag_queries_total", "rag_queries_total" })
        {
            var key = metric.StartsWith("archon", StringComparison.Ordinal) ? "rag" : "rag-plain";
            var all = $"sum by ({Service}) (rate({metric}[$window]))";
            yield return new WatchTemplate($"{key}-rate", "RAG queries", Rate, "{query}/s", Both, [metric], all);
            string[] labels = ["status", "outcome", "result"];
            var good = string.Join(
                " or ",
                labels.Select(label => $"sum by ({Service}) (rate({metric}{{{label}=~\"success|ok|succeeded\"}}[$window]))")
            );
            yield return Share(
                $"{key}-success",
                "RAG success rate",
                Quality,
                Down,
                [metric],
                $"({good} or {all} * 0)",
                all,
                $"count({string.Join(" or ", labels.Select(label => $"{metric}{{{label}=~\"success|ok|succeeded\"}}"))})"
            );
        }
    }

    private static IEnumerable<WatchTemplate> Intelligence()
    {
        foreach (var metric in new[] { "archon_intelligence_analyses_total", "archon_intelligence_analysis_total" })
        {
            yield return new WatchTemplate(
                metric.Contains("analyses", StringComparison.Ordinal) ? "intelligence-rate" : "intelligence-rate-singular",
                "Intelligence analyses",
                Rate,
                "{analysis}/s",
                Both,
                [metric],
                $"sum by ({Service}) (rate({metric}[$window]))"
            );
        }
        // Few analyses run, so the guard of the request latencies would hide them all: the mean of what ran is honest without one.
        const string duration = "archon_intelligence_analysis_duration_seconds";
        yield return new WatchTemplate(
            "intelligence-duration",
            "Intelligence analysis duration",
            Duration,
            "s",
            Up,
            [$"{duration}_sum", $"{duration}_count"],
            $"sum by ({Service}) (rate({duration}_sum[$window])) / (sum by ({Service}) (rate({duration}_count[$window])) > 0)"
        );
    }

    private static IEnumerable<WatchTemplate> Pool(string used, string most)
    {
        yield return new WatchTemplate(
            used.Replace('_', '-'),
            "Connection pool in use",
            Saturation,
            "1",
            Up,
            [used, most],
            $"sum by ({Service}) ({used}) / (sum by ({Service}) ({most}) > 0)",
            Limit: 1
        );
    }

    private static WatchTemplate Gauge(
        string key,
        string name,
        WatchSignal signal,
        string unit,
        AnomalyDirection interesting,
        string metric,
        string combine = "sum",
        string? extra = null
    ) =>
        new(
            key,
            name,
            signal,
            unit,
            interesting,
            [metric],
            $"{combine} by ({(extra is null ? Service : $"{Service}, {extra}")}) ({metric})"
        );

    /// <summary>A share of requests; where there are none it has no value.</summary>
    internal static WatchTemplate Share(
        string key,
        string name,
        WatchSignal signal,
        AnomalyDirection interesting,
        IReadOnlyList<string> requires,
        string part,
        string whole,
        string? probe = null,
        string labels = Service
    ) =>
        new(
            key,
            name,
            signal,
            "1",
            interesting,
            requires,
            $"{part} / on ({labels}) ({whole} > 0)",
            probe,
            VolumePattern: whole.Replace("rate(", "increase(", StringComparison.Ordinal)
        );

    private static string NativeProbe(string metric) => $"count(histogram_count({metric}))";
}
