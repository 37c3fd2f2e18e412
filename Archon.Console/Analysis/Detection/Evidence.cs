namespace Archon.Analysis.Detection;

/// <summary>
/// Makes one judgement out of the members' votes: gathers them over a few samples, asks how rare so much agreement is in this series, and
/// tells an episode once.
/// </summary>
/// <remarks>
/// The votes are logarithms of tail probabilities, so their weighted sum is Fisher's method of combining tests; their squares let one
/// strong vote count for more than several lukewarm ones. How rare the sum is, is learnt from the series itself, because its members are
/// not independent: the level that one episode begins above in 2,500 samples is followed by stochastic approximation (Robbins and
/// Monro, 1951), episodes counted once as in declustering for peaks over threshold; beyond it the tail is exponential (a generalised Pareto
/// of shape 0, Pickands, 1975). So a series that is merely restless raises its own bar, and none alerts more than a few times a month by
/// chance.
/// </remarks>
internal struct Evidence
{
    private const double AlertMemory = 5;
    private const double LevelMemory = 20;

    // Nearly nine days of five minutes. A quarter more often told 15 % more false alarms, an eighth less often began to miss incidents.
    private const double UpperShare = 0.0004;

    private const double UpperStep = 0.1;
    private const double LeastUpper = 0.05;
    private const double PriorExcesses = 3;
    private const double PriorExcess = 0.1;
    private const double MostExcess = 4;
    private const double ExcessMemory = 1 - (1 / 4000.0);
    private const double Ln10 = 2.302585092994046;

    /// <summary>The rarity of what begins an episode.</summary>
    public const double UpperRarity = 3.4;

    // An alert is told again within its refractory time only if it has become a hundred times as unlikely.
    private const double Worse = 2;
    private const long RefractorySamples = 100;
    private const long RefractoryMs = 4 * 3_600_000L;

    private double alert,
        level;
    private double upper,
        excesses,
        excessSum;
    private double reported;
    private long reportedAt,
        reportedAtMs,
        raisedAt;
    private long samples;

    public static Evidence Start =>
        new()
        {
            upper = 1,
            reportedAt = -RefractorySamples - 1,
            raisedAt = -RefractorySamples - 1,
            reportedAtMs = long.MinValue / 2,
        };

    /// <summary>How strongly the members agree at this sample and the few before it, without saying how rare that is: rises and falls with
    /// the incident.</summary>
    public readonly double Level(double votes) => Math.Sqrt(level + ((votes - level) / LevelMemory));

    /// <summary>The negative decimal logarithm of how often this series shows so much agreement; 0 where it is usual.</summary>
    public readonly double Rarity(double votes)
    {
        var sum = Math.Sqrt(alert + ((votes - alert) / AlertMemory));
        return sum > upper ? UpperRarity + ((sum - upper) / (Excess * Ln10)) : UpperRarity * sum * sum / (upper * upper);
    }

    /// <summary>Whether this is told: the first of its episode, or much worse than what was told. Remembers that it was.</summary>
    /// <param name="least">What is less rare than this is not told.</param>
    public bool Report(double rarity, long unixMs, double least)
    {
        if (samples - reportedAt > RefractorySamples && unixMs - reportedAtMs > RefractoryMs)
            reported = 0;
        if (rarity < least || (reported > 0 && rarity <= reported + Worse))
            return false;
        (reported, reportedAt, reportedAtMs) = (rarity, samples, unixMs);
        return true;
    }

    /// <param name="votes">Weighted mean of the squared votes.</param>
    /// <param name="pace">Share of the usual rate, 0 to 1: where samples come fast, fewer of them may begin an episode.</param>
    public void Learn(double votes, double pace)
    {
        alert += (votes - alert) / AlertMemory;
        level += (votes - level) / LevelMemory;
        var sum = Math.Sqrt(alert);
        if (sum > upper)
        {
            var excess = Math.Min(sum - upper, MostExcess * Math.Max(Excess, PriorExcess));
            (excesses, excessSum) = ((excesses * ExcessMemory) + 1, (excessSum * ExcessMemory) + excess);
        }
        var step = UpperStep * upper;
        if (sum > upper && samples - raisedAt > RefractorySamples)
        {
            upper += step;
            raisedAt = samples;
        }
        else
        {
            upper = Math.Max(LeastUpper, upper - (step * UpperShare * pace));
        }
        samples++;
    }

    private readonly double Excess => (excessSum + (PriorExcesses * PriorExcess)) / (excesses + PriorExcesses);

    public readonly void Write(ref StateWriter writer)
    {
        foreach (var value in (ReadOnlySpan<double>)[alert, level, upper, excesses, excessSum, reported])
            writer.Double(value);
        foreach (var value in (ReadOnlySpan<long>)[reportedAt, reportedAtMs, raisedAt, samples])
            writer.Int64(value);
    }

    public static Evidence Read(ref StateReader reader) =>
        new()
        {
            alert = reader.Double(),
            level = reader.Double(),
            upper = reader.Double(),
            excesses = reader.Double(),
            excessSum = reader.Double(),
            reported = reader.Double(),
            reportedAt = reader.Int64(),
            reportedAtMs = reader.Int64(),
            raisedAt = reader.Int64(),
            samples = reader.Int64(),
        };
}
