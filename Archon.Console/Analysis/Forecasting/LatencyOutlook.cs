using Archon.Analysis.Series;

namespace Archon.Analysis.Forecasting;

/// <summary>What the latency of now is like.</summary>
public enum LatencyVerdict
{
    /// <summary>The history is too short to say.</summary>
    Unknown,

    /// <summary>As usual for this load.</summary>
    Usual,

    /// <summary>Slower than usual, but so is every hour with such a load.</summary>
    Loaded,

    /// <summary>Slower than hours with the same load were.</summary>
    Degraded,
}

/// <summary>How latency stands against load and against last week, and when it breaks its objective.</summary>
/// <param name="Current">Median over the last hour, in the unit of the latency.</param>
/// <param name="ExpectedForLoad">What earlier hours with a load like that of the last hour had. NaN when the history is too short.</param>
/// <param name="OverLoad">Current over expected for the load, 1 and around; NaN as above.</param>
/// <param name="OverLastWeek">Current over the same hour a week before; NaN when that is not known.</param>
/// <param name="IsLoadUnseen">The load lies above all that the history knows, so what is expected is only a lower limit.</param>
/// <param name="Broken">When the objective is broken, with an 80 % interval.</param>
public sealed record LatencyOutlook(
    LatencyVerdict Verdict,
    double Current,
    double ExpectedForLoad,
    double OverLoad,
    double OverLastWeek,
    bool IsLoadUnseen,
    ExhaustionResult Broken
)
{
    private const int LeastRows = 48;

    // Neighbours by load that are asked for what is usual, as a share of the history.
    private const double Neighbourhood = 0.1;

    // Robust standard deviations of the history, and a share that anyone can feel.
    private const double OddDeviations = 3;
    private const double LeastSlower = 0.1;
    private static readonly TimeSpan ForecastReach = TimeSpan.FromDays(2);
    private static readonly TimeSpan Now = TimeSpan.FromHours(1);

    /// <remarks>
    /// What is usual for a load is the median latency of the tenth of history whose load is nearest (nearest-neighbour regression, Stone,
    /// Annals
    /// of Statistics 1977). The objective is broken by the earlier of two: the seasonal forecast over two days (<see cref="Forecaster"/>)
    /// and
    /// the trend (<see cref="ExhaustionProjection"/>).
    /// </remarks>
    /// <param name="latency">Above zero, such as a 95th percentile in seconds.</param>
    /// <param name="load">Requests per second or any measure of work, on the same step. Read by time; rows that only one has are not
    /// compared.</param>
    /// <param name="objective">In the unit of the latency, above zero.</param>
    /// <param name="within">How far ahead to look.</param>
    /// <exception cref="ArgumentException">The steps differ, or the objective is not above zero.</exception>
    public static LatencyOutlook Of(RegularSeries latency, RegularSeries load, double objective, TimeSpan within)
    {
        if (latency.Step != load.Step)
            throw new ArgumentException("Latency and load have different steps.", nameof(load));
        if (!(objective > 0 && double.IsFinite(objective)))
            throw new ArgumentException($"{objective} is no objective.", nameof(objective));
        var broken = Breach(latency, objective, within);
        var rows = latency.Values.Length;
        var values = latency.Values;
        var recent = Math.Max(1, (int)(Now / latency.Step));
        var current = Median(Enumerable.Range(Math.Max(0, rows - recent), Math.Min(rows, recent)).Select(row => values.Span[row]));
        var shift = (int)Math.Round((latency.At(0) - load.At(0)) / latency.Step);
        double Load(int row) => row + shift >= 0 && row + shift < load.Values.Length ? load.Values.Span[row + shift] : double.NaN;
        var week = (int)(TimeSpan.FromDays(7) / latency.Step);
        var overLastWeek =
            rows - week - recent >= 0
                ? current / Median(Enumerable.Range(rows - week - recent, recent).Select(row => values.Span[row]))
                : double.NaN;

        var history = Enumerable
            .Range(0, Math.Max(0, rows - recent))
            .Select(row => (Load: Load(row), Latency: values.Span[row]))
            .Where(one => SampleValue.IsUsable(one.Load) && one.Latency > 0 && SampleValue.IsUsable(one.Latency))
            .OrderBy(one => one.Load)
            .ToArray();
        var currentLoad = Median(Enumerable.Range(Math.Max(0, rows - recent), Math.Min(rows, recent)).Select(Load));
        if (history.Length < LeastRows || !double.IsFinite(current) || !double.IsFinite(currentLoad))
        {
            return new LatencyOutlook(LatencyVerdict.Unknown, current, double.NaN, double.NaN, overLastWeek, false, broken);
        }
        var expected = Usual(history, currentLoad);
        // How far single rows usually lie from what their load explains, as a share.
        var typical = Median(history.Select(one => one.Latency));
        var spread = 1.4826 * Median(history.Select(one => Math.Abs(Math.Log(one.Latency / Usual(history, one.Load)))));
        var odd = Math.Max(OddDeviations * spread / Math.Sqrt(recent), Math.Log(1 + LeastSlower));
        var verdict =
            Math.Log(current / expected) > odd ? LatencyVerdict.Degraded
            : Math.Log(current / typical) > odd ? LatencyVerdict.Loaded
            : LatencyVerdict.Usual;
        return new LatencyOutlook(verdict, current, expected, current / expected, overLastWeek, currentLoad > history[^1].Load, broken);
    }

    private static double Usual((double Load, double Latency)[] byLoad, double load)
    {
        var size = Math.Max(5, (int)(byLoad.Length * Neighbourhood));
        int from = 0,
            to = byLoad.Length;
        while (from < to)
        {
            var middle = (from + to) / 2;
            if (byLoad[middle].Load < load)
                from = middle + 1;
            else
                to = middle;
        }
        return Median(byLoad.AsSpan(Math.Clamp(from - (size / 2), 0, byLoad.Length - size), size).ToArray().Select(one => one.Latency));
    }

    private static ExhaustionResult Breach(RegularSeries latency, double objective, TimeSpan within)
    {
        var trend = Trend(latency, objective, within);
        if (trend is ExhaustionResult.Reached)
            return trend;
        var ahead = within < ForecastReach ? within : ForecastReach;
        if (ahead < latency.Step || Forecaster.Forecast(latency, ahead) is not ForecastResult.Ok { Forecast: var forecast })
            return trend;
        int earliest = -1,
            median = -1,
            latest = -1;
        double probability = 0;
        for (var step = 0; step < forecast.Horizon; step++)
        {
            var above = forecast.ProbabilityAbove(step, objective);
            probability = Math.Max(probability, above);
            if (above >= 0.1 && earliest < 0)
                earliest = step;
            if (above >= 0.5 && median < 0)
                median = step;
            if (above >= 0.9 && latest < 0)
                latest = step;
        }
        if (median < 0)
            return trend;
        var rows = latency.Values.Length;
        var season = new ExhaustionResult.Projected(
            latency.At(rows + median),
            latency.At(rows + earliest),
            latency.At(rows + (latest < 0 ? forecast.Horizon : latest)),
            probability,
            (forecast.Median(forecast.Horizon - 1) - forecast.Median(0)) / (ahead / TimeSpan.FromDays(1))
        );
        return trend is ExhaustionResult.Projected sooner && sooner.At < season.At ? trend : season;
    }

    /// <summary>On logarithms: what slows down does so by a factor, at night as by day.</summary>
    private static ExhaustionResult Trend(RegularSeries latency, double objective, TimeSpan within)
    {
        var times = new long[latency.Values.Length];
        var logarithms = new double[times.Length];
        for (var row = 0; row < times.Length; row++)
        {
            times[row] = latency.At(row).ToUnixTimeMilliseconds();
            logarithms[row] = latency.Values.Span[row] > 0 ? Math.Log(latency.Values.Span[row]) : double.NaN;
        }
        var trend = ExhaustionProjection.Project(
            new MetricSeries(SeriesLabels.None, times, logarithms),
            new ExhaustionSettings { Limit = Math.Log(objective), Within = within }
        );
        return trend is ExhaustionResult.Projected projected
            ? projected with
            {
                ChangePerDay = Median(latency.Values.ToArray()) * (Math.Exp(projected.ChangePerDay) - 1),
            }
            : trend;
    }

    private static double Median(IEnumerable<double> values)
    {
        var known = values.Where(SampleValue.IsUsable).ToList();
        return known.Count > 0 ? Resets.Median(known) : double.NaN;
    }
}
