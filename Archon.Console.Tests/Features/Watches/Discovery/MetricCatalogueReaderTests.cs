using System.Text;
using Archon.Features.Watches.Discovery;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Archon.Tests.Kit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Archon.Tests.Features.Watches.Discovery;

[SystemTest]
public sealed class MetricCatalogueReaderTests
{
    private const int Users = 21_000;

    private static readonly Dictionary<string, string> Pages = new()
    {
        ["cart"] = """
            # TYPE http_server_requests_seconds histogram
            http_server_requests_seconds_bucket{outcome="SUCCESS",status="200",uri="/cart/{id}",le="0.1"} 10
            http_server_requests_seconds_bucket{outcome="SUCCESS",status="200",uri="/cart/{id}",le="+Inf"} 12
            http_server_requests_seconds_sum{outcome="SUCCESS",status="200",uri="/cart/{id}"} 3
            http_server_requests_seconds_count{outcome="SUCCESS",status="200",uri="/cart/{id}"} 12
            http_server_requests_seconds_count{outcome="SERVER_ERROR",status="500",uri="/cart"} 1
            # TYPE jvm_memory_used_bytes gauge
            jvm_memory_used_bytes{area="heap"} 5

            """,
        ["stock"] = """
            # TYPE stock_http_requests_total counter
            stock_http_requests_total{code="200",handler="/a"} 10
            stock_http_requests_total{code="500",handler="/b"} 1
            # TYPE python_info gauge
            python_info 1

            """,
        ["cache"] = "redis_up 1\nredis_commands_processed_total 5\nprocess_cpu_seconds_total 4\n",
        ["spans"] = """
            calls_total{service_name="web",span_kind="SPAN_KIND_SERVER",status_code="STATUS_CODE_UNSET"} 7
            calls_total{service_name="mail",span_kind="SPAN_KIND_SERVER",status_code="STATUS_CODE_ERROR"} 1

            """,
        ["users"] = UserRequests(),
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_a_real_server_has_becomes_services_signals_and_watches_that_it_takes()
    {
        await using var pages = await ServeAsync();
        var host = new Uri(
            pages.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()
        ).Authority;
        await using var server = await RealPrometheus.StartAsync(
            $$$"""
            global: {scrape_interval: 1s}
            scrape_configs:
              - job_name: kubernetes-pods
                metrics_path: /cart
                static_configs:
                  - {targets: ['{{{host}}}'], labels: {app: cart, pod: cart-1, __metrics_path__: /cart}}
                  - {targets: ['{{{host}}}'], labels: {app: cart, pod: cart-2, __metrics_path__: /cart}}
                  - {targets: ['{{{host}}}'], labels: {app: stock, pod: stock-1, __metrics_path__: /stock}}
              - {job_name: cache, metrics_path: /cache, static_configs: [{targets: ['{{{host}}}']}]}
              - {job_name: collector, metrics_path: /spans, static_configs: [{targets: ['{{{host}}}']}]}
              - {job_name: users, metrics_path: /users, static_configs: [{targets: ['{{{host}}}']}]}
            """,
            Token
        );
        var prometheus = UpstreamClients.Prometheus(server.Address);
        await Waits.UntilAsync(async () =>
            await prometheus.QueryAsync("count(count_over_time(up[1m]) > 1)", null, Token)
                is Fetch<QueryResult>.Ok { Value.Series: [var count] }
            && count.Values.Span[0] == 6
        );

        var catalogue = Assert
            .IsType<Fetch<MetricCatalogue>.Ok>(await MetricCatalogueReader.ReadAsync(prometheus, DateTimeOffset.UtcNow, Token))
            .Value;
        var found = MetricDiscovery.Find(catalogue);

        Assert.Equal(
            [("cache", "exporter of Redis"), ("cart", "Spring Boot"), ("mail", null), ("stock", "Python"), ("users", null), ("web", null)],
            found.Services.Select(service => (service.Name, service.Kind)).Order()
        );
        Assert.Equal(["traffic", "errors", "latency"], Golden(found, "cart"));
        Assert.Equal(["traffic", "errors"], Golden(found, "stock"));
        Assert.Equal(["traffic"], Golden(found, "cache"));
        Assert.Equal(["traffic", "errors"], Golden(found, "web"));
        // Twenty-one thousand values of a label are users and no services: the server counts them, and none is read.
        Assert.Equal("users", Assert.Single(found.Services, service => service.Metrics.Contains("user_requests_total")).Name);
        Assert.InRange(catalogue.Carriers.Count, 1, 100);
        Assert.Contains(found.Watches, watch => watch.Key == "rate-by-endpoint/stock_http_requests_total");
        foreach (var watch in found.Watches)
        {
            foreach (
                var query in new[] { watch.Query(TimeSpan.FromMinutes(1)), watch.VolumeQuery(TimeSpan.FromMinutes(1)) }.OfType<string>()
            )
            {
                Assert.True(await prometheus.QueryAsync(query, null, Token) is Fetch<QueryResult>.Ok, $"{watch.Key}: {query}");
            }
        }
    }

    private static IEnumerable<string> Golden(DiscoveryResult found, string service) =>
        found
            .Signals.Where(signal => signal.Service == service)
            .OrderBy(signal => signal.Signal)
            .Select(signal => signal.Golden)
            .OfType<string>()
            .Distinct()
            .Where(golden => golden != "saturation");

    private static string UserRequests()
    {
        var text = new StringBuilder("# TYPE user_requests_total counter\n");
        for (var i = 0; i < Users; i++)
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"user_requests_total{{service=\"user-{i}\"}} 1\n");
        return text.ToString();
    }

    private static async Task<WebApplication> ServeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.MapGet("/{page}", (string page) => Results.Text(Pages[page], "text/plain; version=0.0.4"));
        await app.StartAsync(Token);
        return app;
    }
}
