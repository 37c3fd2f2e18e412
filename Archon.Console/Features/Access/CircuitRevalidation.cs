using System.Security.Claims;
using Archon.Data.Access;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace Archon.Features.Access;

/// <summary>Ends open pages of someone who was locked out, removed, or whose roles or password changed.</summary>
internal sealed class CircuitRevalidation(ILoggerFactory loggers, IServiceScopeFactory scopes, IOptions<IdentityOptions> options)
    : RevalidatingServerAuthenticationStateProvider(loggers)
{
    protected override TimeSpan RevalidationInterval => TimeSpan.FromMinutes(1);

    protected override async Task<bool> ValidateAuthenticationStateAsync(AuthenticationState authenticationState, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var users = scope.ServiceProvider.GetRequiredService<UserManager<ArchonUser>>();
        try
        {
            var user = await users.GetUserAsync(authenticationState.User);
            return user is not null
                && !await users.IsLockedOutAsync(user)
                && authenticationState.User.FindFirstValue(options.Value.ClaimsIdentity.SecurityStampClaimType) == await users.GetSecurityStampAsync(user);
        }
        catch (System.Data.Common.DbException)
        {
            // Nobody can say while the database is away: those who are in stay, the pages show that it is away.
            return true;
        }
    }
}
