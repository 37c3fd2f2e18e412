namespace Archon.Analysis.Detection;

/// <summary>The usual size of one kind of residual: over all, and for each half hour of the day, because noon is noisier than night.</summary>
/// <remarks>Exponentially weighted means of the absolute residual, each residual clipped to a few times what is usual before it teaches, so that an
/// incident does not widen the scale. A half hour that was seen little borrows from the whole.</remarks>
internal sealed class SlotScales
{
    private const double OverallRate = 0.007;
    private const double SlotRate = 0.03;
    private const double Clip = 3.5 * 1.25;
    private const double Borrow = 20;
    private const int FirstSamples = 5;

    private readonly float[] slots = new float[SeasonProfile.DaySlots];
    private readonly byte[] counts = new byte[SeasonProfile.DaySlots];

    public double Overall { get; private set; }

    /// <summary>The scale in a half hour of the day.</summary>
    public double At(int slot)
    {
        var count = counts[slot];
        if (count == 0) return Overall;
        var trust = count / (count + Borrow);
        return (trust * slots[slot]) + ((1 - trust) * Overall);
    }

    /// <param name="seen">Residuals learnt before this one.</param>
    /// <param name="floor">Least size that is clipped to, so that a residual after a constant stretch teaches at all.</param>
    public void Learn(int slot, double residual, long seen, double floor)
    {
        var size = Math.Abs(residual);
        if (seen < FirstSamples || Overall <= 0) Overall += (size - Overall) / (seen + 1);
        else Overall += Math.Max(1.0 / (seen + 1), OverallRate) * (Math.Min(size, Clip * Math.Max(Overall, floor)) - Overall);
        var count = counts[slot];
        var old = count > 0 ? slots[slot] : Overall;
        var rate = Math.Max(1.0 / (count + FirstSamples), SlotRate);
        slots[slot] = Short.Round(old + (rate * (Math.Min(size, Clip * Math.Max(old, Overall * 0.5)) - old)));
        if (count < byte.MaxValue) counts[slot]++;
    }

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
        writer.Bytes(counts);
    }

    public static SlotScales Read(ref StateReader reader)
    {
        var scales = new SlotScales { Overall = reader.Double() };
        reader.Shorts(scales.slots);
        reader.Bytes(scales.counts);
        return scales;
    }
}
