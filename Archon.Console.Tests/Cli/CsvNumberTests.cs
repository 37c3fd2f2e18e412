using Archon.Cli;
using Xunit;

namespace Archon.Tests.Cli;

public sealed class CsvNumberTests
{
    [Theory]
    [InlineData("Inf", double.PositiveInfinity)]
    [InlineData("+Inf", double.PositiveInfinity)]
    [InlineData("-Inf", double.NegativeInfinity)]
    [InlineData("inf", double.PositiveInfinity)]
    [InlineData("-INFINITY", double.NegativeInfinity)]
    [InlineData(" +Inf ", double.PositiveInfinity)]
    [InlineData("NaN", double.NaN)]
    [InlineData("1.7976931348623157e308", double.MaxValue)]
    public void Numbers_are_read_as_Prometheus_writes_them(string text, double value)
    {
        Assert.True(CsvNumber.TryParse(text, out var read));
        Assert.Equal(value, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("+")]
    [InlineData("--Inf")]
    [InlineData("Info")]
    [InlineData("high")]
    public void Other_texts_are_no_numbers(string text) => Assert.False(CsvNumber.TryParse(text, out _));
}
