namespace Archon.Analysis.Detection;

/// <summary>How rare a size is among the sizes one member has seen in one series: a tail probability learnt sample by sample, in constant
/// memory.</summary>
/// <remarks>
/// Two quantiles are followed by stochastic approximation (Robbins and Monro, 1951) on the logarithm of the size, which makes the result
/// independent of its unit. Inside them the probability is read off between the quantiles; beyond the upper one it falls as a generalised
/// Pareto distribution whose scale is its threshold, with Hill's estimator (1975) of the shape: the mean logarithmic excess, each excess
/// clipped and older ones fading, so that one incident does not make the next one look usual.
/// </remarks>
internal struct TailTracker
{
    private const float UpperShare = 0.03f;
    private const double LeastSize = 1.0 / 128;
    private const double MostSize = 1e30;
    private const float LeastLog = -4.852f;
    private const float LeastRate = 0.004f;
    private const float FirstRate = 1.5f;

    // Hill's estimator starts as if a few excesses of this size had been seen.
    private const float PriorExcesses = 5;
    private const float PriorExcess = 0.3f;
    private const float LeastShape = 0.1f;
    private const float MostExcess = 1.5f;
    private const float ExcessMemory = 0.995f;

    private const double Ln10 = 2.302585092994046;
    private const double MedianRarity = 0.3010299956639812;
    private static readonly double UpperRarity = -Math.Log10(UpperShare);

    private float median;
    private float upper;
    private float excesses;
    private float excessSum;
    private float seen;

    /// <summary>A size as it is told to the tracker: its natural logarithm, with a bottom for nothing at all.</summary>
    public static float Log(double size) => size <= LeastSize ? LeastLog : MathF.Log((float)Math.Min(size, MostSize));

    /// <summary>0 to 1: few samples know little of what is rare.</summary>
    public readonly double Trust => 1 - (50 / (100 + seen));

    /// <summary>How far one sample moves the quantiles.</summary>
    /// <param name="pace">Share of the usual rate, 0 to 1: less where samples come fast.</param>
    public readonly float RateAt(double pace) => Math.Max(LeastRate * (float)pace, FirstRate / (seen + 1));

    /// <summary>The negative decimal logarithm of the probability of a size at least this large: 2 is one in a hundred. 0 while nothing is
    /// known. To be multiplied by <see cref="Trust"/>.</summary>
    /// <param name="log">From <see cref="Log"/>.</param>
    public readonly double Rarity(float log)
    {
        if (log <= LeastLog || seen < 1)
            return 0;
        if (log > upper)
        {
            var shape = Math.Max((excessSum + (PriorExcesses * PriorExcess)) / (excesses + PriorExcesses), LeastShape);
            return UpperRarity + ((log - upper) / (shape * Ln10));
        }
        if (log > median)
            return MedianRarity + ((UpperRarity - MedianRarity) * (log - median) / (upper - median));
        return MedianRarity / (1 + median - log);
    }

    /// <param name="rate">From <see cref="RateAt"/>.</param>
    public void Learn(float log, float rate)
    {
        if (seen == 0)
            (median, upper) = (log, log);
        if (log > upper)
        {
            excesses = (excesses * ExcessMemory) + 1;
            excessSum = (excessSum * ExcessMemory) + Math.Min(log - upper, MostExcess);
        }
        median = Math.Max(LeastLog, median + (log > median ? rate / 2 : -rate / 2));
        upper = Math.Max(median, upper + (log > upper ? rate * (1 - UpperShare) * 2 : -rate * UpperShare * 2));
        if (seen < 1e6f)
            seen++;
    }

    public readonly void Write(ref StateWriter writer)
    {
        writer.Single(median);
        writer.Single(upper);
        writer.Single(excesses);
        writer.Single(excessSum);
        writer.Single(seen);
    }

    public static TailTracker Read(ref StateReader reader) =>
        new()
        {
            median = reader.Single(),
            upper = reader.Single(),
            excesses = reader.Single(),
            excessSum = reader.Single(),
            seen = reader.Single(),
        };
}
