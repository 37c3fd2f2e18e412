namespace Archon.Analysis.Forecasting;

/// <summary>
/// The scale on which a series is forecast: in standard units of its logarithm where it cannot be negative, since what grows by shares is
/// steady there, else in standard units of itself.
/// </summary>
internal sealed class WorkingScale
{
    // A history with zeros is moved up by this share of its mean before the logarithm.
    private const double ZeroShift = 0.01;

    // In standard units. What lies further out is an incident and counts as if it lay here.
    private const double Outermost = 6;

    // How far outside its history, in ranges of the history, a recursion may carry a series.
    private const double Slack = 1;

    private readonly double shift;
    private readonly double mean;
    private readonly double deviation;

    private WorkingScale(bool isLogarithmic, double shift, double mean, double deviation, double lowest, double highest)
    {
        (IsLogarithmic, this.shift, this.mean, this.deviation) = (isLogarithmic, shift, mean, deviation);
        var range = highest - lowest;
        (Lowest, Highest) = (lowest - (Slack * range), highest + (Slack * range));
    }

    public bool IsLogarithmic { get; }

    /// <summary>In working units; a forecast outside is a recursion that has run away.</summary>
    public double Lowest { get; }

    public double Highest { get; }

    /// <param name="values">Without gaps.</param>
    /// <param name="wantLogarithm">Taken when no value is negative.</param>
    /// <param name="working">Receives the values in working units.</param>
    /// <returns>Null when the values are all the same, as far as a double can tell.</returns>
    public static WorkingScale? Of(ReadOnlySpan<double> values, bool wantLogarithm, Span<double> working)
    {
        double least = double.MaxValue,
            sum = 0;
        foreach (var value in values)
        {
            least = Math.Min(least, value);
            sum += value / values.Length;
        }
        var isLogarithmic = wantLogarithm && least >= 0;
        var shift = isLogarithmic && least == 0 ? ZeroShift * sum : 0;
        values.CopyTo(working);
        if (isLogarithmic)
            Vectors.Log(working, shift);
        double mean = 0,
            squares = 0,
            lowest = double.MaxValue,
            highest = double.MinValue;
        foreach (var value in working)
            mean += value / working.Length;
        foreach (var value in working)
        {
            squares += (value - mean) * (value - mean) / working.Length;
            lowest = Math.Min(lowest, value);
            highest = Math.Max(highest, value);
        }
        var deviation = Math.Sqrt(squares);
        if (!(deviation > 1e-12 * Math.Abs(mean)) || !double.IsFinite(deviation))
            return null;
        Vectors.MultiplyAdd(working, 1 / deviation, -mean / deviation);
        Vectors.Clamp(working, -Outermost, Outermost);
        return new WorkingScale(
            isLogarithmic,
            shift,
            mean,
            deviation,
            Math.Max(-Outermost, (lowest - mean) / deviation),
            Math.Min(Outermost, (highest - mean) / deviation)
        );
    }

    /// <summary>Working units to values, in place.</summary>
    public void ToValues(Span<double> working)
    {
        Vectors.MultiplyAdd(working, deviation, mean);
        if (IsLogarithmic)
            Vectors.Exp(working, -shift);
    }

    /// <summary>Values to working units, in place; what lies outside the limits of the scale is put on them.</summary>
    public void FromValues(Span<double> values)
    {
        if (IsLogarithmic)
            Vectors.Log(values, shift);
        Vectors.MultiplyAdd(values, 1 / deviation, -mean / deviation);
        Vectors.Clamp(values, Lowest, Highest);
    }
}
