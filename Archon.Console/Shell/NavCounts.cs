using System.Collections.Concurrent;
using Archon.Ui.View;

namespace Archon.Shell;

/// <summary>The counts beside the screens' names, followed for as long as the layout is shown.</summary>
public sealed class NavCounts(IEnumerable<INavCountSource> sources, ViewState view) : IDisposable
{
    private readonly ConcurrentDictionary<string, NavCount> counts = new();
    private CancellationTokenSource? following;
    private int environmentId;

    /// <summary>Raised from any thread.</summary>
    public event Action? Changed;

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
        try
        {
            await foreach (var count in source.WatchAsync(environment, cancellationToken))
            {
                var before = this[source.Href];
                if (count is null)
                    counts.TryRemove(source.Href, out _);
                else
                    counts[source.Href] = count;
                if (before != count)
                    Changed?.Invoke();
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // another environment was chosen, or the tab closed
        }
    }

    public void Dispose()
    {
        view.Changed -= Restart;
        following?.Cancel();
        following?.Dispose();
    }
}
