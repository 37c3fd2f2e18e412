using System.ComponentModel;
using Archon.Data.Access;
using Archon.Features.Access;
using Archon.Features.Rules.Import;
using Archon.Integrations;

namespace Archon.Features.Rules;

public static class RulesEndpoints
{
    /// <summary>The files of the catalogue, to be kept elsewhere: one by its name, or all in an archive with their unit tests.</summary>
    public static void MapRules(this IEndpointRouteBuilder app)
    {
        app.MapGet("/rules/export", ExportAsync)
            .RequireAuthorization(Policies.Viewer)
            .WithMetadata(new NeededScope(TokenScopes.ReadRules))
            .WithTags("Rules")
            .WithSummary("All rule files of the catalogue with their unit tests as a ZIP archive, or one of them")
            .Produces(StatusCodes.Status200OK, contentType: "application/zip", additionalContentTypes: "application/yaml")
            .ProducesProblem(StatusCodes.Status401Unauthorized)
            .ProducesProblem(StatusCodes.Status403Forbidden)
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task<IResult> ExportAsync(
        RuleExporter exporter,
        ConfiguredEnvironment configured,
        CancellationToken cancellationToken,
        [Description("Name of one file; all of them where it is left out.")] string? file = null,
        [Description("Id of the environment; the configured one where it is left out.")] int? environment = null
    )
    {
        var files = await exporter.ExportAsync(environment ?? configured.Id, file, null, cancellationToken);
        if (file is null)
            return Results.File(RuleExporter.Zip(files), "application/zip", "rules.zip");
        return files is [var only, ..]
            ? Results.File(only.Content, "application/yaml", Path.GetFileName(only.Name))
            : Results.Problem($"The catalogue has no file {file}.", statusCode: StatusCodes.Status404NotFound);
    }
}
