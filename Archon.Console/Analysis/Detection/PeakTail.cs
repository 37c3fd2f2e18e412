namespace Archon.Analysis.Detection;

/// <summary>How rare the peaks of one measure are: learnt sample by sample from what lies beyond a high threshold, in constant
/// memory.</summary>
/// <remarks>
/// Peaks over threshold (Pickands, 1975) with runs declustering: a stretch beyond the threshold is one event, however long, and teaches its
/// peak, clipped. The threshold follows a quantile by stochastic approximation (Robbins and Monro, 1951); how often events come is counted,
/// and how far they go beyond it is exponential. Where the measure is the logarithm of a size, that is Hill's estimator (1975) of a Pareto
/// tail. What few events cannot know widens the answer: it is the predictive distribution of a gamma mixture of exponentials (Lomax, 1954),
/// which falls slowly while a series is young. Nothing steers how often a series is told: a calm one may never be, a sick one often.
/// </remarks>
internal struct PeakTail
{
    private const float ExceedingShare = 0.02f;
    private const float Rate = 0.02f;
    private const float FirstRate = 2;
    private const float FirstSamples = 5;
    private const float FirstMost = 10_000;

    // Steps of the threshold are shares of so many usual excesses.
    private const float StepExcesses = 5;

    // So many samples below the threshold end an event; and an event moves the threshold no longer than that.
    private const int CalmSamples = 12;

    // Before that, what lies beyond the threshold says more of the threshold than of the tail.
    private const int FirstEvent = 100;

    // It starts as if a few events of the usual size had come, as often as events usually do.
    private const float PriorEvents = 12;
    private const float PriorSamples = 800;
    private const float PriorShare = ExceedingShare / 2;

    // In usual excesses. What goes further teaches no more than that: an incident must not make the next one look usual.
    private const float MostExcess = 1.5f;

    // Clipped excesses make the tail look shorter than it is.
    private const float Widening = 1.35f;
    private const float LeastExcess = 0.25f;
    private const float EventMemory = 1 - (1 / 60f);
    private const float SampleFade = 1 / 20_000f;

    // Of a measure at the threshold, at least.
    private const float OrdinaryRarity = 2;

    // Ordinary events come up to here at any time of day, in usual excesses.
    private const float UsualFrom = 5;

    private const float MostSeen = 1e6f;
    private const double Ln10 = 2.302585092994046;

    private float threshold;

    // The usual excess.
    private float size;
    private float events,
        excessSum;
    private float starts,
        samples;
    private float peak;

    // Samples below the threshold since the last one beyond it; the negative number of those beyond it while they last.
    private float calm;
    private float seen;

    /// <summary>Negative decimal logarithm of how many events per sample go at least this far; 0 while nothing is known.</summary>
    /// <param name="usual">How far events usually go at this time of day; negative infinity where nobody knows.</param>
    public readonly double Rarity(float measure, float usual)
    {
        if (seen < 1)
            return 0;
        var beyond = Beyond(measure, usual) - threshold;
        if (beyond <= 0)
            return OrdinaryRarity * size / (size - beyond);
        double excess = beyond / (size * Widening);
        var often = -MathF.Log10((starts + (PriorSamples * PriorShare)) / (samples + PriorSamples));
        double known = events + PriorEvents;
        return Math.Max(OrdinaryRarity, often) + (known * Math.Log(1 + (excess / known)) / Ln10);
    }

    /// <param name="least">The threshold stays above it: what is less is no event in any series.</param>
    /// <param name="pace">Share of the usual rate, 0 to 1: less where samples come fast.</param>
    /// <param name="scale">Usual excess to begin with, in the unit of the measure.</param>
    /// <inheritdoc cref="Rarity"/>
    public void Learn(float measure, float usual, float least, float scale, float pace)
    {
        if (seen == 0)
            Start(Math.Max(least, measure), scale);
        measure = Beyond(measure, usual);
        if (measure <= threshold)
        {
            Pass(least, scale, pace);
            return;
        }
        Count(pace);
        if (calm >= CalmSamples)
            (starts, peak) = (starts + 1, measure);
        peak = Math.Max(peak, measure);
        calm = Math.Min(calm, 0) - 1;
        if (-calm <= CalmSamples)
            threshold += RateAt(pace) * StepExcesses * size * (1 - ExceedingShare);
        seen = Math.Min(seen + 1, MostSeen);
    }

    /// <summary>Learns from a sample that is nothing to this measure.</summary>
    /// <inheritdoc cref="Learn"/>
    public void Pass(float least, float scale, float pace)
    {
        if (seen == 0)
            Start(least, scale);
        Count(pace);
        threshold = Math.Max(least, threshold - (RateAt(pace) * StepExcesses * size * ExceedingShare));
        calm = Math.Min(Math.Max(calm, 0) + 1, MostSeen);
        if (calm == CalmSamples && seen > FirstEvent)
        {
            var excess = Math.Clamp(peak - threshold, 0, MostExcess * size);
            (events, excessSum) = ((events * EventMemory) + 1, (excessSum * EventMemory) + excess);
            size = Math.Max(LeastExcess * scale, (excessSum + (PriorEvents * scale)) / (events + PriorEvents));
        }
        seen = Math.Min(seen + 1, MostSeen);
    }

    private void Start(float first, float scale) => (threshold, size, calm) = (first, scale, CalmSamples);

    private void Count(float pace)
    {
        var fade = 1 - (pace * SampleFade);
        (starts, samples) = (starts * fade, (samples * fade) + 1);
    }

    private readonly float RateAt(float pace) => seen < FirstMost ? Math.Max(Rate * pace, FirstRate / (seen + FirstSamples)) : Rate * pace;

    /// <summary>What goes as far as is usual at this time of day is as good as at the threshold.</summary>
    private readonly float Beyond(float measure, float usual) =>
        IsExtraordinary(usual) ? Math.Min(measure, threshold + (measure - usual)) : measure;

    /// <summary>Further than ordinary events come at any time of day.</summary>
    public readonly bool IsExtraordinary(float measure) => seen >= 1 && measure > threshold + (UsualFrom * size);

    public readonly void Write(ref StateWriter writer)
    {
        foreach (var value in (ReadOnlySpan<float>)[threshold, size, events, excessSum, starts, samples, peak, calm, seen])
            writer.Single(value);
    }

    public static PeakTail Read(ref StateReader reader) =>
        new()
        {
            threshold = reader.Single(),
            size = reader.Single(),
            events = reader.Single(),
            excessSum = reader.Single(),
            starts = reader.Single(),
            samples = reader.Single(),
            peak = reader.Single(),
            calm = reader.Single(),
            seen = reader.Single(),
        };
}
