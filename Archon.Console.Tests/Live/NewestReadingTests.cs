using Archon.Live;
using Xunit;

namespace Archon.Tests.Live;

public sealed class NewestReadingTests
{
    private readonly NewestReading reading = new();

    [Fact]
    public async Task A_newer_reading_gives_up_the_one_before_and_alone_has_an_answer()
    {
        var slow = new TaskCompletionSource<string>();
        var older = reading.ReadAsync(token => slow.Task.WaitAsync(token), CancellationToken.None);

        var newer = await reading.ReadAsync(_ => Task.FromResult("new"), CancellationToken.None);

        Assert.Equal("new", newer);
        Assert.Null(await older);
        Assert.False(reading.IsUnderWay);
    }

    [Fact]
    public async Task An_answer_that_heeds_no_cancelling_counts_no_more_once_overtaken()
    {
        var deaf = new TaskCompletionSource<string>();
        var older = reading.ReadAsync(_ => deaf.Task, CancellationToken.None);
        var newer = reading.ReadAsync(_ => new TaskCompletionSource<string>().Task, CancellationToken.None);

        deaf.SetResult("old");

        Assert.Null(await older);
        Assert.False(newer.IsCompleted);
        Assert.True(reading.IsUnderWay);
    }

    [Fact]
    public async Task A_page_that_goes_away_has_no_answer_and_no_fault()
    {
        using var lifetime = new CancellationTokenSource();
        var read = reading.ReadAsync(token => new TaskCompletionSource<string>().Task.WaitAsync(token), lifetime.Token);

        await lifetime.CancelAsync();

        Assert.Null(await read);
    }
}
