using System.ComponentModel;
using Archon.Data.Catalogue;
using Archon.Features.Access;
using Archon.Features.Watches;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Archon.Features.Intelligence;

public static class IntelligenceEndpoints
{
    public static IServiceCollection AddIntelligence(this IServiceCollection services)
    {
        services.AddSingleton<IntelligenceQueries>();
        services.AddOpenApi();
        return services;
    }

    public static IEndpointRouteBuilder MapIntelligence(this IEndpointRouteBuilder endpoints)
    {
        var api = endpoints.MapGroup("/monitoring").WithTags("Monitoring");
        var read = api.MapGroup("").RequireAuthorization(policy => policy.AddRequirements(new RoleOrTrial(Roles.Viewer)));
        read.MapGet("/health/intelligent", (IntelligenceQueries queries, CancellationToken cancellationToken) => queries.HealthAsync(cancellationToken))
            .WithSummary("How the estate is, with reasons")
            .WithDescription("Always 200 when the console itself can tell; the verdict is in the body. 503 while its database is away.")
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        read.MapGet("/intelligence/anomalies", AnomaliesAsync).WithSummary("Open anomalies with their confidence, worst first");
        read.MapGet("/intelligence/insights", (IntelligenceQueries queries, CancellationToken cancellationToken) => queries.InsightsAsync(cancellationToken))
            .WithSummary("What someone coming on duty should know");
        read.MapGet("/intelligence/predictions", () => new PredictionList(
                false, "This console does not forecast yet, so it cannot say whether anything will run out.", []))
            .WithSummary("What will run out or break, and when");
        api.MapPost("/intelligence/start_analysis", (WatchCommands watches) => TypedResults.Accepted(
                "/jobs", new AnalysisStarted(watches.StartAnalysis(MonitoredEnvironment.DefaultId), "enqueued")))
            .RequireAuthorization(policy => policy.AddRequirements(new RoleOrTrial(Roles.Responder)))
            // It takes no form and no cookie of a browser decides: another site's page is turned away by its origin.
            .DisableAntiforgery()
            .WithSummary("Starts an analysis of everything now");
        endpoints.MapOpenApi().RequireAuthorization(policy => policy.AddRequirements(new RoleOrTrial(Roles.Viewer)));
        return endpoints;
    }

    private static async Task<Results<Ok<AnomalyList>, ProblemHttpResult>> AnomaliesAsync(
        IntelligenceQueries queries, [Description("Only anomalies of at least this confidence, 0 to 1.")] double? confidence, CancellationToken cancellationToken) =>
        confidence is < 0 or > 1 or double.NaN
            ? TypedResults.Problem("The parameter confidence must lie between 0 and 1.", statusCode: StatusCodes.Status400BadRequest)
            : TypedResults.Ok(await queries.AnomaliesAsync(confidence ?? 0, cancellationToken));
}
