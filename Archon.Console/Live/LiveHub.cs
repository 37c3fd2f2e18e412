using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.SignalR;

namespace Archon.Live;

/// <summary>What the hub sends by itself to every client that is connected.</summary>
public interface ILiveClient
{
    public Task TopicChanged(TopicChanged change);
}

/// <summary>Live ticks for other clients at <see cref="Path"/>. Our own pages read the topics in process.</summary>
[Authorize]
public sealed class LiveHub(IEnumerable<LiveTopic> topics) : Hub<ILiveClient>
{
    public const string Path = "/hubs/live";

    /// <summary>One tick at once, then one for every change.</summary>
    /// <param name="topic">As in <see cref="LiveTopic.Name"/>.</param>
    /// <exception cref="HubException">There is no such topic; the message lists those that there are.</exception>
    public IAsyncEnumerable<TopicChanged> Watch(string topic, CancellationToken cancellationToken)
    {
        var found = topics.FirstOrDefault(one => one.Name == topic);
        if (found is null)
        {
            var names = string.Join(", ", topics.Select(one => one.Name).Order(StringComparer.Ordinal));
            throw new HubException($"There is no such topic. The topics are {names}.");
        }
        return found.WatchAsync(cancellationToken);
    }
}
