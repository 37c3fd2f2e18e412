using System.Security.Claims;
using Archon.Data.Access;
using Microsoft.AspNetCore.Authorization;

namespace Archon.Features.Access;

/// <summary>Refuses requests of tokens that are limited to other things than the endpoint.</summary>
internal sealed class TokenScopeGuard(RequestDelegate next)
{
    private const string ScopeClaim = "archon.scope";

    public Task InvokeAsync(HttpContext context)
    {
        var given = context.User.FindAll(ScopeClaim).Select(claim => claim.Value).ToList();
        var endpoint = context.GetEndpoint()?.Metadata;
        if (
            given.Count == 0
            || endpoint?.GetMetadata<IAllowAnonymous>() is not null
            || (endpoint?.GetMetadata<NeededScope>() is { } needed && given.Contains(needed.Scope))
        )
        {
            return next(context);
        }
        var wanted = endpoint?.GetMetadata<NeededScope>() is { } scope
            ? $"This address needs the scope {scope.Scope}."
            : "No token with scopes may use this address.";
        return Results
            .Problem($"This token is limited to {string.Join(", ", given)}. {wanted}", statusCode: StatusCodes.Status403Forbidden)
            .ExecuteAsync(context);
    }

    public static Claim ToClaim(string scope) => new(ScopeClaim, scope);
}
