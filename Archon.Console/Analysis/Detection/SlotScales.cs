namespace Archon.Analysis.Detection;

/// <summary>The usual size of one kind of residual: over all, and for each half hour of the day, because noon is noisier than
/// night.</summary>
/// <remarks>Exponentially weighted means of the absolute residual, each residual clipped to a few times what is usual before it teaches, so
/// that an incident does not widen the scale. A half hour that was seen little borrows from the whole.</remarks>
internal sealed class SlotScales
{
    private const double OverallRate = 0.007;
    private const double SlotRate = 0.03;
    private const double Clip = 3.5 * 1.25;
    private const double Borrow = 20;
    private const int FirstSamples = 5;
    private const float MostCount = 1000;

    private readonly float[] slots = new float[SeasonProfile.DaySlots];

    // In samples at the usual pace: a half hour of fast samples says little more of its time of day than one of slow ones.
    private readonly float[] counts = new float[SeasonProfile.DaySlots];

    public double Overall { get; private set; }

    /// <summary>The scale in a half hour of the day.</summary>
    public double At(int slot)
    {
        var count = counts[slot];
        if (count == 0)
            return Overall;
        var trust = count / (count + Borrow);
        return (trust * slots[slot]) + ((1 - trust) * Overall);
    }

    /// <param name="usual">What <see cref="At"/> says of the slot.</param>
    /// <param name="seen">Residuals learnt before this one.</param>
    /// <param name="floor">Least size that is clipped to, so that a residual after a constant stretch teaches at all.</param>
    /// <param name="pace">Share of the usual rate, 0 to 1: less where samples come fast.</param>
    public void Learn(int slot, double residual, double usual, long seen, double floor, double pace)
    {
        var size = Math.Abs(residual);
        if (seen < FirstSamples || Overall <= 0)
            Overall += (size - Overall) / (seen + 1);
        else
            Overall += Share(seen + 1, OverallRate * pace) * (Math.Min(size, Clip * Math.Max(Overall, floor)) - Overall);
        var count = counts[slot];
        var old = count > 0 ? slots[slot] : Overall;
        var rate = Share(count + FirstSamples, SlotRate) * pace;
        // Clipped by what is trusted, not by what the slot thinks: a young one would follow an incident anywhere.
        slots[slot] = Short.Round(old + (rate * (Math.Min(size, Clip * Math.Max(usual, Overall * 0.5)) - old)));
        if (count < MostCount)
            counts[slot] = Short.Round(count + pace);
    }

    /// <summary>What one of so many weighs, and at least the rate. Without the division where there are many: it is asked at each
    /// sample.</summary>
    private static double Share(double samples, double rate) => samples * rate < 1 ? 1 / samples : rate;

    public SlotScales Clone()
    {
        var clone = new SlotScales { Overall = Overall };
        slots.CopyTo(clone.slots, 0);
        counts.CopyTo(clone.counts, 0);
        return clone;
    }

    public void Write(ref StateWriter writer)
    {
        writer.Double(Overall);
        writer.Shorts(slots);
        writer.Shorts(counts);
    }

    public static SlotScales Read(ref StateReader reader)
    {
        var scales = new SlotScales { Overall = reader.Double() };
        reader.Shorts(scales.slots);
        reader.Shorts(scales.counts);
        return scales;
    }
}
