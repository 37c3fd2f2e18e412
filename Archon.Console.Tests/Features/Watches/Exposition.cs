using System.Globalization;
using System.Text;

namespace Archon.Tests.Features.Watches;

/// <summary>A page of metrics as the programs expose them that an estate is made of; counters grow with the time.</summary>
internal static class Exposition
{
    private static readonly DateTimeOffset Began = DateTimeOffset.UtcNow;

    private static readonly string[] Gauges =
    [
        "archon_websocket_connections",
        "archon_websocket_connections_active",
        "archon_background_tasks{state=\"pending\"}",
        "archon_background_tasks{state=\"active\"}",
        "archon_background_tasks_pending",
        "archon_background_tasks_active",
        "archon_db_pool_connections_in_use",
        "archon_db_pool_connections_max",
        "archon_db_pool_in_use",
        "archon_db_pool_size",
        "archon_db_connections_active",
        "archon_db_connections_max",
        "archon_onex_compliance_score",
        "archon_onex_compliance_ratio",
        "archon_quality_score",
        "process_resident_memory_bytes",
        "process_virtual_memory_bytes",
        "process_open_fds",
        "process_max_fds",
        // prometheus-net, and OpenTelemetry's names
        "dotnet_total_memory_bytes",
        "dotnet_thread_pool_queue_length",
        "dotnet_thread_pool_queue_length_total",
        "dotnet_process_memory_working_set_bytes",
        "dotnet_gc_last_collection_heap_size_bytes{gc_heap_generation=\"gen0\"}",
        "signalr_server_active_connections{signalr_connection_status=\"normal_closure\"}",
        "db_client_connection_count{db_client_connection_state=\"used\"}",
        "db_client_connection_count{db_client_connection_state=\"idle\"}",
        "db_client_connection_max",
        "node_memory_MemAvailable_bytes",
        "node_memory_MemTotal_bytes",
        "node_load1",
        "node_netstat_Tcp_CurrEstab",
        "node_filesystem_avail_bytes{device=\"/dev/sda1\",fstype=\"ext4\",mountpoint=\"/\"}",
        "node_filesystem_size_bytes{device=\"/dev/sda1\",fstype=\"ext4\",mountpoint=\"/\"}",
        "container_memory_working_set_bytes{name=\"web\",image=\"web:1\",id=\"/docker/1\"}",
        "pg_up",
        "pg_stat_activity_count{datname=\"a\",state=\"active\"}",
        "pg_settings_max_connections",
        "pg_stat_activity_max_tx_duration{datname=\"a\",state=\"active\"}",
        "redis_up",
        "redis_connected_clients",
        "redis_memory_used_bytes",
        "redis_memory_max_bytes",
        "probe_success",
        "probe_duration_seconds",
        "probe_ssl_earliest_cert_expiry",
        "node_filefd_allocated",
        "node_filefd_maximum",
        "node_filesystem_files_free{device=\"/dev/sda1\",fstype=\"ext4\",mountpoint=\"/\"}",
        "node_filesystem_files{device=\"/dev/sda1\",fstype=\"ext4\",mountpoint=\"/\"}",
        "container_spec_memory_limit_bytes{name=\"web\",image=\"web:1\",id=\"/docker/1\"}",
        "kube_resourcequota{resourcequota=\"team\",resource=\"pods\",type=\"used\"}",
        "kube_resourcequota{resourcequota=\"team\",resource=\"pods\",type=\"hard\"}",
    ];

    private static readonly string[] Counters =
    [
        // The Python client's middleware, FastAPI's instrumentator with its grouped statuses, and the brief's own names
        "http_requests_total{code=\"200\",method=\"get\"}",
        "http_requests_total{code=\"500\",method=\"get\"}",
        "http_requests_total{code=\"404\",method=\"get\"}",
        "http_requests_total{status=\"2xx\",handler=\"/api\"}",
        "http_requests_total{status=\"5xx\",handler=\"/api\"}",
        "http_requests_total{status=\"4xx\",handler=\"/api\"}",
        "archon_http_requests_total{status_code=\"200\"}",
        "archon_http_requests_total{status_code=\"503\"}",
        "archon_http_requests_total{status_code=\"404\"}",
        "archon_rag_queries_total{status=\"success\"}",
        "archon_rag_queries_total{status=\"failed\"}",
        "rag_queries_total{outcome=\"ok\"}",
        "archon_intelligence_analyses_total",
        "archon_intelligence_analysis_total",
        "archon_cache_hits_total",
        "archon_cache_misses_total",
        "archon_cache_requests_total{result=\"hit\"}",
        "archon_cache_requests_total{result=\"miss\"}",
        "process_cpu_seconds_total",
        "dotnet_gc_pause_time_seconds_total",
        "dotnet_exceptions_total{error_type=\"X\"}",
        "dotnet_process_cpu_time_seconds_total{cpu_mode=\"user\"}",
        "node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"}",
        "node_cpu_seconds_total{cpu=\"0\",mode=\"user\"}",
        "node_disk_io_time_seconds_total{device=\"sda\"}",
        "node_disk_read_bytes_total{device=\"sda\"}",
        "node_disk_written_bytes_total{device=\"sda\"}",
        "node_network_receive_bytes_total{device=\"eth0\"}",
        "node_network_transmit_bytes_total{device=\"eth0\"}",
        "container_cpu_usage_seconds_total{name=\"web\",image=\"web:1\",cpu=\"total\"}",
        "container_cpu_cfs_throttled_periods_total{name=\"web\",image=\"web:1\"}",
        "container_cpu_cfs_periods_total{name=\"web\",image=\"web:1\"}",
        "pg_stat_database_xact_commit{datname=\"a\"}",
        "pg_stat_database_xact_rollback{datname=\"a\"}",
        "pg_stat_database_blks_hit{datname=\"a\"}",
        "pg_stat_database_blks_read{datname=\"a\"}",
        "redis_commands_processed_total",
        "redis_keyspace_hits_total",
        "redis_keyspace_misses_total",
    ];

    private static readonly (string Name, string[] Labels)[] Histograms =
    [
        ("http_request_duration_seconds", [""]),
        ("http_request_duration_highr_seconds", [""]),
        ("archon_http_request_duration_seconds", [""]),
        (
            "http_server_request_duration_seconds",
            ["http_response_status_code=\"200\"", "http_response_status_code=\"500\"", "http_response_status_code=\"404\""]
        ),
        ("http_server_duration_milliseconds", ["http_status_code=\"200\"", "http_status_code=\"500\"", "http_status_code=\"404\""]),
        ("archon_rag_query_duration_seconds", [""]),
        ("rag_query_duration_seconds", [""]),
        ("archon_intelligence_analysis_duration_seconds", [""]),
    ];

    public static string AllFamilies()
    {
        var seconds = (DateTimeOffset.UtcNow - Began).TotalSeconds;
        var text = new StringBuilder();
        foreach (var series in Gauges)
            text.Append(CultureInfo.InvariantCulture, $"{series} 1\n");
        foreach (var series in Counters)
            text.Append(CultureInfo.InvariantCulture, $"{series} {5 * seconds:0.###}\n");
        foreach (var (name, labels) in Histograms)
        {
            foreach (var label in labels)
            {
                var more = label.Length > 0 ? label + "," : "";
                foreach (var bound in (string[])["0.1", "0.5", "+Inf"])
                    text.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{{more}le=\"{bound}\"}} {5 * seconds:0.###}\n");
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"{name}_sum{{{label}}} {0.25 * seconds:0.###}\n{name}_count{{{label}}} {5 * seconds:0.###}\n"
                );
            }
        }
        return text.ToString();
    }
}
