using Archon.Integrations;
using Archon.Tests.Kit;
using Archon.Ui.View;
using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Archon.Tests.Ui.View;

public sealed class ViewStateTests : BunitContext
{
    private readonly FakeTimeProvider clock;

    public ViewStateTests() => clock = this.AddShellParts();

    private ViewState View => Services.GetRequiredService<ViewState>();
    private NavigationManager Navigation => Services.GetRequiredService<NavigationManager>();

    [Fact]
    public void What_a_page_suggests_gives_way_to_what_the_reader_chooses_and_is_not_in_the_address()
    {
        View.Suggest("now-6h", "now");

        Assert.Equal("Last 6 h", View.RangeWords);
        Assert.DoesNotContain("from=", Navigation.Uri, StringComparison.Ordinal);
        Assert.True(View.TryShow("now-1d", "now"));
        View.Suggest("now-7d", "now");
        Assert.Equal("Last 1 d", View.RangeWords);
        View.ForgetRange();
        Assert.Equal("Last 7 d", View.RangeWords);
        Assert.DoesNotContain("from=", Navigation.Uri, StringComparison.Ordinal);
    }

    [Fact]
    public void A_chosen_range_follows_the_reader_into_the_address_of_the_next_page()
    {
        View.TryShow("now-13h", "now");
        Navigation.NavigateTo("/services/checkout");
        View.KeepInAddress();

        Assert.EndsWith("/services/checkout?from=now-13h&to=now", Navigation.Uri, StringComparison.Ordinal);
    }

    [Fact]
    public void Zooming_out_doubles_the_range_around_its_middle_and_ends_now_at_the_latest()
    {
        View.TryShow("2026-11-24 01:00", "2026-11-24 02:00");

        View.ZoomOut();

        Assert.Equal(new DateTimeOffset(2026, 11, 24, 0, 30, 0, TimeSpan.Zero), View.Range.Start);
        Assert.Equal(new DateTimeOffset(2026, 11, 24, 2, 30, 0, TimeSpan.Zero), View.Range.End);
        View.ZoomOut();
        Assert.Equal("Last 4 h", View.RangeWords);
    }

    [Theory]
    [InlineData("now/d", "now", "Today")]
    [InlineData("now-1d/d", "now-1d/d", "Yesterday")]
    [InlineData("now-90m", "now", "Last 90 min")]
    [InlineData("now-7200s", "now", "Last 2 h")]
    [InlineData("now-2d", "now-1d", "now-2d to now-1d")]
    [InlineData("2026-11-24 01:00", "2026-11-24 02:00", "01:00:00 to 02:00:00")]
    public void A_range_is_said_as_people_say_it(string from, string to, string words) => Assert.Equal(words, View.WordsOf(from, to));

    [Fact]
    public void The_pace_of_reading_is_in_the_address_and_comes_back_with_it()
    {
        View.RefreshAtMost(TimeSpan.FromMinutes(1));

        Assert.Contains("refresh=60s", Navigation.Uri, StringComparison.Ordinal);
        using var reopened = new ViewState(new ConfiguredEnvironment(1), clock, Navigation);
        Assert.Equal(TimeSpan.FromMinutes(1), reopened.RefreshEvery);
        View.RefreshAtMost(null);
        Assert.DoesNotContain("refresh=", Navigation.Uri, StringComparison.Ordinal);
    }

    [Fact]
    public void Pausing_reports_since_when_and_what_waits_and_going_on_forgets_both()
    {
        var shown = 0;
        View.ShowWaiting += () => shown++;

        View.Pause(true);
        View.NoteWaiting(7);
        Assert.Equal((ShellParts.Now, 7), (View.PausedAt, View.Waiting));

        clock.Advance(TimeSpan.FromMinutes(2));
        View.ShowWhatWaits();
        Assert.Equal((1, 0, ShellParts.Now.AddMinutes(2)), (shown, View.Waiting, View.PausedAt));

        View.Pause(false);
        Assert.Null(View.PausedAt);
    }

    [Fact]
    public void Ranges_chosen_before_are_kept_newest_first()
    {
        View.TryShow("now-6h", "now");
        View.TryShow("now-1d", "now");
        View.TryShow("now-6h", "now");

        Assert.Equal([("now-6h", "now"), ("now-1d", "now")], View.RecentRanges);
    }
}
