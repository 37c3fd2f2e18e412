using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using Archon.Data;
using Microsoft.AspNetCore.Authentication;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Archon.Features.Access;

/// <summary>Signs scripts in by <c>Authorization: Bearer arc_...</c>. The database knows the SHA-256 of a token, never the token.</summary>
internal sealed class ApiTokenHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options,
    ILoggerFactory loggers,
    UrlEncoder encoder,
    IDbContextFactory<ArchonDbContext> contexts
) : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    public const string SchemeName = "ApiToken";
    public const string TokenPrefix = "arc_";
    private const string Bearer = "Bearer ";

    // A token in steady use would otherwise write a row on every request.
    private static readonly TimeSpan UseNotedEvery = TimeSpan.FromMinutes(1);

    public static bool IsUsedBy(HttpRequest request) =>
        request.Headers.Authorization.ToString().StartsWith(Bearer + TokenPrefix, StringComparison.OrdinalIgnoreCase);

    public static byte[] HashOf(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (!IsUsedBy(Request))
            return AuthenticateResult.NoResult();
        var hash = HashOf(Request.Headers.Authorization.ToString()[Bearer.Length..].Trim());
        var now = TimeProvider.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(Context.RequestAborted);
        var roles = db.RoleNames();
        var found = await (
            from token in db.ApiTokens.AsNoTracking()
            where token.Hash == hash && token.RevokedAt == null && (token.ExpiresAt == null || token.ExpiresAt > now)
            from owner in db.Users.Where(one => one.Id == token.OwnerId).DefaultIfEmpty()
            select new
            {
                token.Id,
                token.Name,
                token.Role,
                token.Scopes,
                token.LastUsedAt,
                token.OwnerId,
                Owner = owner == null ? null : owner.UserName,
                OwnerRoles = roles.Where(role => role.UserId == owner.Id).Select(role => role.Name).ToList(),
            }
        ).FirstOrDefaultAsync(Context.RequestAborted);
        if (found is null)
            return AuthenticateResult.Fail("The token is unknown, expired or revoked.");
        // Who lost a role has lost it for their scripts too.
        var reach = found.OwnerId is null
            ? found.Role
            : Roles
                .All.Where(role => Roles.From(role).Any(found.OwnerRoles.Contains))
                .LastOrDefault(role => Roles.From(role).Contains(found.Role));
        if (reach is null)
            return AuthenticateResult.Fail("The token's owner has no role any more.");
        if (found.LastUsedAt is not { } used || now - used > UseNotedEvery)
        {
            await db
                .ApiTokens.Where(token => token.Id == found.Id)
                .ExecuteUpdateAsync(token => token.SetProperty(one => one.LastUsedAt, now), Context.RequestAborted);
        }
        List<Claim> claims =
        [
            new(ClaimTypes.Name, found.OwnerId is null ? $"token {found.Name}" : $"{found.Owner} (token {found.Name})"),
            new(ClaimTypes.Role, reach),
            new Credential.Token(found.Id).ToClaim(),
            .. found.Scopes.Select(TokenScopeGuard.ToClaim),
        ];
        if (found.OwnerId is { } ownerId)
            claims.Add(new Claim(ClaimTypes.NameIdentifier, ownerId.ToString()));
        var identity = new ClaimsIdentity(claims, Scheme.Name);
        return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), Scheme.Name));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.Headers.WWWAuthenticate = "Bearer";
        Response.StatusCode = StatusCodes.Status401Unauthorized;
        return Task.CompletedTask;
    }
}
