using Archon.Analysis.Detection;
using Archon.Analysis.Series;

namespace Archon.Tests.Analysis.Detection;

/// <summary>Series of several kinds with an anomaly a week at known places, and what a detector claims of them.</summary>
internal static class InjectedAnomalies
{
    private const int Learnt = 4032;
    private const int Total = 12096;
    private const int Every = 2016;
    private const int After = 6;
    private const int Quiet = 30;

    // Doubtful episodes are told too, or there would be nothing to hold low confidence against.
    private const double EveryEpisode = 0.85;

    private static readonly TimeSpan Step = TimeSpan.FromMinutes(5);

    private static readonly Func<DateTimeOffset, double, double, double>[] Kinds =
    [
        (_, noise, _) => 100 + (5 * noise),
        (_, _, slow) => 100 + (5 * slow),
        (at, noise, _) => 100 + (30 * Math.Sin(2 * Math.PI * (at.TimeOfDay.TotalHours - 8) / 24)) + (3 * noise),
        (at, noise, slow) =>
            (100 + (50 * Math.Sin(2 * Math.PI * (at.TimeOfDay.TotalHours - 8) / 24))) * Math.Exp((0.05 * slow) + (0.02 * noise)),
        (at, noise, _) => 100 + (at.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday ? -25 : 0) + (3 * noise),
        (_, noise, _) => 0.1 * Math.Exp(0.6 * noise),
    ];

    /// <summary>One claim per alert: the greatest confidence of its episode, and whether an anomaly was there.</summary>
    public static IEnumerable<(double Confidence, bool IsTrue)> Claims(int seeds)
    {
        for (var kind = 0; kind < Kinds.Length; kind++)
        {
            for (var seed = 0; seed < seeds; seed++)
            {
                foreach (var claim in ClaimsOf(kind, (seed * Kinds.Length) + kind + 1))
                    yield return claim;
            }
        }
    }

    private static IEnumerable<(double Confidence, bool IsTrue)> ClaimsOf(int kind, int seed)
    {
        var (series, truth) = Make(kind, seed);
        var history = new MetricSeries(SeriesLabels.None, series.Times[..Learnt], series.Values[..Learnt]);
        var model = SeriesModel.Fit(history, new SeriesModelSettings());
        var detector = new AnomalyDetector(model, new DetectorSettings { Sensitivity = EveryEpisode });
        var (isOpen, best, isTrue, calm) = (false, 0.0, false, 0);
        for (var i = Learnt; i < Total; i++)
        {
            var verdict = detector.Score(series.Times.Span[i], series.Values.Span[i]);
            if (verdict.IsAlert && !isOpen)
                (isOpen, best, isTrue, calm) = (true, 0, false, 0);
            if (!isOpen)
                continue;
            best = Math.Max(best, verdict.Confidence);
            isTrue |= truth[i];
            calm = verdict.Confidence > 0.3 ? 0 : calm + 1;
            if (calm <= Quiet)
                continue;
            isOpen = false;
            yield return (best, isTrue);
        }
    }

    private static (MetricSeries Series, bool[] Truth) Make(int kind, int seed)
    {
        var noise = SeriesText.Noise(seed);
        var random = new Random(seed);
        var slow = 0.0;
        var series = SeriesText.Of(Total, Step, (_, at) => Kinds[kind](at, noise(), slow = (0.95 * slow) + (0.31 * noise())));
        var values = series.Values.ToArray();
        var truth = new bool[Total];
        var unit = Enumerable.Range(1, Learnt - 1).Average(i => Math.Abs(values[i] - values[i - 1]));
        for (var start = Learnt + 100; start < Total - 100; start += Every - 400 + random.Next(800))
        {
            var length = ((int[])[1, 3, 12, 36, 72])[random.Next(5)];
            var size = unit * (1.5 + (4.5 * random.NextDouble())) * (length <= 3 ? 1.7 : 1);
            var grows = random.Next(3) == 0;
            for (var i = start; i < start + length; i++)
                values[i] += grows ? size * (i - start + 1) / length : size;
            Array.Fill(truth, true, start, length + After);
        }
        return (new MetricSeries(SeriesLabels.None, series.Times, values), truth);
    }
}
