using System.Collections.Concurrent;
using System.Threading.Channels;
using Archon.Live;
using Archon.Ui.View;

namespace Archon.Shell;

/// <summary>The counts beside the screens' names, followed for as long as the layout is shown.</summary>
public sealed class NavCounts(IEnumerable<INavCountSource> sources, SnapshotCache snapshots, ViewState view, TimeProvider clock)
    : IDisposable
{
    // A scan ticks every few seconds; a number in the corner need not be faster than that.
    private static readonly TimeSpan Gap = TimeSpan.FromSeconds(2);

    // What is critical may follow from the time alone.
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, NavCount> counts = new();
    private CancellationTokenSource? following;
    private int environmentId;

    /// <summary>Raised from any thread.</summary>
    public event Action? Changed;

    /// <summary>Null where there is nothing to show, or nobody knows.</summary>
    public NavCount? this[string href] => counts.GetValueOrDefault(href);

    public void Follow()
    {
        view.Changed += Restart;
        Restart();
    }

    private void Restart()
    {
        if (following is not null && environmentId == view.EnvironmentId)
            return;
        following?.Cancel();
        following = new CancellationTokenSource();
        environmentId = view.EnvironmentId;
        foreach (var source in sources)
            _ = FollowAsync(source, environmentId, following.Token);
    }

    private async Task FollowAsync(INavCountSource source, int environment, CancellationToken cancellationToken)
    {
        // One waiting wake-up stands for any number of them.
        var wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
        try
        {
            await using var beat = clock.CreateTimer(_ => wake.Writer.TryWrite(true), null, Beat, Beat);
            foreach (var topic in source.Topics)
                _ = WakeAsync(topic, environment, wake.Writer, cancellationToken);
            wake.Writer.TryWrite(true);
            await foreach (var _ in wake.Reader.ReadAllAsync(cancellationToken))
            {
                Become(source.Href, await CountAsync(source, environment, cancellationToken));
                await Task.Delay(Gap, clock, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // another environment was chosen, or the tab closed
        }
    }

    private static async Task WakeAsync(LiveTopic topic, int environment, ChannelWriter<bool> wake, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var _ in topic.WatchAsync(one => one == environment, cancellationToken))
                wake.TryWrite(true);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // as above
        }
    }

    private async Task<NavCount> CountAsync(INavCountSource source, int environment, CancellationToken cancellationToken)
    {
        var shared = LiveSource.Shared("count", environment, $"{source.Href}", source.Topics, source.CountAsync);
        try
        {
            return await snapshots.GetAsync(shared, SnapshotAge.Current, cancellationToken);
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested && ReadFailures.Describe(failure) is not null)
        {
            // The page says that the database is away; an old number here would look like a new one.
            return NavCount.None;
        }
    }

    private void Become(string href, NavCount count)
    {
        var before = this[href] ?? NavCount.None;
        if (count.Number == 0)
            counts.TryRemove(href, out _);
        else
            counts[href] = count;
        if (before != count)
            Changed?.Invoke();
    }

    public void Dispose()
    {
        view.Changed -= Restart;
        following?.Cancel();
        following?.Dispose();
    }
}
