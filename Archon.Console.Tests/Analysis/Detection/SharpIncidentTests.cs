using Archon.Analysis.Detection;
using Xunit;

namespace Archon.Tests.Analysis.Detection;

/// <summary>Alerts follow the evidence: calm series are reported next to never, sick ones as often as they are sick.</summary>
public sealed class SharpIncidentTests
{
    private const double Usual = 0.5;
    private const double EveryEpisode = 0.85;

    [Theory]
    [InlineData(60, 6, 900)]
    [InlineData(300, 20, 1900)]
    public void Series_without_incidents_are_reported_at_most_once_in_twenty_days(int stepSeconds, int days, int seed)
    {
        var series = SharpIncidents.Make(seed, 24, TimeSpan.FromSeconds(stepSeconds), days, sickShare: 0);

        var (alerts, _) = SharpIncidents.Judge(series, [.. series.Select(one => SharpIncidents.Alerts(one, Usual))], 0);

        Assert.InRange(alerts, 0, 0.05);
    }

    [Theory]
    [InlineData(60, 6, 300)]
    [InlineData(300, 20, 1300)]
    public void Short_incidents_are_found_about_as_often_as_by_the_best_one_line_rule_at_one_false_alarm_in_ten_days(
        int stepSeconds,
        int days,
        int seed
    )
    {
        var series = SharpIncidents.Make(seed, 32, TimeSpan.FromSeconds(stepSeconds), days);
        double Found(Func<LabelledSeries, double[]> rule) => SharpIncidents.RecallAt(0.1, series, [.. series.Select(rule)]);

        var (jumps, offMedian) = (Found(SharpIncidents.Jumps), Found(SharpIncidents.OffMedian));
        var engine = Found(one => SharpIncidents.Alerts(one, EveryEpisode));

        // On light noise one scale for all is hard to beat; where single jumps are usual it finds next to nothing.
        Assert.True(
            engine >= 0.85 * Math.Max(jumps, offMedian),
            $"The engine finds {engine:0.00}, jumps {jumps:0.00}, medians {offMedian:0.00}."
        );
    }

    [Fact]
    public void A_series_that_is_often_sick_does_not_silence_itself()
    {
        var noise = SeriesText.Noise(31);
        var random = new Random(31);
        const int rows = 20 * 24 * 60;
        var starts = Enumerable.Range(0, 30).Select(i => 3000 + (i * 840) + random.Next(500)).ToList();
        bool IsSick(int row) => starts.Exists(start => row >= start && row < start + 6);
        var series = SeriesText.Of(rows, TimeSpan.FromMinutes(1), (row, _) => 100 + (3 * noise()) + (IsSick(row) ? 60 : 0));
        var detector = new AnomalyDetector(SeriesModel.Start(new SeriesModelSettings()), new DetectorSettings());

        var reported = Enumerable
            .Range(0, rows)
            .Where(row => detector.Score(series.Times.Span[row], series.Values.Span[row]).IsAlert)
            .ToList();

        Assert.InRange(starts.Count(start => reported.Exists(row => row >= start && row < start + 7)), 24, 30);
        Assert.True(reported.Count(row => !IsSick(row) && !IsSick(row - 6)) <= 1, "Nothing else is reported.");
    }

    [Fact]
    public void A_jump_at_the_same_time_of_every_day_is_no_news_after_three_days_and_the_same_jump_at_another_time_is()
    {
        var noise = SeriesText.Noise(32);
        const int day = 24 * 60;
        var series = SeriesText.Of(
            8 * day,
            TimeSpan.FromMinutes(1),
            (row, _) => 100 + (3 * noise()) + (row % day is >= 185 and < 188 || row is > (7 * day) + 700 and < (7 * day) + 704 ? 80 : 0)
        );
        var detector = new AnomalyDetector(SeriesModel.Start(new SeriesModelSettings()), new DetectorSettings());

        var reported = Enumerable
            .Range(0, series.Count)
            .Where(row => detector.Score(series.Times.Span[row], series.Values.Span[row]).IsAlert)
            .ToList();

        Assert.DoesNotContain(reported, row => row > 3 * day && row % day is >= 180 and < 200);
        Assert.Contains(reported, row => row is > (7 * day) + 700 and < (7 * day) + 706);
    }
}
