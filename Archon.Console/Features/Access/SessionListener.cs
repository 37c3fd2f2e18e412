using Archon.Data;
using Archon.Data.Background;
using Archon.Live;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Access;

/// <summary>Hears from every process of sessions that ended and of changed users and tokens.</summary>
internal sealed class SessionListener(LiveCredentials credentials) : IChangeHandler
{
    /// <summary>Its payload is the user's id.</summary>
    public const string Id = "access";

    public string Topic => Id;

    public Task ChangedAsync(string payload, CancellationToken cancellationToken) =>
        credentials.ChangedAsync(Guid.TryParse(payload, out var user) ? user : null, cancellationToken);
}

/// <summary>Looks at all sessions in use once a minute, in case a notification was lost, and deletes those that are long over.</summary>
internal sealed class SessionRecheck(
    LiveCredentials credentials,
    IDbContextFactory<ArchonDbContext> contexts,
    ArchonDatabase database,
    Supervision supervision,
    TimeProvider clock
) : SupervisedService("Check of sessions", supervision)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <summary>Somebody may ask for so long why a session ended.</summary>
    private static readonly TimeSpan KeptAfterEnd = TimeSpan.FromDays(1);

    protected override async Task RunAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await Task.Delay(Interval, clock, stoppingToken);
            await database.WhenReadyAsync(stoppingToken);
            await credentials.RecheckAllAsync(stoppingToken);
            await CleanAsync(stoppingToken);
            ReportHealthy();
        }
    }

    private async Task CleanAsync(CancellationToken cancellationToken)
    {
        var since = clock.GetUtcNow() - KeptAfterEnd;
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await db.Sessions.Where(one => one.EndedAt < since || one.ExpiresAt < since).ExecuteDeleteAsync(cancellationToken);
    }
}
