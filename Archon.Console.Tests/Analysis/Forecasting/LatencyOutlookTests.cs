using Archon.Analysis.Forecasting;
using Xunit;

namespace Archon.Tests.Analysis.Forecasting;

public sealed class LatencyOutlookTests
{
    private const int Rows = 14 * 288;
    private static readonly TimeSpan Step = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Week = TimeSpan.FromDays(7);

    [Fact]
    public void Slow_because_of_the_load_is_not_degraded()
    {
        // The last hour is as busy as noon, though it is midnight, and as slow.
        var outlook = Outlook(at => at >= Rows - 12 ? 190 : Load(at), _ => 1);

        Assert.Equal(LatencyVerdict.Loaded, outlook.Verdict);
        Assert.InRange(outlook.OverLoad, 0.9, 1.1);
        Assert.True(outlook.OverLastWeek > 1.3);
    }

    [Fact]
    public void Slower_than_the_load_explains_is_degraded()
    {
        var outlook = Outlook(Load, at => at >= Rows - 12 ? 1.6 : 1);

        Assert.Equal(LatencyVerdict.Degraded, outlook.Verdict);
        Assert.InRange(outlook.OverLoad, 1.4, 1.8);
        Assert.InRange(outlook.OverLastWeek, 1.4, 1.8);
    }

    [Fact]
    public void An_ordinary_hour_is_usual_and_breaks_nothing()
    {
        var outlook = Outlook(Load, _ => 1);

        Assert.Equal(LatencyVerdict.Usual, outlook.Verdict);
        Assert.IsType<ExhaustionResult.NotExpected>(outlook.Broken);
        Assert.False(outlook.IsLoadUnseen);
    }

    [Fact]
    public void A_load_never_seen_is_said_to_be()
    {
        Assert.True(Outlook(at => at >= Rows - 12 ? 400 : Load(at), _ => 1).IsLoadUnseen);
    }

    [Fact]
    public void Latency_that_creeps_up_breaks_its_objective_at_a_time_with_an_interval()
    {
        // From 1 to 1.5 times within a fortnight: the busiest hour takes 0.435 s, and 0.45 s a day or two later.
        var outlook = Outlook(Load, at => 1 + (0.5 * at / Rows), objective: 0.45);

        var broken = Assert.IsType<ExhaustionResult.Projected>(outlook.Broken);
        var end = SeriesText.Monday.AddDays(14);
        Assert.True(broken.Earliest <= broken.At && broken.At <= broken.Latest && broken.At > end && broken.At < end + Week);
    }

    [Fact]
    public void A_short_history_is_unknown()
    {
        var grid = RegularSeries.Resample(SeriesText.Of(20, Step, (_, _) => 0.1), Step);

        Assert.Equal(LatencyVerdict.Unknown, LatencyOutlook.Of(grid, grid, 1, Week).Verdict);
        Assert.Throws<ArgumentException>(() => LatencyOutlook.Of(grid, grid, 0, Week));
    }

    private static double Load(int at) => 100 - (90 * Math.Cos(2 * Math.PI * at / 288));

    private static LatencyOutlook Outlook(Func<int, double> load, Func<int, double> slower, double objective = 5)
    {
        var noise = SeriesText.Noise(1);
        var latency = SeriesText.Of(Rows, Step, (at, _) => (0.1 + (0.001 * load(at))) * slower(at) * (1 + (0.03 * noise())));
        var work = SeriesText.Of(Rows, Step, (at, _) => load(at));
        return LatencyOutlook.Of(RegularSeries.Resample(latency, Step), RegularSeries.Resample(work, Step), objective, Week);
    }
}
