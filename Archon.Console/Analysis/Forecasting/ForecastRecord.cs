namespace Archon.Analysis.Forecasting;

/// <summary>A value that was forecast, and what came.</summary>
/// <param name="Lower">Lower limit that was told.</param>
/// <param name="Upper">Upper limit that was told.</param>
public readonly record struct ForecastOutcome(double Forecast, double Lower, double Upper, double Actual);

/// <summary>How good forecasts of one series have been, from what was told at the time.</summary>
/// <param name="Count">Outcomes with an actual value.</param>
/// <param name="MeanAbsolute">Mean distance of the forecast from the actual value, in the unit of the series; NaN without an
/// outcome.</param>
/// <param name="Relative">That as a share of the mean magnitude of the actual values: 0.06 is "off by 6 % on average"; NaN without an
/// outcome other than zero.</param>
/// <param name="Coverage">Share of actual values within the limits, 0 to 1; NaN without an outcome.</param>
public sealed record ForecastRecord(int Count, double MeanAbsolute, double Relative, double Coverage)
{
    /// <param name="outcomes">Of one series. Those whose actual value or forecast is not finite are left out.</param>
    public static ForecastRecord Of(IEnumerable<ForecastOutcome> outcomes)
    {
        var count = 0;
        double off = 0,
            magnitude = 0,
            within = 0;
        foreach (var one in outcomes)
        {
            if (!double.IsFinite(one.Actual) || !double.IsFinite(one.Forecast))
                continue;
            count++;
            off += Math.Abs(one.Actual - one.Forecast);
            magnitude += Math.Abs(one.Actual);
            within += one.Actual >= one.Lower && one.Actual <= one.Upper ? 1 : 0;
        }
        return count == 0
            ? new ForecastRecord(0, double.NaN, double.NaN, double.NaN)
            : new ForecastRecord(count, off / count, magnitude > 0 ? off / magnitude : double.NaN, within / count);
    }
}
