using Archon.Analysis.Detection;
using Xunit;

namespace Archon.Tests.Analysis.Detection;

public sealed class AnomalyDetectorTests
{
    private static readonly TimeSpan Step = TimeSpan.FromMinutes(1);
    private static readonly DetectorSettings Usual = new();

    [Fact]
    public void A_spike_is_outside_and_nearly_certain_and_its_neighbours_are_not()
    {
        var detector = new AnomalyDetector(Learn(1, out var noise), Usual);

        Assert.False(detector.Score(At(0), 100 + noise()).IsOutside);
        var spike = detector.Score(At(1), 160);
        Assert.False(detector.Score(At(2), 100 + noise()).IsOutside);

        Assert.True(spike.IsOutside);
        Assert.InRange(spike.Confidence, 0.99, 1);
        Assert.InRange(spike.Score, 0.9, 1);
        Assert.True(spike.Deviation > 10);
        Assert.InRange(spike.Expected, 97, 103);
    }

    [Fact]
    public void Few_ordinary_samples_are_called_outside()
    {
        var detector = new AnomalyDetector(Learn(2, out var noise), Usual);
        var outside = Enumerable.Range(0, 100_000).Count(i => detector.Score(At(i), 100 + (2 * noise())).IsOutside);

        // One in ten thousand is what the sensitivity says; a tail from two thousand samples may be off by a few times.
        Assert.InRange(outside, 0, 60);
    }

    [Fact]
    public void More_sensitivity_reports_more_and_less_reports_less()
    {
        var model = Learn(3, out _);
        double Width(double sensitivity)
        {
            var verdict = new AnomalyDetector(model, new DetectorSettings { Sensitivity = sensitivity }).Score(At(0), 100);
            return verdict.Upper - verdict.Lower;
        }

        Assert.True(Width(0) > Width(0.5) && Width(0.5) > Width(1));
    }

    [Fact]
    public void Scores_and_confidence_stay_between_0_and_1_whatever_comes()
    {
        var detector = new AnomalyDetector(Learn(4, out _), Usual);

        foreach (var value in new[] { 0, -1e300, 1e300, double.Epsilon, double.NaN, double.PositiveInfinity, double.NegativeInfinity, 100 })
        {
            var verdict = detector.Score(At(0), value);
            Assert.InRange(verdict.Score, 0, 1);
            Assert.InRange(verdict.Confidence, 0, 1);
        }
        Assert.False(detector.Score(At(0), double.NaN).IsOutside);
        Assert.True(detector.Score(At(0), double.PositiveInfinity).IsOutside);
    }

    [Fact]
    public void Latencies_of_many_sizes_are_judged_by_their_ratio()
    {
        var noise = SeriesText.Noise(5);
        var model = SeriesModel.Fit(
            SeriesText.Of(4000, Step, (_, _) => 0.1 * Math.Exp(0.9 * noise())),
            new SeriesModelSettings { Unit = "s" }
        );
        var detector = new AnomalyDetector(model, Usual);

        Assert.False(detector.Score(At(0), 0.5).IsOutside);
        Assert.True(detector.Score(At(0), 30).IsOutside);
        Assert.True(detector.Score(At(0), 0.5).Lower >= 0);
    }

    [Fact]
    public void A_change_too_small_for_anyone_to_care_is_not_reported()
    {
        var model = SeriesModel.Fit(SeriesText.Of(2000, Step, (_, _) => 0), new SeriesModelSettings { Unit = "1" });
        var detector = new AnomalyDetector(model, Usual);

        Assert.False(detector.Score(At(0), 0.0005).IsOutside);
        Assert.True(detector.Score(At(0), 0.2).IsOutside);
    }

    [Fact]
    public void Values_in_steps_are_not_outside_for_one_step()
    {
        var random = new Random(6);
        var model = SeriesModel.Fit(SeriesText.Of(2000, Step, (_, _) => 10 + (random.Next(20) == 0 ? 1 : 0)), new SeriesModelSettings());

        Assert.False(new AnomalyDetector(model, Usual).Score(At(0), 11).IsOutside);
    }

    [Fact]
    public void A_restart_continues_as_if_nothing_had_been()
    {
        var model = Learn(7, out var noise);
        Assert.True(SeriesModel.TryRead(model.ToBytes(), out var read));
        var (before, after) = (new AnomalyDetector(model, Usual), new AnomalyDetector(read, Usual));

        for (var i = 0; i < 1000; i++)
        {
            var value = 100 + (5 * noise());
            Assert.Equal(before.Score(At(i), value), after.Score(At(i), value));
        }
    }

    [Fact]
    public void Scoring_allocates_nothing()
    {
        var detector = new AnomalyDetector(Learn(8, out _), Usual);
        detector.Score(At(0), 100);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10_000; i++)
            detector.Score(At(i), 100 + (i % 7));

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static SeriesModel Learn(int seed, out Func<double> noise)
    {
        var source = SeriesText.Noise(seed);
        noise = source;
        return SeriesModel.Fit(SeriesText.Of(2000, Step, (_, _) => 100 + (2 * source())), new SeriesModelSettings());
    }

    private static long At(int minute) => SeriesText.Monday.AddDays(3).AddMinutes(minute).ToUnixTimeMilliseconds();
}
