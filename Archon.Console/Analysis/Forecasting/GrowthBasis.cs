namespace Archon.Analysis.Forecasting;

/// <summary>
/// The terms of a growth model at a time: level, growth, a daily wave, and the climb since the last reset. Times are in spans of the
/// history from its end, so the history is -1 to 0.
/// </summary>
internal sealed class GrowthBasis
{
    private readonly double[] resets;
    private readonly double[] cycles;
    private readonly double day;
    private readonly int harmonics;

    /// <param name="resets">When something was cleared or restarted, ascending; empty for none.</param>
    /// <param name="cycles">Lengths between resets, in spans, as they were seen; one for resets by the clock.</param>
    /// <param name="day">A day in spans; 0 when the series has no daily wave.</param>
    /// <param name="harmonics">Of the daily wave.</param>
    private GrowthBasis(double[] resets, double[] cycles, double day, int harmonics)
    {
        (this.resets, this.cycles, this.day, this.harmonics) = (resets, cycles, day, harmonics);
        Cycle = cycles.Length > 0 ? Resets.Median(cycles) : 0;
    }

    public static GrowthBasis Plain { get; } = new([], [], 0, 0);

    /// <summary>The usual length between resets, in spans.</summary>
    public double Cycle { get; }

    public bool HasWave => day > 0;
    public bool HasResets => resets.Length > 0;
    private int Extra => (HasResets ? 1 : 0) + (HasWave ? 2 * harmonics : 0);

    /// <summary>Resets at the times they were seen.</summary>
    public static GrowthBasis AtTimes(double[] resets, double[] cycles) => new(resets, cycles, 0, 0);

    /// <summary>Resets by the clock.</summary>
    public static GrowthBasis Periodic(double cycle, double phase)
    {
        // The last one at or before the end.
        var last = phase + (Math.Floor(-phase / cycle) * cycle);
        return new GrowthBasis([last], [cycle], 0, 0);
    }

    public GrowthBasis WithWave(double length, int count) => new(resets, cycles, length, count);

    /// <summary>A length that may come next: one of those seen.</summary>
    public double DrawCycle(Random random) => cycles.Length > 1 ? cycles[random.Next(cycles.Length)] : Cycle;

    public static int LeadingTerm(GrowthShape shape) =>
        shape switch
        {
            GrowthShape.Flat => 0,
            GrowthShape.Bent or GrowthShape.Shifted or GrowthShape.Accelerating => 2,
            _ => 1,
        };

    public int Count(GrowthShape shape) => Extra + LeadingTerm(shape) + 1;

    /// <param name="nextCycle">Between resets to come; the usual one unless it is varied.</param>
    public void Fill(GrowthShape shape, double parameter, double time, double nextCycle, Span<double> row)
    {
        row[0] = 1;
        var at = LeadingTerm(shape) + 1;
        switch (shape)
        {
            case GrowthShape.Steady:
                row[1] = time;
                break;
            case GrowthShape.Bent:
                (row[1], row[2]) = (time, Math.Max(0, time - parameter));
                break;
            case GrowthShape.Shifted:
                (row[1], row[2]) = (time, time < parameter ? 0 : 1);
                break;
            case GrowthShape.Accelerating:
                (row[1], row[2]) = (time, time * time);
                break;
            case GrowthShape.Saturating:
                row[1] = -Math.Exp(-time / parameter);
                break;
        }
        if (HasResets)
            row[at++] = SinceReset(time, nextCycle);
        for (var harmonic = 1; HasWave && harmonic <= harmonics; harmonic++)
        {
            var (sine, cosine) = Math.SinCos(2 * Math.PI * harmonic * time / day);
            (row[at++], row[at++]) = (sine, cosine);
        }
    }

    private double SinceReset(double time, double nextCycle)
    {
        if (time < resets[0])
        {
            // Before the first one known, at the usual distance.
            var until = (resets[0] - time) % Cycle;
            return until == 0 ? 0 : Cycle - until;
        }
        var at = Array.BinarySearch(resets, time);
        var since = time - resets[at >= 0 ? at : ~at - 1];
        // One that is overdue at the end of the history comes at once, and the next after as long.
        return time > 0 ? since % Math.Max(nextCycle, -resets[^1]) : since;
    }
}
