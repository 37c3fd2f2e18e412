using System.Text.RegularExpressions;
using Archon.Features.Watches.Discovery;
using Xunit;

namespace Archon.Tests.Features.Watches;

public sealed partial class WatchTemplatesTests
{
    [Fact]
    public void Every_template_has_a_key_of_its_own() =>
        Assert.Equal(WatchTemplates.Every.Count, WatchTemplates.Every.Select(template => template.Key).Distinct().Count());

    [Fact]
    public void Every_template_asks_only_for_metrics_it_requires() =>
        Assert.All(
            WatchTemplates.Every,
            template =>
                Assert.All(
                    template.Requires,
                    metric => Assert.Contains(metric, template.Pattern + template.VolumePattern, StringComparison.Ordinal)
                )
        );

    [Fact]
    public void A_classic_histogram_is_read_by_its_buckets()
    {
        var chosen = Keys(
            "http_request_duration_seconds_bucket",
            "http_request_duration_seconds_count",
            "http_request_duration_seconds_sum"
        );

        Assert.Contains("http-client-library-p95", chosen);
        Assert.DoesNotContain("http-client-library-native-p95", chosen);
    }

    [Fact]
    public void A_native_histogram_is_read_whole_and_only_after_a_probe()
    {
        var chosen = WatchTemplates.For(new HashSet<string> { "http_server_request_duration_seconds" });

        Assert.Contains(chosen, template => template.Key == "http-otel-native-p95");
        Assert.DoesNotContain(chosen, template => template.Key == "http-otel-p95");
        Assert.All(chosen, template => Assert.NotNull(template.Probe));
    }

    [Theory]
    [InlineData("node_cpu_seconds_total", "node-cpu")]
    [InlineData("container_memory_working_set_bytes", "container-memory")]
    [InlineData("node_disk_read_bytes_total", "node-disk-read")]
    [InlineData("node_disk_written_bytes_total", "node-disk-written")]
    [InlineData("container_fs_reads_bytes_total", "container-disk-read")]
    [InlineData("mysql_global_status_queries", "mysql-queries")]
    [InlineData("kafka_consumergroup_lag", "kafka-lag")]
    [InlineData("istio_requests_total", "istio-errors")]
    [InlineData("pg_up", "postgres-up")]
    [InlineData("redis_connected_clients", "redis-clients")]
    [InlineData("probe_success", "probe-success")]
    [InlineData("dotnet_gc_pause_time_seconds_total", "dotnet-gc-pause")]
    [InlineData("dotnet_thread_pool_queue_length_total", "dotnet-thread-pool-queue-otel")]
    [InlineData("signalr_server_active_connections", "dotnet-signalr")]
    [InlineData("archon_rag_queries_total", "rag-rate")]
    [InlineData("archon_onex_compliance_score", "onex-compliance")]
    [InlineData("archon_websocket_connections", "websocket-connections")]
    [InlineData("archon_background_tasks_pending", "background-tasks-pending")]
    public void The_metric_chooses_its_template(string metric, string key) => Assert.Contains(key, Keys(metric));

    [Fact]
    public void A_share_or_latency_of_requests_says_how_many_are_behind_it() =>
        Assert.All(
            WatchTemplates.All.Where(template =>
                template.Key.StartsWith("http-", StringComparison.Ordinal) && !template.Key.EndsWith("-rate", StringComparison.Ordinal)
            ),
            template => Assert.Contains("increase(", template.VolumePattern, StringComparison.Ordinal)
        );

    [Fact]
    public void What_can_fill_up_has_a_limit()
    {
        string[] filling =
        [
            "process-files",
            "node-memory",
            "node-disk-free",
            "node-inodes-free",
            "node-files",
            "container-memory-share",
            "postgres-connections",
            "redis-memory-share",
            "archon-db-pool-in-use",
            "probe-certificate",
            "quota",
        ];

        Assert.All(filling, key => Assert.NotNull(WatchTemplates.All.Single(template => template.Key == key).Limit));
    }

    [Fact]
    public void The_window_is_written_in_seconds() =>
        Assert.All(WatchTemplates.Every, template => Assert.DoesNotMatch(Placeholder(), template.Query(TimeSpan.FromMinutes(2))));

    private static List<string> Keys(params string[] metrics) =>
        [.. WatchTemplates.For(metrics.ToHashSet(StringComparer.Ordinal)).Select(template => template.Key)];

    [GeneratedRegex(@"\$")]
    private static partial Regex Placeholder();
}
