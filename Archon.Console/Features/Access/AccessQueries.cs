using Archon.Data;
using Archon.Shell;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Access;

public sealed record UserRow(
    Guid Id,
    string Name,
    string? DisplayName,
    string Role,
    DateTimeOffset CreatedAt,
    DateTimeOffset? LastSignInAt
);

public sealed record TokenRow(
    int Id,
    string Name,
    string Prefix,
    string Role,
    string Owner,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ExpiresAt,
    DateTimeOffset? LastUsedAt,
    DateTimeOffset? RevokedAt
)
{
    public bool IsUsable(DateTimeOffset now) => RevokedAt is null && (ExpiresAt is null || ExpiresAt > now);
}

public sealed record EnvironmentRow(int Id, string Name, DateTimeOffset CreatedAt, int Services, int Watches);

public sealed record AuditRow(DateTimeOffset At, string Actor, string Action, string Subject, string? Detail);

/// <summary>Everything of the settings page at one time. Readers are shown parts of it by their role: no <see cref="Live.ISharedPicture"/>.</summary>
public sealed record AccessPicture(
    DateTimeOffset ReadAt,
    IReadOnlyList<UserRow> Users,
    IReadOnlyList<TokenRow> Tokens,
    IReadOnlyList<EnvironmentRow> Environments,
    IReadOnlyList<AuditRow> Audit
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
                user.CreatedAt,
                user.LastSignInAt,
                Roles = roles.Where(role => role.UserId == user.Id).Select(role => role.Name).ToList(),
            }
        ).ToListAsync(cancellationToken);
        var tokens = await (
            from token in db.ApiTokens.AsNoTracking()
            join owner in db.Users on token.OwnerId equals owner.Id
            orderby token.RevokedAt != null, token.CreatedAt descending
            select new TokenRow(
                token.Id,
                token.Name,
                token.Prefix,
                token.Role,
                owner.UserName!,
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
            .Select(entry => new AuditRow(entry.At, entry.Actor, entry.Action, entry.Subject, entry.Detail))
            .ToListAsync(cancellationToken);
        return new AccessPicture(
            now,
            [
                .. users.Select(user => new UserRow(
                    user.Id,
                    user.UserName!,
                    user.DisplayName,
                    Roles.All.LastOrDefault(role => user.Roles.Contains(role)) ?? "none",
                    user.CreatedAt,
                    user.LastSignInAt
                )),
            ],
            tokens,
            environments,
            audit
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
