using Archon.Analysis.RootCause;
using Xunit;

namespace Archon.Tests.Analysis.RootCause;

public sealed class MetricRolesTests
{
    [Theory]
    [
        InlineData("latency", MetricRole.Latency),
        InlineData("latency-50", MetricRole.Latency),
        InlineData("http_request_duration_seconds", MetricRole.Latency)
    ]
    [
        InlineData("ResponseTime", MetricRole.Latency),
        InlineData("errors", MetricRole.Errors),
        InlineData("http_requests_failed_total", MetricRole.Errors)
    ]
    [
        InlineData("HTTP5xx", MetricRole.Errors),
        InlineData("availability", MetricRole.Availability),
        InlineData("success_ratio", MetricRole.Availability)
    ]
    [InlineData("requests", MetricRole.Requests), InlineData("load", MetricRole.Requests), InlineData("qps", MetricRole.Requests)]
    [
        InlineData("cpu", MetricRole.Saturation),
        InlineData("container_memory_usage_bytes", MetricRole.Saturation),
        InlineData("diskio", MetricRole.Unknown)
    ]
    [InlineData("xq17", MetricRole.Unknown), InlineData("", MetricRole.Unknown), InlineData("up", MetricRole.Up)]
    public void The_usual_words_say_the_role(string metric, MetricRole role) => Assert.Equal(role, MetricRoles.Of(metric));

    [Theory]
    [InlineData("http.client.request.duration", MetricSide.Client), InlineData("http_server_requests_seconds", MetricSide.Server)]
    [InlineData("envoy_cluster_upstream_rq_time", MetricSide.Client), InlineData("envoy_http_downstream_rq_time", MetricSide.Server)]
    [InlineData("ClientLatencyP90", MetricSide.Client), InlineData("latency", MetricSide.Server), InlineData("", MetricSide.Server)]
    public void The_usual_words_say_the_side(string metric, MetricSide side) => Assert.Equal(side, MetricRoles.SideOf(metric));
}
