using Archon.Ui.Format;
using Xunit;

namespace Archon.Tests.Ui.Format;

public sealed class FiguresTests
{
    [Theory]
    [InlineData(0.12, "s", "120 ms")]
    [InlineData(2.914, "s", "2.91 s")]
    [InlineData(0.0000042, "s", "4.2 µs")]
    [InlineData(0, "s", "0 s")]
    [InlineData(150, "s", "2.5 min")]
    [InlineData(1240, "1/s", "1.24 k/s")]
    [InlineData(1240, "{request}/s", "1.24 k/s")]
    [InlineData(0.0642, "1", "6.42 %")]
    [InlineData(1, "1", "100 %")]
    [InlineData(0.000005, "1", "0.0005 %")]
    [InlineData(3_478_923_509, "By", "3.24 GiB")]
    [InlineData(2048, "By/s", "2 KiB/s")]
    [InlineData(999.7, "", "1 k")]
    [InlineData(-12.34, "", "-12.3")]
    [InlineData(42, "Cel", "42 Cel")]
    [InlineData(0.009, "{cpu}", "0.9 %")]
    public void A_value_is_said_with_its_unit_and_three_digits(double value, string unit, string expected) =>
        Assert.Equal(expected, Figures.Plain(Figures.Format(value, unit)));

    [Theory]
    [InlineData(0.12, "s")]
    [InlineData(1240, "1/s")]
    [InlineData(123_456, "")]
    [InlineData(3_478_923_509, "By")]
    public void A_unit_is_never_parted_from_its_number_at_the_end_of_a_line(double value, string unit) =>
        Assert.DoesNotContain(Figures.Format(value, unit), letter => letter is ' ' or '\u2009');

    [Fact]
    public void What_is_no_number_is_said_in_words()
    {
        Assert.Equal("no value", Figures.Format(null, "s"));
        Assert.Equal("no value", Figures.Format(double.NaN, "1"));
        Assert.Equal("infinite", Figures.Format(double.PositiveInfinity, "s"));
        Assert.Equal("minus infinite", Figures.Format(double.NegativeInfinity, "s"));
    }

    [Theory]
    [InlineData(8, "8 s")]
    [InlineData(89, "89 s")]
    [InlineData(18 * 60, "18 min")]
    [InlineData((2 * 3600) + (14 * 60), "2 h 14 min")]
    [InlineData(3 * 3600, "3 h")]
    [InlineData(3 * 86_400, "3 d")]
    [InlineData(-5, "0 s")]
    public void An_age_is_said_as_people_say_it(int seconds, string expected) =>
        Assert.Equal(expected, Ages.Of(TimeSpan.FromSeconds(seconds)));
}
