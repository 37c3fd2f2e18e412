using Archon.Analysis.LogPatterns;
using Xunit;

namespace Archon.Tests.Analysis.LogPatterns;

public sealed class LogStampTests
{
    private static readonly DateTimeOffset Reported = new(2026, 3, 2, 6, 7, 8, TimeSpan.Zero);

    [Theory]
    [InlineData("2026-03-02T06:07:08Z")]
    [InlineData("2026-03-02T07:07:08+01:00")]
    [InlineData("2026-03-02 06:07:08")]
    [InlineData("2026-03-02 06:07:08 UTC")]
    [InlineData("2026/03/02 06:07:08")]
    [InlineData("26/03/02 06:07:08")]
    [InlineData("2026-03-02-06.07.08")]
    [InlineData("20260302-06:07:08")]
    [InlineData("20260302T060708Z")]
    [InlineData("02/Mar/2026:06:07:08 +0000")]
    [InlineData("02/Mar/2026:01:07:08 -0500")]
    [InlineData("02 Mar 2026 06:07:08")]
    [InlineData("02.03.2026 06:07:08")]
    [InlineData("03/02/2026 06:07:08")]
    [InlineData("Mar  2 06:07:08")]
    [InlineData("Mar 02 06:07:08 2026")]
    [InlineData("Mar 2, 2026 06:07:08")]
    [InlineData("Mon Mar  2 06:07:08 2026")]
    [InlineData("Mon, 02 Mar 2026 06:07:08 GMT")]
    [InlineData("03-02 06:07:08")]
    [InlineData("I0302 06:07:08")]
    public void Times_of_many_spellings_are_the_same_moment(string text)
    {
        Assert.True(LogStamp.TryRead(text + " rest", 2026, out var length, out var at));
        Assert.Equal(text.Length, length);
        Assert.Equal(Reported.ToUnixTimeMilliseconds(), at);
    }

    [Theory]
    [InlineData("2026-03-02 06:07:08.250", 250)]
    [InlineData("2026-03-02 06:07:08,250", 250)]
    [InlineData("2026-03-02T06:07:08.250123456Z", 250)]
    [InlineData("20260302-06:07:08:250", 250)]
    public void Fractions_count_to_the_millisecond(string text, int milliseconds)
    {
        Assert.True(LogStamp.TryRead(text, 2026, out var length, out var at));
        Assert.Equal(text.Length, length);
        Assert.Equal(Reported.ToUnixTimeMilliseconds() + milliseconds, at);
    }

    [Theory]
    [InlineData("06:07:08.250")]
    [InlineData("2026-02-30 06:07:08")]
    public void Without_a_day_that_is_in_the_calendar_there_is_no_moment(string text)
    {
        Assert.True(LogStamp.TryRead(text, 2026, out var length, out var at));
        Assert.Equal(text.Length, length);
        Assert.Null(at);
    }

    [Theory]
    [InlineData("10.0.0.1:8080 is an address")]
    [InlineData("1.2.3 is a version")]
    [InlineData("12:34 is a score")]
    [InlineData("2026-13-02 is no date")]
    [InlineData("2026-03-02x")]
    [InlineData("25:00:00 is no clock")]
    [InlineData("Marc Aurel was emperor")]
    [InlineData("Mar the paint not")]
    [InlineData("12345678901234567890")]
    public void What_only_looks_like_a_time_is_none(string text) => Assert.False(LogStamp.TryRead(text, 2026, out _, out _));

    [Theory]
    [InlineData(1_772_431_628, 1_772_431_628_000)]
    [InlineData(1_772_431_628.5, 1_772_431_628_500)]
    [InlineData(1_772_431_628_500, 1_772_431_628_500)]
    [InlineData(1_772_431_628_500_000, 1_772_431_628_500)]
    [InlineData(1_772_431_628_500_000_000, 1_772_431_628_500)]
    public void The_size_of_a_number_reports_its_unit(double epoch, long unixMs) => Assert.Equal(unixMs, LogStamp.FromEpoch(epoch));

    [Theory]
    [InlineData(17)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Other_numbers_are_no_time(double epoch) => Assert.Null(LogStamp.FromEpoch(epoch));
}
