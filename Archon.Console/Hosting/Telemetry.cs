using Archon.Data;
using Archon.Data.Access;
using Archon.Features.Access;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Archon.Hosting;

/// <summary>The console's own metrics, traces and plain health, so that it can be watched like any other service.</summary>
internal static class Telemetry
{
    private const string MetricsPath = "/monitoring/metrics";

    public static void AddTelemetry(this WebApplicationBuilder builder)
    {
        var telemetry = builder
            .Services.AddOpenTelemetry()
            .ConfigureResource(resource =>
                resource.AddService("archon-console", serviceVersion: typeof(Telemetry).Assembly.GetName().Version?.ToString(3))
            )
            .WithMetrics(metrics =>
                metrics
                    .AddMeter("Npgsql")
                    .AddMeter(
                        "Microsoft.AspNetCore.Components",
                        "Microsoft.AspNetCore.Components.Lifecycle",
                        "Microsoft.AspNetCore.Components.Server.Circuits"
                    )
                    .AddAspNetCoreInstrumentation()
                    .AddHttpClientInstrumentation()
                    .AddRuntimeInstrumentation()
                    .AddPrometheusExporter()
            );
        // Without a collector nobody would read the traces; the variable is the one that every OpenTelemetry program knows.
        if (!string.IsNullOrEmpty(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]))
        {
            telemetry
                .WithMetrics(metrics => metrics.AddOtlpExporter())
                .WithTracing(tracing =>
                    tracing.AddAspNetCoreInstrumentation().AddHttpClientInstrumentation().AddSource("Npgsql").AddOtlpExporter()
                );
        }
        builder.Services.AddHealthChecks().AddCheck<DatabaseCheck>("database");
    }

    public static void MapTelemetry(this WebApplication app)
    {
        app.MapPrometheusScrapingEndpoint(MetricsPath)
            .RequireAuthorization(policy => policy.AddRequirements(new RoleOrTrial(Roles.Viewer)))
            .WithMetadata(new NeededScope(TokenScopes.ReadMonitoring));
        // Whoever waits for a start asks often and is refused until it is ready: no errors of users, and no traffic.
        app.MapHealthChecks("/monitoring/health/live", new HealthCheckOptions { Predicate = _ => false })
            .AllowAnonymous()
            .DisableHttpMetrics();
        app.MapHealthChecks("/monitoring/health/ready", new HealthCheckOptions { ResponseWriter = WriteAsync })
            .AllowAnonymous()
            .DisableHttpMetrics();
    }

    /// <summary>The verdict in a line of its own, as without a writer, then what there is to say.</summary>
    private static Task WriteAsync(HttpContext context, HealthReport report)
    {
        context.Response.ContentType = "text/plain; charset=utf-8";
        var lines = report
            .Entries.Where(entry => !string.IsNullOrEmpty(entry.Value.Description))
            .Select(entry => $"{entry.Key}: {entry.Value.Description}");
        return context.Response.WriteAsync(string.Join('\n', lines.Prepend(report.Status.ToString())), context.RequestAborted);
    }

    private sealed class DatabaseCheck(ArchonDatabase database) : IHealthCheck
    {
        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
            Task.FromResult(
                database.State switch
                {
                    DatabaseState.Ready => HealthCheckResult.Healthy(),
                    DatabaseState.Away away => HealthCheckResult.Unhealthy(away.Reason),
                    _ => HealthCheckResult.Unhealthy("The database is coming up."),
                }
            );
    }
}
