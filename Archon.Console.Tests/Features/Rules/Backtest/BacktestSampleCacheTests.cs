using Archon.Analysis.Series;
using Archon.Features.Rules.Backtest;
using Archon.Integrations;
using Archon.Tests.Kit;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Archon.Tests.Features.Rules.Backtest;

public sealed class BacktestSampleCacheTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);
    private static readonly SampleKey Key = KeyOf("up", ended: TimeSpan.FromDays(1));

    private readonly FakeTimeProvider clock = new(Now);
    private int asked;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_asked_once_is_given_to_all_who_ask_the_same()
    {
        using var cache = new BacktestSampleCache(clock);

        var first = await ValueAsync(cache, Key);
        var second = await ValueAsync(cache, Key with { });
        foreach (
            var other in (SampleKey[])
                [
                    Key with
                    {
                        EnvironmentId = 2,
                    },
                    Key with
                    {
                        Query = "down",
                    },
                    Key with
                    {
                        First = Key.First + 1,
                    },
                    Key with
                    {
                        Count = 99,
                    },
                    Key with
                    {
                        Step = 30_000,
                    },
                    Key with
                    {
                        Offset = 1000,
                    },
                ]
        )
        {
            Assert.NotSame(first, await ValueAsync(cache, other));
        }

        Assert.Same(first, second);
        Assert.Equal((7, 7), (asked, cache.Size.Slices));
    }

    [Fact]
    public async Task The_budget_is_kept_and_what_was_used_least_recently_goes_first()
    {
        var one = new SampleSlice(0, 100, Series(100)).Bytes;
        using var cache = new BacktestSampleCache(clock, mostBytes: (3 * one) + 10);
        var keys = Enumerable.Range(0, 4).Select(at => KeyOf($"q{at}", TimeSpan.FromDays(1))).ToList();
        foreach (var key in keys.Take(3))
            await ValueAsync(cache, key);
        await ValueAsync(cache, keys[0]);

        await ValueAsync(cache, keys[3]);

        Assert.Equal((3, 3 * one), cache.Size);
        Assert.Equal(4, asked);
        await ValueAsync(cache, keys[0]);
        Assert.Equal(4, asked);
        await ValueAsync(cache, keys[1]);
        Assert.Equal(5, asked);
        Assert.Equal((3, 3 * one), cache.Size);
    }

    [Fact]
    public async Task One_stretch_that_is_larger_than_the_budget_is_not_kept_and_takes_the_place_of_none()
    {
        var small = new SampleSlice(0, 100, Series(100)).Bytes;
        using var cache = new BacktestSampleCache(clock, mostBytes: 2 * small);
        await ValueAsync(cache, Key);

        var large = await ValueAsync(cache, KeyOf("large", TimeSpan.FromDays(1)), samples: 10_000);

        Assert.Equal(10_000, large.Samples);
        Assert.Equal((1, small), cache.Size);
    }

    [Fact]
    public void Series_that_share_their_times_take_them_once()
    {
        var times = new long[1000];
        var (one, other) = (
            new MetricSeries(SeriesLabels.None, times, new double[1000]),
            new MetricSeries(SeriesLabels.None, times, new double[1000])
        );

        Assert.InRange(new SampleSlice(0, 1000, [one, other]).Bytes, 24_000, 25_000);
        Assert.InRange(new SampleSlice(0, 1000, [one, new(SeriesLabels.None, new long[1000], new double[1000])]).Bytes, 32_000, 33_000);
    }

    [Fact]
    public async Task A_stretch_that_had_just_ended_is_soon_asked_again_and_an_old_one_is_not()
    {
        using var cache = new BacktestSampleCache(clock);
        var recent = KeyOf("up", ended: TimeSpan.FromMinutes(9));
        await ValueAsync(cache, Key);
        await ValueAsync(cache, recent);

        clock.Advance(TimeSpan.FromMinutes(1));
        await ValueAsync(cache, Key);
        Assert.Equal(2, asked);
        await ValueAsync(cache, recent);
        Assert.Equal(3, asked);
        clock.Advance(TimeSpan.FromHours(1));
        await ValueAsync(cache, Key);

        Assert.Equal(4, asked);
    }

    [Fact]
    public async Task What_no_one_asks_for_any_more_leaves_the_memory()
    {
        using var cache = new BacktestSampleCache(clock);
        await ValueAsync(cache, Key);
        await ValueAsync(cache, KeyOf("down", TimeSpan.FromDays(1)));

        clock.Advance(TimeSpan.FromMinutes(10));
        await ValueAsync(cache, Key);
        clock.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(1, cache.Size.Slices);
        clock.Advance(TimeSpan.FromMinutes(10));

        Assert.Equal((0, 0), cache.Size);
        Assert.Equal(2, asked);
    }

    [Fact]
    public async Task What_expires_while_the_memory_is_swept_leaves_it_too()
    {
        var moving = new MovingClock();
        using var cache = new BacktestSampleCache(moving);
        await ValueAsync(cache, Key);
        moving.Advance(TimeSpan.FromMinutes(1));
        await ValueAsync(cache, KeyOf("down", TimeSpan.FromDays(1)));

        // The sweep at 15 minutes reads the time once for the first, and twice for the second: as 14.8 and as 15.2 minutes.
        moving.PerReading = TimeSpan.FromMinutes(0.4);
        moving.Advance(TimeSpan.FromMinutes(14));
        moving.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal((0, 0), cache.Size);
    }

    [Fact]
    public async Task A_server_that_is_away_is_asked_again()
    {
        using var cache = new BacktestSampleCache(clock);

        var away = await cache.GetAsync(Key, _ => Task.FromResult<Fetch<SampleSlice>>(new Fetch<SampleSlice>.Unavailable("away")), Token);
        await Assert.ThrowsAsync<InvalidOperationException>(() => cache.GetAsync(Key, _ => throw new InvalidOperationException(), Token));

        Assert.IsType<Fetch<SampleSlice>.Unavailable>(away);
        Assert.NotNull(await ValueAsync(cache, Key));
        Assert.Equal(1, asked);
    }

    [Fact]
    public async Task A_reader_who_gives_up_takes_nothing_from_the_others()
    {
        using var cache = new BacktestSampleCache(clock);
        var server = new SlowServer();
        using var impatient = new CancellationTokenSource();
        var first = cache.GetAsync(Key, server.AnswerAsync, impatient.Token);
        var second = cache.GetAsync(Key, server.AnswerAsync, Token);

        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        server.Answer.SetResult(new Fetch<SampleSlice>.Ok(new SampleSlice(0, 1, Series(1))));

        Assert.IsType<Fetch<SampleSlice>.Ok>(await second);
        Assert.Equal((1, false), (server.Asked, server.WasCancelled));
        Assert.Equal(1, cache.Size.Slices);
    }

    [Fact]
    public async Task A_question_that_no_reader_waits_for_ends_and_the_next_reader_asks_anew()
    {
        using var cache = new BacktestSampleCache(clock);
        var server = new SlowServer();
        using var impatient = new CancellationTokenSource();
        Task[] readers =
        [
            cache.GetAsync(Key, server.AnswerAsync, impatient.Token),
            cache.GetAsync(Key, server.AnswerAsync, impatient.Token),
        ];
        await Waits.UntilAsync(() => server.Asked == 1);

        await impatient.CancelAsync();
        foreach (var reader in readers)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reader);
        var next = await ValueAsync(cache, Key);

        Assert.NotNull(next);
        Assert.Equal(1, asked);
        await Waits.UntilAsync(() => server.WasCancelled);
    }

    [Fact]
    public async Task Many_readers_who_come_and_go_at_once_each_get_an_answer_or_their_own_cancellation()
    {
        var one = new SampleSlice(0, 100, Series(100)).Bytes;
        using var cache = new BacktestSampleCache(TimeProvider.System, mostBytes: 2 * one);
        var keys = Enumerable.Range(0, 7).Select(at => KeyOf($"q{at}", TimeSpan.FromDays(1))).ToList();

        await Task.WhenAll(Enumerable.Range(0, 400).Select(at => Task.Run(() => ReadAsync(at), Token)));

        Assert.Equal((2, 2 * one), cache.Size);
        foreach (var key in keys)
            await ValueAsync(cache, key);
        // The other five had to leave.
        Assert.InRange(asked, 5, 7);

        async Task ReadAsync(int at)
        {
            using var own = new CancellationTokenSource();
            var reading = cache.GetAsync(
                keys[at % keys.Count],
                async token =>
                {
                    await Task.Yield();
                    token.ThrowIfCancellationRequested();
                    return new Fetch<SampleSlice>.Ok(new SampleSlice(0, 100, Series(100)));
                },
                own.Token
            );
            if (at % 3 == 0)
                await own.CancelAsync();
            try
            {
                Assert.IsType<Fetch<SampleSlice>.Ok>(await reading);
            }
            catch (OperationCanceledException)
            {
                Assert.True(own.IsCancellationRequested);
            }
        }
    }

    private async Task<SampleSlice> ValueAsync(BacktestSampleCache cache, SampleKey key, int samples = 100)
    {
        var answer = await cache.GetAsync(
            key,
            _ =>
            {
                asked++;
                return Task.FromResult<Fetch<SampleSlice>>(
                    new Fetch<SampleSlice>.Ok(new SampleSlice(key.First, key.Count, Series(samples)))
                );
            },
            Token
        );
        return Assert.IsType<Fetch<SampleSlice>.Ok>(answer).Value;
    }

    private static SampleKey KeyOf(string query, TimeSpan ended) =>
        new(1, query, (Now - ended).ToUnixTimeMilliseconds() - (99 * 15_000), 100, 15_000, 0);

    private static MetricSeries[] Series(int samples) => [new(SeriesLabels.None, new long[samples], new double[samples])];

    /// <summary>Time goes on by as much at each reading of a timestamp.</summary>
    private sealed class MovingClock() : FakeTimeProvider(Now)
    {
        private long moved;

        public TimeSpan PerReading { get; set; }

        public override long GetTimestamp() => base.GetTimestamp() + (moved += PerReading.Ticks);
    }

    private sealed class SlowServer
    {
        public TaskCompletionSource<Fetch<SampleSlice>> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public int Asked { get; private set; }
        public bool WasCancelled { get; private set; }

        public async Task<Fetch<SampleSlice>> AnswerAsync(CancellationToken cancellationToken)
        {
            Asked++;
            try
            {
                return await Answer.Task.WaitAsync(cancellationToken);
            }
            catch (OperationCanceledException)
            {
                WasCancelled = true;
                throw;
            }
        }
    }
}
