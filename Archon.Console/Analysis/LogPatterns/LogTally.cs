namespace Archon.Analysis.LogPatterns;

/// <summary>Two stretches of one log that are held against each other.</summary>
public enum LogPeriod
{
    Baseline,
    Window,
}

/// <summary>How often, when and how evenly lines came within one period.</summary>
public sealed class LogTally
{
    private const int Slots = 32;

    // Of lines of the period, all templates together: as many of them in each slot, twice as many whenever the slots do not reach.
    private int linesPerSlot = 1;
    private int[]? slots;

    /// <summary>Lines.</summary>
    public long Count { get; private set; }

    /// <summary>Lines that had a time.</summary>
    public long TimedCount { get; private set; }

    /// <summary>Unix milliseconds of the earliest and the latest line that had a time; null when none had.</summary>
    public long? FirstSeen { get; private set; }
    public long? LastSeen { get; private set; }

    /// <param name="ordinal">The number of the line in its period, from 0.</param>
    internal void See(long ordinal, long? unixMs)
    {
        Count++;
        slots ??= new int[Slots];
        while (ordinal / linesPerSlot >= Slots)
            Widen();
        slots[ordinal / linesPerSlot]++;
        if (unixMs is not { } at)
            return;
        TimedCount++;
        if (FirstSeen is not { } first || at < first)
            FirstSeen = at;
        if (LastSeen is not { } last || at > last)
            LastSeen = at;
    }

    internal void Absorb(LogTally other)
    {
        Count += other.Count;
        TimedCount += other.TimedCount;
        if (FirstSeen is null || other.FirstSeen < FirstSeen)
            FirstSeen = other.FirstSeen;
        if (LastSeen is null || other.LastSeen > LastSeen)
            LastSeen = other.LastSeen;
        if (other.slots is null)
            return;
        slots ??= new int[Slots];
        while (linesPerSlot < other.linesPerSlot)
            Widen();
        for (var i = 0; i < Slots; i++)
            slots[(int)((long)i * other.linesPerSlot / linesPerSlot)] += other.slots[i];
    }

    /// <summary>How many times more the counts of equal stretches of the period differ than those of lines that know nothing of each other would.</summary>
    /// <param name="lines">Of the whole period.</param>
    /// <returns>Variance over mean, at least 1; NaN from too few lines or stretches to tell.</returns>
    internal double Dispersion(long lines, int leastLines, int leastStretches)
    {
        if (slots is null || Count < leastLines)
            return double.NaN;
        while (lines / linesPerSlot > Slots)
            Widen();
        // The last stretch is not full.
        var full = (int)Math.Min(Slots, lines / linesPerSlot);
        if (full < leastStretches)
            return double.NaN;
        var stretches = slots.AsSpan(0, full);
        double sum = 0,
            squares = 0;
        foreach (var count in stretches)
            sum += count;
        var mean = sum / full;
        foreach (var count in stretches)
            squares += (count - mean) * (count - mean);
        return mean > 0 ? Math.Max(1, squares / (full - 1) / mean) : 1;
    }

    private void Widen()
    {
        linesPerSlot *= 2;
        for (var i = 0; i < Slots / 2; i++)
            slots![i] = slots[2 * i] + slots[(2 * i) + 1];
        slots.AsSpan(Slots / 2).Clear();
    }
}
