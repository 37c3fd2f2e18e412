namespace Archon.Analysis.Detection;

/// <summary>Foretells the next value of a series from its last three, and learns from being wrong.</summary>
/// <remarks>An autoregression of order three by recursive least squares with exponential forgetting (Haykin, "Adaptive Filter Theory").
/// Errors are clipped before they teach, so that one incident does not bend the forecast of the samples after it.</remarks>
internal struct LinearForecast
{
    private const double Forgetting = 0.999;
    private const double Growth = 1 / Forgetting;

    // Beyond this the inverse correlation has run away: a long constant stretch excites nothing.
    private const double MostTrace = 1e6;

    private double weight1,
        weight2,
        weight3;
    private double p11,
        p12,
        p13,
        p22,
        p23,
        p33;
    private double last1,
        last2,
        last3;

    public readonly double Next => (weight1 * last1) + (weight2 * last2) + (weight3 * last3);

    /// <param name="value">What came, as a deviation from what is usual.</param>
    /// <param name="clip">Errors count up to this.</param>
    /// <param name="unit">The usual size of a deviation; makes the start independent of the unit of the series.</param>
    public void Learn(double value, double clip, double unit)
    {
        if (p11 <= 0)
            Restart(unit);
        var gain1 = (p11 * last1) + (p12 * last2) + (p13 * last3);
        var gain2 = (p12 * last1) + (p22 * last2) + (p23 * last3);
        var gain3 = (p13 * last1) + (p23 * last2) + (p33 * last3);
        var share = 1 / (Forgetting + (last1 * gain1) + (last2 * gain2) + (last3 * gain3));
        var error = Math.Clamp(value - Next, -clip, clip) * share;
        (weight1, weight2, weight3) = (weight1 + (gain1 * error), weight2 + (gain2 * error), weight3 + (gain3 * error));
        p11 = (p11 - (gain1 * gain1 * share)) * Growth;
        p12 = (p12 - (gain1 * gain2 * share)) * Growth;
        p13 = (p13 - (gain1 * gain3 * share)) * Growth;
        p22 = (p22 - (gain2 * gain2 * share)) * Growth;
        p23 = (p23 - (gain2 * gain3 * share)) * Growth;
        p33 = (p33 - (gain3 * gain3 * share)) * Growth;
        if (!((p11 + p22 + p33) * unit * unit < MostTrace) || p11 <= 0)
            Restart(unit);
        (last3, last2, last1) = (last2, last1, value);
    }

    /// <summary>The expectation moved by this, so the deviations from it did too.</summary>
    public void Shift(double by) => (last1, last2, last3) = (last1 + by, last2 + by, last3 + by);

    private void Restart(double unit)
    {
        (p12, p13, p23) = (0, 0, 0);
        p11 = p22 = p33 = unit > 0 ? 1 / (unit * unit) : 0;
    }

    public readonly void Write(ref StateWriter writer)
    {
        ReadOnlySpan<double> all = [weight1, weight2, weight3, p11, p12, p13, p22, p23, p33, last1, last2, last3];
        foreach (var value in all)
            writer.Double(value);
    }

    public static LinearForecast Read(ref StateReader reader) =>
        new()
        {
            weight1 = reader.Double(),
            weight2 = reader.Double(),
            weight3 = reader.Double(),
            p11 = reader.Double(),
            p12 = reader.Double(),
            p13 = reader.Double(),
            p22 = reader.Double(),
            p23 = reader.Double(),
            p33 = reader.Double(),
            last1 = reader.Double(),
            last2 = reader.Double(),
            last3 = reader.Double(),
        };
}
