using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Archon.Features.Access;
using Archon.Tests.Kit;
using Xunit;

namespace Archon.Tests.Features.MonitoringApi;

/// <summary>The surface for programs, on a console that watches nothing yet.</summary>
[SystemTest]
public sealed partial class MonitoringTests(RunningConsole console) : IClassFixture<RunningConsole>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_metrics_are_Prometheus_text()
    {
        // Something to count.
        (await console.App.NewClient().GetAsync(new Uri("sign-in", UriKind.Relative), Token)).Dispose();

        using var reply = await console.App.NewClient(accept: null).GetAsync(new Uri("monitoring/metrics", UriKind.Relative), Token);

        Assert.Equal("text/plain", reply.Content.Headers.ContentType!.MediaType);
        var text = await reply.Content.ReadAsStringAsync(Token);
        var samples = text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line[0] != '#').ToList();
        Assert.Contains(samples, line => line.StartsWith("http_server_request_duration_seconds_bucket{", StringComparison.Ordinal));
        Assert.All(
            samples,
            line =>
            {
                var sample = Sample().Match(line);
                Assert.True(sample.Success, line);
                var value = sample.Groups["value"].Value;
                Assert.True(
                    value is "+Inf" or "-Inf" or "NaN" or "Nan" || double.TryParse(value, CultureInfo.InvariantCulture, out _),
                    line
                );
            }
        );
        Assert.DoesNotMatch("http_route=\"/jobs/[^{]", text); // routes, not addresses
    }

    [Fact]
    public async Task Where_nothing_is_watched_health_is_unknown_and_says_why()
    {
        var verdict = await ReadAsync("monitoring/health/intelligent");

        Assert.Equal("unknown", verdict.GetProperty("status").GetString());
        Assert.Equal(JsonValueKind.Null, verdict.GetProperty("score").ValueKind);
        Assert.NotEqual(0, verdict.GetProperty("reasons").GetArrayLength());
        Assert.All(verdict.GetProperty("reasons").EnumerateArray(), reason => Assert.NotEmpty(reason.GetProperty("message").GetString()!));
    }

    [Fact]
    public async Task No_anomalies_and_no_checking_are_reported_apart()
    {
        var list = await ReadAsync("monitoring/intelligence/anomalies?confidence=0.5");

        Assert.Equal(0, list.GetProperty("total").GetInt32());
        Assert.Equal(0, list.GetProperty("anomalies").GetArrayLength());
        Assert.Equal(0, list.GetProperty("checking").GetProperty("seriesWithBand").GetInt32());
        Assert.Equal(JsonValueKind.Null, list.GetProperty("checking").GetProperty("lastScan").ValueKind);
    }

    [Theory]
    [InlineData("1.5")]
    [InlineData("-0.1")]
    [InlineData("NaN")]
    [InlineData("high")]
    public async Task A_confidence_that_is_none_is_refused(string confidence)
    {
        using var reply = await console
            .App.NewClient("application/json")
            .GetAsync(new Uri($"monitoring/intelligence/anomalies?confidence={confidence}", UriKind.Relative), Token);

        Assert.Equal(HttpStatusCode.BadRequest, reply.StatusCode);
    }

    [Fact]
    public async Task Predictions_say_that_there_are_none_yet()
    {
        var list = await ReadAsync("monitoring/intelligence/predictions");

        Assert.False(list.GetProperty("available").GetBoolean());
        Assert.Equal("No watch has a limit yet, so nothing is predicted.", list.GetProperty("reason").GetString());
        Assert.Empty(list.GetProperty("predictions").EnumerateArray());
    }

    [Theory]
    [InlineData("9223372036854775807")]
    [InlineData("99999999999999999999")]
    [InlineData("none")]
    public async Task An_analysis_that_is_none_is_not_found_and_says_so(string id)
    {
        using var reply = await console
            .App.NewClient("application/json")
            .GetAsync(new Uri($"monitoring/intelligence/analyses/{id}", UriKind.Relative), Token);

        Assert.Equal(HttpStatusCode.NotFound, reply.StatusCode);
        using var problem = JsonDocument.Parse(await reply.Content.ReadAsStringAsync(Token));
        Assert.StartsWith("There is no such analysis.", problem.RootElement.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_surface_is_described_by_OpenAPI()
    {
        var document = await ReadAsync("openapi/v1.json");
        var paths = document.GetProperty("paths");

        foreach (
            var path in (string[])["health/intelligent", "intelligence/anomalies", "intelligence/insights", "intelligence/predictions"]
        )
        {
            Assert.True(paths.TryGetProperty("/monitoring/" + path, out var one), path);
            Assert.NotEmpty(one.GetProperty("get").GetProperty("summary").GetString()!);
            var responses = one.GetProperty("get").GetProperty("responses");
            Assert.True(responses.GetProperty("200").GetProperty("content").TryGetProperty("application/json", out _), path);
            Assert.True(
                responses.TryGetProperty("401", out _) && responses.TryGetProperty("403", out _) && responses.TryGetProperty("503", out _),
                path
            );
            Assert.True(one.GetProperty("get").GetProperty("security")[0].TryGetProperty("token", out _), path);
        }
        Assert.Equal("Archon Console", document.GetProperty("info").GetProperty("title").GetString());
        Assert.Equal(
            "bearer",
            document.GetProperty("components").GetProperty("securitySchemes").GetProperty("token").GetProperty("scheme").GetString()
        );
        Assert.True(paths.GetProperty("/monitoring/intelligence/start_analysis").TryGetProperty("post", out _));
        Assert.DoesNotContain(
            paths.EnumerateObject(),
            path => path.Name.StartsWith("/_", StringComparison.Ordinal) || path.Name.StartsWith("/sign", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task The_description_has_every_address_whole_numbers_and_the_values_of_texts()
    {
        var document = await ReadAsync("openapi/v1.json");
        var paths = document.GetProperty("paths").EnumerateObject().Select(one => one.Name).ToHashSet();
        var schemas = document.GetProperty("components").GetProperty("schemas");

        Assert.Superset(
            (HashSet<string>)
                [
                    "/monitoring/health/intelligent",
                    "/monitoring/health/live",
                    "/monitoring/health/ready",
                    "/monitoring/metrics",
                    "/monitoring/intelligence/analyses/{jobId}",
                    "/monitoring/intelligence/start_analysis",
                    "/rules/export",
                ],
            paths
        );
        var anomaly = schemas.GetProperty("AnomalyEntry").GetProperty("properties");
        Assert.Equal("integer", anomaly.GetProperty("id").GetProperty("type").GetString());
        Assert.Equal("number", anomaly.GetProperty("value").GetProperty("type").GetString());
        Assert.Equal(["up", "down"], Values(anomaly.GetProperty("direction")));
        Assert.Equal(["useful", "noise", "expected", null], Values(anomaly.GetProperty("verdict")));
        Assert.Contains("degraded", Values(schemas.GetProperty("HealthVerdict").GetProperty("properties").GetProperty("status")));

        static IEnumerable<string?> Values(JsonElement property) =>
            property.GetProperty("enum").EnumerateArray().Select(one => one.GetString());
    }

    [Fact]
    public async Task An_address_that_is_none_is_not_found_and_shows_no_page_to_a_program()
    {
        var client = await console.App.WithTokenAsync(Roles.Viewer);

        using var reply = await client.GetAsync(new Uri("monitoring/intelligence/nothing", UriKind.Relative), Token);

        Assert.Equal(HttpStatusCode.NotFound, reply.StatusCode);
        Assert.NotEqual("text/html", reply.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task A_person_at_an_address_that_is_none_reads_so()
    {
        using var reply = await (await console.App.SignInAsync()).GetAsync(new Uri("no/such/page", UriKind.Relative), Token);

        Assert.Equal(HttpStatusCode.NotFound, reply.StatusCode);
        Assert.Contains("There is nothing at this address.", await reply.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    private async Task<JsonElement> ReadAsync(string path)
    {
        var client = await console.App.WithTokenAsync(Roles.Viewer);
        using var reply = await client.GetAsync(new Uri(path, UriKind.Relative), Token);
        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        return await reply.Content.ReadFromJsonAsync<JsonElement>(Token);
    }

    [GeneratedRegex("^[a-zA-Z_:][a-zA-Z0-9_:]*(\\{([a-zA-Z_][a-zA-Z0-9_]*=\"(\\\\.|[^\"\\\\])*\",?)*\\})? (?<value>\\S+)( -?[0-9]+)?$")]
    private static partial Regex Sample();
}
