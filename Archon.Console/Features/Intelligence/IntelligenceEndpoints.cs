using System.ComponentModel;
using Archon.Data.Catalogue;
using Archon.Features.Access;
using Archon.Features.Watches;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.OpenApi;

namespace Archon.Features.Intelligence;

public static class IntelligenceEndpoints
{
    private const string Token = "token";

    public static IServiceCollection AddIntelligence(this IServiceCollection services)
    {
        services.AddSingleton<IntelligenceQueries>();
        services.AddOpenApi(options => options
            .AddDocumentTransformer((document, _, _) =>
            {
                document.Info = new OpenApiInfo
                {
                    Title = "Archon Console",
                    Version = typeof(IntelligenceEndpoints).Assembly.GetName().Version?.ToString(3),
                    Description = "What the console knows, for programs. "
                        + "On this machine's loopback in trial mode no token is needed; elsewhere one made under Settings.",
                };
                document.AddComponent(
                    Token, new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "An API token, arc_..." });
                return Task.CompletedTask;
            })
            .AddOperationTransformer((operation, context, _) =>
            {
                operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Token, context.Document)] = [] }];
                return Task.CompletedTask;
            }));
        return services;
    }

    public static IEndpointRouteBuilder MapIntelligence(this IEndpointRouteBuilder endpoints)
    {
        var api = endpoints.MapGroup("/monitoring").WithTags("Monitoring")
            .WithMetadata(
                new ProducesResponseTypeMetadata(StatusCodes.Status401Unauthorized, typeof(void)),
                new ProducesResponseTypeMetadata(StatusCodes.Status403Forbidden, typeof(void)))
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        var read = api.MapGroup("").RequireAuthorization(policy => policy.AddRequirements(new RoleOrTrial(Roles.Viewer)));
        read.MapGet("/health/intelligent", (IntelligenceQueries queries, CancellationToken cancellationToken) => queries.HealthAsync(cancellationToken))
            .WithSummary("How the estate is, with reasons")
            .WithDescription("Always 200 when the console itself can tell; the verdict is in the body. 503 while its database is away.");
        read.MapGet("/intelligence/anomalies", AnomaliesAsync).WithSummary("Open anomalies with their confidence, worst first")
            .ProducesProblem(StatusCodes.Status400BadRequest);
        read.MapGet("/intelligence/insights", (IntelligenceQueries queries, CancellationToken cancellationToken) => queries.InsightsAsync(cancellationToken))
            .WithSummary("What someone coming on duty should know");
        read.MapGet("/intelligence/predictions", (IntelligenceQueries queries, CancellationToken cancellationToken) => queries.PredictionsAsync(cancellationToken))
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
