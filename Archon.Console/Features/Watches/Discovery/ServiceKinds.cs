namespace Archon.Features.Watches.Discovery;

/// <summary>What a service is, by the metrics that only such a program has.</summary>
internal static class ServiceKinds
{
    private const string Exporter = "exporter of ";

    private static readonly HashSet<string> Proxies = ["Envoy", "HAProxy", "Istio", "NGINX", "Traefik"];

    /// <summary>Kinds in the order in which they are tried: what is written on top of a runtime before the runtime.</summary>
    private static readonly (string Kind, string[] Marks)[] Kinds =
    [
        ($"{Exporter}Apache", ["apache_up"]),
        ($"{Exporter}BIND", ["bind_up"]),
        (
            $"{Exporter}Elasticsearch",
            ["elasticsearch_cluster_health_up", "elasticsearch_cluster_health_status", "elasticsearch_jvm_memory_used_bytes"]
        ),
        ($"{Exporter}HAProxy", ["haproxy_up", "haproxy_exporter_total_scrapes", "haproxy_exporter_scrapes_total"]),
        ($"{Exporter}Kafka", ["kafka_brokers", "kafka_consumergroup_lag"]),
        ($"{Exporter}Memcached", ["memcached_up"]),
        ($"{Exporter}MongoDB", ["mongodb_up"]),
        ($"{Exporter}MySQL", ["mysql_up"]),
        ($"{Exporter}NGINX", ["nginx_up", "nginx_exporter_build_info"]),
        ($"{Exporter}PgBouncer", ["pgbouncer_up", "pgbouncer_requests_total"]),
        ($"{Exporter}PostgreSQL", ["pg_up", "pg_exporter_last_scrape_error"]),
        ($"{Exporter}Redis", ["redis_up"]),
        ($"{Exporter}Squid", ["squid_up", "squid_client_http_requests_total"]),
        ($"{Exporter}Varnish", ["varnish_up"]),
        ($"{Exporter}host metrics", ["node_load1", "node_cpu_seconds_total", "windows_cpu_time_total"]),
        ($"{Exporter}process metrics", ["namedprocess_namegroup_num_procs"]),
        ($"{Exporter}containers", ["cadvisor_version_info"]),
        ($"{Exporter}Kubernetes objects", ["kube_deployment_spec_replicas", "kube_pod_info"]),
        ($"{Exporter}probes", ["probe_success", "blackbox_exporter_config_last_reload_successful"]),
        ("kubelet", ["kubelet_runtime_operations_total", "kubelet_running_pods", "container_memory_working_set_bytes"]),
        ("Kafka", ["kafka_server_brokertopicmetrics_messagesin_total", "kafka_server_replicamanager_leadercount"]),
        ("RabbitMQ", ["rabbitmq_build_info", "rabbitmq_identity_info", "rabbitmq_queue_messages_ready"]),
        ("NGINX", ["nginx_vts_info", "nginx_vts_server_requests_total"]),
        ("HAProxy", ["haproxy_process_uptime_seconds", "haproxy_frontend_current_sessions"]),
        ("Traefik", ["traefik_config_reloads_total", "traefik_entrypoint_requests_total", "traefik_service_requests_total"]),
        ("Envoy", ["envoy_server_live", "envoy_server_uptime"]),
        ("Istio", ["istio_requests_total", "pilot_xds", "istio_build"]),
        ("Prometheus", ["prometheus_tsdb_head_series"]),
        ("Alertmanager", ["alertmanager_alerts"]),
        ("Grafana", ["grafana_build_info"]),
        ("Loki", ["loki_build_info"]),
        (
            "OpenTelemetry Collector",
            [
                "otelcol_receiver_accepted_spans",
                "otelcol_receiver_accepted_spans_total",
                "otelcol_process_uptime",
                "otelcol_process_uptime_total",
                "otelcol_process_uptime_seconds_total",
            ]
        ),
        ("Pushgateway", ["pushgateway_build_info", "pushgateway_http_requests_total"]),
        ("FastAPI", ["http_request_duration_highr_seconds_count", "fastapi_requests_total", "fastapi_app_info"]),
        (
            "Spring Boot",
            ["http_server_requests_seconds_count", "application_ready_time_seconds", "spring_security_filterchains_active_seconds_count"]
        ),
        (
            "ASP.NET Core",
            [
                "kestrel_active_connections",
                "kestrel.active_connections",
                "aspnetcore_routing_match_attempts_total",
                "aspnetcore.routing.match_attempts_total",
                "aspnetcore_diagnostics_exceptions_total",
                "microsoft_aspnetcore_hosting_current_requests",
                "signalr_server_active_connections",
            ]
        ),
        ("Node.js", ["nodejs_version_info", "nodejs_eventloop_lag_seconds", "nodejs_eventloop_lag_p99_seconds"]),
        ("JVM", ["jvm_info", "jvm_memory_used_bytes", "jvm_memory_bytes_used", "jvm_threads_live_threads", "jvm_threads_current"]),
        (
            ".NET",
            [
                "dotnet_collection_count_total",
                "dotnet_gc_collections_total",
                "dotnet.gc.collections_total",
                "dotnet_total_memory_bytes",
                "dotnet_process_memory_working_set_bytes",
                "dotnet.process.memory.working_set_bytes",
            ]
        ),
        ("Python", ["python_info", "python_gc_collections_total"]),
        ("Ruby", ["ruby_info", "ruby_gc_stat_count", "puma_workers"]),
        ("PHP", ["php_info", "phpfpm_up"]),
        ("Go", ["go_info", "go_goroutines"]),
        ("gRPC", ["grpc_server_handled_total", "grpc_server_started_total", "rpc_server_duration_milliseconds_count"]),
    ];

    /// <summary>Metrics that say what a service is.</summary>
    public static IReadOnlySet<string> Marks { get; } = Kinds.SelectMany(kind => kind.Marks).ToHashSet(StringComparer.Ordinal);

    /// <param name="isTarget">Whether it is scraped itself. Who is only named in the metrics of a proxy is no proxy.</param>
    /// <returns>Null where none is recognised.</returns>
    public static string? Of(IReadOnlySet<string> metrics, bool isTarget)
    {
        foreach (var (kind, marks) in Kinds)
        {
            if (marks.Any(metrics.Contains) && (isTarget || !Proxies.Contains(kind)))
                return kind;
        }
        return null;
    }

    /// <summary>The metric by which an exporter is recognised; null for what is none.</summary>
    public static string? ExporterMark(FoundService service) =>
        IsExporter(service.Kind) ? Kinds.First(kind => kind.Kind == service.Kind).Marks.First(service.Metrics.Contains) : null;

    /// <summary>Whether a service only speaks for another program: its process and its runtime are not what is of interest.</summary>
    public static bool IsExporter(string? kind) => kind?.StartsWith(Exporter, StringComparison.Ordinal) == true;
}
