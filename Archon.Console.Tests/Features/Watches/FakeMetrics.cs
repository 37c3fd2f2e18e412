using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Archon.Tests.Features.Watches;

/// <summary>A server that speaks enough of Prometheus' API for jobs: queries are answered by functions of time.</summary>
internal sealed class FakeMetrics : IAsyncDisposable
{
    private readonly WebApplication app;
    private int rangeRequests;
    private int targetRequests;

    private FakeMetrics(WebApplication app) => this.app = app;

    /// <summary>Series per query: labels, and the value at a time in Unix seconds; null for no sample.</summary>
    public Dictionary<string, List<(Dictionary<string, string> Labels, Func<long, double?> Value)>> Queries { get; } =
        new(StringComparer.Ordinal);
    public List<string> MetricNames { get; } = [];
    public List<string> Warnings { get; } = [];
    public List<string> Infos { get; } = [];
    public string Rules { get; set; } = """{"groups":[]}""";

    /// <summary>Null: a server of before targets could be asked for.</summary>
    public string? Targets { get; set; }
    public string AlertmanagerConfig { get; set; } = "";

    /// <summary>What <c>GET /api/v2/alerts</c> of an Alertmanager answers, and what was posted there.</summary>
    public string Alerts { get; set; } = "[]";
    public List<string> PostedAlerts { get; } = [];
    public bool Down { get; set; }

    /// <summary>Queries that it does not answer while it answers others.</summary>
    public HashSet<string> Failing { get; } = [];

    public int RangeRequests => rangeRequests;
    public int TargetRequests => targetRequests;
    public Func<Task>? BeforeAnswer { get; set; }
    public Uri Address => new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single() + "/");

    public static async Task<FakeMetrics> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var fake = new FakeMetrics(app);
        app.Run(fake.AnswerAsync);
        await app.StartAsync();
        return fake;
    }

    public void Serve(string query, string service, Func<long, double?> value)
    {
        if (!Queries.TryGetValue(query, out var series))
            Queries[query] = series = [];
        series.Add((new Dictionary<string, string> { ["job"] = "demo", ["service"] = service }, value));
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        if (Down)
        {
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            return;
        }
        if (BeforeAnswer is not null)
            await BeforeAnswer();
        var form = context.Request.HasFormContentType ? await context.Request.ReadFormAsync() : null;
        string Field(string name) => form?[name].FirstOrDefault() ?? context.Request.Query[name].FirstOrDefault() ?? "";
        var path = context.Request.Path.Value!;
        if (Failing.Contains(Field("query")))
        {
            Interlocked.Increment(ref rangeRequests);
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return;
        }
        if (path == "/api/v1/targets")
            Interlocked.Increment(ref targetRequests);
        var data = path switch
        {
            "/api/v1/query_range" => Matrix(Field("query"), Field("start"), Field("end"), Field("step")),
            "/api/v1/label/__name__/values" => Strings(MetricNames),
            "/api/v1/rules" => Rules,
            "/api/v1/targets" => Targets,
            _ => null,
        };
        context.Response.ContentType = "application/json";
        if (path == "/api/v2/status")
        {
            await context.Response.WriteAsJsonAsync(
                new
                {
                    cluster = new { status = "disabled", peers = Array.Empty<string>() },
                    versionInfo = new
                    {
                        version = "0.25.0",
                        branch = "",
                        revision = "",
                        buildDate = "",
                        buildUser = "",
                        goVersion = "",
                    },
                    uptime = "2026-11-23T00:00:00.000Z",
                    config = new { original = AlertmanagerConfig },
                }
            );
            return;
        }
        if (path == "/api/v2/alerts" && HttpMethods.IsPost(context.Request.Method))
        {
            using var body = new StreamReader(context.Request.Body);
            PostedAlerts.Add(await body.ReadToEndAsync());
            return;
        }
        if (path == "/api/v2/alerts")
        {
            await context.Response.WriteAsync(Alerts);
            return;
        }
        if (data is null)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        await context.Response.WriteAsync(
            $$"""{"status":"success","data":{{data}},"warnings":{{Strings(Warnings)}},"infos":{{Strings(Infos)}}}"""
        );
    }

    private static string Strings(IEnumerable<string> values) => System.Text.Json.JsonSerializer.Serialize(values);

    private string Matrix(string query, string start, string end, string step)
    {
        Interlocked.Increment(ref rangeRequests);
        var (from, to, every) = (Seconds(start), Seconds(end), Seconds(step));
        var text = new StringBuilder("""{"resultType":"matrix","result":[""");
        var first = true;
        foreach (var (labels, value) in Queries.GetValueOrDefault(query, []))
        {
            var values = new StringBuilder();
            for (var at = from; at <= to; at += every)
            {
                if (value((long)at) is not { } number)
                    continue;
                if (values.Length > 0)
                    values.Append(',');
                values.Append(CultureInfo.InvariantCulture, $"[{at},\"{number:R}\"]");
            }
            if (values.Length == 0)
                continue;
            if (!first)
                text.Append(',');
            first = false;
            text.Append(
                CultureInfo.InvariantCulture,
                $$"""{"metric":{{System.Text.Json.JsonSerializer.Serialize(labels)}},"values":[{{values}}]}"""
            );
        }
        return text.Append("]}").ToString();
    }

    private static double Seconds(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number
        : text.EndsWith('s') ? double.Parse(text[..^1], CultureInfo.InvariantCulture)
        : DateTimeOffset.Parse(text, CultureInfo.InvariantCulture).ToUnixTimeMilliseconds() / 1000.0;
}
