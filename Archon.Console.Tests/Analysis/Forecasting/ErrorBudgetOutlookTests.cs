using Archon.Analysis.Forecasting;
using Xunit;

namespace Archon.Tests.Analysis.Forecasting;

public sealed class ErrorBudgetOutlookTests
{
    private static readonly TimeSpan Step = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Fortnight = TimeSpan.FromDays(14);
    private static readonly ErrorObjective ThreeNines = new(0.999, TimeSpan.FromDays(30));

    [Fact]
    public void A_steady_burn_at_twice_the_allowed_rate_spends_a_fresh_budget_in_half_the_window()
    {
        // Twice the rate since three days: 6 of 30 window days' budget are spent, 24 are left, 2 go each day.
        var outlook = Outlook(at => at < -3 * 288 ? 0 : 2, days: 30);

        Assert.Equal(0.2, outlook.SpentShare, 0.01);
        Assert.Equal(2, outlook.Burns[^1].LongRate, 0.01);
        Assert.True(outlook.Burns[^1].IsBurning && !outlook.Burns[0].IsBurning);
        Assert.Equal(TimeSpan.FromDays(3), outlook.Basis);
        var broken = Assert.IsType<ExhaustionResult.Projected>(outlook.Broken);
        Assert.InRange((broken.At - End).TotalDays, 11.5, 12.5);
        Assert.Equal(2.0 / 30, broken.ChangePerDay, 0.001);
    }

    [Fact]
    public void An_outage_that_goes_on_is_reported_in_hours()
    {
        var outlook = Outlook(at => at < -24 ? 0.1 : 100, days: 30);

        Assert.True(outlook.Burns[0].IsBurning);
        Assert.Equal(TimeSpan.FromHours(1), outlook.Basis);
        Assert.InRange((Assert.IsType<ExhaustionResult.Projected>(outlook.Broken).At - End).TotalHours, 2, 7);
    }

    [Fact]
    public void An_outage_that_is_over_burns_no_more()
    {
        var outlook = Outlook(at => at is >= -72 and < -24 ? 100 : 0.1, days: 30);

        Assert.False(outlook.Burns[0].IsBurning);
        Assert.True(outlook.Burns[0].ShortRate < 1);
    }

    [Fact]
    public void Few_errors_break_nothing_and_an_overspent_budget_is_broken_already()
    {
        var quiet = Outlook(_ => 0.2, days: 30);

        Assert.Equal(NoExhaustionReason.FarAhead, Assert.IsType<ExhaustionResult.NotExpected>(quiet.Broken).Reason);
        Assert.IsType<ExhaustionResult.Reached>(Outlook(_ => 1.5, days: 30).Broken);
    }

    [Fact]
    public void A_series_of_errors_that_is_absent_means_none()
    {
        var requests = Grid(_ => 1000, days: 3);
        var none = RegularSeries.Resample(SeriesText.Of(0, Step, (_, _) => 0), Step);

        var outlook = ErrorBudgetOutlook.Of(none, requests, ThreeNines, Fortnight);

        Assert.Equal(0, outlook.SpentShare);
        Assert.Equal(NoExhaustionReason.NotTrending, Assert.IsType<ExhaustionResult.NotExpected>(outlook.Broken).Reason);
        var nothing = ErrorBudgetOutlook.Of(none, none, ThreeNines, Fortnight);
        Assert.Equal(NoExhaustionReason.TooShort, Assert.IsType<ExhaustionResult.NotExpected>(nothing.Broken).Reason);
    }

    [Fact]
    public void Grids_that_differ_and_objectives_that_are_none_are_refused()
    {
        var requests = Grid(_ => 1000, days: 1);

        Assert.Throws<ArgumentException>(() =>
            ErrorBudgetOutlook.Of(requests, requests, new ErrorObjective(1, TimeSpan.FromDays(30)), Fortnight)
        );
        Assert.Throws<ArgumentException>(() =>
            ErrorBudgetOutlook.Of(
                RegularSeries.Resample(SeriesText.Of(9, Step, (_, _) => 1), TimeSpan.FromHours(1)),
                requests,
                ThreeNines,
                Fortnight
            )
        );
    }

    private static DateTimeOffset End => SeriesText.Monday.AddDays(30);

    /// <param name="rate">Burn rate by steps before the end, below zero.</param>
    private static ErrorBudgetOutlook Outlook(Func<int, double> rate, int days)
    {
        var rows = days * 288;
        return ErrorBudgetOutlook.Of(Grid(at => rate(at - rows), days), Grid(_ => 1000, days), ThreeNines, Fortnight);
    }

    private static RegularSeries Grid(Func<int, double> value, int days) =>
        RegularSeries.Resample(SeriesText.Of(days * 288, Step, (at, _) => value(at)), Step);
}
