using Archon.Analysis.Promql;
using Archon.Data.Catalogue;
using Archon.Features.Watches.Discovery;
using Archon.Integrations.Prometheus;
using Xunit;

namespace Archon.Tests.Features.Watches.Discovery;

public sealed class MetricDiscoveryTests
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private const string Shop = """
        # TYPE shop_http_requests_total counter
        shop_http_requests_total{code="200"} 5
        shop_http_requests_total{code="503"} 1
        # TYPE shop_http_request_duration_seconds histogram
        shop_http_request_duration_seconds_bucket{le="0.1"} 5
        shop_http_request_duration_seconds_bucket{le="+Inf"} 6
        shop_http_request_duration_seconds_sum 1
        shop_http_request_duration_seconds_count 6
        """;

    [Fact]
    public void Requests_errors_and_latency_are_found_by_shape_with_one_watch_for_all_services()
    {
        var found = Find([.. Enumerable.Range(0, 10).Select(i => ($"job=shop-{i},instance=a:{i}", Shop))]);

        Assert.Equal(10, found.Services.Count);
        Assert.Equal(
            "sum by (job, service, namespace) (rate(shop_http_requests_total[60s]))",
            Query(found, "rate/shop_http_requests_total")
        );
        Assert.Equal(
            "(sum by (job, service, namespace) (rate(shop_http_requests_total{code=~\"5..\"}[60s]))"
                + " or sum by (job, service, namespace) (rate(shop_http_requests_total[60s])) * 0)"
                + " / (sum by (job, service, namespace) (rate(shop_http_requests_total[60s])) > 0)",
            Query(found, "errors/shop_http_requests_total")
        );
        Assert.Equal(
            "histogram_quantile(0.95, sum by (le, job, service, namespace) (rate(shop_http_request_duration_seconds_bucket[60s])))",
            Query(found, "p95/shop_http_request_duration_seconds")
        );
        Assert.Equal("Shop HTTP latency P95", Watch(found, "p95/shop_http_request_duration_seconds").Name);
        Assert.Equal(["errors", "latency", "traffic"], Golden(found, "shop-7"));
    }

    [Fact]
    public void Micrometer_is_read_by_its_histogram_or_else_by_its_sum_and_count()
    {
        const string series = "http_server_requests_seconds";
        var histogram = Find(
            (
                "job=orders",
                $$"""
                # TYPE {{series}} histogram
                {{series}}_bucket{outcome="SUCCESS",status="200",uri="/orders/{id}",le="0.1"} 1
                {{series}}_sum{outcome="SUCCESS",status="200",uri="/orders/{id}"} 1
                {{series}}_count{outcome="SUCCESS",status="200",uri="/orders/{id}"} 1
                {{series}}_count{outcome="SERVER_ERROR",status="500",uri="/orders"} 1
                jvm_threads_live_threads 5
                """
            )
        );
        var summary = Find(
            (
                "job=orders",
                $$"""
                # TYPE {{series}} summary
                {{series}}_sum{outcome="SUCCESS",status="200",uri="/orders/{id}"} 1
                {{series}}_count{outcome="SUCCESS",status="200",uri="/orders/{id}"} 1
                """
            )
        );

        Assert.Equal("Spring Boot", Assert.Single(histogram.Services).Kind);
        Assert.Contains("{status=~\"5..\"}", Query(histogram, $"errors/{series}"), StringComparison.Ordinal);
        Assert.Contains($"{series}_bucket", Query(histogram, $"p99/{series}"), StringComparison.Ordinal);
        Assert.Contains("by (le, job, service, namespace, uri)", Query(histogram, $"p95-by-endpoint/{series}"), StringComparison.Ordinal);
        Assert.Equal(
            $"sum by (job, service, namespace) (rate({series}_sum[60s]))"
                + $" / (sum by (job, service, namespace) (rate({series}_count[60s])) > 0)",
            Query(summary, $"mean/{series}")
        );
    }

    [Fact]
    public void Names_of_OpenTelemetry_are_quoted()
    {
        var found = Find(
            (
                "job=orders",
                """
                # TYPE "http.server.request.duration" histogram
                {"http.server.request.duration_bucket","http.response.status_code"="200","http.route"="/a",le="1"} 1
                {"http.server.request.duration_sum","http.response.status_code"="200","http.route"="/a"} 1
                {"http.server.request.duration_count","http.response.status_code"="200","http.route"="/a"} 1
                {"http.server.request.duration_count","http.response.status_code"="500","http.route"="/b"} 1
                {"dotnet.exceptions_total","error.type"="X"} 1
                {"kestrel.active_connections"} 1
                """
            )
        );

        Assert.Equal(
            "histogram_quantile(0.95, sum by (le, job, service, namespace) (rate({\"http.server.request.duration_bucket\"}[60s])))",
            Query(found, "p95/http.server.request.duration")
        );
        Assert.Contains(
            "rate({\"http.server.request.duration_count\",\"http.response.status_code\"=~\"5..\"}[60s])",
            Query(found, "errors/http.server.request.duration"),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "by (job, service, namespace, \"http.route\")",
            Query(found, "rate-by-endpoint/http.server.request.duration"),
            StringComparison.Ordinal
        );
        Assert.Contains("({\"kestrel.active_connections\"})", Query(found, "kestrel-connections-utf8"), StringComparison.Ordinal);
        Assert.Equal("ASP.NET Core", Assert.Single(found.Services).Kind);
    }

    [Theory]
    [InlineData("http_client_requests_total{code=\"200\"}")]
    [InlineData("rest_client_requests_total{code=\"200\"}")]
    [InlineData("shop_upstream_requests_total{code=\"500\"}")]
    [InlineData("promhttp_metric_handler_requests_total{code=\"200\"}")]
    [InlineData("shop_gc_pause_seconds_count")]
    [InlineData("shop_request_size_bytes_total")]
    [InlineData("job:shop_requests_total:rate5m")]
    public void What_calls_others_and_what_is_no_request_is_no_golden_signal(string series) =>
        Assert.DoesNotContain(Find(("job=shop", $"{series} 1")).Signals, signal => signal.Golden is not null);

    [Fact]
    public void Pods_are_instances_of_one_service()
    {
        var found = Find(
            ("job=shop,namespace=prod,pod=shop-1,instance=10.0.0.1", Shop),
            ("job=shop,namespace=prod,pod=shop-2,instance=10.0.0.2", Shop)
        );

        Assert.Equal("shop", Assert.Single(found.Services).Name);
    }

    [Fact]
    public void A_job_that_scrapes_many_applications_is_a_pool_and_its_watches_keep_them_apart()
    {
        var found = Find(
            ("job=kubernetes-pods,app=cart,pod=cart-1", Shop),
            ("job=kubernetes-pods,app=stock,pod=stock-1", Shop),
            ("job=kubernetes-pods,app=stock,pod=stock-2", Shop)
        );

        Assert.Equal(["cart", "stock"], found.Services.Select(service => service.Name));
        Assert.Equal([("app", "cart")], found.Services[0].Labels.Select(label => (label.Key, label.Value)));
        Assert.Equal(
            "sum by (job, service, namespace, app) (rate(shop_http_requests_total[60s]))",
            Query(found, "rate/shop_http_requests_total")
        );
    }

    [Fact]
    public void A_label_with_one_value_for_each_job_leaves_the_job_as_it_is_known()
    {
        var found = Find(("job=cart-prod,app=cart", Shop), ("job=stock-prod,app=stock", Shop));

        Assert.Equal(["cart-prod", "stock-prod"], found.Services.Select(service => service.Name));
        Assert.DoesNotContain("app", Query(found, "rate/shop_http_requests_total"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_in_two_namespaces_is_two_services()
    {
        var found = Find(("job=shop,namespace=prod", Shop), ("job=shop,namespace=test", Shop));

        Assert.Equal(["prod/shop", "test/shop"], found.Services.Select(service => service.Name));
        Assert.Equal(2, found.Services[0].Labels.Count);
    }

    [Fact]
    public void A_collector_is_a_pool_and_the_services_of_its_traces_are_found()
    {
        var found = Find(
            (
                "job=collector",
                """
                calls_total{service_name="cart",span_kind="SPAN_KIND_SERVER",status_code="STATUS_CODE_UNSET"} 1
                calls_total{service_name="stock",span_kind="SPAN_KIND_SERVER",status_code="STATUS_CODE_ERROR"} 1
                """
            )
        );

        Assert.Equal(["cart", "stock"], found.Services.Select(service => service.Name));
        Assert.Contains("by (job, service, namespace, service_name)", Query(found, "span-plain-requests"), StringComparison.Ordinal);
        Assert.Equal(["errors", "traffic"], Golden(found, "stock"));
    }

    [Theory]
    [InlineData("redis_up 1", "exporter of Redis")]
    [InlineData("mysql_up 1\ngo_info{version=\"1\"} 1", "exporter of MySQL")]
    [InlineData("go_goroutines 9", "Go")]
    [InlineData("python_info 1\nhttp_request_duration_highr_seconds_count 1\nhttp_request_duration_highr_seconds_sum 1", "FastAPI")]
    [InlineData("jvm_memory_used_bytes{area=\"heap\"} 9", "JVM")]
    [InlineData("nodejs_version_info 1", "Node.js")]
    [InlineData("something_else 1", null)]
    public void What_a_service_is_shows_in_its_metrics(string text, string? kind) =>
        Assert.Equal(kind, Assert.Single(Find(("job=x", text)).Services).Kind);

    [Fact]
    public void Programs_that_name_the_status_differently_share_a_watch_and_none_is_counted_twice()
    {
        const string histogram = """
            http_request_duration_seconds_bucket{LABEL="500",le="1"} 1
            http_request_duration_seconds_sum{LABEL="500"} 1
            http_request_duration_seconds_count{LABEL="500"} 1
            """;
        var found = Find(
            ("job=a", histogram.Replace("LABEL", "code", StringComparison.Ordinal)),
            ("job=b", histogram.Replace("LABEL", "status_code", StringComparison.Ordinal)),
            ("job=c", histogram.Replace("LABEL", "code", StringComparison.Ordinal) + "\nhttp_requests_total{code=\"200\"} 1")
        );

        var errors = Query(found, "errors/http_request_duration_seconds");
        Assert.Contains("{status_code=~\"5..\"}", errors, StringComparison.Ordinal);
        Assert.Contains("{code=~\"5..\"}", errors, StringComparison.Ordinal);
        Assert.EndsWith(
            " unless on (job, service, namespace) count by (job, service, namespace) (http_requests_total)",
            Query(found, "rate/http_request_duration_seconds"),
            StringComparison.Ordinal
        );
        Assert.Single(found.Signals, signal => signal is { Service: "c", Signal: WatchSignal.Rate });
        Assert.Single(found.Signals, signal => signal is { Service: "a", Signal: WatchSignal.Rate });
    }

    [Fact]
    public void A_label_of_raw_paths_names_no_endpoint()
    {
        static string Requests(int paths) =>
            string.Join('\n', Enumerable.Range(0, paths).Select(i => $"shop_http_requests_total{{code=\"200\",path=\"/{i}\"}} 1"));

        Assert.Contains(Find(("job=shop", Requests(20))).Watches, watch => watch.Key == "rate-by-endpoint/shop_http_requests_total");
        Assert.DoesNotContain(
            Find(("job=shop", Requests(2000))).Watches,
            watch => watch.Key.Contains("by-endpoint", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void A_native_histogram_is_read_whole_and_only_after_a_probe()
    {
        var found = Find(("job=shop", "# TYPE shop_request_duration_seconds histogram\nshop_request_duration_seconds 1"));

        var watch = Watch(found, "p95/shop_request_duration_seconds");
        Assert.Equal("count(histogram_count(shop_request_duration_seconds))", watch.Probe);
        Assert.StartsWith(
            "histogram_quantile(0.95, sum by (job, service, namespace)",
            watch.Pattern.Replace("$service", "job, service, namespace", StringComparison.Ordinal),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Milliseconds_become_seconds_by_the_name_or_by_the_unit()
    {
        const string series = "_bucket{le=\"1\"} 1\nX_sum 1\nX_count 1";
        var byName = Find(
            ("job=a", "shop_request_milliseconds" + series.Replace("X", "shop_request_milliseconds", StringComparison.Ordinal))
        );
        var byUnit = Find(
            (
                "job=a",
                "# TYPE shop_request_latency histogram\n# UNIT shop_request_latency milliseconds\nshop_request_latency"
                    + series.Replace("X", "shop_request_latency", StringComparison.Ordinal)
            )
        );

        Assert.EndsWith(" / 1000", Query(byName, "p95/shop_request_milliseconds"), StringComparison.Ordinal);
        Assert.EndsWith(" / 1000", Query(byUnit, "p95/shop_request_latency"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a\"b_requests_total")]
    [InlineData("a}b) or vector(1) or (c_requests_total")]
    [InlineData("a\\b\nc_requests_total")]
    [InlineData("$window $service_requests_total")]
    [InlineData("réseau_requests_total")]
    public void A_name_is_never_more_than_a_name(string name)
    {
        var catalogue = new MetricCatalogue(
            new HashSet<string> { name },
            new Dictionary<string, MetricMetadata>(),
            [new Dictionary<string, string> { ["job"] = "x" }],
            [new MetricCarrier(name, new Dictionary<string, string> { ["job"] = "x" })],
            new Dictionary<string, MetricLabels> { [name] = MetricLabels.None }
        );

        foreach (var watch in MetricDiscovery.Find(catalogue).Watches)
        {
            var read = PromqlParser.Parse(watch.Query(Window), out var error);
            Assert.Null(error);
            Assert.All(
                read!.All().Select(node => node is PromqlRange range ? range.Selector : node).OfType<PromqlSelector>(),
                selector => Assert.Equal(name, selector.OneMetric)
            );
        }
    }

    [Fact]
    public void Keys_are_short_and_stay_the_same()
    {
        var name = $"{new string('x', 100)}_requests_total";
        var first = Find(("job=a", $"{name} 1")).Watches.Select(watch => watch.Key).ToList();
        var second = Find(("job=a", $"{name} 1"), ("job=b", Shop)).Watches.Select(watch => watch.Key).ToList();

        Assert.All(second, key => Assert.InRange(key.Length, 1, 64));
        Assert.Subset(second.ToHashSet(), first.ToHashSet());
        Assert.Equal(second.Count, second.Distinct().Count());
    }

    [Fact]
    public void What_templates_watched_before_keeps_its_watch_and_its_query()
    {
        var found = Find(
            ("job=shop,service=cart", "http_requests_total{code=\"200\"} 1\nhttp_requests_total{code=\"500\"} 1\nnode_load1 1")
        );

        Assert.Equal("sum by (job, service, namespace) (rate(http_requests_total[60s]))", Query(found, "http-client-library-rate"));
        Assert.DoesNotContain(found.Watches, watch => watch.Key.StartsWith("rate/", StringComparison.Ordinal));
    }

    [Fact]
    public void A_program_whose_name_is_also_that_of_an_exporter_is_found()
    {
        var found = Find(("job=api", "node_api_requests_total{code=\"200\"} 1"), ("job=node", "node_cpu_seconds_total{mode=\"idle\"} 1"));

        Assert.Equal(
            ["traffic", "errors"],
            found.Signals.Where(signal => signal.Service == "api").Select(signal => signal.Golden).OfType<string>().Distinct()
        );
    }

    [Fact]
    public void Errors_that_are_counted_apart_are_watched_where_no_status_says_how_requests_end()
    {
        var found = Find(("job=shop", "# TYPE shop_payment_errors_total counter\nshop_payment_errors_total 1"));

        Assert.Equal("{error}/s", Watch(found, "failures/shop_payment_errors_total").Unit);
        Assert.DoesNotContain(
            Find(("job=shop", Shop + "\nshop_http_request_errors_total 1")).Watches,
            watch => watch.Key.StartsWith("failures/", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Queues_and_requests_in_flight_are_saturation()
    {
        var found = Find(
            (
                "job=shop",
                "# TYPE shop_queue_length gauge\nshop_queue_length 1\n# TYPE shop_requests_in_flight gauge\nshop_requests_in_flight 1"
            )
        );

        Assert.Equal(["saturation"], Golden(found, "shop"));
        Assert.Equal("Shop requests in flight", Watch(found, "level/shop_requests_in_flight").Name);
    }

    [Fact]
    public void What_an_exporter_uses_is_not_what_its_program_uses()
    {
        var found = Find(("job=redis", "redis_up 1\nprocess_resident_memory_bytes 5"), ("job=shop", "process_resident_memory_bytes 5"));

        Assert.Equal(
            "(sum by (job, service, namespace) (process_resident_memory_bytes))"
                + " unless on (job, service, namespace) count by (job, service, namespace) (redis_up)",
            Query(found, "process-resident-memory")
        );
        Assert.Equal(["shop"], found.Signals.Where(signal => signal.Golden == "saturation").Select(signal => signal.Service));
    }

    [Fact]
    public void How_full_something_is_shows_against_its_limit_where_there_is_one()
    {
        var found = Find(
            (
                "job=shop",
                "# TYPE workers_busy gauge\nworkers_busy 3\n# TYPE workers_total gauge\nworkers_total 8\nshop_active 1\nshop_total 5"
            ),
            ("job=disk", "# TYPE shop_disk_used_ratio gauge\nshop_disk_used_ratio 0.5\nbind_process_resident_memory_bytes 5")
        );

        Assert.Equal(1, Watch(found, "full/workers_busy").Limit);
        Assert.EndsWith(
            "/ (sum by (job, service, namespace) (workers_total) > 0)",
            Query(found, "full/workers_busy"),
            StringComparison.Ordinal
        );
        Assert.Equal("1", Watch(found, "level/shop_disk_used_ratio").Unit);
        Assert.Equal("By", Watch(found, "process/bind_process_resident_memory_bytes").Unit);
        // A total of no known type is a counter.
        Assert.DoesNotContain(found.Watches, watch => watch.Key == "full/shop_active");
    }

    [Fact]
    public void Labels_with_too_many_values_are_no_groups()
    {
        var catalogue = ExposedCatalogue.Of(("job=edge", "edge_requests_total{code=\"200\"} 1")) with
        {
            Crowded = new Dictionary<string, IReadOnlySet<string>> { ["edge_requests_total"] = new HashSet<string> { "service" } },
        };

        Assert.Equal(
            "sum by (job, namespace) (rate(edge_requests_total[60s]))",
            Query(MetricDiscovery.Find(catalogue), "rate/edge_requests_total")
        );
    }

    [Fact]
    public void Too_many_metrics_do_not_make_too_many_watches()
    {
        var text = string.Join('\n', Enumerable.Range(0, 3000).Select(i => $"m{i}_requests_total{{code=\"200\"}} 1"));

        Assert.InRange(Find(("job=shop", text)).Watches.Count, 100, 300);
    }

    private static DiscoveryResult Find(params (string Labels, string Text)[] targets) =>
        MetricDiscovery.Find(ExposedCatalogue.Of(targets));

    private static WatchTemplate Watch(DiscoveryResult found, string key) => found.Watches.Single(watch => watch.Key == key);

    private static string Query(DiscoveryResult found, string key) => Watch(found, key).Query(Window);

    private static IEnumerable<string> Golden(DiscoveryResult found, string service) =>
        found.Signals.Where(signal => signal.Service == service).Select(signal => signal.Golden).OfType<string>().Distinct().Order();
}
