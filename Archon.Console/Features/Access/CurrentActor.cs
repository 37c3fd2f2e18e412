using System.Security.Claims;
using Archon.Data;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Access;

/// <summary>Who a request or a page acts for.</summary>
public sealed class CurrentActor(AuthenticationStateProvider authentication, Actors actors)
{
    /// <summary>Of the page of this circuit.</summary>
    /// <exception cref="System.Data.Common.DbException">The database is away: the teams are read anew for each change.</exception>
    public async Task<Actor> GetAsync(CancellationToken cancellationToken) =>
        await actors.OfAsync((await authentication.GetAuthenticationStateAsync()).User, cancellationToken);
}

public sealed class Actors(IDbContextFactory<ArchonDbContext> contexts)
{
    /// <exception cref="System.Data.Common.DbException">The database is away.</exception>
    public async Task<Actor> OfAsync(ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        Guid? id = Guid.TryParse(user.FindFirstValue(ClaimTypes.NameIdentifier), out var known) ? known : null;
        HashSet<int> teams = [];
        if (id is not null)
        {
            await using var db = await contexts.CreateDbContextAsync(cancellationToken);
            teams = await db
                .TeamMembers.Where(member => member.UserId == id)
                .Select(member => member.TeamId)
                .ToHashSetAsync(cancellationToken);
        }
        return new Actor(id, user.Identity?.Name ?? "unknown", Roles.All.LastOrDefault(user.IsInRole) ?? "", teams)
        {
            Credential = Credential.Of(user),
        };
    }
}
