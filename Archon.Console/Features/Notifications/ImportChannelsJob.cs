using Archon.ConfigFiles.Alertmanager;
using Archon.Data;
using Archon.Data.Notifications;
using Archon.Integrations;
using Archon.Integrations.Alertmanager;
using Archon.Jobs;
using Archon.Live;
using Hangfire;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Notifications;

public sealed partial class ImportChannelsJob(
    IDbContextFactory<ArchonDbContext> contexts,
    Upstreams upstreams,
    TimeProvider clock,
    ILogger<ImportChannelsJob> logger
)
{
    /// <summary>Reads the receivers of the running Alertmanager into the catalogue, secrets masked.</summary>
    [Queue("discover"), AutomaticRetry(Attempts = 3), AdvisoryLock("import-channels:{0}")]
    public async Task ImportAsync(int environmentId, CancellationToken cancellationToken)
    {
        var answer = await upstreams.For(environmentId).Alertmanager.StatusAsync(cancellationToken);
        if (answer is not Fetch<AlertmanagerStatus>.Ok { Value.ConfigYaml: var yaml })
        {
            LogNotChecked(environmentId, answer.Reason());
            return; // not checked: no channel is gone because nobody answered
        }
        var (channels, fault) = ReceiverReader.Read(yaml);
        if (channels is null)
        {
            // The server runs on it, so the fault is ours to see: the job fails and stands on Status.
            throw new InvalidOperationException($"The configuration of Alertmanager cannot be read. {fault}");
        }

        var now = clock.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var known = await db.NotificationChannels.Where(channel => channel.EnvironmentId == environmentId).ToListAsync(cancellationToken);
        var byKey = known.ToDictionary(channel => (channel.Receiver, channel.Kind, channel.Ordinal));
        var (found, changed) = (new HashSet<NotificationChannel>(), false);
        foreach (var served in channels)
        {
            if (!byKey.TryGetValue((served.Receiver, served.Kind, served.Ordinal), out var channel))
            {
                channel = new NotificationChannel
                {
                    EnvironmentId = environmentId,
                    Receiver = served.Receiver,
                    Kind = served.Kind,
                    Ordinal = served.Ordinal,
                    Target = "",
                    CreatedAt = now,
                };
                byKey.Add((served.Receiver, served.Kind, served.Ordinal), channel);
                db.NotificationChannels.Add(channel);
            }
            found.Add(channel);
            changed |= channel.Target != served.Target || channel.SendResolved != served.SendResolved || channel.DeletedAt is not null;
            (channel.Target, channel.SendResolved, channel.ServerSeenAt, channel.DeletedAt) = (
                served.Target,
                served.SendResolved,
                now,
                null
            );
        }
        foreach (var gone in known.Where(channel => !found.Contains(channel) && channel.DeletedAt is null))
        {
            gone.DeletedAt = now;
            changed = true;
        }
        await db.SaveChangesAsync(cancellationToken);
        if (changed)
            await db.AnnounceAsync(ChannelTopic.Id, environmentId, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Environment {EnvironmentId}: Alertmanager did not return its receivers: {Reason}")]
    private partial void LogNotChecked(int environmentId, string reason);
}
