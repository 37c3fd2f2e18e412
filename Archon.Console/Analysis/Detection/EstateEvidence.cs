namespace Archon.Analysis.Detection;

/// <summary>
/// Controls false discoveries over all series of an estate: from how rare the rarest sample of each series and hour was, the rarity from
/// which on alerts are reported.
/// </summary>
/// <remarks>
/// Ten thousand calm series have every day what one of them has in thirty years. The null is empirical (Efron, "Large-scale simultaneous
/// hypothesis testing", 2004): the bulk of the hours has no incident, and how their peaks fall off is extended to where incidents are.
/// Reported is what leaves few enough false alerts by that null, and of what is reported a small share (Benjamini and Hochberg, 1995).
/// </remarks>
public static class EstateEvidence
{
    /// <summary>Classes of rarity that are counted: each a quarter of a power of ten, the last without an end.</summary>
    public const int Classes = 40;

    private const double Width = 0.25;

    // Fewer hours say nothing of what is rare.
    private const double LeastHours = 500;

    // Classes whose peaks are calibrated and mostly those of calm hours.
    private const int FirstCalm = 9,
        LastCalm = 14;

    // Classes that only incidents reach.
    private const int FirstSick = 18,
        LastSick = 26;
    private const double LeastCalm = 5;

    // Powers of ten of the count per power of ten of the rarity: 1 by the calibration, less where tails are heavier than it knows.
    private const double LeastSlope = 0.6,
        MostSlope = 1.2;

    // Per series and hour: one in a hundred days.
    private const double MostFalse = 0.01 / 24;
    private const double FalseShare = 0.2;

    /// <summary>The class of a rarity; see <see cref="SampleVerdict.Rarity"/>.</summary>
    public static int ClassOf(double rarity) => (int)Math.Clamp(rarity / Width, 0, Classes - 1);

    /// <summary>What a sample has to be as rare as to be reported; 0 while too little is known.</summary>
    /// <param name="hours">For each class, how many hours of any series had their rarest sample in it.</param>
    /// <exception cref="ArgumentException">Another number of classes.</exception>
    public static double LeastRarity(ReadOnlySpan<double> hours)
    {
        if (hours.Length != Classes)
            throw new ArgumentException($"There are {hours.Length} classes, not {Classes}.", nameof(hours));
        // How many hours reached each class.
        Span<double> reached = stackalloc double[Classes];
        var sum = 0.0;
        for (var at = Classes - 1; at >= 0; at--)
            reached[at] = sum += hours[at];
        if (sum < LeastHours)
            return 0;
        var (anchor, count, slope) = Null(hours);
        // Of a falling geometric series, from a class on.
        var beyond = 1 / (1 - Math.Pow(10, -slope * Width));
        for (var at = 0; at < Classes; at++)
        {
            var falsely = count * Math.Pow(10, -slope * Width * (at - anchor)) * beyond;
            if (falsely <= MostFalse * sum && falsely <= Math.Max(1, FalseShare * reached[at]))
                return at * Width;
        }
        return Classes * Width;
    }

    /// <summary>A straight line through the logarithms of the counts of calm hours (weighted least squares).</summary>
    private static (double Anchor, double Count, double Slope) Null(ReadOnlySpan<double> hours)
    {
        // Incidents are of all sizes: about as many lie in each class.
        var sick = 0.0;
        for (var at = FirstSick; at <= LastSick; at++)
            sick += hours[at] / (LastSick - FirstSick + 1);
        var (sum, x, y, xx, xy) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for (var at = FirstCalm; at <= LastCalm; at++)
        {
            var calm = hours[at] - sick;
            if (calm < LeastCalm)
                continue;
            var log = Math.Log10(calm);
            (sum, x, y, xx, xy) = (sum + calm, x + (calm * at), y + (calm * log), xx + (calm * at * at), xy + (calm * at * log));
        }
        if (sum == 0)
            return (FirstCalm, Math.Max(1, hours[FirstCalm]), 1);
        var spread = (sum * xx) - (x * x);
        var slope = spread > 0 ? ((x * y) - (sum * xy)) / spread / Width : 1;
        return (x / sum, Math.Pow(10, y / sum), Math.Clamp(slope, LeastSlope, MostSlope));
    }
}
