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
            .ExcludeFromDescription();
    }

    private static async Task<IResult> ExportAsync(
        RuleExporter exporter,
        ConfiguredEnvironment configured,
        CancellationToken cancellationToken,
        string? file = null,
        int? environment = null
    )
    {
        var files = await exporter.ExportAsync(environment ?? configured.Id, file, null, cancellationToken);
        if (file is null)
            return Results.File(RuleExporter.Zip(files), "application/zip", "rules.zip");
        return files is [var only, ..] ? Results.File(only.Content, "application/yaml", Path.GetFileName(only.Name)) : Results.NotFound();
    }
}
