using Archon.Analysis.Series;
using Archon.Data.Catalogue;
using Archon.Features.Services;
using Archon.Ui.Health;
using Xunit;

namespace Archon.Tests.Features.Services;

public sealed class SignalChartsTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(15);

    [Fact]
    public void A_service_has_the_same_colour_everywhere_and_a_second_measure_is_dashed()
    {
        var alone = SignalCharts.Draw(Picture([1, 2]), "checkout");
        var both = SignalCharts.Draw([(Picture([1, 2]), "P95"), (Picture([3, 4]), "P50")], "checkout");

        Assert.Equal(alone.Lines[0].ColorIndex, both.Lines[0].ColorIndex);
        Assert.NotEqual(both.Lines[0].ColorIndex, both.Lines[1].ColorIndex);
        Assert.Equal([false, true], both.Lines.Select(line => line.Dashed));
        Assert.Equal(["P95", "P50"], both.Lines.Select(line => line.Name));
        Assert.Equal("expected P95", both.BandName);
    }

    [Fact]
    public void Anomalies_that_overlap_are_one_stretch_in_the_worst_of_their_states()
    {
        var one = Picture([1, 2, 3, 4]) with { Anomalies = [Span(0, 2, HealthState.Warning)] };
        var other = Picture([1, 2, 3, 4]) with { Anomalies = [Span(1, 3, HealthState.Critical)] };

        var span = Assert.Single(SignalCharts.Draw([(one, "P95"), (other, "P99")], "checkout").Anomalies);

        Assert.Equal((At(0), At(3), StateKind.Critical), (span.From, span.To!.Value, span.State));
    }

    [Fact]
    public void One_that_goes_on_swallows_those_that_end_within_it()
    {
        var picture = Picture([1, 2, 3, 4]) with { Anomalies = [Span(0, null, HealthState.Warning), Span(1, 2, HealthState.Warning)] };

        Assert.Null(Assert.Single(SignalCharts.Draw(picture, "checkout").Anomalies).To);
    }

    [Fact]
    public void A_chart_that_no_one_answers_for_goes_on_to_now_without_a_line()
    {
        var known = SignalCharts.Draw(Picture([1, 2, 3]), "checkout");

        var silent = SignalCharts.Silent(known, Start + (Step * 6), "no answer");
        var later = SignalCharts.Silent(silent, Start + (Step * 9), "no answer");

        Assert.Equal(7, silent.X.Length);
        Assert.Equal([1, 2, 3], silent.Lines[0].Values.Take(3));
        Assert.All(silent.Lines[0].Values.Skip(3), value => Assert.True(double.IsNaN(value)));
        Assert.Equal(10, later.X.Length);
        var gap = Assert.Single(later.Gaps);
        Assert.Equal((At(2), At(9), "no answer"), (gap.From, gap.To!.Value, gap.Words));
    }

    [Fact]
    public void A_chart_whose_next_sample_is_not_due_stays_as_it_is()
    {
        var known = SignalCharts.Draw(Picture([1, 2, 3]), "checkout");

        Assert.Same(known, SignalCharts.Silent(known, Start + (Step * 2.5), "no answer"));
    }

    [Fact]
    public void The_link_to_Prometheus_carries_every_query_and_the_range()
    {
        var link = PrometheusLink.Graph(
            new Uri("http://prometheus:9090/"),
            ["up", "rate(x[5m])"],
            new TimeRange(Start, Start + TimeSpan.FromHours(6))
        );

        Assert.StartsWith("http://prometheus:9090/graph?g0.expr=up&", link, StringComparison.Ordinal);
        Assert.Contains("g1.expr=rate%28x%5B5m%5D%29", link, StringComparison.Ordinal);
        Assert.Contains("g1.range_input=360m", link, StringComparison.Ordinal);
    }

    private static AnomalySpan Span(int from, int? to, HealthState state) =>
        new(from, Start + (Step * from), to is { } end ? Start + (Step * end) : null, state);

    private static double At(int step) => (Start + (Step * step)).ToUnixTimeMilliseconds() / 1000.0;

    private static SignalPicture Picture(double[] values) =>
        new(
            1,
            "latency",
            WatchSignal.Duration,
            "s",
            "up",
            new TimeRange(Start, Start + (Step * (values.Length - 1))),
            Step,
            [.. values.Select((_, place) => At(place))],
            [new SignalLine(1, "latency", new Dictionary<string, string>(), values)],
            null,
            null,
            [],
            [],
            1,
            0
        );
}
