using Archon.Analysis.Series;

namespace Archon.Analysis.Forecasting;

/// <summary>
/// Forecasts one series at a steady step with limits for any level. Seven simple forecasters of different memory vote and the median
/// counts; what the median would have missed at earlier times gives the limits.
/// </summary>
/// <remarks>
/// <para>Members: robust autoregressions on the lags of a week, plain and on day differences; on the last day, on day differences and plain
/// without logarithm; on week differences; the profile of past weeks moved to the level of the last day; the same time a week before. Where
/// the history has no three weeks the day stands for the week, and where it has no three days there is no season.</para>
/// <para>Sources: unweighted medians of forecasts, Petropoulos and Svetunkov, "A simple combination of univariate models", IJF 2020; tests
/// at rolling
/// origins, Tashman, IJF 2000; limits from past errors, Chatfield, "Calculating interval forecasts", JBES 1993.</para>
/// </remarks>
public static class Forecaster
{
    /// <summary>Fewer values than this are not forecast.</summary>
    public const int LeastValues = 8;

    private const int MostOrigins = 35;
    private const int ErrorOrigins = 10;

    // The members have seen the times that they are tested at. Calibrated so that 95 % limits hold 95 % of later values.
    private const double Inflation = 1.25;

    /// <param name="values">
    /// A value per step, oldest first; NaN and infinities mark gaps, which are stepped over and never learnt from. What lies far back
    /// (more than 24 periods and 4,096 steps) is not read.
    /// </param>
    public static ForecastResult Forecast(ReadOnlySpan<double> values, ForecastSettings settings)
    {
        var history = Recent(values, settings.Period);
        var known = 0;
        foreach (var value in history)
            known += SampleValue.IsUsable(value) ? 1 : 0;
        if (known < LeastValues)
            return new ForecastResult.TooShort($"{known} values are too few: {LeastValues} are needed.");
        using var run = new ForecastRun(history, settings);
        return new ForecastResult.Ok(run.Forecast(MostOrigins, ErrorOrigins, Inflation));
    }

    /// <summary>Forecasts a series on its grid; the day, where the step divides it, is taken for the period.</summary>
    /// <param name="ahead">How far, rounded up to whole steps.</param>
    /// <exception cref="ArgumentOutOfRangeException">That is no step, or more than 10,000.</exception>
    public static ForecastResult Forecast(RegularSeries history, TimeSpan ahead) =>
        Forecast(
            history.Values.Span,
            new ForecastSettings { Horizon = (int)Math.Min(int.MaxValue, Math.Ceiling(ahead / history.Step)), Period = history.Period }
        );

    private static ReadOnlySpan<double> Recent(ReadOnlySpan<double> values, int period)
    {
        var most = Math.Max(4096, 24 * period);
        return values.Length <= most ? values : values[^most..];
    }
}
