using System.Diagnostics;
using System.Globalization;
using Archon.Analysis.Detection;
using Archon.Analysis.Series;
using Archon.Tests.Analysis;
using Archon.Tests.Analysis.Detection;
using Xunit;

namespace Archon.Tests.Benchmarks;

/// <summary>What learning and judging series costs, and whether confidence means what it says. Run by <c>./archon bench</c>, never with the
/// tests.</summary>
public sealed class DetectionBench(BenchTable table)
{
    private const int Rounds = 5;
    private const int Points = 4032;
    private static readonly TimeSpan Step = TimeSpan.FromMinutes(5);

    [Fact(Explicit = true)]
    public void Learning_and_judging()
    {
        var history = Fortnight(1);
        var model = SeriesModel.Fit(history, new SeriesModelSettings());
        Fit(history, model);
        Score(history, model);
        Estate();
        Confidence();
    }

    private void Fit(MetricSeries history, SeriesModel model)
    {
        const int count = 20;
        var ours = Best(() =>
        {
            for (var i = 0; i < count; i++)
                SeriesModel.Fit(history, new SeriesModelSettings());
        });
        table.Add(new BenchRow("fit of a fortnight of 5 min", ours.TotalMilliseconds / count, "ms", 5, true));
        table.Add(new BenchRow("stored model with a weekly profile and running state", model.ToBytes().Length / 1000.0, "kB", 4, true));
    }

    private void Score(MetricSeries history, SeriesModel model)
    {
        const int samples = 1_000_000;
        var values = history.Values.ToArray();
        var start = SeriesText.Monday.AddDays(14).ToUnixTimeMilliseconds();
        double sum = 0;
        TimeSpan Scored(long stepMs) =>
            Best(() =>
            {
                var detector = new AnomalyDetector(model, new DetectorSettings());
                for (var i = 0; i < samples; i++)
                    sum += detector.Score(start + (i * stepMs), values[i % Points]).Level;
            });
        var learning = Scored((long)Step.TotalMilliseconds);
        var between = Scored(15_000);
        // What people have without an engine: a moving mean and deviation, and a z-score of them.
        var plain = Best(() =>
        {
            var (mean, variance) = (values[0], 1.0);
            for (var i = 0; i < samples; i++)
            {
                var off = values[i % Points] - mean;
                sum += Math.Abs(off) / Math.Sqrt(variance + 1e-9);
                mean += 0.01 * off;
                variance += 0.01 * ((off * off) - variance);
            }
        });
        Assert.True(double.IsFinite(sum));
        void Add(string name, TimeSpan took) =>
            table.Add(
                new BenchRow(name, samples / took.TotalSeconds, "samples/s/core", 250_000, false, "an exponential z-score", plain / took)
            );
        Add("scoring, all members and calibration, learning from each", learning);
        Add("scoring at 15 s what was learnt at 5 min", between);
    }

    /// <summary>A thousand series, as a hundredth of the greatest estate, on both cores.</summary>
    private void Estate()
    {
        const int series = 1000;
        var histories = Enumerable.Range(1, 20).Select(Fortnight).ToArray();
        var models = new byte[series][];
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount };
        var fitted = Stopwatch.StartNew();
        Parallel.For(
            0,
            series,
            parallel,
            i => models[i] = SeriesModel.Fit(histories[i % histories.Length], new SeriesModelSettings()).ToBytes()
        );
        table.Add(new BenchRow("100,000 series fitted, all cores (from 1,000)", fitted.Elapsed.TotalMinutes * 100, "min", null, true));
        var at = SeriesText.Monday.AddDays(14).ToUnixTimeMilliseconds();
        var read = Stopwatch.StartNew();
        var detectors = new AnomalyDetector[series];
        Parallel.For(
            0,
            series,
            parallel,
            i =>
            {
                Assert.True(SeriesModel.TryRead(models[i], out var model));
                detectors[i] = new AnomalyDetector(model, new DetectorSettings());
            }
        );
        table.Add(new BenchRow("100,000 models read (from 1,000)", read.Elapsed.TotalSeconds * 100, "s", null, true));
        var scored = Stopwatch.StartNew();
        Parallel.For(
            0,
            series,
            parallel,
            i =>
            {
                for (var sample = 0; sample < 40; sample++)
                    detectors[i].Score(at + (sample * 15_000L), 100);
            }
        );
        table.Add(
            new BenchRow(
                "a sample of 100,000 series scored (from 1,000 x 40)",
                scored.Elapsed.TotalMilliseconds * 100 / 40,
                "ms",
                null,
                true
            )
        );
    }

    private void Confidence()
    {
        var reliability = Reliability.Of(InjectedAnomalies.Claims(seeds: 20), bins: 5);
        foreach (var bin in reliability.Bins.Where(bin => bin.Claims > 0))
        {
            BenchTable.Note(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"confidence {bin.From:0.0} to {bin.To:0.0}: claimed {bin.Claimed:0.00}, observed {bin.Observed:0.00}, {bin.Claims} alerts"
                )
            );
        }
        table.Add(new BenchRow("calibration error of confidence, injected anomalies", reliability.CalibrationError, "", 0.15, true));
    }

    private static MetricSeries Fortnight(int seed)
    {
        var noise = SeriesText.Noise(seed);
        return SeriesText.Of(
            Points,
            Step,
            (_, at) =>
                100
                + (at.DayOfWeek == DayOfWeek.Sunday ? 40 : 0)
                + (30 * Math.Sin(2 * Math.PI * at.TimeOfDay.TotalHours / 24))
                + (3 * noise())
        );
    }

    private static TimeSpan Best(Action work)
    {
        work();
        return Enumerable
            .Range(0, Rounds)
            .Select(_ =>
            {
                var began = Stopwatch.GetTimestamp();
                work();
                return Stopwatch.GetElapsedTime(began);
            })
            .Min();
    }
}
