using static Archon.Data.Catalogue.AnomalyDirection;
using static Archon.Data.Catalogue.WatchSignal;
using static Archon.Features.Watches.Discovery.TemplateForms;

namespace Archon.Features.Watches.Discovery;

/// <summary>Watches of exporters and proxies whose names say less than their documentation: what is a counter, what is a limit, which series doubles another.</summary>
internal static class KnownFamilies
{
    private const string Instance = WatchTemplate.Instance;
    private const string Service = WatchTemplate.Service;

    /// <summary>Request codes of proxies that write the class (<c>5xx</c>) or the number (<c>503</c>).</summary>
    private const string ServerFault = "code=~\"5..\"";

    public static IReadOnlyList<WatchTemplate> All { get; } =
    [
        .. Apache(),
        .. Bind(),
        .. Containers(),
        .. Elasticsearch(),
        .. Envoy(),
        .. Haproxy(),
        .. Istio(),
        .. Jvm(),
        .. Kafka(),
        .. Kubernetes(),
        .. Memcached(),
        .. Mongo(),
        .. Mysql(),
        .. Nginx(),
        .. Node(),
        .. OpenTelemetryCollector(),
        .. PgBouncer(),
        .. Postgres(),
        .. Processes(),
        .. RabbitMq(),
        .. Redis(),
        .. Runtimes(),
        .. SpanMetrics(),
        .. Squid(),
        .. Traefik(),
        .. Varnish(),
    ];

    private static IEnumerable<WatchTemplate> Apache() =>
        [
            Answers("apache-up", "Apache answers", "apache_up"),
            PerSecond("apache-requests", "Apache requests", Rate, "{req}/s", "apache_accesses_total"),
            new(
                "apache-workers",
                "Apache workers busy",
                Saturation,
                "1",
                Up,
                ["apache_workers"],
                $"sum by ({Instance}) (apache_workers{{state=\"busy\"}}) / (sum by ({Instance}) (apache_workers) > 0)",
                Limit: 1
            ),
            Mean("apache-duration", "Apache mean duration", "apache_duration_ms_total", "apache_accesses_total", "s", perUnit: 1000),
            PerSecond("apache-sent", "Apache sent", Traffic, "kB/s", "apache_sent_kilobytes_total"),
        ];

    private static IEnumerable<WatchTemplate> Bind() =>
        [
            Answers("bind-up", "BIND answers", "bind_up"),
            PerSecond("bind-queries", "BIND queries", Rate, "{query}/s", "bind_incoming_queries_total"),
            ShareOf("bind-failures", "BIND answers with SERVFAIL", "bind_responses_total", "result=~\"(?i)servfail\"", Instance, Errors),
            ShareOf("bind-servfail", "BIND responses with SERVFAIL", "bind_response_rcodes_total", "rcode=\"SERVFAIL\"", Instance, Errors),
            Full("bind-files", "BIND file descriptors in use", "bind_process_open_fds", "bind_process_max_fds"),
            PerSecond("bind-query-errors", "BIND query errors", Errors, "{query}/s", "bind_query_errors_total"),
            Quantile("bind-resolver", "BIND resolver P95", "bind_resolver_query_duration_seconds", Instance),
            Level("bind-recursive-clients", "BIND recursive clients", Saturation, "{client}", Up, "bind_recursive_clients"),
        ];

    private static IEnumerable<WatchTemplate> Containers() =>
        [
            PerSecond(
                "container-network-in",
                "Network received of the container",
                Traffic,
                "By/s",
                "container_network_receive_bytes_total",
                Container
            ),
            PerSecond(
                "container-network-out",
                "Network sent of the container",
                Traffic,
                "By/s",
                "container_network_transmit_bytes_total",
                Container
            ),
            PerSecond("container-disk-read", "Disk read of the container", Traffic, "By/s", "container_fs_reads_bytes_total", Container),
            PerSecond(
                "container-disk-written",
                "Disk written of the container",
                Traffic,
                "By/s",
                "container_fs_writes_bytes_total",
                Container
            ),
            PerSecond("container-oom", "Out of memory in the container", Errors, "{event}/s", "container_oom_events_total", Container),
            PerSecond(
                "container-network-errors",
                "Network errors of the container",
                Errors,
                "{error}/s",
                "container_network_transmit_errors_total",
                Container
            ),
            PerSecond(
                "container-receive-errors",
                "Network receive errors of the container",
                Errors,
                "{error}/s",
                "container_network_receive_errors_total",
                Container
            ),
        ];

    private static IEnumerable<WatchTemplate> Elasticsearch() =>
        [
            PerSecond(
                "elasticsearch-searches",
                "Elasticsearch searches",
                Rate,
                "{query}/s",
                "elasticsearch_indices_search_query_total",
                ElasticsearchNode
            ),
            PerSecond(
                "elasticsearch-indexing",
                "Elasticsearch documents indexed",
                Rate,
                "{document}/s",
                "elasticsearch_indices_indexing_index_total",
                ElasticsearchNode
            ),
            Mean(
                "elasticsearch-search-time",
                "Elasticsearch search duration",
                "elasticsearch_indices_search_query_time_seconds",
                "elasticsearch_indices_search_query_total",
                "s",
                ElasticsearchNode
            ),
            Mean(
                "elasticsearch-index-time",
                "Elasticsearch indexing duration",
                "elasticsearch_indices_indexing_index_time_seconds_total",
                "elasticsearch_indices_indexing_index_total",
                "s",
                ElasticsearchNode
            ),
            PerSecond(
                "elasticsearch-rejected",
                "Elasticsearch requests rejected",
                Errors,
                "{req}/s",
                "elasticsearch_thread_pool_rejected_count",
                ElasticsearchNode
            ),
            PerSecond(
                "elasticsearch-breakers",
                "Elasticsearch circuit breakers",
                Errors,
                "{event}/s",
                "elasticsearch_breakers_tripped",
                ElasticsearchNode
            ),
            Full(
                "elasticsearch-heap",
                "Elasticsearch heap in use",
                "elasticsearch_jvm_memory_used_bytes",
                "elasticsearch_jvm_memory_max_bytes",
                ElasticsearchNode,
                "area=\"heap\""
            ),
            Free(
                "elasticsearch-disk",
                "Elasticsearch disk space free",
                "elasticsearch_filesystem_data_available_bytes",
                "elasticsearch_filesystem_data_size_bytes",
                ElasticsearchNode
            ),
            Level(
                "elasticsearch-cpu",
                "Elasticsearch CPU",
                Saturation,
                "%",
                Up,
                "elasticsearch_process_cpu_percent",
                ElasticsearchNode,
                "max"
            ),
            Level(
                "elasticsearch-pending",
                "Elasticsearch pending tasks",
                Saturation,
                "{task}",
                Up,
                "elasticsearch_cluster_health_number_of_pending_tasks"
            ),
            Level(
                "elasticsearch-unassigned",
                "Elasticsearch unassigned shards",
                Availability,
                "{shard}",
                Up,
                "elasticsearch_cluster_health_unassigned_shards"
            ),
        ];

    private static IEnumerable<WatchTemplate> Envoy() =>
        [
            PerSecond("envoy-requests", "Envoy requests", Rate, "{req}/s", "envoy_http_downstream_rq_total", EnvoyListener),
            ShareOf(
                "envoy-errors",
                "Envoy errors (5xx)",
                "envoy_http_downstream_rq_xx",
                "envoy_response_code_class=\"5\"",
                EnvoyListener,
                Errors
            ),
            Quantile("envoy-latency", "Envoy latency P95", "envoy_http_downstream_rq_time", EnvoyListener, perUnit: 1000),
            Level("envoy-memory", "Envoy memory", Saturation, "By", Up, "envoy_server_memory_allocated"),
            Level("envoy-active", "Envoy active requests", Saturation, "{req}", Up, "envoy_http_downstream_rq_active", EnvoyListener),
            PerSecond("envoy-cluster-requests", "Envoy cluster requests", Rate, "{req}/s", "envoy_cluster_upstream_rq_total", EnvoyCluster),
            ShareOf(
                "envoy-cluster-errors",
                "Envoy cluster errors (5xx)",
                "envoy_cluster_upstream_rq_xx",
                "envoy_response_code_class=\"5\"",
                EnvoyCluster,
                Errors
            ),
            PerSecond(
                "envoy-cluster-connect-fail",
                "Envoy cluster connection failures",
                Errors,
                "{connection}/s",
                "envoy_cluster_upstream_cx_connect_fail",
                EnvoyCluster
            ),
            PerSecond(
                "envoy-cluster-timeouts",
                "Envoy cluster timeouts",
                Errors,
                "{req}/s",
                "envoy_cluster_upstream_rq_timeout",
                EnvoyCluster
            ),
            Quantile("envoy-cluster-latency", "Envoy cluster latency P95", "envoy_cluster_upstream_rq_time", EnvoyCluster, perUnit: 1000),
            Level(
                "envoy-cluster-connections",
                "Envoy cluster active connections",
                Saturation,
                "{connection}",
                Both,
                "envoy_cluster_upstream_cx_active",
                EnvoyCluster
            ),
            Level(
                "envoy-cluster-pending",
                "Envoy cluster pending requests",
                Saturation,
                "{req}",
                Up,
                "envoy_cluster_upstream_rq_pending_active",
                EnvoyCluster
            ),
            Part(
                "envoy-cluster-healthy",
                "Envoy cluster members healthy",
                Availability,
                Down,
                "envoy_cluster_membership_healthy",
                "envoy_cluster_membership_total",
                EnvoyCluster
            ),
        ];

    private static IEnumerable<WatchTemplate> Haproxy()
    {
        foreach (var side in new[] { "frontend", "backend" })
        {
            yield return PerSecond(
                $"haproxy-{side}-requests",
                $"HAProxy {side} requests",
                Rate,
                "{req}/s",
                $"haproxy_{side}_http_requests_total",
                Proxy
            );
            yield return ShareOf(
                $"haproxy-{side}-errors",
                $"HAProxy {side} errors (5xx)",
                $"haproxy_{side}_http_responses_total",
                ServerFault,
                Proxy,
                Errors
            );
            yield return Full(
                $"haproxy-{side}-sessions",
                $"HAProxy {side} sessions in use",
                $"haproxy_{side}_current_sessions",
                $"haproxy_{side}_limit_sessions",
                Proxy
            );
        }
        yield return Level(
            "haproxy-http-response-time",
            "HAProxy mean HTTP response time",
            Duration,
            "s",
            Up,
            "haproxy_backend_http_response_time_average_seconds",
            Proxy,
            "max"
        );
        yield return Level(
            "haproxy-response-time",
            "HAProxy mean response time",
            Duration,
            "s",
            Up,
            "haproxy_backend_response_time_average_seconds",
            Proxy,
            "max"
        );
        yield return Level("haproxy-queue", "HAProxy queue", Saturation, "{req}", Up, "haproxy_backend_current_queue", Proxy);
        yield return PerSecond(
            "haproxy-connection-errors",
            "HAProxy connection errors",
            Errors,
            "{connection}/s",
            "haproxy_backend_connection_errors_total",
            Proxy
        );
        yield return PerSecond(
            "haproxy-response-errors",
            "HAProxy response errors",
            Errors,
            "{req}/s",
            "haproxy_backend_response_errors_total",
            Proxy
        );
        yield return PerSecond(
            "haproxy-request-errors",
            "HAProxy request errors",
            Errors,
            "{req}/s",
            "haproxy_frontend_request_errors_total",
            Proxy
        );
        yield return Full(
            "haproxy-connections",
            "HAProxy connections in use",
            "haproxy_process_current_connections",
            "haproxy_process_max_connections"
        );
        yield return Level(
            "haproxy-servers",
            "HAProxy active servers",
            Availability,
            "{server}",
            Down,
            "haproxy_backend_active_servers",
            Proxy
        );
    }

    private static IEnumerable<WatchTemplate> Istio() =>
        [
            PerSecond("istio-requests", "Istio requests", Rate, "{req}/s", "istio_requests_total", IstioService, IstioServer),
            ShareOf(
                "istio-errors",
                "Istio errors (5xx)",
                "istio_requests_total",
                "response_code=~\"5..\"",
                IstioService,
                Errors,
                IstioServer
            ),
            Quantile(
                "istio-latency",
                "Istio latency P95",
                "istio_request_duration_milliseconds",
                IstioService,
                perUnit: 1000,
                where: IstioServer
            ),
            PerSecond("istio-tcp-sent", "Istio TCP sent", Traffic, "By/s", "istio_tcp_sent_bytes_total", IstioService),
        ];

    private static IEnumerable<WatchTemplate> Jvm() =>
        [
            new(
                "jvm-heap",
                "JVM heap in use",
                Saturation,
                "1",
                Up,
                ["jvm_memory_used_bytes", "jvm_memory_max_bytes"],
                // A pool without a limit of its own reports -1; the sum of those with one is what the heap may grow to.
                $"sum by ({Instance}) (jvm_memory_used_bytes{{area=\"heap\"}}) / (sum by ({Instance}) (jvm_memory_max_bytes{{area=\"heap\"}} > 0) > 0)",
                Limit: 1
            ),
            PerSecond("jvm-gc-pause", "JVM time in garbage collection", Saturation, "1", "jvm_gc_pause_seconds_sum"),
            PerSecond("jvm-gc-collection", "JVM time in garbage collection", Saturation, "1", "jvm_gc_collection_seconds_sum"),
            Level("jvm-cpu", "JVM CPU of the process", Saturation, "1", Up, "process_cpu_usage", Instance, "max"),
            Level("jvm-threads", "JVM threads", Saturation, "{thread}", Up, "jvm_threads_live_threads"),
            Full("jvm-files", "JVM file descriptors in use", "process_files_open_files", "process_files_max_files"),
            Full(
                "hikari-connections",
                "HikariCP connections in use",
                "hikaricp_connections_active",
                "hikaricp_connections_max",
                $"{Instance}, pool"
            ),
            Level(
                "hikari-pending",
                "HikariCP threads waiting",
                Saturation,
                "{thread}",
                Up,
                "hikaricp_connections_pending",
                $"{Instance}, pool"
            ),
            PerSecond(
                "hikari-timeouts",
                "HikariCP connection timeouts",
                Errors,
                "{connection}/s",
                "hikaricp_connections_timeout_total",
                $"{Instance}, pool"
            ),
            Full("tomcat-threads", "Tomcat threads busy", "tomcat_threads_busy_threads", "tomcat_threads_config_max_threads"),
            PerSecond("logback-errors", "Errors logged", Errors, "{event}/s", "logback_events_total", Service, "level=\"error\""),
        ];

    private static IEnumerable<WatchTemplate> Kafka() =>
        [
            PerSecond("kafka-messages", "Kafka messages", Rate, "{message}/s", "kafka_topic_partition_current_offset", $"{Service}, topic"),
            Level(
                "kafka-lag",
                "Kafka consumer lag",
                Saturation,
                "{message}",
                Up,
                "kafka_consumergroup_lag",
                $"{Service}, consumergroup, topic"
            ),
            Level(
                "kafka-under-replicated",
                "Kafka partitions under-replicated",
                Availability,
                "{partition}",
                Up,
                "kafka_topic_partition_under_replicated_partition"
            ),
            Level("kafka-brokers", "Kafka brokers", Availability, "{broker}", Down, "kafka_brokers", Service, "min"),
            PerSecond(
                "kafka-broker-messages",
                "Kafka broker messages in",
                Rate,
                "{message}/s",
                "kafka_server_brokertopicmetrics_messagesin_total",
                $"{Instance}, topic"
            ),
            PerSecond(
                "kafka-broker-bytes",
                "Kafka broker bytes in",
                Traffic,
                "By/s",
                "kafka_server_brokertopicmetrics_bytesin_total",
                $"{Instance}, topic"
            ),
            PerSecond(
                "kafka-requests",
                "Kafka requests",
                Rate,
                "{req}/s",
                "kafka_network_requestmetrics_requests_total",
                $"{Instance}, request"
            ),
            new(
                "kafka-request-time",
                "Kafka request P99",
                Duration,
                "s",
                Up,
                ["kafka_network_requestmetrics_totaltimems"],
                $"max by ({Instance}, request) (kafka_network_requestmetrics_totaltimems{{quantile=\"0.99\"}}) / 1000"
            ),
            PerSecond(
                "kafka-failed-produce",
                "Kafka produce requests failed",
                Errors,
                "{req}/s",
                "kafka_server_brokertopicmetrics_failedproducerequests_total"
            ),
            PerSecond(
                "kafka-failed-fetch",
                "Kafka fetch requests failed",
                Errors,
                "{req}/s",
                "kafka_server_brokertopicmetrics_failedfetchrequests_total"
            ),
            Level(
                "kafka-broker-under-replicated",
                "Kafka broker partitions under-replicated",
                Availability,
                "{partition}",
                Up,
                "kafka_server_replicamanager_underreplicatedpartitions"
            ),
            Level(
                "kafka-offline",
                "Kafka partitions offline",
                Availability,
                "{partition}",
                Up,
                "kafka_controller_kafkacontroller_offlinepartitionscount"
            ),
        ];

    private static IEnumerable<WatchTemplate> Kubernetes() =>
        [
            Part(
                "kube-deployment",
                "Replicas available",
                Availability,
                Down,
                "kube_deployment_status_replicas_available",
                "kube_deployment_spec_replicas",
                "job, namespace, deployment"
            ),
            Part(
                "kube-statefulset",
                "Replicas ready",
                Availability,
                Down,
                "kube_statefulset_status_replicas_ready",
                "kube_statefulset_replicas",
                "job, namespace, statefulset"
            ),
            Level(
                "kube-daemonset",
                "Pods of the daemon set unavailable",
                Availability,
                "{pod}",
                Up,
                "kube_daemonset_status_number_unavailable",
                "job, namespace, daemonset"
            ),
            PerSecond(
                "kube-restarts",
                "Container restarts",
                Errors,
                "{restart}/s",
                "kube_pod_container_status_restarts_total",
                "job, namespace, pod, container"
            ),
            Level(
                "kube-waiting",
                "Containers that cannot start",
                Errors,
                "{container}",
                Up,
                "kube_pod_container_status_waiting_reason",
                "job, namespace, pod, container",
                where: "reason!=\"ContainerCreating\""
            ),
            Level("kube-jobs-failed", "Failed Kubernetes jobs", Errors, "{job}", Up, "kube_job_status_failed", "job, namespace, job_name"),
            Level(
                "kube-node-ready",
                "Nodes ready",
                Availability,
                "1",
                Down,
                "kube_node_status_condition",
                "job, node",
                "min",
                "condition=\"Ready\",status=\"true\""
            ),
            Level(
                "kube-node-pressure",
                "Node under pressure",
                Saturation,
                "1",
                Up,
                "kube_node_status_condition",
                "job, node, condition",
                "max",
                "condition=~\".*Pressure\",status=\"true\""
            ),
            PerSecond(
                "kubelet-operations",
                "Kubelet runtime operations",
                Rate,
                "{operation}/s",
                "kubelet_runtime_operations_total",
                Instance
            ),
            PerSecond(
                "kubelet-errors",
                "Kubelet runtime errors",
                Errors,
                "{operation}/s",
                "kubelet_runtime_operations_errors_total",
                Instance
            ),
            Quantile("kubelet-latency", "Kubelet runtime P95", "kubelet_runtime_operations_duration_seconds", Instance),
            Free(
                "kubelet-volume",
                "Volume space free",
                "kubelet_volume_stats_available_bytes",
                "kubelet_volume_stats_capacity_bytes",
                "job, namespace, persistentvolumeclaim"
            ),
        ];

    private static IEnumerable<WatchTemplate> Memcached() =>
        [
            Answers("memcached-up", "Memcached answers", "memcached_up"),
            PerSecond("memcached-commands", "Memcached commands", Rate, "{command}/s", "memcached_commands_total"),
            ShareOf(
                "memcached-hits",
                "Memcached hit ratio",
                "memcached_commands_total",
                "status=\"hit\"",
                Instance,
                Quality,
                "command=\"get\""
            ),
            // A cache that is full does what it is for, so this is no limit to be reached.
            new(
                "memcached-memory",
                "Memcached memory in use",
                Saturation,
                "%",
                Both,
                ["memcached_current_bytes", "memcached_limit_bytes"],
                $"100 * sum by ({Instance}) (memcached_current_bytes) / (sum by ({Instance}) (memcached_limit_bytes) > 0)"
            ),
            Full("memcached-connections", "Memcached connections in use", "memcached_current_connections", "memcached_max_connections"),
            PerSecond("memcached-evictions", "Memcached evictions", Saturation, "{item}/s", "memcached_items_evicted_total"),
            PerSecond(
                "memcached-rejected",
                "Memcached connections rejected",
                Errors,
                "{connection}/s",
                "memcached_connections_rejected_total"
            ),
        ];

    private static IEnumerable<WatchTemplate> Mongo() =>
        [
            Answers("mongodb-up", "MongoDB answers", "mongodb_up"),
            PerSecond("mongodb-operations", "MongoDB operations", Rate, "{operation}/s", "mongodb_ss_opcounters"),
            Mean(
                "mongodb-latency",
                "MongoDB mean duration",
                "mongodb_ss_opLatencies_latency",
                "mongodb_ss_opLatencies_ops",
                "s",
                $"{Instance}, op_type",
                1_000_000
            ),
            new(
                "mongodb-connections",
                "MongoDB connections in use",
                Saturation,
                "1",
                Up,
                ["mongodb_ss_connections"],
                $"sum by ({Instance}) (mongodb_ss_connections{{conn_type=\"current\"}})"
                    + $" / (sum by ({Instance}) (mongodb_ss_connections{{conn_type=~\"current|available\"}}) > 0)",
                Limit: 1
            ),
            Full(
                "mongodb-cache",
                "MongoDB cache in use",
                "mongodb_ss_wt_cache_bytes_currently_in_the_cache",
                "mongodb_ss_wt_cache_maximum_bytes_configured"
            ),
            PerSecond("mongodb-asserts", "MongoDB asserts", Errors, "{error}/s", "mongodb_ss_asserts"),
        ];

    private static IEnumerable<WatchTemplate> Mysql() =>
        [
            Answers("mysql-up", "MySQL answers", "mysql_up"),
            PerSecond("mysql-queries", "MySQL queries", Rate, "{query}/s", "mysql_global_status_queries"),
            PerSecond("mysql-slow", "MySQL slow queries", Errors, "{query}/s", "mysql_global_status_slow_queries"),
            PerSecond("mysql-aborted", "MySQL aborted connects", Errors, "{connection}/s", "mysql_global_status_aborted_connects"),
            PerSecond(
                "mysql-connection-errors",
                "MySQL connection errors",
                Errors,
                "{connection}/s",
                "mysql_global_status_connection_errors_total"
            ),
            Full(
                "mysql-connections",
                "MySQL connections in use",
                "mysql_global_status_threads_connected",
                "mysql_global_variables_max_connections"
            ),
            Level("mysql-running", "MySQL threads running", Saturation, "{thread}", Up, "mysql_global_status_threads_running"),
            PerSecond("mysql-lock-waits", "MySQL row lock waits", Saturation, "{wait}/s", "mysql_global_status_innodb_row_lock_waits"),
            Level(
                "mysql-replication",
                "MySQL replication lag",
                Saturation,
                "s",
                Up,
                "mysql_slave_status_seconds_behind_master",
                Instance,
                "max"
            ),
        ];

    private static IEnumerable<WatchTemplate> Nginx() =>
        [
            Answers("nginx-up", "NGINX answers", "nginx_up"),
            PerSecond("nginx-requests", "NGINX requests", Rate, "{req}/s", "nginx_http_requests_total"),
            Level("nginx-connections", "NGINX active connections", Saturation, "{connection}", Both, "nginx_connections_active"),
            new(
                "nginx-dropped",
                "NGINX dropped connections",
                Errors,
                "{connection}/s",
                Up,
                ["nginx_connections_accepted", "nginx_connections_handled"],
                $"clamp_min(sum by ({Instance}) (rate(nginx_connections_accepted[$window]) - rate(nginx_connections_handled[$window])), 0)"
            ),
            PerSecond("nginx-vts-requests", "NGINX host requests", Rate, "{req}/s", "nginx_vts_server_requests_total", VtsHost, VtsClasses),
            ShareOf(
                "nginx-vts-errors",
                "NGINX host errors (5xx)",
                "nginx_vts_server_requests_total",
                ServerFault,
                VtsHost,
                Errors,
                VtsClasses
            ),
            Quantile(
                "nginx-vts-latency",
                "NGINX host latency P95",
                "nginx_vts_server_request_duration_seconds",
                VtsHost,
                where: "host!=\"*\""
            ),
            Level(
                "nginx-vts-connections",
                "NGINX active connections",
                Saturation,
                "{connection}",
                Both,
                "nginx_vts_main_connections",
                where: "status=\"active\""
            ),
            PerSecond(
                "nginx-vts-upstream-requests",
                "NGINX upstream requests",
                Rate,
                "{req}/s",
                "nginx_vts_upstream_requests_total",
                $"{Instance}, upstream",
                "code=~\"[1-5]xx\""
            ),
            ShareOf(
                "nginx-vts-upstream-errors",
                "NGINX upstream errors (5xx)",
                "nginx_vts_upstream_requests_total",
                ServerFault,
                $"{Instance}, upstream",
                Errors,
                "code=~\"[1-5]xx\""
            ),
        ];

    private static IEnumerable<WatchTemplate> Node() =>
        [
            PerSecond(
                "node-network-errors-out",
                "Network send errors",
                Errors,
                "{error}/s",
                "node_network_transmit_errs_total",
                "job, instance, device"
            ),
            PerSecond(
                "node-network-errors-in",
                "Network receive errors",
                Errors,
                "{error}/s",
                "node_network_receive_errs_total",
                "job, instance, device"
            ),
            Level(
                "node-units-failed",
                "Failed systemd units",
                Errors,
                "{unit}",
                Up,
                "node_systemd_unit_state",
                "job, instance",
                where: "state=\"failed\""
            ),
        ];

    private static IEnumerable<WatchTemplate> OpenTelemetryCollector()
    {
        // With and without the ending that newer versions add.
        foreach (var (key, ending) in new[] { ("otelcol", ""), ("otelcol-total", "_total") })
        {
            yield return PerSecond($"{key}-spans", "Spans accepted", Rate, "{span}/s", $"otelcol_receiver_accepted_spans{ending}");
            yield return PerSecond($"{key}-refused", "Spans refused", Errors, "{span}/s", $"otelcol_receiver_refused_spans{ending}");
            yield return PerSecond(
                $"{key}-failed",
                "Spans that were not sent",
                Errors,
                "{span}/s",
                $"otelcol_exporter_send_failed_spans{ending}"
            );
        }
        yield return Full(
            "otelcol-queue",
            "Export queue in use",
            "otelcol_exporter_queue_size",
            "otelcol_exporter_queue_capacity",
            $"{Service}, exporter"
        );
    }

    private static IEnumerable<WatchTemplate> PgBouncer() =>
        [
            Answers("pgbouncer-up", "PgBouncer answers", "pgbouncer_up"),
            PerSecond("pgbouncer-queries", "PgBouncer queries", Rate, "{query}/s", "pgbouncer_stats_queries_pooled_total"),
            Mean(
                "pgbouncer-duration",
                "PgBouncer query duration",
                "pgbouncer_stats_queries_duration_seconds_total",
                "pgbouncer_stats_queries_pooled_total",
                "s"
            ),
            PerSecond("pgbouncer-wait", "PgBouncer time clients wait", Saturation, "1", "pgbouncer_stats_client_wait_seconds_total"),
            PerSecond("pgbouncer-requests", "PgBouncer requests", Rate, "{req}/s", "pgbouncer_requests_total"),
            Mean(
                "pgbouncer-query-time",
                "PgBouncer mean query duration",
                "pgbouncer_query_microseconds_total",
                "pgbouncer_requests_total",
                "s",
                perUnit: 1_000_000
            ),
            Level("pgbouncer-waiting-clients", "PgBouncer clients waiting", Saturation, "{client}", Up, "pgbouncer_waiting_clients"),
            Level("pgbouncer-active-clients", "PgBouncer active clients", Saturation, "{client}", Both, "pgbouncer_active_clients"),
            Level(
                "pgbouncer-waiting",
                "PgBouncer clients waiting",
                Saturation,
                "{connection}",
                Up,
                "pgbouncer_pools_client_waiting_connections",
                $"{Instance}, database"
            ),
            Full(
                "pgbouncer-connections",
                "PgBouncer connections in use",
                "pgbouncer_databases_current_connections",
                "pgbouncer_databases_pool_size",
                $"{Instance}, name"
            ),
        ];

    private static IEnumerable<WatchTemplate> Postgres() =>
        [
            PerSecond("postgres-deadlocks", "PostgreSQL deadlocks", Errors, "{deadlock}/s", "pg_stat_database_deadlocks"),
            PerSecond("postgres-conflicts", "PostgreSQL conflicts", Errors, "{query}/s", "pg_stat_database_conflicts"),
            Level("postgres-replication", "PostgreSQL replication lag", Saturation, "s", Up, "pg_replication_lag_seconds", Instance, "max"),
        ];

    private static IEnumerable<WatchTemplate> Processes() =>
        [
            PerSecond(
                "process-group-cpu",
                "CPU of the process group",
                Saturation,
                "{cpu}",
                "namedprocess_namegroup_cpu_seconds_total",
                $"{Instance}, groupname"
            ),
            Level(
                "process-group-memory",
                "Memory of the process group",
                Saturation,
                "By",
                Up,
                "namedprocess_namegroup_memory_bytes",
                $"{Instance}, groupname",
                where: "memtype=\"resident\""
            ),
            Level(
                "process-group-files",
                "File descriptors in use of the process group",
                Saturation,
                "1",
                Up,
                "namedprocess_namegroup_worst_fd_ratio",
                $"{Instance}, groupname",
                "max"
            ) with
            {
                Limit = 1,
            },
            Level(
                "process-group-count",
                "Processes of the group",
                Availability,
                "{process}",
                Down,
                "namedprocess_namegroup_num_procs",
                $"{Instance}, groupname"
            ),
            PerSecond(
                "process-group-read",
                "Disk read of the process group",
                Traffic,
                "By/s",
                "namedprocess_namegroup_read_bytes_total",
                $"{Instance}, groupname"
            ),
            PerSecond(
                "process-group-written",
                "Disk written of the process group",
                Traffic,
                "By/s",
                "namedprocess_namegroup_write_bytes_total",
                $"{Instance}, groupname"
            ),
        ];

    private static IEnumerable<WatchTemplate> RabbitMq() =>
        [
            PerSecond("rabbitmq-messages", "RabbitMQ messages received", Rate, "{message}/s", "rabbitmq_global_messages_received_total"),
            PerSecond(
                "rabbitmq-unroutable",
                "RabbitMQ messages dropped as unroutable",
                Errors,
                "{message}/s",
                "rabbitmq_global_messages_unroutable_dropped_total"
            ),
            PerSecond(
                "rabbitmq-redelivered",
                "RabbitMQ messages redelivered",
                Errors,
                "{message}/s",
                "rabbitmq_global_messages_redelivered_total"
            ),
            Level("rabbitmq-ready", "RabbitMQ messages ready", Saturation, "{message}", Up, "rabbitmq_queue_messages_ready"),
            Level("rabbitmq-unacked", "RabbitMQ messages unacknowledged", Saturation, "{message}", Up, "rabbitmq_queue_messages_unacked"),
            Full(
                "rabbitmq-memory",
                "RabbitMQ memory in use",
                "rabbitmq_process_resident_memory_bytes",
                "rabbitmq_resident_memory_limit_bytes"
            ),
            Full("rabbitmq-files", "RabbitMQ file descriptors in use", "rabbitmq_process_open_fds", "rabbitmq_process_max_fds"),
            Level(
                "rabbitmq-disk",
                "RabbitMQ disk space free",
                Saturation,
                "By",
                Down,
                "rabbitmq_disk_space_available_bytes",
                Instance,
                "min"
            ),
            Level(
                "rabbitmq-queue",
                "RabbitMQ messages ready by queue",
                Saturation,
                "{message}",
                Up,
                "rabbitmq_detailed_queue_messages_ready",
                $"{Service}, vhost, queue"
            ),
        ];

    private static IEnumerable<WatchTemplate> Redis() =>
        [
            Mean("redis-duration", "Redis mean command duration", "redis_commands_duration_seconds_total", "redis_commands_total", "s"),
            PerSecond("redis-rejected", "Redis connections rejected", Errors, "{connection}/s", "redis_rejected_connections_total"),
            PerSecond("redis-failed-calls", "Redis commands failed", Errors, "{command}/s", "redis_commands_failed_calls_total"),
            PerSecond("redis-errors", "Redis error replies", Errors, "{error}/s", "redis_errors_total"),
            PerSecond("redis-rejected-calls", "Redis commands rejected", Errors, "{command}/s", "redis_commands_rejected_calls_total"),
            PerSecond("redis-evictions", "Redis evictions", Saturation, "{key}/s", "redis_evicted_keys_total"),
            Full("redis-clients-share", "Redis connections in use", "redis_connected_clients", "redis_config_maxclients"),
        ];

    private static IEnumerable<WatchTemplate> Runtimes() =>
        [
            Level("go-goroutines", "Goroutines", Saturation, "{goroutine}", Up, "go_goroutines", Service),
            Level("node-event-loop", "Node.js event loop lag", Saturation, "s", Up, "nodejs_eventloop_lag_p99_seconds", Service, "max"),
            Level("node-heap", "Node.js heap in use", Saturation, "By", Up, "nodejs_heap_size_used_bytes", Service),
            Level(
                "kestrel-connections",
                "Kestrel active connections",
                Saturation,
                "{connection}",
                Both,
                "kestrel_active_connections",
                Service
            ),
            Level("process-memory-otel", "Memory of the process", Saturation, "By", Up, "process_memory_usage_bytes", Service),
            Level("kestrel-queued", "Kestrel queued connections", Saturation, "{connection}", Up, "kestrel_queued_connections", Service),
        ];

    private static IEnumerable<WatchTemplate> SpanMetrics()
    {
        foreach (
            var (key, calls, duration, perUnit) in new[]
            {
                ("span", "traces_span_metrics_calls_total", "traces_span_metrics_duration_milliseconds", 1000),
                ("span-seconds", "traces_span_metrics_calls_total", "traces_span_metrics_duration_seconds", 1),
                ("span-plain", "calls_total", "duration_milliseconds", 1000),
                ("span-plain-seconds", "calls_total", "duration_seconds", 1),
                ("span-tempo", "traces_spanmetrics_calls_total", "traces_spanmetrics_latency", 1),
            }
        )
        {
            if (!key.EndsWith("-seconds", StringComparison.Ordinal))
            {
                yield return PerSecond($"{key}-requests", "Requests from traces", Rate, "{req}/s", calls, Service, SpanServer);
                yield return ShareOf(
                    $"{key}-errors",
                    "Errors from traces",
                    calls,
                    "status_code=\"STATUS_CODE_ERROR\"",
                    Service,
                    Errors,
                    SpanServer
                );
            }
            yield return Quantile($"{key}-latency", "Latency from traces P95", duration, Service, perUnit, SpanServer);
        }
    }

    private static IEnumerable<WatchTemplate> Squid() =>
        [
            Answers("squid-up", "Squid answers", "squid_up"),
            PerSecond("squid-requests", "Squid requests", Rate, "{req}/s", "squid_client_http_requests_total"),
            Part(
                "squid-errors",
                "Squid errors",
                Errors,
                Up,
                "squid_client_http_errors_total",
                "squid_client_http_requests_total",
                Instance,
                isRate: true
            ),
            Part(
                "squid-hits",
                "Squid hit ratio",
                Quality,
                Down,
                "squid_client_http_hits_total",
                "squid_client_http_requests_total",
                Instance,
                isRate: true
            ),
            Full("squid-files", "Squid file descriptors in use", "squid_process_open_fds", "squid_process_max_fds"),
            Level("squid-duration", "Squid median service time", Duration, "s", Up, "squid_HTTP_Requests_All_50", Instance, "max"),
            PerSecond("squid-server-errors", "Squid errors of origin servers", Errors, "{req}/s", "squid_server_all_errors_total"),
        ];

    private static IEnumerable<WatchTemplate> Traefik()
    {
        foreach (var (side, by) in new[] { ("entrypoint", "entrypoint"), ("service", "exported_service") })
        {
            var group = $"{Service}, {by}";
            yield return PerSecond(
                $"traefik-{side}-requests",
                $"Traefik {side} requests",
                Rate,
                "{req}/s",
                $"traefik_{side}_requests_total",
                group
            );
            yield return ShareOf(
                $"traefik-{side}-errors",
                $"Traefik {side} errors (5xx)",
                $"traefik_{side}_requests_total",
                ServerFault,
                group,
                Errors
            );
            yield return Quantile(
                $"traefik-{side}-latency",
                $"Traefik {side} latency P95",
                $"traefik_{side}_request_duration_seconds",
                group
            );
        }
        yield return Level(
            "traefik-connections",
            "Traefik open connections",
            Saturation,
            "{connection}",
            Both,
            "traefik_open_connections",
            $"{Service}, entrypoint"
        );
        yield return Level(
            "traefik-servers",
            "Traefik servers up",
            Availability,
            "{server}",
            Down,
            "traefik_service_server_up",
            $"{Service}, exported_service"
        );
    }

    private static IEnumerable<WatchTemplate> Varnish() =>
        [
            Answers("varnish-up", "Varnish answers", "varnish_up"),
            PerSecond("varnish-requests", "Varnish requests", Rate, "{req}/s", "varnish_main_client_req"),
            Part(
                "varnish-hits",
                "Varnish hit ratio",
                Quality,
                Down,
                "varnish_main_cache_hit",
                "varnish_main_client_req",
                Instance,
                isRate: true
            ),
            PerSecond("varnish-backend-fail", "Varnish backend failures", Errors, "{req}/s", "varnish_main_backend_fail"),
            PerSecond("varnish-dropped", "Varnish sessions dropped", Errors, "{connection}/s", "varnish_main_sess_dropped"),
            new(
                "varnish-storage",
                "Varnish storage in use",
                Saturation,
                "%",
                Both,
                ["varnish_sma_g_bytes", "varnish_sma_g_space"],
                // A cache that is full does what it is for, so this is no limit to be reached.
                $"100 * sum by ({Instance}, type) (varnish_sma_g_bytes)"
                    + $" / (sum by ({Instance}, type) (varnish_sma_g_bytes) + sum by ({Instance}, type) (varnish_sma_g_space) > 0)"
            ),
            Level("varnish-threads", "Varnish threads", Saturation, "{thread}", Up, "varnish_main_threads"),
            Level("varnish-queue", "Varnish sessions queued", Saturation, "{connection}", Up, "varnish_main_thread_queue_len"),
        ];

    private const string Container = "job, service, namespace, pod, container, name";
    private const string EnvoyCluster = $"{Instance}, envoy_cluster_name";
    private const string EnvoyListener = $"{Instance}, envoy_http_conn_manager_prefix";
    private const string IstioServer = "reporter=\"destination\"";
    private const string IstioService =
        "job, destination_service_name, destination_app, destination_workload, destination_workload_namespace";
    private const string ElasticsearchNode = $"{Instance}, cluster, name";

    // The exporter of older versions has a label for each side.
    private const string Proxy = $"{Service}, proxy, frontend, backend";
    private const string SpanServer = "span_kind=~\"SPAN_KIND_SERVER|SPAN_KIND_CONSUMER\"";
    private const string VtsClasses = "host!=\"*\",code=~\"[1-5]xx\"";
    private const string VtsHost = $"{Instance}, host";
}
