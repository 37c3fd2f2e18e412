using Archon.Ui.View;
using Xunit;

namespace Archon.Tests.Ui.View;

public sealed class RangeTextTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 29, 13, 45, 10, TimeSpan.Zero); // a Sunday; clocks in Berlin went forward at 01:00 UTC
    private static readonly TimeZoneInfo Berlin = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");

    [Theory]
    [InlineData("now", "2026-03-29T13:45:10Z")]
    [InlineData("now-6h", "2026-03-29T07:45:10Z")]
    [InlineData("now+30m", "2026-03-29T14:15:10Z")]
    [InlineData("now-1w", "2026-03-22T13:45:10Z")]
    [InlineData("now-1M", "2026-02-28T13:45:10Z")]
    [InlineData("now/d", "2026-03-29T00:00:00Z")]
    [InlineData("now-1d/d", "2026-03-28T00:00:00Z")]
    [InlineData("now/w", "2026-03-23T00:00:00Z")]
    [InlineData("now/y", "2026-01-01T00:00:00Z")]
    [InlineData("1774791910000", "2026-03-29T13:45:10Z")]
    [InlineData("2026-03-29 03:00", "2026-03-29T03:00:00Z")]
    [InlineData("2026-03-29", "2026-03-29T00:00:00Z")]
    [InlineData("2026-03-29T03:00:00+02:00", "2026-03-29T01:00:00Z")]
    [InlineData("  now-6h ", "2026-03-29T07:45:10Z")]
    public void A_start_reads_as_Grafana_reads_it(string text, string expected)
    {
        Assert.True(RangeText.TryParse(text, Now, TimeZoneInfo.Utc, isEnd: false, out var at));

        Assert.Equal(DateTimeOffset.Parse(expected, System.Globalization.CultureInfo.InvariantCulture), at);
    }

    [Theory]
    [InlineData("now/d", "2026-03-29T23:59:59.999Z")]
    [InlineData("now-1d/d", "2026-03-28T23:59:59.999Z")]
    [InlineData("now/M", "2026-03-31T23:59:59.999Z")]
    [InlineData("2026-03-29", "2026-03-29T23:59:59.999Z")]
    public void An_end_that_is_rounded_is_at_the_end_of_its_unit(string text, string expected)
    {
        Assert.True(RangeText.TryParse(text, Now, TimeZoneInfo.Utc, isEnd: true, out var at));

        Assert.Equal(DateTimeOffset.Parse(expected, System.Globalization.CultureInfo.InvariantCulture), at);
    }

    [Theory]
    [InlineData("now/d", "2026-03-28T23:00:00Z")] // midnight was still winter time
    [InlineData("now-1d", "2026-03-28T14:45:10Z")] // the same hour on the wall, twenty-three hours ago
    [InlineData("now-24h", "2026-03-28T13:45:10Z")] // twenty-four hours are twenty-four hours
    [InlineData("2026-03-29 02:30", "2026-03-29T01:00:00Z")] // a time that the clocks skipped
    public void Days_follow_the_clocks_of_the_zone(string text, string expected)
    {
        Assert.True(RangeText.TryParse(text, Now, Berlin, isEnd: false, out var at));

        Assert.Equal(DateTimeOffset.Parse(expected, System.Globalization.CultureInfo.InvariantCulture), at);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("yesterday")]
    [InlineData("now-")]
    [InlineData("now-6x")]
    [InlineData("now-99999999999h")]
    [InlineData("now-100000y")]
    [InlineData("6")]
    [InlineData("<script>")]
    [InlineData("2026-13-01")]
    public void What_is_no_time_is_refused(string? text) =>
        Assert.False(RangeText.TryParse(text, Now, TimeZoneInfo.Utc, isEnd: false, out _));

    [Theory]
    [InlineData("15m", 900)]
    [InlineData("13h", 46_800)]
    [InlineData("2 d", 172_800)]
    [InlineData("1w", 604_800)]
    public void A_length_can_be_typed_alone(string text, int seconds)
    {
        Assert.True(RangeText.TryLength(text, out var length));

        Assert.Equal(TimeSpan.FromSeconds(seconds), length);
    }

    [Theory]
    [InlineData("0h")]
    [InlineData("h")]
    [InlineData("-3h")]
    [InlineData("99999999999h")]
    public void A_length_of_nothing_is_refused(string text) => Assert.False(RangeText.TryLength(text, out _));
}
