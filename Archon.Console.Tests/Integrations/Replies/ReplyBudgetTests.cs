using Archon.Integrations.Replies;
using Archon.Tests.Kit;
using Xunit;

namespace Archon.Tests.Integrations.Replies;

/// <summary>Replies share one budget: what exceeds it waits, and no wait is for ever.</summary>
public sealed class ReplyBudgetTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_exceeds_the_budget_waits_until_another_reply_ends()
    {
        var budget = new ReplyBudget(100);
        var first = budget.Open(100);
        await first.DrawAsync(60, Token);
        using var second = budget.Open(100);

        var draw = second.DrawAsync(60, Token).AsTask();

        Assert.False(draw.IsCompleted);
        Assert.True(second.IsWaiting);
        first.Dispose();
        await draw;
        Assert.False(second.IsWaiting);
        Assert.Equal(60, budget.Drawn);
    }

    [Fact]
    public async Task Of_two_replies_that_could_not_both_end_the_second_waits_before_it_is_too_late()
    {
        // Each needs up to 80 of 100. With 40 each, both would wait for the other for ever.
        var budget = new ReplyBudget(100);
        var first = budget.Open(80);
        using var second = budget.Open(80);
        await first.DrawAsync(40, Token);

        var draw = second.DrawAsync(40, Token).AsTask();

        Assert.False(draw.IsCompleted);
        await first.DrawAsync(40, Token);
        first.Dispose();
        await draw;
    }

    [Fact]
    public async Task A_reply_that_was_cancelled_while_it_waited_gets_nothing()
    {
        var budget = new ReplyBudget(100);
        var first = budget.Open(100);
        await first.DrawAsync(100, Token);
        using var second = budget.Open(100);
        using var stop = new CancellationTokenSource();
        var draw = second.DrawAsync(10, stop.Token).AsTask();

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => draw);
        first.Dispose();
        Assert.Equal(0, budget.Drawn);
    }

    [Fact]
    public void A_reply_that_needs_more_than_there_is_in_all_is_refused_at_once() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new ReplyBudget(100).Open(101));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Many_replies_at_once_all_end_and_never_have_more_than_the_budget(int seed)
    {
        const long Total = 1000;
        var budget = new ReplyBudget(Total);
        var random = new Random(seed);
        var most = 0L;
        var replies = Enumerable
            .Range(0, 40)
            .Select(_ => (Limit: random.NextInt64(1, Total + 1), Chunk: random.NextInt64(1, 200)))
            .ToList();

        await Task.WhenAll(
                replies.Select(reply =>
                    Task.Run(
                        async () =>
                        {
                            using var share = budget.Open(reply.Limit);
                            while (share.Drawn < reply.Limit)
                            {
                                await share.DrawAsync(Math.Min(reply.Chunk, reply.Limit - share.Drawn), Token);
                                InterlockedMax(ref most, budget.Drawn);
                                await Task.Yield();
                            }
                        },
                        Token
                    )
                )
            )
            .WaitAsync(Waits.Limit, Token);

        Assert.InRange(most, 1, Total);
        Assert.Equal(0, budget.Drawn);
    }

    private static void InterlockedMax(ref long most, long value)
    {
        for (var seen = Volatile.Read(ref most); value > seen; seen = Volatile.Read(ref most))
        {
            if (Interlocked.CompareExchange(ref most, value, seen) == seen)
                return;
        }
    }
}
