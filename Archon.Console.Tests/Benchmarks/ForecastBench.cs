using System.Diagnostics;
using Archon.Analysis.Forecasting;
using Archon.Tests.Analysis;
using Xunit;

namespace Archon.Tests.Benchmarks;

/// <summary>What looking ahead costs. Run by <c>./archon bench</c>, never with the tests.</summary>
public sealed class ForecastBench(BenchTable table)
{
    // Short and many: the best of them had a core for itself, also on a busy machine.
    private const int Rounds = 60;
    private const int Points = 960;

    [Fact(Explicit = true)]
    public void Forecasting_and_projecting()
    {
        Forecasts();
        Projections();
    }

    private void Forecasts()
    {
        const int count = 10;
        var settings = new ForecastSettings { Horizon = 48, Period = 24 };
        var series = Enumerable.Range(1, 20).Select(Hours).ToArray();
        double sum = 0;
        var ours = Best(() =>
        {
            for (var at = 0; at < count; at++)
            {
                sum += ((ForecastResult.Ok)Forecaster.Forecast(series[at % series.Length], settings)).Forecast.Interval(47, 0.95).Upper;
            }
        });
        var line = Best(() =>
        {
            for (var at = 0; at < count; at++)
                sum += Line(series[at % series.Length], 48);
        });
        Assert.True(double.IsFinite(sum));
        var perSecond = count / ours.TotalSeconds;
        table.Add(new BenchRow("forecast of 960 points, limits", perSecond, "series/s/core", 500, false, "a straight line", line / ours));
        var stored = ((ForecastResult.Ok)Forecaster.Forecast(series[0], settings)).Forecast.ToBytes();
        table.Add(new BenchRow("stored forecast", stored.Length / 1000.0, "kB", null, true));
    }

    private void Projections()
    {
        const int count = 1;
        var noise = SeriesText.Noise(1);
        var series = SeriesText.Of(4032, TimeSpan.FromMinutes(5), (at, _) => 0.3 + (0.0001 * at) + (0.01 * noise()));
        var took = Best(() =>
        {
            for (var at = 0; at < count; at++)
                ExhaustionProjection.Project(series, new ExhaustionSettings());
        });
        table.Add(new BenchRow("exhaustion on a fortnight of 5 min", count / took.TotalSeconds, "series/s/core", null, false));
    }

    /// <summary>As <c>predict_linear</c> does it, without limits.</summary>
    private static double Line(double[] values, int ahead)
    {
        double x = 0,
            y = 0,
            xx = 0,
            xy = 0;
        for (var at = 0; at < values.Length; at++)
        {
            x += at;
            y += values[at];
            xx += (double)at * at;
            xy += at * values[at];
        }
        var slope = ((values.Length * xy) - (x * y)) / ((values.Length * xx) - (x * x));
        return ((y - (slope * x)) / values.Length) + (slope * (values.Length - 1 + ahead));
    }

    private static double[] Hours(int seed)
    {
        var noise = SeriesText.Noise(seed);
        return
        [
            .. Enumerable
                .Range(0, Points)
                .Select(hour => 100 + (hour / 24 % 7 >= 5 ? -30 : 0) + (40 * Math.Sin(2 * Math.PI * hour / 24)) + (3 * noise())),
        ];
    }

    private static TimeSpan Best(Action work)
    {
        // Long enough for the second, faster compilation of what is measured.
        for (var warm = 0; warm < Rounds; warm++)
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
