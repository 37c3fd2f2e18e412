using System.Threading.Channels;
using Archon.Data;
using Archon.Ui.Parts;
using Archon.Ui.View;
using Microsoft.AspNetCore.Components;

namespace Archon.Live;

/// <summary>Why there is no newer picture, and since when.</summary>
public sealed record ReadFailure(string Reason, DateTimeOffset Since);

/// <summary>A page that shows one picture of the catalogue and keeps it fresh.</summary>
/// <remarks>It holds what all such pages must do alike: read once when it opens and again when a topic of its source ticks, cancel a read that is no
/// longer wanted, repaint at most twice a second, keep the old picture while the database is away, and let go when the tab closes.</remarks>
public abstract class LivePage<TPicture> : ComponentBase, IDisposable
    where TPicture : class
{
    // Twice a second is as fast as people read.
    private static readonly TimeSpan RedrawGap = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ReadLimit = TimeSpan.FromSeconds(20);

    // One waiting wake-up stands for any number of them.
    private readonly Channel<bool> wake = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest }
    );
    private readonly ComponentLifetime lifetime = new();
    private CancellationTokenSource? reading;
    private CancellationTokenSource? resting;
    private TPicture? waiting;
    private string? shownKey;
    private string? pictureKey;

    [Inject]
    private SnapshotCache Snapshots { get; set; } = default!;

    [Inject]
    private LiveUpdates Updates { get; set; } = default!;

    [Inject]
    protected TimeProvider Clock { get; set; } = default!;

    [Inject]
    private ViewState LivePageView { get; set; } = default!;

    [Inject]
    private ArchonDatabase Database { get; set; } = default!;

    /// <summary>The newest picture; null before the first one came.</summary>
    protected TPicture? Picture { get; private set; }

    /// <summary>The picture is of what the address asked for before: the new one is still to come, or could not be read.</summary>
    protected bool IsOld => Picture is not null && pictureKey != shownKey;

    /// <summary>Set while the last read failed. With a picture the page is stale, without one it has failed.</summary>
    protected ReadFailure? Failure { get; private set; }

    protected CancellationToken Lifetime => lifetime.Token;

    /// <summary>What is read for the address as it is now. Its topics are always the same.</summary>
    protected abstract LiveSource<TPicture> Source { get; }

    /// <summary>Called once the page is watched by someone: follow here what is no topic.</summary>
    protected virtual void Follow() { }

    /// <summary>Called with every new picture, before it is shown.</summary>
    protected virtual void Arrived(TPicture picture) { }

    /// <summary>How many things of a picture are not in the one that is shown. A page that can tell is read while it stands still, but not changed.</summary>
    protected virtual int? NewIn(TPicture picture) => null;

    /// <summary>Called when the address asks for another picture.</summary>
    protected virtual void KeyChanged() { }

    protected override Task OnParametersSetAsync()
    {
        var source = Source;
        if (shownKey == source.Key)
            return Task.CompletedTask;
        if (shownKey is not null)
            KeyChanged();
        shownKey = source.Key;
        if (source.Find(Snapshots) is { } known)
            Show(known);
        return RefreshAsync(SnapshotAge.Opening);
    }

    protected override async Task OnAfterRenderAsync(bool firstRender) // not during prerender: nobody is watching yet
    {
        if (!firstRender)
            return;
        Follow();
        foreach (var topic in Source.Topics)
            _ = FollowAsync(topic);
        WakeEvery(LiveUpdates.Fallback, () => Updates.Break is not null);
        LivePageView.Changed += WakeNow;
        LivePageView.ShowWaiting += ShowWaiting;
        Database.Changed += DatabaseChanged;
        if (Failure is not null)
            Wake();
        var token = lifetime.Token;
        try
        {
            await foreach (var _ in wake.Reader.ReadAllAsync(token))
            {
                var began = Clock.GetTimestamp();
                // What is paused stands still; going on wakes the page.
                if (LivePageView.Paused)
                    await LookAheadAsync();
                else
                    await RefreshAsync(SnapshotAge.Current);
                StateHasChanged();
                // A page that is dear to read is read less often, so that watching never costs more than a tenth of a core.
                var rest = Clock.GetElapsedTime(began) * 9;
                rest =
                    rest < RedrawGap ? RedrawGap
                    : rest > LongestRest ? LongestRest
                    : rest;
                if (Failure is not null)
                    rest = LongestRest;
                await RestAsync(LivePageView.RefreshEvery is { } every && every > rest ? every : rest, token);
                // What could not be read is asked for again: the feed that would tell of it may be away too.
                if (Failure is not null)
                    Wake();
            }
        }
        catch (OperationCanceledException) when (token.IsCancellationRequested)
        {
            // the tab closed
        }
    }

    /// <summary>Until the time is over, or the reader wants something else: they never wait for a pace.</summary>
    private async Task RestAsync(TimeSpan rest, CancellationToken token)
    {
        // The token and not its source: the page may be gone by now, and the source with it.
        using var mine = CancellationTokenSource.CreateLinkedTokenSource(token);
        resting = mine;
        try
        {
            await Task.Delay(rest, Clock, mine.Token);
        }
        catch (OperationCanceledException) when (!token.IsCancellationRequested)
        {
            // woken
        }
        finally
        {
            resting = null;
        }
    }

    private void WakeNow()
    {
        Wake();
        resting?.Cancel();
    }

    /// <summary>The page says at once that the database went away, and reads as soon as it is back.</summary>
    private void DatabaseChanged() => _ = InvokeAsync(WakeNow);

    private void ShowWaiting()
    {
        if (waiting is not { } picture)
            return;
        waiting = null;
        Show(picture);
        _ = InvokeAsync(StateHasChanged);
    }

    /// <summary>While the page stands still: reads what would be shown, tells how much of it is new, and shows nothing.</summary>
    private async Task LookAheadAsync()
    {
        if (lifetime.IsOver || !Database.IsReady || Picture is not { } shown || NewIn(shown) is null)
            return;
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(lifetime.Token);
            limit.CancelAfter(ReadLimit);
            var picture = await Source.ReadAsync(Snapshots, SnapshotAge.Current, limit.Token);
            if (!LivePageView.Paused)
                return;
            waiting = picture;
            LivePageView.NoteWaiting(NewIn(picture) ?? 0);
        }
        catch (Exception exception) when (!lifetime.IsOver && ReadFailures.Describe(exception) is not null)
        {
            // Nothing new is known; going on tells of the failure.
        }
    }

    /// <summary>Reads again soon. May be called from any thread, and as often as one likes.</summary>
    protected void Wake() => wake.Writer.TryWrite(true);

    /// <summary>Reads again on every tick of a topic in the environment that the page shows, for as long as it is open.</summary>
    private async Task FollowAsync(LiveTopic topic)
    {
        try
        {
            await foreach (var _ in topic.WatchAsync(environment => environment == LivePageView.EnvironmentId, lifetime.Token))
                Wake();
        }
        catch (OperationCanceledException) when (lifetime.IsOver)
        {
            // the tab closed
        }
    }

    /// <summary>Reads again at a steady pace, where no topic tells of what the page shows.</summary>
    protected void WakeEvery(TimeSpan pace) => WakeEvery(pace, () => true);

    private void WakeEvery(TimeSpan pace, Func<bool> isNeeded)
    {
        _ = BeatAsync();

        async Task BeatAsync()
        {
            using var timer = new PeriodicTimer(pace, Clock);
            try
            {
                while (await timer.WaitForNextTickAsync(lifetime.Token))
                {
                    if (isNeeded())
                        Wake();
                }
            }
            catch (OperationCanceledException) when (lifetime.IsOver)
            {
                // the tab closed
            }
        }
    }

    /// <summary>Reads what is there now, for a reader who changed something.</summary>
    protected Task RefreshAsync() => RefreshAsync(SnapshotAge.Newer);

    private async Task RefreshAsync(SnapshotAge age)
    {
        if (lifetime.IsOver)
            return;
        reading?.Cancel();
        if (!Database.IsReady)
        {
            // Every open page would else wait for a server that is known not to answer.
            Failure = new ReadFailure(AwayReason ?? "The database is starting.", Failure?.Since ?? Clock.GetUtcNow());
            return;
        }
        using var mine = CancellationTokenSource.CreateLinkedTokenSource(lifetime.Token, Database.Usable);
        mine.CancelAfter(ReadLimit);
        reading = mine;
        try
        {
            var picture = await Source.ReadAsync(Snapshots, age, mine.Token);
            if (reading != mine)
                return;
            Failure = null;
            Show(picture);
        }
        catch (OperationCanceledException) when (reading != mine || lifetime.IsOver)
        {
            // a newer read took over, or the tab closed
        }
        catch (Exception exception) when (ReadFailures.Describe(exception) is { } reason)
        {
            if (DatabaseFailures.IsAway(exception))
                Database.Suspect();
            if (reading == mine)
                Failure = new ReadFailure(AwayReason ?? reason, Failure?.Since ?? Clock.GetUtcNow());
        }
        finally
        {
            if (reading == mine)
                reading = null;
        }
    }

    private string? AwayReason => (Database.State as DatabaseState.Away)?.Reason;

    private void Show(TPicture picture)
    {
        Arrived(picture);
        (Picture, pictureKey) = (picture, shownKey);
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        if (!disposing)
            return;
        LivePageView.Changed -= WakeNow;
        LivePageView.ShowWaiting -= ShowWaiting;
        Database.Changed -= DatabaseChanged;
        lifetime.Dispose();
    }
}
