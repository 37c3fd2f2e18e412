using Archon.Live;
using Xunit;

namespace Archon.Tests.Live;

public sealed class LiveTopicTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_reader_is_reported_at_once_and_then_of_every_change()
    {
        var topic = new Topic();
        await using var ticks = topic.WatchAsync(Token).GetAsyncEnumerator(Token);

        Assert.True(await ticks.MoveNextAsync());
        topic.Tick();
        Assert.True(await ticks.MoveNextAsync());
        Assert.Equal(("test", 1), (ticks.Current.Topic, topic.Version));
    }

    [Fact]
    public async Task A_reader_who_leaves_is_forgotten()
    {
        var topic = new Topic();
        await using (var ticks = topic.WatchAsync(Token).GetAsyncEnumerator(Token))
        {
            await ticks.MoveNextAsync();
            Assert.Equal(1, topic.Readers);
        }

        Assert.Equal(0, topic.Readers);
    }

    private sealed class Topic() : LiveTopic("test", TimeProvider.System);
}
