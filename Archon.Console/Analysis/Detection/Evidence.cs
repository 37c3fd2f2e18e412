namespace Archon.Analysis.Detection;

/// <summary>
/// Makes one judgement out of the members' votes: gathers them over a few samples, asks how rare so much agreement is in this series, and
/// tells an episode once.
/// </summary>
/// <remarks>
/// The votes are logarithms of tail probabilities, so their weighted sum is Fisher's method of combining tests; their squares let one
/// strong vote count for more than several lukewarm ones. How rare the sum is, is learnt from the series itself, because its members are
/// not independent: see <see cref="PeakTail"/>. Sudden changes have tails of their own. The two rarities are joined by their mean, which is
/// the geometric mean of the probabilities and a valid combination up to a constant whatever their dependence (Vovk and Wang, "Combining
/// p-values via averaging", 2020); one that is ten times as rare needs no other.
/// </remarks>
internal struct Evidence
{
    private const double AlertMemory = 5;
    private const double LevelMemory = 20;
    private const float LeastSum = 0.05f;
    private const float UsualExcess = 0.1f;

    // One of the two alone has to be ten times as rare.
    private const double AloneRarity = 1;

    /// <summary>The rarity of what begins an episode: by the calibration of a calm series, one sample of five minutes in 2,500.</summary>
    public const double EpisodeRarity = 3.4;

    // Within an episode an alert is told again only if it has become ten times as unlikely.
    private const double Worse = 1;

    // An episode ends when nothing has been so rare for so long: both, because samples come at any step.
    private const long CalmSamples = 100;
    private const long CalmMs = 4 * 3_600_000L;

    private double alert,
        level;
    private PeakTail tail;
    private double reported;
    private long rareAt,
        rareAtMs;
    private long samples;

    public static Evidence Start => new() { rareAt = -CalmSamples - 1, rareAtMs = long.MinValue / 2 };

    /// <summary>How strongly the members agree at this sample and the few before it, without saying how rare that is: rises and falls with
    /// the incident.</summary>
    public readonly double Level(double votes) => Math.Sqrt(level + ((votes - level) / LevelMemory));

    /// <summary>The negative decimal logarithm of how often this series shows such a sample.</summary>
    /// <param name="votes">Weighted mean of the squared votes.</param>
    /// <param name="sudden">Rarity of the sudden change.</param>
    public readonly double Rarity(double votes, double sudden)
    {
        var sum = Math.Sqrt(alert + ((votes - alert) / AlertMemory));
        var agreement = tail.Rarity((float)sum, float.NegativeInfinity);
        return Math.Max((agreement + sudden) / 2, Math.Max(agreement, sudden) - AloneRarity);
    }

    /// <summary>Whether this is told: the first of its episode, or much worse than what was told. Remembers that it was.</summary>
    /// <param name="least">What is less rare than this is not told.</param>
    public bool Report(double rarity, long unixMs, double least)
    {
        if (samples - rareAt > CalmSamples && unixMs - rareAtMs > CalmMs)
            reported = 0;
        if (reported > 0 && rarity >= EpisodeRarity)
            (rareAt, rareAtMs) = (samples, unixMs);
        if (rarity < least || (reported > 0 && rarity <= reported + Worse))
            return false;
        (reported, rareAt, rareAtMs) = (rarity, samples, unixMs);
        return true;
    }

    /// <param name="votes">Weighted mean of the squared votes.</param>
    /// <param name="pace">Share of the usual rate, 0 to 1: less where samples come fast.</param>
    public void Learn(double votes, double pace)
    {
        alert += (votes - alert) / AlertMemory;
        level += (votes - level) / LevelMemory;
        tail.Learn((float)Math.Sqrt(alert), float.NegativeInfinity, LeastSum, UsualExcess, (float)pace);
        samples++;
    }

    public readonly void Write(ref StateWriter writer)
    {
        foreach (var value in (ReadOnlySpan<double>)[alert, level, reported])
            writer.Double(value);
        foreach (var value in (ReadOnlySpan<long>)[rareAt, rareAtMs, samples])
            writer.Int64(value);
        tail.Write(ref writer);
    }

    public static Evidence Read(ref StateReader reader) =>
        new()
        {
            alert = reader.Double(),
            level = reader.Double(),
            reported = reader.Double(),
            rareAt = reader.Int64(),
            rareAtMs = reader.Int64(),
            samples = reader.Int64(),
            tail = PeakTail.Read(ref reader),
        };
}
