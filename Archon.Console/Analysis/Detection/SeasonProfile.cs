namespace Archon.Analysis.Detection;

/// <summary>
/// How a series runs over the day and over the week, in half hours of the wall clock, and whether that is worth believing. Both profiles
/// are learnt all the time; once a day each is asked how much better than the plain level it foretold the half hours of the last days.
/// </summary>
/// <remarks>The test is the skill score of forecasting practice, 1 - (squared error of the profile / squared error of the level), on errors
/// made before the profile learnt from them: a season that only seems to be there foretells nothing. Errors and updates are
/// clipped.</remarks>
internal sealed class SeasonProfile
{
    public const int SlotMinutes = 30;
    public const int DaySlots = 24 * 60 / SlotMinutes;
    public const int WeekSlots = 7 * DaySlots;

    // Where 1970 began in the week, which starts on Monday.
    private const long EpochDayOfWeek = 3;

    private const double CycleRate = 0.15;
    private const double UpdateClip = 5;
    private const double ErrorClip = 5;
    private const int ClipAfterCycles = 3;
    private const double ErrorDays = 4;
    private const int FirstTest = 72;
    private const int FirstWeekTest = WeekSlots + (2 * DaySlots);

    // A season is believed when it takes away half of the squared error, and given up when it takes away less than a third.
    private const double LeastSkill = 0.35;
    private const double KeptSkill = 0.25;

    // The week must leave clearly less error than the day, or the simpler season stays.
    private const double WeekGain = 0.8;
    private const double KeptWeekGain = 0.95;

    private readonly float[] day;
    private readonly float[] week;
    private long firstSlot;
    private long slot;
    private double slotSum;
    private double slotCount;
    private double levelError,
        dayError,
        weekError;
    private long tested;

    public SeasonProfile()
    {
        (day, week) = (new float[DaySlots], new float[WeekSlots]);
        Array.Fill(day, float.NaN);
        Array.Fill(week, float.NaN);
    }

    private SeasonProfile(SeasonProfile other)
    {
        (day, week) = ((float[])other.day.Clone(), (float[])other.week.Clone());
        (firstSlot, slot, tested, Season) = (other.firstSlot, other.slot, other.tested, other.Season);
        (slotSum, slotCount) = (other.slotSum, other.slotCount);
        (levelError, dayError, weekError) = (other.levelError, other.dayError, other.weekError);
    }

    public ModelSeason Season { get; private set; }

    public SeasonProfile Clone() => new(this);

    /// <summary>Minutes since a Monday midnight on the wall clock.</summary>
    public static double WallMinutes(long unixMs, double offsetMinutes) => (unixMs / 60_000.0) + offsetMinutes + (EpochDayOfWeek * 24 * 60);

    /// <summary>The half hour of the day on the wall clock.</summary>
    public static int DaySlotOf(double wallMinutes) => (int)(Remainder(wallMinutes, 24 * 60) / SlotMinutes);

    /// <summary>What the season lets expect at a time; the level where there is none, or where it knows nothing of that time yet.</summary>
    public double At(double wallMinutes, double level) =>
        Season switch
        {
            ModelSeason.Day => Between(day, wallMinutes, level),
            ModelSeason.Week => WeekAt(wallMinutes, level),
            _ => level,
        };

    /// <summary>Takes a sample of the half hour; at the end of one, learns it and, once a day, tests the seasons.</summary>
    /// <param name="spread">The usual distance of the values from their level.</param>
    /// <returns>True when another season is believed from now on.</returns>
    public bool Learn(double wallMinutes, double value, double level, double spread)
    {
        var now = (long)Math.Floor(wallMinutes / SlotMinutes);
        var changed = false;
        if (slotCount == 0 && tested == 0 && firstSlot == 0)
            (firstSlot, slot) = (now, now);
        if (now != slot)
        {
            if (slotCount > 0)
                changed = LearnSlot(slotSum / slotCount, level, spread);
            (slot, slotSum, slotCount) = (now, 0, 0);
        }
        slotSum += value;
        slotCount++;
        return changed;
    }

    /// <summary>The season is not tested: what comes was learnt from already, so nothing would be foretold.</summary>
    public bool IsSettled { get; set; }

    /// <summary>Goes through a stretch of history once more, knowing what it has learnt.</summary>
    public void Rewind() => (firstSlot, slot, slotSum, slotCount, IsSettled) = (firstSlot - (slot - firstSlot), firstSlot, 0, 0, true);

    public void Write(ref StateWriter writer)
    {
        writer.Byte((byte)Season);
        foreach (var value in (ReadOnlySpan<long>)[firstSlot, slot, tested])
            writer.Int64(value);
        foreach (var value in (ReadOnlySpan<double>)[slotSum, slotCount, levelError, dayError, weekError])
            writer.Double(value);
        WriteKnown(ref writer, day);
        WriteKnown(ref writer, week);
    }

    public static SeasonProfile? Read(ref StateReader reader)
    {
        var season = reader.Byte();
        if (season > (byte)ModelSeason.Week)
            return null;
        var profile = new SeasonProfile
        {
            Season = (ModelSeason)season,
            firstSlot = reader.Int64(),
            slot = reader.Int64(),
            tested = reader.Int64(),
            slotSum = reader.Double(),
            slotCount = reader.Double(),
            levelError = reader.Double(),
            dayError = reader.Double(),
            weekError = reader.Double(),
        };
        ReadKnown(ref reader, profile.day);
        ReadKnown(ref reader, profile.week);
        return profile;
    }

    /// <summary>A bit per slot says whether it is known, then come those that are: a young profile takes little room.</summary>
    private static void WriteKnown(ref StateWriter writer, float[] slots)
    {
        for (var from = 0; from < slots.Length; from += 8)
        {
            var bits = 0;
            for (var i = 0; i < 8; i++)
                bits |= float.IsNaN(slots[from + i]) ? 0 : 1 << i;
            writer.Byte((byte)bits);
        }
        foreach (var value in slots)
        {
            if (!float.IsNaN(value))
                writer.Shorts([value]);
        }
    }

    private static void ReadKnown(ref StateReader reader, float[] slots)
    {
        Span<byte> bits = stackalloc byte[slots.Length / 8];
        reader.Bytes(bits);
        for (var i = 0; i < slots.Length; i++)
        {
            if ((bits[i / 8] & (1 << (i % 8))) != 0)
                reader.Shorts(slots.AsSpan(i, 1));
        }
    }

    private bool LearnSlot(double mean, double level, double spread)
    {
        var (inDay, inWeek) = ((int)Remainder(slot, DaySlots), (int)Remainder(slot, WeekSlots));
        var daily = day[inDay];
        var weekly = week[inWeek];
        var changed = false;
        if (!float.IsNaN(daily) && !IsSettled)
        {
            var clip = ErrorClip * spread;
            var offLevel = Math.Min(Math.Abs(mean - level), clip);
            var offDay = Math.Min(Math.Abs(mean - daily), clip);
            var offWeek = float.IsNaN(weekly) ? offDay : Math.Min(Math.Abs(mean - weekly), clip);
            tested++;
            var rate = Math.Max(1.0 / tested, 1 / (DaySlots * ErrorDays));
            levelError += rate * ((offLevel * offLevel) - levelError);
            dayError += rate * ((offDay * offDay) - dayError);
            weekError += rate * ((offWeek * offWeek) - weekError);
        }
        day[inDay] = Short.Round(Towards(daily, mean, (slot - firstSlot) / DaySlots, spread));
        week[inWeek] = Short.Round(Towards(weekly, mean, (slot - firstSlot) / WeekSlots, spread));
        if (!IsSettled && tested >= FirstTest && tested % DaySlots == 0)
            changed = Test();
        return changed;
    }

    private bool Test()
    {
        var before = Season;
        var daySkill = levelError > 0 ? 1 - (dayError / levelError) : 0;
        var weekSkill = levelError > 0 ? 1 - (weekError / levelError) : 0;
        var chosen = daySkill > (before == ModelSeason.None ? LeastSkill : KeptSkill) ? ModelSeason.Day : ModelSeason.None;
        var isWeek = before == ModelSeason.Week;
        var isGain = weekSkill > (isWeek ? KeptSkill : LeastSkill) && weekError < dayError * (isWeek ? KeptWeekGain : WeekGain);
        if (tested >= FirstWeekTest && isGain)
        {
            chosen = ModelSeason.Week;
        }
        Season = chosen;
        return chosen != before;
    }

    private static double Towards(double old, double mean, long cycles, double spread)
    {
        if (double.IsNaN(old))
            return mean;
        var step = mean - old;
        if (cycles >= ClipAfterCycles)
            step = Math.Clamp(step, -UpdateClip * spread, UpdateClip * spread);
        return old + (Math.Max(CycleRate, 1.0 / (cycles + 1)) * step);
    }

    private double WeekAt(double wallMinutes, double level)
    {
        var (first, share) = Place(wallMinutes, WeekSlots);
        var second = first + 1 == WeekSlots ? 0 : first + 1;
        var daily = Between(day, wallMinutes, level);
        var one = float.IsNaN(week[first]) ? daily : week[first];
        var other = float.IsNaN(week[second]) ? daily : week[second];
        return one + (share * (other - one));
    }

    private static double Between(float[] profile, double wallMinutes, double level)
    {
        var (first, share) = Place(wallMinutes, profile.Length);
        var second = first + 1 == profile.Length ? 0 : first + 1;
        var one = float.IsNaN(profile[first]) ? level : profile[first];
        var other = float.IsNaN(profile[second]) ? level : profile[second];
        return one + (share * (other - one));
    }

    /// <summary>The slot whose middle was last passed, and the way to the next middle, 0 to 1.</summary>
    private static (int Slot, double Share) Place(double wallMinutes, int slots)
    {
        var place = Remainder((wallMinutes / SlotMinutes) - 0.5, slots);
        var whole = Math.Min((int)place, slots - 1);
        return (whole, place - whole);
    }

    private static double Remainder(double value, double by)
    {
        var left = value - (by * Math.Floor(value / by));
        return left < by ? left : 0;
    }
}
