namespace Archon.Analysis.Detection;

/// <summary>
/// Judges single samples against those just before: the jump from the last one, the distance from where the last ones lie, and the least such
/// distance of three in a row. Each has the tail of its own sizes, one for rises and one for falls, because a queue that jumps up every
/// hour never jumps down.
/// </summary>
/// <remarks>
/// Most incidents of web and host metrics last a few samples and are over before anything slower can agree on them. Where single samples
/// jump every now and then their tail is heavy, and three in a row tell an incident from them.
/// </remarks>
internal sealed class SuddenChanges
{
    public const int Kinds = 3;

    // Logarithm of the least size that may be sudden in any series: twice the usual jump.
    private const float LeastMeasure = 0.7f;

    // Usual excess of the logarithm of a size to begin with: that of a normal distribution.
    private const float UsualExcess = 0.2f;

    // How much further than usual at this time of day is no news.
    private const float UsualMargin = 0.2f;

    // In usual jumps.
    private const double MostStep = 0.2;

    private readonly PeakTail[] tails;
    private readonly UsualPeaks usualPeaks;

    // Where the last samples lie. Each moves it by at most a part of the usual jump, so that a short event hardly does.
    private double center;
    private double last,
        beforeLast;

    public SuddenChanges()
        : this(new PeakTail[2 * Kinds], new UsualPeaks()) { }

    private SuddenChanges(PeakTail[] tails, UsualPeaks usualPeaks) => (this.tails, this.usualPeaks) = (tails, usualPeaks);

    /// <summary>What one sample is like, in usual jumps.</summary>
    public struct Sizes
    {
        public double Jump,
            Spike,
            Held;

        /// <summary>Their logarithms.</summary>
        public float JumpLog,
            SpikeLog,
            HeldLog;

        /// <summary>Distance from where the last samples lie, in the unit of the series; and the usual jump.</summary>
        public double Off,
            Scale;

        /// <summary>Logarithm of the greatest size that is usual at this time of day.</summary>
        public float Usual;
    }

    /// <param name="deviation">Of the sample from its season, in the unit of the series.</param>
    /// <param name="jump">From the deviation of the sample before.</param>
    /// <param name="scale">The usual jump at this time of day; above 0.</param>
    /// <param name="slot">Half hour of the day.</param>
    public Sizes Measure(double deviation, double jump, double scale, int slot)
    {
        var off = deviation - center;
        var (spike, held) = (off / scale, LeastOf(off, last, beforeLast) / scale);
        jump /= scale;
        return new Sizes
        {
            Jump = jump,
            Spike = spike,
            Held = held,
            JumpLog = TailTracker.Log(Math.Abs(jump)),
            SpikeLog = TailTracker.Log(Math.Abs(spike)),
            HeldLog = TailTracker.Log(Math.Abs(held)),
            Off = off,
            Scale = scale,
            Usual = usualPeaks.At(slot) + UsualMargin,
        };
    }

    /// <summary>The rarity of each kind; see <see cref="PeakTail.Rarity"/>.</summary>
    public (double Jump, double Spike, double Held) Rarities(in Sizes sizes) =>
        (
            Rarity(0, sizes.Jump, sizes.JumpLog, sizes.Usual),
            Rarity(1, sizes.Spike, sizes.SpikeLog, sizes.Usual),
            Rarity(2, sizes.Held, sizes.HeldLog, sizes.Usual)
        );

    /// <summary>It goes far, and no further than is usual at this time of day: what other members make of it is no news either.</summary>
    public bool IsUsual(in Sizes sizes)
    {
        var log = Math.Max(sizes.JumpLog, sizes.SpikeLog);
        return log <= sizes.Usual && tails[sizes.Spike > 0 ? 2 : 3].IsExtraordinary(log);
    }

    /// <param name="isJudged">False for the first samples, of which nothing is usual yet.</param>
    /// <param name="pace">Share of the usual rate, 0 to 1: less where samples come fast.</param>
    public void Learn(in Sizes sizes, double deviation, int slot, bool isJudged, double pace)
    {
        if (isJudged)
        {
            Learn(0, sizes.Jump, sizes.JumpLog, sizes.Usual, (float)pace);
            Learn(1, sizes.Spike, sizes.SpikeLog, sizes.Usual, (float)pace);
            Learn(2, sizes.Held, sizes.HeldLog, sizes.Usual, (float)pace);
            usualPeaks.Learn(slot, Math.Max(sizes.JumpLog, sizes.SpikeLog));
        }
        var step = MostStep * sizes.Scale;
        center += Math.Clamp(deviation - center, -step, step);
        (beforeLast, last) = (last, sizes.Off);
    }

    /// <summary>The expectation moved by this, so the deviations from it did too.</summary>
    public void Shift(double by) => center += by;

    /// <summary>Back to before the first sample.</summary>
    public void Clear()
    {
        Array.Clear(tails);
        usualPeaks.Clear();
        (center, last, beforeLast) = (0, 0, 0);
    }

    public SuddenChanges Clone() =>
        new((PeakTail[])tails.Clone(), usualPeaks.Clone())
        {
            center = center,
            last = last,
            beforeLast = beforeLast,
        };

    public void Write(ref StateWriter writer)
    {
        foreach (var tail in tails)
            tail.Write(ref writer);
        usualPeaks.Write(ref writer);
        writer.Double(center);
        writer.Double(last);
        writer.Double(beforeLast);
    }

    /// <returns>Null for bytes that are no such state.</returns>
    public static SuddenChanges? Read(ref StateReader reader)
    {
        var tails = new PeakTail[2 * Kinds];
        for (var i = 0; i < tails.Length; i++)
            tails[i] = PeakTail.Read(ref reader);
        if (UsualPeaks.Read(ref reader) is not { } usualPeaks)
            return null;
        return new SuddenChanges(tails, usualPeaks)
        {
            center = reader.Double(),
            last = reader.Double(),
            beforeLast = reader.Double(),
        };
    }

    private double Rarity(int kind, double size, float log, float usual) =>
        size == 0 ? 0 : tails[(2 * kind) + (size > 0 ? 0 : 1)].Rarity(log, usual);

    private void Learn(int kind, double size, float log, float usual, float pace)
    {
        var (up, down) = (2 * kind, (2 * kind) + 1);
        tails[size > 0 ? up : down].Learn(log, usual, LeastMeasure, UsualExcess, pace);
        tails[size > 0 ? down : up].Pass(LeastMeasure, UsualExcess, pace);
    }

    private static double LeastOf(double one, double two, double three) =>
        one > 0 && two > 0 && three > 0 ? Math.Min(one, Math.Min(two, three))
        : one < 0 && two < 0 && three < 0 ? Math.Max(one, Math.Max(two, three))
        : 0;
}
