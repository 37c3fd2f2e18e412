using System.ComponentModel;
using System.Security.Claims;
using System.Text.Json.Serialization;
using Archon.Data.Access;
using Archon.Features.Access;
using Archon.Features.Watches;
using Archon.Integrations;
using Archon.Shell;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.OpenApi;

namespace Archon.Features.MonitoringApi;

public static class IntelligenceEndpoints
{
    public static ConsoleFeature Feature { get; } =
        new("MonitoringApi", services => services.AddIntelligence(), endpoints => endpoints.MapIntelligence())
        {
            Needs = ["Alerts", "Forecasts", "Incidents"],
        };

    public static IServiceCollection AddIntelligence(this IServiceCollection services)
    {
        services.AddSingleton<IntelligenceQueries>();
        // Numbers are written as numbers, and described as such.
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict);
        services.AddOpenApi(options =>
            options
                .AddSchemaTransformer(ApiDescription.AddValuesAsync)
                .AddDocumentTransformer(
                    (document, _, _) =>
                    {
                        document.Info = new OpenApiInfo
                        {
                            Title = "Archon Console",
                            Version = typeof(IntelligenceEndpoints).Assembly.GetName().Version?.ToString(3),
                            Description =
                                "What the console knows, for programs. "
                                + "In trial mode programs of the console's user on its machine need no token; others need one made under Settings.",
                        };
                        document.AddComponent(
                            ApiDescription.TokenScheme,
                            new OpenApiSecurityScheme
                            {
                                Type = SecuritySchemeType.Http,
                                Scheme = "bearer",
                                Description = "An API token, arc_...",
                            }
                        );
                        return Task.CompletedTask;
                    }
                )
                .AddDocumentTransformer(ApiDescription.AddTextsAsync)
                .AddOperationTransformer(
                    (operation, context, _) =>
                    {
                        operation.Security =
                        [
                            new OpenApiSecurityRequirement
                            {
                                [new OpenApiSecuritySchemeReference(ApiDescription.TokenScheme, context.Document)] = [],
                            },
                        ];
                        return Task.CompletedTask;
                    }
                )
        );
        return services;
    }

    public static IEndpointRouteBuilder MapIntelligence(this IEndpointRouteBuilder endpoints)
    {
        var api = endpoints
            .MapGroup("/monitoring")
            .WithTags("Monitoring")
            .ProducesProblem(StatusCodes.Status401Unauthorized)
            .ProducesProblem(StatusCodes.Status403Forbidden)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        var read = api.MapGroup("")
            .RequireAuthorization(policy => policy.AddRequirements(new RoleOrTrial(Roles.Viewer)))
            .WithMetadata(new NeededScope(TokenScopes.ReadMonitoring));
        // A parameter that is no number has set the status before any filter, and would be answered without a word.
        read.AddEndpointFilter(
            async (context, next) =>
                context.HttpContext.Response.StatusCode == StatusCodes.Status400BadRequest
                    ? Refused("A parameter cannot be read: limit is a whole number, confidence a number between 0 and 1.")
                    : await next(context)
        );
        read.MapGet(
                "/health/intelligent",
                (IntelligenceQueries queries, [AsParameters] Part part, CancellationToken cancellationToken) =>
                    AnswerAsync(part, (limit, cursor) => queries.HealthAsync(limit, cursor, cancellationToken))
            )
            .WithSummary("How the estate is, with reasons")
            .WithDescription("200 whatever the verdict, which is in the body. 503 while the database of the console does not respond.")
            .ProducesProblem(StatusCodes.Status400BadRequest);
        read.MapGet(
                "/intelligence/anomalies",
                (
                    IntelligenceQueries queries,
                    [Description("Only anomalies of at least this confidence, 0 to 1.")] double? confidence,
                    [AsParameters] Part part,
                    CancellationToken cancellationToken
                ) =>
                    confidence is < 0 or > 1 or double.NaN
                        ? Task.FromResult<Results<Ok<AnomalyList>, ProblemHttpResult>>(
                            Refused("The parameter confidence must lie between 0 and 1.")
                        )
                        : AnswerAsync(part, (limit, cursor) => queries.AnomaliesAsync(confidence ?? 0, limit, cursor, cancellationToken))
            )
            .WithSummary("Open anomalies with their confidence, worst first")
            .ProducesProblem(StatusCodes.Status400BadRequest);
        read.MapGet(
                "/intelligence/insights",
                (IntelligenceQueries queries, [AsParameters] Part part, CancellationToken cancellationToken) =>
                    AnswerAsync(part, (limit, cursor) => queries.InsightsAsync(limit, cursor, cancellationToken))
            )
            .WithSummary("What someone coming on duty should know")
            .ProducesProblem(StatusCodes.Status400BadRequest);
        read.MapGet(
                "/intelligence/predictions",
                (IntelligenceQueries queries, [AsParameters] Part part, CancellationToken cancellationToken) =>
                    AnswerAsync(part, (limit, cursor) => queries.PredictionsAsync(limit, cursor, cancellationToken))
            )
            .WithSummary("What will run out or break, and when")
            .ProducesProblem(StatusCodes.Status400BadRequest);
        read.MapGet(
                "/intelligence/analyses/{jobId}",
                Results<Ok<AnalysisState>, ProblemHttpResult> (
                    AnalysisQueries analyses,
                    ConfiguredEnvironment configured,
                    [Description("jobId of the reply to start_analysis.")] string jobId
                ) =>
                    analyses.Find(configured.Id, jobId) is { } state
                        ? TypedResults.Ok(state)
                        : TypedResults.Problem(
                            "There is no such analysis. One that succeeded is forgotten after a day.",
                            statusCode: StatusCodes.Status404NotFound
                        )
            )
            .WithSummary("The state of an analysis that was started")
            .ProducesProblem(StatusCodes.Status404NotFound);
        api.MapPost(
                "/intelligence/start_analysis",
                async (
                    WatchCommands watches,
                    ConfiguredEnvironment configured,
                    Actors actors,
                    ClaimsPrincipal user,
                    CancellationToken cancellationToken
                ) =>
                {
                    // Who is let in without a credential is a program of trial mode.
                    var actor = Credential.Of(user) is null ? Actor.InTrial : await actors.OfAsync(user, cancellationToken);
                    var job = await watches.StartAnalysisAsync(configured.Id, actor, cancellationToken);
                    return TypedResults.Accepted($"/monitoring/intelligence/analyses/{job}", new AnalysisStarted(job, "enqueued"));
                }
            )
            .RequireAuthorization(policy => policy.AddRequirements(new RoleOrTrial(Roles.Responder)))
            .WithMetadata(new NeededScope(TokenScopes.StartAnalysis))
            // It takes no form and no cookie of a browser decides: another site's page is turned away by its origin.
            .DisableAntiforgery()
            .WithSummary("Starts an analysis of everything now");
        endpoints
            .MapOpenApi()
            .RequireAuthorization(policy => policy.AddRequirements(new RoleOrTrial(Roles.Viewer)))
            .WithMetadata(new NeededScope(TokenScopes.ReadMonitoring));
        return endpoints;
    }

    /// <summary>Which part of a list.</summary>
    public sealed class Part
    {
        public const int DefaultLimit = 100;
        public const int MostLimit = 500;

        [
            FromQuery(Name = "limit"),
            Description("Entries to return, 1 to 500; 100 by default. The first reply adds what limits the checking itself.")
        ]
        public int? Limit { get; init; }

        [FromQuery(Name = "cursor"), Description("nextCursor of the previous reply. Leave it out to start at the first entry.")]
        public string? Cursor { get; init; }
    }

    private static async Task<Results<Ok<T>, ProblemHttpResult>> AnswerAsync<T>(Part part, Func<int, string?, Task<T?>> read)
        where T : class
    {
        if (part.Limit is < 1 or > Part.MostLimit)
            return Refused($"The parameter limit must be between 1 and {Part.MostLimit}.");
        var cursor = string.IsNullOrEmpty(part.Cursor) ? null : part.Cursor;
        return await read(part.Limit ?? Part.DefaultLimit, cursor) is { } found
            ? TypedResults.Ok(found)
            : Refused("The parameter cursor is not a nextCursor of this list. Leave it out to begin with the first entries.");
    }

    private static ProblemHttpResult Refused(string reason) => TypedResults.Problem(reason, statusCode: StatusCodes.Status400BadRequest);
}
