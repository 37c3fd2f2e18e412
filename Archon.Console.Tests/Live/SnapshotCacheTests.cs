using System.Runtime.CompilerServices;
using Archon.Live;
using Archon.Tests.Kit;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Archon.Tests.Live;

public sealed class SnapshotCacheTests : IDisposable
{
    /// <summary>In which ticks that come together become one.</summary>
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(50);

    private readonly FakeTimeProvider clock = new();
    private readonly LiveUpdates updates;
    private readonly SnapshotCache snapshots;
    private readonly Topic topic;
    private int reads;

    public SnapshotCacheTests()
    {
        updates = new LiveUpdates(clock);
        snapshots = new SnapshotCache(updates, clock);
        topic = new Topic(clock);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task All_who_ask_at_once_share_one_read()
    {
        var held = new TaskCompletionSource();
        var source = Source("a", async _ => await held.Task);

        var asked = Enumerable.Range(0, 50).Select(_ => GetAsync(source)).ToList();
        held.SetResult();
        var given = await Task.WhenAll(asked);

        Assert.Equal(1, reads);
        Assert.All(given, one => Assert.Same(given[0], one));
    }

    [Fact]
    public async Task A_tick_makes_the_next_who_asks_read_again_and_only_that_one()
    {
        var source = Source("a");
        await GetAsync(source);
        await GetAsync(source);
        Assert.Equal(1, reads);

        clock.Advance(TimeSpan.FromSeconds(1));
        topic.Tick();
        await Task.WhenAll(GetAsync(source), GetAsync(source));

        Assert.Equal(2, reads);
    }

    [Fact]
    public async Task A_tick_of_another_environment_reads_nothing()
    {
        var source = Source("a");
        await GetAsync(source);
        clock.Advance(TimeSpan.FromSeconds(1));

        topic.Tick(2);
        await GetAsync(source);
        Assert.Equal(1, reads);

        topic.Tick(1);
        await GetAsync(source);
        Assert.Equal(2, reads);
    }

    [Fact]
    public async Task A_change_while_a_read_is_under_way_is_read_afterwards()
    {
        var held = new TaskCompletionSource();
        var source = Source("a", async _ => await held.Task);
        var first = GetAsync(source);

        topic.Tick();
        held.SetResult();
        await first;
        clock.Advance(TimeSpan.FromSeconds(1));
        await GetAsync(source);

        Assert.Equal(2, reads);
    }

    [Fact]
    public async Task Ticks_that_come_together_are_one_change()
    {
        var source = Source("a");
        await GetAsync(source);
        clock.Advance(TimeSpan.FromSeconds(1));

        topic.Tick();
        var first = snapshots.GetAsync(source, SnapshotAge.Current, Token);
        topic.Tick();
        var second = snapshots.GetAsync(source, SnapshotAge.Current, Token);
        clock.Advance(Moment);

        Assert.Same(await first, await second);
        Assert.Equal(2, reads);
    }

    [Fact]
    public async Task Ticks_are_read_at_most_twice_a_second()
    {
        var source = Source("a");
        await GetAsync(source);
        topic.Tick();

        var next = GetAsync(source);
        clock.Advance(TimeSpan.FromMilliseconds(390));
        Assert.Equal(1, reads);
        clock.Advance(TimeSpan.FromMilliseconds(10));
        await next.WaitAsync(Waits.Limit, Token);

        Assert.Equal(2, reads);
    }

    [Fact]
    public async Task A_tick_during_a_read_delays_no_one_who_had_asked_before_it_began()
    {
        var held = new TaskCompletionSource();
        var source = Source("a", async _ => await (reads == 2 ? held.Task : Task.CompletedTask));
        await GetAsync(source);
        topic.Tick();
        var all = Enumerable.Range(0, 50).Select(_ => snapshots.GetAsync(source, SnapshotAge.Current, Token)).ToList();
        clock.Advance(TimeSpan.FromMilliseconds(500));
        await Waits.UntilAsync(() => reads == 2);

        topic.Tick();
        held.SetResult();
        var given = await Task.WhenAll(all).WaitAsync(Waits.Limit, Token);

        Assert.Equal(2, reads);
        Assert.All(given, one => Assert.Same(given[0], one));
    }

    [Fact]
    public async Task A_tick_during_a_read_is_read_half_a_second_after_that_read_began()
    {
        var held = new TaskCompletionSource();
        var source = Source("a", async _ => await (reads == 2 ? held.Task : Task.CompletedTask));
        await GetAsync(source);
        topic.Tick();
        var first = snapshots.GetAsync(source, SnapshotAge.Current, Token);
        clock.Advance(TimeSpan.FromMilliseconds(500));
        await Waits.UntilAsync(() => reads == 2);

        topic.Tick();
        var next = Enumerable.Range(0, 20).Select(_ => snapshots.GetAsync(source, SnapshotAge.Current, Token)).ToList();
        clock.Advance(TimeSpan.FromMilliseconds(300));
        held.SetResult();
        await first.WaitAsync(Waits.Limit, Token);
        clock.Advance(TimeSpan.FromMilliseconds(190));
        Assert.All(next, one => Assert.False(one.IsCompleted));
        clock.Advance(TimeSpan.FromMilliseconds(10));
        var given = await Task.WhenAll(next).WaitAsync(Waits.Limit, Token);

        Assert.Equal(3, reads);
        Assert.All(given, one => Assert.NotSame(first.Result, one));
    }

    [Fact]
    public async Task Who_has_changed_something_gets_what_was_read_since()
    {
        var source = Source("a");
        await GetAsync(source);

        await GetAsync(source, SnapshotAge.Newer);

        Assert.Equal(2, reads);
    }

    [Fact]
    public async Task A_page_that_opens_takes_what_is_there()
    {
        var source = Source("a");
        var first = await GetAsync(source);
        topic.Tick();

        Assert.Same(first, await GetAsync(source, SnapshotAge.Opening));
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.NotSame(first, await GetAsync(source, SnapshotAge.Opening));
    }

    [Fact]
    public async Task A_page_that_opens_does_not_wait_for_the_pace_of_one_that_is_open()
    {
        var source = Source("a");
        var first = await GetAsync(source);
        topic.Tick();
        var waiting = snapshots.GetAsync(source, SnapshotAge.Current, Token);

        Assert.Same(first, await snapshots.GetAsync(source, SnapshotAge.Opening, Token).WaitAsync(Waits.Limit, Token));

        Assert.False(waiting.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.NotSame(first, await waiting.WaitAsync(Waits.Limit, Token));
    }

    [Fact]
    public async Task What_follows_from_the_time_is_read_again_without_a_tick()
    {
        var source = Source("a");
        var first = await GetAsync(source);

        clock.Advance(TimeSpan.FromSeconds(29) - Moment);
        Assert.Same(first, await GetAsync(source));
        clock.Advance(TimeSpan.FromSeconds(1));

        Assert.NotSame(first, await GetAsync(source));
    }

    [Fact]
    public async Task While_changes_are_not_heard_it_is_read_more_often()
    {
        var source = Source("a");
        await GetAsync(source);
        updates.Broke("The connection broke.");

        clock.Advance(LiveUpdates.Fallback);
        await GetAsync(source);

        Assert.Equal(2, reads);
    }

    [Fact]
    public async Task A_failure_is_reported_to_all_who_waited_and_asked_again_by_the_next()
    {
        var held = new TaskCompletionSource();
        var isBroken = true;
        var source = Source(
            "a",
            async _ =>
            {
                await held.Task;
                if (isBroken)
                    throw new TimeoutException("It took too long.");
            }
        );
        var asked = Enumerable.Range(0, 50).Select(_ => GetAsync(source)).ToList();
        held.SetResult();
        foreach (var one in asked)
            await Assert.ThrowsAsync<TimeoutException>(() => one);
        // The one that reads, and one that had asked when that read was under way already.
        Assert.InRange(reads, 1, 2);

        isBroken = false;
        Assert.NotNull(await GetAsync(source));
    }

    [Fact]
    public async Task One_who_leaves_ends_no_read_of_the_others()
    {
        using var leaving = new CancellationTokenSource();
        var source = Source("a", token => Task.Delay(Timeout.Infinite, token).WaitAsync(token));
        var left = snapshots.GetAsync(source, SnapshotAge.Current, leaving.Token);
        var calm = Source("a");
        var other = GetAsync(calm);

        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        Assert.NotNull(await other.WaitAsync(Waits.Limit, Token));
    }

    [Fact]
    public async Task What_was_not_asked_for_longest_goes_first()
    {
        for (var i = 0; i < SnapshotCache.MostSnapshots; i++)
        {
            clock.Advance(TimeSpan.FromMilliseconds(1));
            await GetAsync(Source($"{i}"));
        }
        clock.Advance(TimeSpan.FromMilliseconds(1));
        await GetAsync(Source("0"));
        clock.Advance(TimeSpan.FromMilliseconds(1));
        await GetAsync(Source("one more"));

        Assert.Equal(SnapshotCache.MostSnapshots, snapshots.Kept.Count);
        Assert.NotNull(snapshots.Find(Source("0")));
        Assert.Null(snapshots.Find(Source("1")));
    }

    [Fact]
    public async Task They_take_no_more_memory_than_is_allowed()
    {
        for (var i = 0; i < 10; i++)
        {
            clock.Advance(TimeSpan.FromMilliseconds(1));
            await GetAsync(Source($"{i}", bytes: 10_000_000));
        }
        Assert.Equal((6, 60_000_000), snapshots.Kept);

        await GetAsync(Source("huge", bytes: SnapshotCache.MostBytes + 1));

        Assert.Equal((0, 0), snapshots.Kept);
    }

    [Fact]
    public async Task What_no_one_asks_for_leaves_the_memory()
    {
        var kept = await KeepAsync();
        var used = Source("used");

        for (var i = 0; i < 7; i++)
        {
            await GetAsync(used);
            clock.Advance(TimeSpan.FromSeconds(10));
        }
        GC.Collect();

        Assert.False(kept.IsAlive);
        Assert.Equal(1, snapshots.Kept.Count);
    }

    public void Dispose() => snapshots.Dispose();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private async Task<WeakReference> KeepAsync() => new(await GetAsync(Source("left")));

    private Task<Picture> GetAsync(SharedSource<Picture> source, SnapshotAge age = SnapshotAge.Current)
    {
        var picture = snapshots.GetAsync(source, age, Token);
        clock.Advance(Moment);
        return picture;
    }

    private SharedSource<Picture> Source(string key, Func<CancellationToken, Task>? whileReading = null, long bytes = 100) =>
        LiveSource.Shared(
            "test",
            1,
            $"{key}",
            [topic],
            async (_, token) =>
            {
                Interlocked.Increment(ref reads);
                await (whileReading?.Invoke(token) ?? Task.CompletedTask);
                return new Picture(bytes);
            }
        );

    private sealed class Topic(TimeProvider clock) : LiveTopic("test", clock);

    private sealed class Picture(long bytes) : ISharedPicture
    {
        public long Bytes => bytes;
    }
}
