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
    public async Task A_reader_of_one_environment_is_not_woken_by_another()
    {
        var topic = new Topic();
        await using var ticks = topic.WatchAsync(environment => environment == 1, Token).GetAsyncEnumerator(Token);
        await ticks.MoveNextAsync();

        topic.Tick(2);
        var next = ticks.MoveNextAsync().AsTask();
        Assert.False(next.IsCompleted);
        topic.Tick(1);
        Assert.True(await next);
        Assert.Equal(1, ticks.Current.EnvironmentId);
        topic.Tick();
        Assert.True(await ticks.MoveNextAsync());
        Assert.Null(ticks.Current.EnvironmentId);

        Assert.Equal((3, 2, 2, 1), (topic.Version, topic.VersionOf(1), topic.VersionOf(2), topic.VersionOf(3)));
    }

    [Fact]
    public async Task Waiting_ticks_of_two_environments_become_one_of_several()
    {
        var topic = new Topic();
        await using var ticks = topic.WatchAsync(Token).GetAsyncEnumerator(Token);
        await ticks.MoveNextAsync();

        topic.Tick(1);
        topic.Tick(2);
        await ticks.MoveNextAsync();
        var merged = ticks.Current;
        topic.Tick(2);
        topic.Tick(2);
        await ticks.MoveNextAsync();

        Assert.Equal((null, 2), (merged.EnvironmentId, ticks.Current.EnvironmentId));
    }

    [Theory]
    [InlineData("abc 12", "abc", 12)]
    [InlineData("abc", "abc", null)]
    [InlineData("", "", null)]
    [InlineData("abc x", "abc", null)]
    public void An_announcement_names_its_process_and_environment(string payload, string origin, int? environment) =>
        Assert.Equal((origin, environment), Announcements.Read(payload));

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
