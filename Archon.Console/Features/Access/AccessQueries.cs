using Archon.Data;
using Archon.Data.Access;
using Archon.Shell;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Access;

public sealed record UserRow(
    Guid Id,
    string Name,
    ProfileDraft Profile,
    string Role,
    DateTimeOffset CreatedAt,
    DateTimeOffset? LastSignInAt
);

/// <param name="Owner">Null for one made on the console's machine.</param>
public sealed record TokenRow(
    int Id,
    string Name,
    string Prefix,
    string Role,
    IReadOnlyList<string> Scopes,
    string? Owner,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ExpiresAt,
    DateTimeOffset? LastUsedAt,
    DateTimeOffset? RevokedAt
)
{
    public bool IsUsable(DateTimeOffset now) => RevokedAt is null && (ExpiresAt is null || ExpiresAt > now);
}

public sealed record EnvironmentRow(int Id, string Name, DateTimeOffset CreatedAt, int Services, int Watches);

/// <param name="Refusals">How often it was refused on that day; null for what was done.</param>
public sealed record AuditRow(
    DateTimeOffset At,
    string Actor,
    string Action,
    string Subject,
    string? Detail,
    int? Refusals,
    DateTimeOffset? RefusedLastAt
);

public sealed record TeamRow(int Id, string Name, int Services, IReadOnlyList<(Guid Id, string Name)> Members);

/// <summary>Everything of the settings page at one time. Readers are shown parts of it by their role: no <see cref="Live.ISharedPicture"/>.</summary>
public sealed record AccessPicture(
    DateTimeOffset ReadAt,
    IReadOnlyList<UserRow> Users,
    IReadOnlyList<TokenRow> Tokens,
    IReadOnlyList<EnvironmentRow> Environments,
    IReadOnlyList<AuditRow> Audit,
    IReadOnlyList<TeamRow> Teams,
    IReadOnlyDictionary<(string Role, string Permission), Reach> Permissions
);

public sealed class AccessQueries(IDbContextFactory<ArchonDbContext> contexts, TimeProvider clock) : IEnvironmentSource
{
    private const int AuditShown = 50;

    public async Task<AccessPicture> PictureAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var roles = db.RoleNames();
        var users = await (
            from user in db.Users.AsNoTracking()
            orderby user.UserName
            select new
            {
                user.Id,
                user.UserName,
                user.DisplayName,
                user.Email,
                user.TimeZone,
                user.Contact,
                user.CreatedAt,
                user.LastSignInAt,
                Roles = roles.Where(role => role.UserId == user.Id).Select(role => role.Name).ToList(),
            }
        ).ToListAsync(cancellationToken);
        var tokens = await (
            from token in db.ApiTokens.AsNoTracking()
            from owner in db.Users.Where(one => one.Id == token.OwnerId).DefaultIfEmpty()
            orderby token.RevokedAt != null, token.CreatedAt descending
            select new TokenRow(
                token.Id,
                token.Name,
                token.Prefix,
                token.Role,
                token.Scopes,
                owner == null ? null : owner.UserName,
                token.CreatedAt,
                token.ExpiresAt,
                token.LastUsedAt,
                token.RevokedAt
            )
        ).ToListAsync(cancellationToken);
        var environments = await db
            .Environments.AsNoTracking()
            .OrderBy(one => one.Name)
            .Select(one => new EnvironmentRow(
                one.Id,
                one.Name,
                one.CreatedAt,
                db.Services.Count(service => service.EnvironmentId == one.Id),
                db.Watches.Count(watch => watch.EnvironmentId == one.Id)
            ))
            .ToListAsync(cancellationToken);
        var audit = await db
            .AuditEntries.AsNoTracking()
            .OrderByDescending(entry => entry.Id)
            .Take(AuditShown)
            .Select(entry => new AuditRow(
                entry.At,
                entry.Actor,
                entry.Action,
                entry.SubjectName ?? entry.Subject,
                entry.Detail,
                entry.Refusals,
                entry.RefusedLastAt
            ))
            .ToListAsync(cancellationToken);
        var teams = await db
            .Teams.AsNoTracking()
            .OrderBy(team => team.Name)
            .Select(team => new
            {
                team.Id,
                team.Name,
                Services = db.Services.Count(service => service.TeamId == team.Id),
                Members = team.Members.Select(member => member.UserId).ToList(),
            })
            .ToListAsync(cancellationToken);
        var names = users.ToDictionary(user => user.Id, user => user.UserName!);
        var decided = await db
            .RolePermissions.AsNoTracking()
            .ToDictionaryAsync(one => (one.Role, one.Permission), one => one.Reach, cancellationToken);
        return new AccessPicture(
            now,
            [
                .. users.Select(user => new UserRow(
                    user.Id,
                    user.UserName!,
                    new ProfileDraft(user.DisplayName ?? "", user.Email ?? "", user.TimeZone ?? "", user.Contact ?? ""),
                    Roles.All.LastOrDefault(role => user.Roles.Contains(role)) ?? "none",
                    user.CreatedAt,
                    user.LastSignInAt
                )),
            ],
            tokens,
            environments,
            audit,
            [
                .. teams.Select(team => new TeamRow(
                    team.Id,
                    team.Name,
                    team.Services,
                    [.. team.Members.Select(id => (id, names.GetValueOrDefault(id, ""))).OrderBy(member => member.Item2)]
                )),
            ],
            decided
        );
    }

    public async Task<IReadOnlyList<(int Id, string Name)>> EnvironmentsAsync(CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var rows = await db
            .Environments.AsNoTracking()
            .OrderBy(one => one.Id)
            .Select(one => new { one.Id, one.Name })
            .ToListAsync(cancellationToken);
        return [.. rows.Select(row => (row.Id, row.Name))];
    }
}
