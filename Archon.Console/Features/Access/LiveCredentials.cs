using System.Collections.Concurrent;
using System.Collections.Immutable;
using Archon.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Archon.Features.Access;

/// <summary>
/// Knows of every credential in use whether it is still good, and ends what is open with one that is not. The database is asked when a
/// credential is first seen, when a notification says that something of its user changed, and otherwise once a minute.
/// </summary>
internal sealed class LiveCredentials(
    IDbContextFactory<ArchonDbContext> contexts,
    ArchonDatabase database,
    IOptions<AccessOptions> options,
    TimeProvider clock
)
{
    private static readonly TimeSpan TrustedFor = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan KeptUnused = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan ReadLimit = TimeSpan.FromSeconds(5);

    // A session in steady use would otherwise write its row every minute.
    private static readonly TimeSpan UseNotedEvery = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<Credential, Known> known = new();
    private readonly ConcurrentDictionary<Credential, ImmutableList<Watcher>> watchers = new();

    // Grows with each notification: what was read before one and arrives after it must not count as fresh.
    private long changes;

    public async Task<CredentialState> CheckAsync(Credential credential, CancellationToken cancellationToken)
    {
        if (Fresh(credential) is { } fresh)
            return fresh;
        try
        {
            return (await ReadAsync([credential], cancellationToken))[credential];
        }
        catch (Exception failure) when (IsAway(failure, cancellationToken))
        {
            // Those who are in stay in, the pages say that the database is away. Somebody new has to wait for it.
            return known.GetValueOrDefault(credential)?.State ?? CredentialState.Unknown.Instance;
        }
    }

    /// <summary>Calls <paramref name="ended"/> once, from any thread, when the credential ends; until the result is disposed of.</summary>
    public IDisposable Watch(Credential credential, Action<CredentialState.Ended> ended)
    {
        var watcher = new Watcher(this, credential, ended);
        watchers.AddOrUpdate(credential, _ => [watcher], (_, others) => others.Add(watcher));
        // It may have ended between the check that let it in and now.
        if (Fresh(credential) is not CredentialState.Active)
            _ = RecheckAsync([credential], CancellationToken.None);
        return watcher;
    }

    /// <param name="userId">Whose credentials changed; null for anybody's.</param>
    public Task ChangedAsync(Guid? userId, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref changes);
        foreach (var (credential, state) in known)
        {
            if (userId is not null && state.UserId is not null && state.UserId != userId)
                continue;
            known.TryUpdate(credential, state with { ReadAt = DateTimeOffset.MinValue }, state);
        }
        return RecheckAsync([.. watchers.Keys.Where(credential => Fresh(credential) is null)], cancellationToken);
    }

    /// <summary>For the case that a notification was lost, and for what changes with time alone.</summary>
    public async Task RecheckAllAsync(CancellationToken cancellationToken)
    {
        await RecheckAsync([.. watchers.Keys], cancellationToken);
        if (!database.IsReady)
            return;
        var now = clock.GetUtcNow();
        foreach (var (credential, state) in known)
        {
            if (now - state.SeenAt > KeptUnused && !watchers.ContainsKey(credential))
                known.TryRemove(credential, out _);
        }
    }

    private async Task RecheckAsync(IReadOnlyList<Credential> credentials, CancellationToken cancellationToken)
    {
        if (credentials.Count == 0)
            return;
        try
        {
            foreach (var (credential, state) in await ReadAsync(credentials, cancellationToken))
            {
                if (state is not CredentialState.Ended ended || !watchers.TryRemove(credential, out var watching))
                    continue;
                foreach (var watcher in watching)
                    watcher.Report(ended);
            }
        }
        catch (Exception failure) when (IsAway(failure, cancellationToken))
        {
            // Asked again when the listener is back, and with the next minute.
        }
    }

    private CredentialState? Fresh(Credential credential) =>
        known.TryGetValue(credential, out var state) && clock.GetUtcNow() - state.ReadAt < TrustedFor ? state.State : null;

    private bool IsAway(Exception failure, CancellationToken cancellationToken)
    {
        if (failure is OperationCanceledException)
            return !cancellationToken.IsCancellationRequested;
        if (!DatabaseFailures.IsAway(failure))
            return false;
        database.Suspect();
        return true;
    }

    /// <exception cref="OperationCanceledException">The database is away or too slow, or the caller gave up.</exception>
    private async Task<IReadOnlyDictionary<Credential, CredentialState>> ReadAsync(
        IReadOnlyList<Credential> credentials,
        CancellationToken cancellationToken
    )
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, database.Usable);
        limit.CancelAfter(ReadLimit);
        limit.Token.ThrowIfCancellationRequested();
        var before = Interlocked.Read(ref changes);
        var now = clock.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(limit.Token);
        var found = new Dictionary<Credential, (CredentialState State, Guid? UserId)>();
        foreach (var credential in credentials)
            found[credential] = (new CredentialState.Ended("Your session has ended."), null);
        var sessions = credentials.OfType<Credential.Session>().Select(one => one.Id).ToList();
        if (sessions.Count > 0)
            await ReadSessionsAsync(db, sessions, found, now, limit.Token);
        var tokens = credentials.OfType<Credential.Token>().Select(one => one.Id).ToList();
        if (tokens.Count > 0)
            await ReadTokensAsync(db, tokens, found, now, limit.Token);
        var readAt = Interlocked.Read(ref changes) == before ? now : DateTimeOffset.MinValue;
        foreach (var (credential, (state, userId)) in found)
            known[credential] = new Known(state, userId, readAt, now);
        return found.ToDictionary(one => one.Key, one => one.Value.State);
    }

    private async Task ReadSessionsAsync(
        ArchonDbContext db,
        List<Guid> ids,
        Dictionary<Credential, (CredentialState State, Guid? UserId)> found,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        var roles = db.RoleNames();
        var rows = await (
            from session in db.Sessions.AsNoTracking()
            where ids.Contains(session.Id)
            select new
            {
                Session = session,
                Stamp = db.Users.Where(user => user.Id == session.UserId).Select(user => user.SecurityStamp).FirstOrDefault(),
                Roles = roles.Where(role => role.UserId == session.UserId).Select(role => role.Name).ToList(),
            }
        ).ToListAsync(cancellationToken);
        foreach (var row in rows)
        {
            var words = SessionWords.Describe(row.Session, row.Stamp, Roles.Greatest(row.Roles), now, options.Value.SignInLasts);
            CredentialState state = words is null ? CredentialState.Active.Instance : new CredentialState.Ended(words);
            found[new Credential.Session(row.Session.Id)] = (state, row.Session.UserId);
        }
        // An open page counts as use.
        var every = UseNotedEvery < options.Value.SignInLasts / 10 ? UseNotedEvery : options.Value.SignInLasts / 10;
        var used = rows.Select(row => row.Session)
            .Where(session => now - session.LastUsedAt > every && found[new Credential.Session(session.Id)].State is CredentialState.Active)
            .Select(session => session.Id)
            .ToList();
        if (used.Count == 0)
            return;
        await db
            .Sessions.Where(session => used.Contains(session.Id) && session.EndedAt == null)
            .ExecuteUpdateAsync(
                session =>
                    session.SetProperty(one => one.LastUsedAt, now).SetProperty(one => one.ExpiresAt, now + options.Value.SignInLasts),
                cancellationToken
            );
    }

    private static async Task ReadTokensAsync(
        ArchonDbContext db,
        List<int> ids,
        Dictionary<Credential, (CredentialState State, Guid? UserId)> found,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        var roles = db.RoleNames();
        var rows = await (
            from token in db.ApiTokens.AsNoTracking()
            where ids.Contains(token.Id)
            select new
            {
                token.Id,
                token.OwnerId,
                IsUsable = token.RevokedAt == null && (token.ExpiresAt == null || token.ExpiresAt > now),
                OwnerRoles = roles.Where(role => role.UserId == token.OwnerId).Select(role => role.Name).ToList(),
            }
        ).ToListAsync(cancellationToken);
        foreach (var row in rows)
        {
            CredentialState state =
                row.IsUsable && (row.OwnerId is null || Roles.Greatest(row.OwnerRoles).Length > 0)
                    ? CredentialState.Active.Instance
                    : new CredentialState.Ended("The token was revoked or has expired.");
            found[new Credential.Token(row.Id)] = (state, row.OwnerId);
        }
    }

    private void Forget(Watcher watcher)
    {
        while (watchers.TryGetValue(watcher.Credential, out var all))
        {
            var rest = all.Remove(watcher);
            if (
                rest.IsEmpty
                    ? watchers.TryRemove(KeyValuePair.Create(watcher.Credential, all))
                    : watchers.TryUpdate(watcher.Credential, rest, all)
            )
                return;
        }
    }

    private sealed record Known(CredentialState State, Guid? UserId, DateTimeOffset ReadAt, DateTimeOffset SeenAt);

    private sealed class Watcher(LiveCredentials owner, Credential credential, Action<CredentialState.Ended> ended) : IDisposable
    {
        private readonly Lock gate = new();
        private bool isOver;

        public Credential Credential => credential;

        public void Report(CredentialState.Ended state)
        {
            // Nobody is told after having disposed of it.
            lock (gate)
            {
                if (isOver)
                    return;
                isOver = true;
                ended(state);
            }
        }

        public void Dispose()
        {
            lock (gate)
                isOver = true;
            owner.Forget(this);
        }
    }
}
