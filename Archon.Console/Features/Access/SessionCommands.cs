using Archon.Data;
using Archon.Data.Access;
using Archon.Live;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Archon.Features.Access;

/// <summary>Begins and ends sessions. Each end reaches every process when its transaction commits.</summary>
internal sealed class SessionCommands(IDbContextFactory<ArchonDbContext> contexts, IOptions<AccessOptions> options, TimeProvider clock)
{
    /// <param name="user">As it was when the password was found right.</param>
    /// <returns>Null where the password, or the user, changed meanwhile.</returns>
    public async Task<Credential.Session?> BeginAsync(ArchonUser user, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        // Two sign-ins at once would each find room for one more, and a change of role or password would miss a session that is just being made.
        await db.Database.ExecuteSqlAsync($"SELECT 1 FROM users WHERE id = {user.Id} FOR UPDATE", cancellationToken);
        if (await db.Users.SingleOrDefaultAsync(one => one.Id == user.Id, cancellationToken) is not { } found)
            return null;
        var stamp = found.SecurityStamp;
        if (stamp != user.SecurityStamp)
            return null;
        found.LastSignInAt = now;
        var roles = await db.RoleNames().Where(role => role.UserId == user.Id).Select(role => role.Name).ToListAsync(cancellationToken);
        var tooMany = await db
            .Sessions.Where(one => one.UserId == user.Id && one.EndedAt == null && one.ExpiresAt > now)
            .OrderByDescending(one => one.LastUsedAt)
            .ThenBy(one => one.Id)
            .Skip(UserLimits.Sessions - 1)
            .ToListAsync(cancellationToken);
        foreach (var session in tooMany)
            (session.EndedAt, session.EndReason) = (now, SessionEnd.TooMany);
        await db.SaveChangesAsync(cancellationToken);
        if (tooMany.Count > 0)
            await db.AnnounceAsync(SessionListener.Id, user.Id.ToString(), cancellationToken);
        // Of those that are over as many are kept: whoever signs in and out all day must not fill the table.
        var over = db.Sessions.Where(one => one.UserId == user.Id && (one.EndedAt != null || one.ExpiresAt <= now));
        var forgotten = await over.OrderByDescending(one => one.EndedAt ?? one.ExpiresAt)
            .Skip(UserLimits.Sessions)
            .ToListAsync(cancellationToken);
        db.Sessions.RemoveRange(forgotten);
        var begun = new UserSession
        {
            Id = Guid.NewGuid(),
            UserId = user.Id,
            Role = Roles.Greatest(roles),
            SecurityStamp = stamp ?? "",
            CreatedAt = now,
            LastUsedAt = now,
            ExpiresAt = now + options.Value.SignInLasts,
        };
        db.Sessions.Add(begun);
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new Credential.Session(begun.Id);
    }

    public async Task SignOutAsync(Credential.Session session, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var row = await db.Sessions.FirstOrDefaultAsync(one => one.Id == session.Id && one.EndedAt == null, cancellationToken);
        if (row is null)
            return;
        (row.EndedAt, row.EndReason) = (now, SessionEnd.SignedOut);
        await db.SaveChangesAsync(cancellationToken);
        await db.AnnounceAsync(SessionListener.Id, row.UserId.ToString(), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Ends what a user has open, when and only when the transaction of <paramref name="db"/> commits. Saves what else was changed.</summary>
    /// <param name="except">The session that goes on; null for none.</param>
    public static async Task EndAllAsync(
        ArchonDbContext db,
        Guid userId,
        SessionEnd reason,
        string? newRole,
        Guid? except,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        var open = await db
            .Sessions.Where(one => one.UserId == userId && one.EndedAt == null && one.Id != except)
            .ToListAsync(cancellationToken);
        foreach (var session in open)
            (session.EndedAt, session.EndReason, session.NewRole) = (now, reason, newRole);
        await db.SaveChangesAsync(cancellationToken);
        await db.AnnounceAsync(SessionListener.Id, userId.ToString(), cancellationToken);
    }
}
