using Archon.Data;
using Archon.Data.Background;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Options;

namespace Archon.Live;

/// <summary>The one listener of this process: it turns what PostgreSQL announces into ticks of topics and of hub clients.</summary>
internal sealed partial class ChangeListener(
    IEnumerable<LiveTopic> topics,
    IEnumerable<IChangeHandler> handlers,
    LiveUpdates updates,
    IHubContext<LiveHub, ILiveClient> hub,
    IOptions<LiveOptions> options,
    ArchonNotifications notifications,
    ArchonDatabase database,
    Supervision supervision,
    ILogger<ChangeListener> logger
) : SupervisedService("Live updates", supervision)
{
    private readonly Dictionary<string, LiveTopic> topics = topics.ToDictionary(topic => Announcements.Channel(topic.Name));
    private readonly ILookup<string, IChangeHandler> handlers = handlers.ToLookup(handler => Announcements.Channel(handler.Topic));

    protected override async Task RunAsync(CancellationToken stoppingToken)
    {
        await database.WhenReadyAsync(stoppingToken);
        try
        {
            await notifications.ListenAsync(
                [.. topics.Keys, .. handlers.Select(one => one.Key)],
                (channel, payload) => Heard(channel, payload, stoppingToken),
                stoppingToken
            );
        }
        catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
        {
            updates.Broke(Describe(failure) ?? $"{failure.GetType().Name}: {failure.Message}");
            throw;
        }
    }

    protected override string? Describe(Exception failure) => ReadFailures.Describe(failure);

    private void Heard(string channel, string payload, CancellationToken stoppingToken)
    {
        ReportHealthy();
        updates.Hears();
        if (topics.TryGetValue(channel, out var topic))
        {
            var (origin, environmentId) = Announcements.Read(payload);
            topic.Tick(environmentId);
            // With a backplane "all" reaches the clients of every process, so only the process that announced speaks.
            if (options.Value.Redis is null || origin == Announcements.Origin)
                _ = PassOnAsync(channel, () => hub.Clients.All.TopicChanged(topic.Now(environmentId)), stoppingToken);
        }
        foreach (var handler in handlers[channel])
            _ = PassOnAsync(channel, () => handler.ChangedAsync(payload, stoppingToken), stoppingToken);
    }

    private async Task PassOnAsync(string channel, Func<Task> passOn, CancellationToken stoppingToken)
    {
        try
        {
            await passOn();
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The console stops.
        }
        // The listener goes on: the next change is passed on in its own right.
        catch (Exception failure)
        {
            LogNotPassedOn(channel, failure);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A change on {Channel} did not reach all that watch it")]
    private partial void LogNotPassedOn(string channel, Exception failure);
}
