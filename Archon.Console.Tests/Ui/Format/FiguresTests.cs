using System.Text.Json.Nodes;
using Archon.Ui.Format;
using Xunit;

namespace Archon.Tests.Ui.Format;

public sealed class FiguresTests
{
    public static TheoryData<double, string, string> Values =>
        [.. Table("figures.json").Select(row => (row!["value"]!.GetValue<double>(), (string)row["unit"]!, (string)row["text"]!))];

    public static TheoryData<double, string> Lengths =>
        [.. Table("ages.json").Select(row => (row!["seconds"]!.GetValue<double>(), (string)row["text"]!))];

    [Theory]
    [MemberData(nameof(Values))]
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
    [InlineData(0, 1e300, "1", "0 to out of range")]
    [InlineData(double.NegativeInfinity, double.PositiveInfinity, "s", "minus infinite to infinite")]
    [InlineData(-1e300, 1e300, "s", "out of range to out of range")]
    public void A_range_without_figures_keeps_its_words(double lower, double upper, string unit, string expected) =>
        Assert.Equal(expected, Figures.Plain(Figures.Range(lower, upper, unit)));

    [Theory]
    [MemberData(nameof(Lengths))]
    public void An_age_is_said_as_people_say_it(double seconds, string expected) =>
        Assert.Equal(expected, Ages.Of(TimeSpan.FromSeconds(seconds)));

    // The scripts are tested with the same table: what the browser writes is what the server writes.
    private static JsonArray Table(string name)
    {
        using var stream = typeof(FiguresTests).Assembly.GetManifestResourceStream(name)!;
        return JsonNode.Parse(stream)!.AsArray();
    }
}
