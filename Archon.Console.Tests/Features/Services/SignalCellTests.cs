using Archon.Data.Catalogue;
using Archon.Features.Services;
using Archon.Tests.Kit;
using Archon.Ui.Format;
using Archon.Ui.Health;
using Bunit;
using Xunit;

namespace Archon.Tests.Features.Services;

public sealed class SignalCellTests : BunitContext
{
    public SignalCellTests() => this.AddShellParts();

    [Fact]
    public void A_service_that_is_up_does_not_look_like_one_with_a_hundred_per_cent_of_errors() =>
        Assert.Equal("up 100 %", Text(Reading(GoldenSignal.Errors, WatchSignal.Availability, 1)));

    [Fact]
    public void A_resource_is_named_beside_its_figure() =>
        Assert.Equal(
            "cpu 0.9 %",
            Text(Reading(GoldenSignal.Saturation, WatchSignal.Saturation, 0.009) with { Watch = "CPU of the process", Unit = "{cpu}" })
        );

    [Fact]
    public void What_was_known_stays_with_its_age_when_no_one_answers()
    {
        var cell = Render(
            Reading(GoldenSignal.Rate, WatchSignal.Rate, 0.5) with
            {
                State = HealthState.NotChecked,
                SampleAt = ShellParts.Now.AddMinutes(-4),
            }
        );

        Assert.Equal("50 %", Figures.Plain(cell.Find(".v").TextContent));
        Assert.Contains("as of Tue 24 Nov 2026 03:03:18 UTC", cell.Find(".cell").GetAttribute("title"), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_any_value_it_says_so() => Assert.Equal("no data", Text(Reading(GoldenSignal.Rate, WatchSignal.Rate, null)));

    private string Text(SignalReading reading) => Figures.Plain(Render(reading).Find(".v").TextContent);

    private IRenderedComponent<SignalCell> Render(SignalReading reading) =>
        Render<SignalCell>(cell => cell.Add(c => c.Reading, reading).Add(c => c.Column, reading.Column));

    private static SignalReading Reading(GoldenSignal column, WatchSignal signal, double? value) =>
        new(column, signal, 1, "Targets that answer", "1", 1, value, null, null, [1, 2, 3], HealthState.Healthy, null, 0);
}
