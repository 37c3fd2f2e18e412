namespace Archon.Analysis.Detection;

/// <summary>How far sudden changes go in each half hour of the day, where they do so day after day: the backup at three is no
/// news.</summary>
/// <remarks>What was reached on two days in a row counts as usual, and is forgotten within a week or two. One day's incident changes
/// nothing.</remarks>
internal sealed class UsualPeaks
{
    // Of the logarithm of a size, each day: what a day reached is soon no yesterday any more; what is usual may pause over a weekend.
    private const float FadeOfLast = 0.7f;
    private const float FadeOfUsual = 0.2f;
    private const float Nothing = -5;

    private readonly float[] last = new float[SeasonProfile.DaySlots];
    private readonly float[] usual = new float[SeasonProfile.DaySlots];
    private int slot;
    private float peak;

    public UsualPeaks() => Clear();

    /// <summary>The usual peak around a half hour of the day: what comes at its edge may fall into the next.</summary>
    public float At(int place)
    {
        var before = usual[place == 0 ? usual.Length - 1 : place - 1];
        var after = usual[place + 1 == usual.Length ? 0 : place + 1];
        return Math.Max(usual[place], Math.Max(before, after));
    }

    public void Learn(int place, float measure)
    {
        if (place != slot)
        {
            var reached = Short.Round(peak);
            usual[slot] = Short.Round(Math.Max(Math.Max(Nothing, usual[slot] - FadeOfUsual), Math.Min(last[slot], reached)));
            last[slot] = Short.Round(Math.Max(Math.Max(Nothing, last[slot] - FadeOfLast), reached));
            (slot, peak) = (place, Nothing);
        }
        peak = Math.Max(peak, measure);
    }

    public void Clear()
    {
        Array.Fill(last, Nothing);
        Array.Fill(usual, Nothing);
        (slot, peak) = (0, Nothing);
    }

    public UsualPeaks Clone()
    {
        var clone = new UsualPeaks { slot = slot, peak = peak };
        last.CopyTo(clone.last, 0);
        usual.CopyTo(clone.usual, 0);
        return clone;
    }

    public void Write(ref StateWriter writer)
    {
        writer.Byte((byte)slot);
        writer.Single(peak);
        writer.Shorts(last);
        writer.Shorts(usual);
    }

    /// <returns>Null for bytes that are no such state.</returns>
    public static UsualPeaks? Read(ref StateReader reader)
    {
        var peaks = new UsualPeaks { slot = reader.Byte(), peak = reader.Single() };
        reader.Shorts(peaks.last);
        reader.Shorts(peaks.usual);
        return peaks.slot < SeasonProfile.DaySlots ? peaks : null;
    }
}
