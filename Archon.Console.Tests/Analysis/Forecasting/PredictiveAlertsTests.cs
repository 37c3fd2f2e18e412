using Archon.Analysis.Forecasting;
using Xunit;

namespace Archon.Tests.Analysis.Forecasting;

public sealed class PredictiveAlertsTests
{
    private static readonly DateTimeOffset Now = SeriesText.Monday;
    private static readonly PredictiveAlertSettings Settings = new();

    [Fact]
    public void Two_projections_that_agree_are_reported_with_the_record_of_their_kind()
    {
        var record = new PredictionRecord(20, 2, 1, 3, 0.1);

        var reported = Assert.IsType<PredictiveVerdict.Report>(PredictiveAlerts.Decide([In(40), In(41)], record, Now, Settings));

        Assert.Equal((In(41), record), (reported.Projection, reported.Record));
    }

    [Theory]
    [InlineData("first time", 40)]
    [InlineData("later", 40, 80)]
    public void A_first_or_a_far_projection_waits(string reason, params int[] hours) =>
        Assert.Contains(reason, Reason([.. hours.Select(hour => In(hour))], PredictionRecord.Empty), StringComparison.Ordinal);

    [Fact]
    public void What_is_unsure_or_was_often_wrong_is_not_reported()
    {
        var unsure = In(40) with { Probability = 0.6 };
        var vague = In(10) with { Latest = Now.AddHours(40) };

        Assert.Contains("not sure enough", Reason([In(40), unsure], PredictionRecord.Empty), StringComparison.Ordinal);
        Assert.Contains("not known well enough", Reason([In(10), vague], PredictionRecord.Empty), StringComparison.Ordinal);
        Assert.Contains("wrong too often", Reason([In(40), In(40)], new PredictionRecord(12, 8, 0, 0, 0.1)), StringComparison.Ordinal);
        Assert.IsType<PredictiveVerdict.Report>(
            PredictiveAlerts.Decide([In(40), In(40)], new PredictionRecord(3, 3, 0, 0, 0.1), Now, Settings)
        );
    }

    [Fact]
    public void What_is_not_expected_or_reached_is_no_prediction()
    {
        var never = new ExhaustionResult.NotExpected(NoExhaustionReason.Wave, 0);

        Assert.Contains("not expected", Reason([In(40), never], PredictionRecord.Empty), StringComparison.Ordinal);
        Assert.Contains("Nothing", Reason([], PredictionRecord.Empty), StringComparison.Ordinal);
        Assert.IsType<PredictiveVerdict.AlreadyReached>(
            PredictiveAlerts.Decide([In(40), new ExhaustionResult.Reached()], PredictionRecord.Empty, Now, Settings)
        );
    }

    [Fact]
    public void The_record_counts_what_came_true_what_did_not_and_what_cannot_be_judged()
    {
        var made = Now.AddDays(-10);
        PastPrediction[] past =
        [
            new(made, made.AddHours(20), made.AddHours(30), HappenedAt: made.AddHours(22), PreventedAt: null),
            new(made, made.AddHours(20), made.AddHours(30), HappenedAt: made.AddHours(90), PreventedAt: null),
            new(made, made.AddHours(20), made.AddHours(30), HappenedAt: null, PreventedAt: null),
            new(made, made.AddHours(20), made.AddHours(30), HappenedAt: null, PreventedAt: made.AddHours(5)),
            new(Now, Now.AddHours(20), Now.AddHours(30), HappenedAt: null, PreventedAt: null),
        ];

        var record = PredictionRecord.Of(past, Now);

        Assert.Equal((3, 2, 1, 1), (record.Judged, record.False, record.Prevented, record.Open));
        Assert.Equal((0.1 + 3.5) / 2, record.MedianTimeError, 9);
        Assert.Equal(2.0 / 3, record.FalseShare, 9);
        Assert.True(record.FalseShareInterval.Lower is > 0.1 and < 0.5 && record.FalseShareInterval.Upper is > 0.8 and < 1);
    }

    [Fact]
    public void An_outcome_that_is_not_known_yet_does_not_count()
    {
        var prediction = new PastPrediction(Now, Now.AddHours(20), Now.AddHours(30), HappenedAt: Now.AddHours(10), PreventedAt: null);

        Assert.Equal(1, PredictionRecord.Of([prediction], Now.AddHours(1)).Open);
        Assert.Equal(0, PredictionRecord.Of([prediction], Now.AddHours(11)).False);
        Assert.Equal((0, 1), PredictionRecord.Of([], Now).FalseShareInterval);
        Assert.True(double.IsNaN(PredictionRecord.Of([], Now).FalseShare));
    }

    [Fact]
    public void Past_forecasts_are_off_by_a_share_of_what_came()
    {
        var record = ForecastRecord.Of([
            new(100, 90, 110, 106),
            new(100, 90, 110, 94),
            new(100, 99, 101, 200),
            new(100, 90, 110, double.NaN),
        ]);

        Assert.Equal((3, 2.0 / 3), (record.Count, record.Coverage));
        Assert.Equal(112.0 / 400, record.Relative, 9);
        Assert.True(double.IsNaN(ForecastRecord.Of([]).Relative));
    }

    private static ExhaustionResult.Projected In(double hours) =>
        new(Now.AddHours(hours), Now.AddHours(0.8 * hours), Now.AddHours(1.3 * hours), Probability: 0.99, ChangePerDay: 0.1);

    private static string Reason(IReadOnlyList<ExhaustionResult> projections, PredictionRecord record) =>
        Assert.IsType<PredictiveVerdict.Quiet>(PredictiveAlerts.Decide(projections, record, Now, Settings)).Reason;
}
