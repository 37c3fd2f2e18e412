using System.ComponentModel.DataAnnotations;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Archon.Features.MonitoringApi;

/// <summary>Adds to the OpenAPI document what cannot be read from the endpoints: the values of a text, and the addresses that reply with text.</summary>
internal static class ApiDescription
{
    public const string TokenScheme = "token";

    /// <summary>Addresses that no JSON endpoint serves, with what they reply and whether they need a token.</summary>
    private static readonly (string Path, string Summary, string Content, bool IsOpen)[] Texts =
    [
        ("/monitoring/metrics", "The console's own metrics", "OpenMetrics or Prometheus text", false),
        ("/monitoring/health/live", "Whether the process works", "Healthy", true),
        ("/monitoring/health/ready", "Whether it can answer, with the reason where it cannot", "Healthy or Degraded", true),
    ];

    /// <summary>The values of a text that <see cref="AllowedValuesAttribute"/> names.</summary>
    public static Task AddValuesAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        var allowed = context
            .JsonPropertyInfo?.AttributeProvider?.GetCustomAttributes(typeof(AllowedValuesAttribute), inherit: false)
            .OfType<AllowedValuesAttribute>()
            .FirstOrDefault();
        if (allowed is not null)
            schema.Enum = [.. allowed.Values.Select(value => value is string text ? JsonValue.Create(text) : JsonNullSentinel.JsonNull)];
        return Task.CompletedTask;
    }

    /// <summary>The addresses that reply with text. Those that are open need no token.</summary>
    public static Task AddTextsAsync(
        OpenApiDocument document,
        OpenApiDocumentTransformerContext context,
        CancellationToken cancellationToken
    )
    {
        foreach (var (path, summary, content, isOpen) in Texts)
        {
            var operation = new OpenApiOperation
            {
                Summary = summary,
                Tags = new HashSet<OpenApiTagReference> { new("Monitoring", document) },
                Responses = new OpenApiResponses
                {
                    ["200"] = new OpenApiResponse
                    {
                        Description = content,
                        Content = new Dictionary<string, OpenApiMediaType>
                        {
                            ["text/plain"] = new() { Schema = new OpenApiSchema { Type = JsonSchemaType.String } },
                        },
                    },
                },
            };
            if (isOpen)
                operation.Responses["503"] = new OpenApiResponse { Description = "Unhealthy" };
            else
                operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(TokenScheme, document)] = [] }];
            document.Paths[path] = new OpenApiPathItem
            {
                Operations = new Dictionary<HttpMethod, OpenApiOperation> { [HttpMethod.Get] = operation },
            };
        }
        return Task.CompletedTask;
    }
}
