using Archon.Data;
using Archon.Live;
using Archon.Tests.Kit;
using Archon.Ui.View;
using Bunit;
using Microsoft.AspNetCore.Components.Rendering;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Xunit;

namespace Archon.Tests.Live;

/// <summary>What every page with a picture of the catalogue does alike.</summary>
public sealed class LivePageTests : BunitContext
{
    private readonly FakeTimeProvider clock;
    private readonly Numbers numbers = new();

    public LivePageTests()
    {
        clock = this.AddShellParts();
        Services.AddSingleton(numbers);
        Services.AddSingleton<NumberTopic>();
    }

    private ViewState View => Services.GetRequiredService<ViewState>();

    [Fact]
    public async Task A_tick_reads_again_and_shows_what_is_new()
    {
        var page = Render<NumberPage>();
        page.WaitForAssertion(() => Assert.Equal("1", page.Find("p").TextContent));

        numbers.Add();
        page.Instance.Tick();

        await UntilAsync(() => page.Find("p").TextContent == "2");
    }

    [Fact]
    public async Task While_it_is_paused_it_is_still_counts_what_is_new_and_shows_it_when_asked()
    {
        var page = Render<NumberPage>();
        View.Pause(true);

        numbers.Add();
        numbers.Add();
        page.Instance.Tick();

        await UntilAsync(() => View.Waiting == 2);
        Assert.Equal("1", page.Find("p").TextContent);
        View.ShowWhatWaits();
        page.WaitForAssertion(() => Assert.Equal("3", page.Find("p").TextContent));
        Assert.True(View.Paused);
        Assert.Equal(0, View.Waiting);
    }

    [Fact]
    public async Task A_pace_has_ticks_back_but_never_the_reader()
    {
        var page = Render<NumberPage>();
        await UntilAsync(() => Services.GetRequiredService<NumberTopic>().Readers == 1);
        var drawn = page.RenderCount;
        View.RefreshAtMost(TimeSpan.FromMinutes(5));
        await UntilAsync(() => page.RenderCount > drawn); // now it rests
        var reads = numbers.Reads;

        numbers.Add();
        page.Instance.Tick();
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(reads, numbers.Reads);

        View.RefreshAtMost(null); // somebody chose something: the page answers at once
        await UntilAsync(() => page.Find("p").TextContent == "2");
    }

    [Fact]
    public async Task A_database_that_is_away_leaves_the_old_picture_says_since_when_and_is_asked_again()
    {
        var page = Render<NumberPage>();
        numbers.IsAway = true;

        page.Instance.Tick();

        await UntilAsync(() => page.Find("p").TextContent.StartsWith("1 since 03:", StringComparison.Ordinal));
        numbers.IsAway = false; // and no feed tells of it
        await UntilAsync(() => page.Find("p").TextContent == "1");
    }

    [Fact]
    public async Task While_the_database_is_known_to_be_away_nothing_is_read_and_its_return_is_noticed_at_once()
    {
        var database = Services.GetRequiredService<ArchonDatabase>();
        var page = Render<NumberPage>();
        await UntilAsync(() => numbers.Reads >= 1);

        database.Become(new DatabaseState.Away("The database cannot be reached: Connection refused.", ShellParts.Now));
        page.WaitForAssertion(() => Assert.StartsWith("1 since", page.Find("p").TextContent, StringComparison.Ordinal));
        var reads = numbers.Reads;
        page.Instance.Tick();
        clock.Advance(TimeSpan.FromMinutes(1));
        numbers.Add();
        Assert.Equal(reads, numbers.Reads);
        database.Become(new DatabaseState.Ready()); // the clock stands still

        page.WaitForAssertion(() => Assert.Equal("2", page.Find("p").TextContent));
    }

    [Fact]
    public async Task A_page_that_is_left_while_it_reads_or_rests_lets_go_quietly()
    {
        var page = Render<NumberPage>();
        for (var turn = 0; turn < 3; turn++)
        {
            page.Instance.Tick();
            await UntilAsync(() => numbers.Reads > turn);
        }
        page.Instance.Tick();

        await DisposeComponentsAsync();
        clock.Advance(TimeSpan.FromMinutes(1));

        Assert.False(Renderer.UnhandledException.IsCompleted);
    }

    /// <summary>Moves the clock on until it is so: pages rest between two readings.</summary>
    private async Task UntilAsync(Func<bool> isSo)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Xunit.TestContext.Current.CancellationToken);
        limit.CancelAfter(Waits.Limit);
        while (!isSo())
        {
            if (View.RefreshEvery is null)
                clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(5, limit.Token);
        }
    }

    private sealed class Numbers
    {
        private int count = 1;
        private int reads;

        public bool IsAway { get; set; }
        public int Reads => reads;

        public void Add() => Interlocked.Increment(ref count);

        public int Read()
        {
            Interlocked.Increment(ref reads);
            return IsAway ? throw new NpgsqlException("connection refused") : count;
        }
    }

    private sealed class NumberTopic(TimeProvider clock) : LiveTopic("numbers", clock);

    private sealed record NumberPicture(int Count) : ISharedPicture
    {
        public long Bytes => 100;
    }

    private sealed class NumberPage(Numbers numbers, NumberTopic topic) : LivePage<NumberPicture>
    {
        protected override LiveSource<NumberPicture> Source =>
            LiveSource.Shared("numbers", 1, $"", [topic], (_, _) => Task.FromResult(new NumberPicture(numbers.Read())));

        public void Tick() => topic.Tick();

        protected override int? NewIn(NumberPicture picture) => picture.Count - (Picture?.Count ?? 0);

        protected override void BuildRenderTree(RenderTreeBuilder builder)
        {
            builder.OpenElement(0, "p");
            builder.AddContent(1, Picture?.Count);
            if (Failure is { } failure)
                builder.AddContent(2, $" since {failure.Since:HH:mm:ss}");
            builder.CloseElement();
        }
    }
}
