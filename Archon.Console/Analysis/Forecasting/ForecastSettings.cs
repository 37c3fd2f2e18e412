namespace Archon.Analysis.Forecasting;

/// <summary>What to forecast. One setting serves all series; what may differ is how far ahead and what a day is.</summary>
public sealed record ForecastSettings
{
    private readonly int horizon = 48;
    private readonly int period = 24;

    /// <summary>Steps to forecast, 1 to 10,000.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It lies outside.</exception>
    public int Horizon
    {
        get => horizon;
        init =>
            horizon = value is >= 1 and <= 10_000
                ? value
                : throw new ArgumentOutOfRangeException(nameof(value), value, "A horizon is 1 to 10,000 steps.");
    }

    /// <summary>
    /// Steps after which the series may repeat, such as 24 for a day of hours; 1 when it does not. Seven periods, the week, are looked for
    /// too when the history is three of them long. At most 1,500: finer series are thinned first, see <see cref="RegularSeries.Resample"/>.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It lies outside.</exception>
    public int Period
    {
        get => period;
        init =>
            period = value is >= 1 and <= 1_500
                ? value
                : throw new ArgumentOutOfRangeException(nameof(value), value, "A period is 1 to 1,500 steps.");
    }
}
