namespace Archon.Analysis.Detection;

/// <summary>How the distances from what is expected fall off to one side, in scales: what the band is drawn from.</summary>
/// <remarks>
/// Peaks over threshold (Pickands, 1975): a generalised Pareto distribution beyond the 95th percentile, its scale and shape matched to
/// three percentiles that are followed by stochastic approximation (Robbins and Monro, 1951). Percentiles, because the few samples of an
/// incident move them little. Each side has its own, because latencies rise further than they fall.
/// </remarks>
internal struct BandTail
{
    private const double Share1 = 0.05,
        Share2 = 0.015,
        Share3 = 0.0045;
    private const double MostShape = 0.5;
    private const double LeastScale = 0.3;
    private const double LeastShape = 1e-3;

    // What a normal distribution has, in mean absolute deviations: where learning starts from.
    private const double Normal1 = 2.06,
        Normal2 = 2.72,
        Normal3 = 3.27;
    private const double LeastThreshold = 1.5;

    // What the normal distribution counts for when a history says otherwise.
    private const double PriorSamples = 150;
    private const double FirstRate = 4;
    private const double LeastRate = 0.02;

    private const double Ln10 = 2.302585092994046;
    private const double MedianRarity = 0.3010299956639812;
    private static readonly double ThresholdRarity = -Math.Log10(Share1);
    private static readonly double LogStep = Math.Log(Share1 / Share2);

    // Scale and shape are matched anew after this many samples; in between they stand.
    private const int FitEvery = 16;

    private double quantile1,
        quantile2,
        quantile3;
    private double threshold,
        scale,
        shape;

    public static BandTail Normal
    {
        get
        {
            var tail = new BandTail
            {
                quantile1 = Normal1,
                quantile2 = Normal2,
                quantile3 = Normal3,
            };
            tail.Fit();
            return tail;
        }
    }

    private long seen;

    /// <summary>Grows whenever <see cref="Distance"/> may have changed.</summary>
    public readonly long Fits => seen / FitEvery;

    /// <summary>The negative decimal logarithm of the share of samples that go at least so far to this side.</summary>
    public readonly double Rarity(double distance)
    {
        if (distance <= 0)
            return MedianRarity;
        // Between the middle and the threshold a straight line is near enough: nobody is told of those.
        if (distance <= threshold)
            return MedianRarity + ((ThresholdRarity - MedianRarity) * distance / threshold);
        var excess = (distance - threshold) / scale;
        return ThresholdRarity + ((shape < LeastShape ? excess : Math.Log(1 + (shape * excess)) / shape) / Ln10);
    }

    /// <summary>The distance that has this probability.</summary>
    /// <param name="probability">Below one in twenty.</param>
    public readonly double Distance(double probability)
    {
        var ratio = Share1 / probability;
        return threshold + (scale * (shape < LeastShape ? Math.Log(ratio) : (Math.Pow(ratio, shape) - 1) / shape));
    }

    /// <param name="distance">To this side; zero or less where the sample lies on the other.</param>
    /// <param name="pace">Share of the usual rate, 0 to 1: less where samples come fast.</param>
    public void Learn(double distance, double pace)
    {
        seen++;
        var rate = Math.Max(LeastRate * pace, FirstRate / (seen + 20)) * Math.Max(quantile1, LeastThreshold);
        quantile1 = Follow(quantile1, distance, Share1, rate, 0);
        quantile2 = Follow(quantile2, distance, Share2, rate, quantile1);
        quantile3 = Follow(quantile3, distance, Share3, rate * 1.5, quantile2);
        if (seen % FitEvery == 0)
            Fit();
    }

    /// <summary>Starts from a whole history instead: one by one, the rare percentiles of a series that hardly moves would take months to come down.</summary>
    /// <param name="sorted">Distances to this side, ascending; at least one.</param>
    public void Seed(ReadOnlySpan<double> sorted)
    {
        var known = sorted.Length / (sorted.Length + PriorSamples);
        quantile1 = Blend(Normal1, Quantiles.Of(sorted, 1 - Share1), known);
        quantile2 = Math.Max(quantile1, Blend(Normal2, Quantiles.Of(sorted, 1 - Share2), known));
        quantile3 = Math.Max(quantile2, Blend(Normal3, Quantiles.Of(sorted, 1 - Share3), known));
        Fit();

        static double Blend(double prior, double seen, double known) => prior + (known * (Math.Max(0, seen) - prior));
    }

    private void Fit()
    {
        threshold = Math.Max(LeastThreshold, quantile1);
        var growth = Math.Max(quantile3 - quantile2, 1e-9) / Math.Max(quantile2 - quantile1, LeastScale / 2);
        shape = Math.Clamp(Math.Log(growth) / LogStep, 0, MostShape);
        var step = shape < LeastShape ? LogStep : (Math.Pow(Share1 / Share2, shape) - 1) / shape;
        scale = Math.Max(LeastScale, (quantile2 - quantile1) / step);
    }

    private static double Follow(double quantile, double distance, double share, double rate, double least) =>
        Math.Max(least, quantile + (distance > quantile ? rate * (1 - share) : -rate * share));

    public readonly void Write(ref StateWriter writer)
    {
        foreach (var value in (ReadOnlySpan<double>)[quantile1, quantile2, quantile3, threshold, scale, shape])
            writer.Double(value);
        writer.Int64(seen);
    }

    public static BandTail Read(ref StateReader reader) =>
        new()
        {
            quantile1 = reader.Double(),
            quantile2 = reader.Double(),
            quantile3 = reader.Double(),
            threshold = reader.Double(),
            scale = reader.Double(),
            shape = reader.Double(),
            seen = reader.Int64(),
        };
}

internal static class Quantiles
{
    /// <summary>Linear between the two nearest (Hyndman and Fan, 1996, type 7).</summary>
    /// <param name="sorted">Ascending, at least one.</param>
    public static double Of(ReadOnlySpan<double> sorted, double share)
    {
        var place = share * (sorted.Length - 1);
        var low = (int)place;
        return low + 1 < sorted.Length ? sorted[low] + ((place - low) * (sorted[low + 1] - sorted[low])) : sorted[low];
    }
}
