namespace Archon.Analysis.Detection;

/// <summary>All that is known of one series: what was learnt, and where in it the detector stands. Changes with every sample; copied for
/// each detector.</summary>
internal sealed class SeriesState
{
    /// <summary>Members whose votes are gathered over several samples; the others judge sudden changes.</summary>
    public const int Gathered = 8;

    private SeriesState(
        SeasonProfile profile,
        SlotScales residual,
        SlotScales jump,
        SlotScales forecast,
        TailTracker[] tails,
        SuddenChanges sudden
    ) => (Profile, ResidualScale, JumpScale, ForecastScale, Tails, Sudden) = (profile, residual, jump, forecast, tails, sudden);

    public SeriesState(TimeZoneInfo zone, double leastScale)
        : this(new SeasonProfile(), new SlotScales(), new SlotScales(), new SlotScales(), new TailTracker[Gathered], new SuddenChanges())
    {
        (Zone, LeastScale) = (zone, leastScale);
        (Up, Down, Evidence) = (BandTail.Normal, BandTail.Normal, Evidence.Start);
    }

    public TimeZoneInfo Zone { get; private init; } = TimeZoneInfo.Utc;
    public double LeastScale { get; private init; }

    public SeasonProfile Profile { get; }
    public SlotScales ResidualScale { get; }
    public SlotScales JumpScale { get; }
    public SlotScales ForecastScale { get; }

    /// <summary>One per member whose votes are gathered, in the order of <see cref="DetectionMember"/>.</summary>
    public TailTracker[] Tails { get; }

    public SuddenChanges Sudden { get; }

    public LinearForecast Forecast;
    public Evidence Evidence;
    public BandTail Up,
        Down;

    /// <summary>Samples with a value that it was learnt from.</summary>
    public long FittedSamples;

    /// <summary>As before, each counted as often as it taught.</summary>
    public long Learnt;
    public long LastLearntMs,
        LastSampleMs;

    /// <summary>The usual distance of two samples; a sample that follows sooner is judged and not learnt from.</summary>
    public double StepMs;
    public bool IsStepKnown;

    public double Level,
        LevelSpread,
        Size,
        Lowest,
        Highest;
    public bool IsNonNegative = true;

    /// <summary>No value was more than 1, and the unit is that of a share.</summary>
    public bool IsShare;

    /// <summary>How far the series keeps from its season at present.</summary>
    public double Offset;
    public double LastValue,
        LastDeviation;
    public double Shift,
        Drift;
    public double SameValues;

    /// <summary>A stretch that keeps to another level and may become the new normal.</summary>
    public long RunStartMs;
    public double RunSamples,
        RunMisses,
        RunMean,
        RunSpread;

    /// <summary>How much noisier samples between two steps are than those at a step: taken for twice until they say otherwise.</summary>
    public double BetweenNoise = 2;
    public double BetweenSamples;
    public bool WasFar;

    /// <summary>Least that a band is widened by, for what so few samples cannot know.</summary>
    public double Caution = 1;

    public SeriesState Clone()
    {
        var tails = (TailTracker[])Tails.Clone();
        var (residual, jump, forecast) = (ResidualScale.Clone(), JumpScale.Clone(), ForecastScale.Clone());
        var clone = new SeriesState(Profile.Clone(), residual, jump, forecast, tails, Sudden.Clone())
        {
            Zone = Zone,
            LeastScale = LeastScale,
            IsStepKnown = IsStepKnown,
            IsNonNegative = IsNonNegative,
            IsShare = IsShare,
            WasFar = WasFar,
            Forecast = Forecast,
            Evidence = Evidence,
            Up = Up,
            Down = Down,
        };
        Span<double> numbers = stackalloc double[NumberCount];
        Span<long> wholes = stackalloc long[WholeCount];
        Gather(numbers, wholes);
        clone.Scatter(numbers, wholes);
        return clone;
    }

    /// <summary>Back to before the first sample, keeping season and scales and forgetting what was rare.</summary>
    public void Rewind(double level, long firstMs)
    {
        Profile.Rewind();
        Array.Clear(Tails);
        Sudden.Clear();
        (Up, Down, Evidence) = (BandTail.Normal, BandTail.Normal, Evidence.Start);
        (Level, Lowest, Highest, LastValue, LastDeviation, Offset) = (level, level, level, level, 0, 0);
        (Shift, Drift, SameValues, RunSamples, RunMisses, WasFar) = (0, 0, 0, 0, 0, false);
        LastLearntMs = LastSampleMs = firstMs - (long)StepMs;
        FittedSamples = 0;
    }

    /// <summary>More than any state takes.</summary>
    public const int MostBytes = 4096;

    public void Write(ref StateWriter writer)
    {
        writer.Text(Zone.Id);
        writer.Double(LeastScale);
        writer.Byte((byte)((IsStepKnown ? 1 : 0) | (IsNonNegative ? 2 : 0) | (WasFar ? 4 : 0) | (IsShare ? 8 : 0)));
        Profile.Write(ref writer);
        ResidualScale.Write(ref writer);
        JumpScale.Write(ref writer);
        ForecastScale.Write(ref writer);
        foreach (var tail in Tails)
            tail.Write(ref writer);
        Sudden.Write(ref writer);
        Forecast.Write(ref writer);
        Evidence.Write(ref writer);
        Up.Write(ref writer);
        Down.Write(ref writer);
        Span<double> numbers = stackalloc double[NumberCount];
        Span<long> wholes = stackalloc long[WholeCount];
        Gather(numbers, wholes);
        foreach (var number in numbers)
            writer.Double(number);
        foreach (var whole in wholes)
            writer.Int64(whole);
    }

    /// <returns>Null for bytes that are no state, or a zone this machine does not know.</returns>
    public static SeriesState? Read(ref StateReader reader)
    {
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(reader.Text(), out var zone))
            return null;
        var leastScale = reader.Double();
        var flags = reader.Byte();
        if (SeasonProfile.Read(ref reader) is not { } profile)
            return null;
        var (residual, jump, forecast) = (SlotScales.Read(ref reader), SlotScales.Read(ref reader), SlotScales.Read(ref reader));
        var tails = new TailTracker[Gathered];
        for (var i = 0; i < Gathered; i++)
            tails[i] = TailTracker.Read(ref reader);
        if (SuddenChanges.Read(ref reader) is not { } sudden)
            return null;
        var state = new SeriesState(profile, residual, jump, forecast, tails, sudden)
        {
            Zone = zone,
            LeastScale = leastScale,
            IsStepKnown = (flags & 1) != 0,
            IsNonNegative = (flags & 2) != 0,
            WasFar = (flags & 4) != 0,
            IsShare = (flags & 8) != 0,
            Forecast = LinearForecast.Read(ref reader),
            Evidence = Evidence.Read(ref reader),
            Up = BandTail.Read(ref reader),
            Down = BandTail.Read(ref reader),
        };
        Span<double> numbers = stackalloc double[NumberCount];
        Span<long> wholes = stackalloc long[WholeCount];
        for (var i = 0; i < NumberCount; i++)
            numbers[i] = reader.Double();
        for (var i = 0; i < WholeCount; i++)
            wholes[i] = reader.Int64();
        state.Scatter(numbers, wholes);
        return reader.IsWhole ? state : null;
    }

    private const int NumberCount = 19;
    private const int WholeCount = 5;

    // One list of what is copied and stored, so that nothing is forgotten in one of the two.
    private void Gather(Span<double> numbers, Span<long> wholes)
    {
        ReadOnlySpan<double> all =
        [
            StepMs,
            Level,
            LevelSpread,
            Size,
            Lowest,
            Highest,
            Offset,
            LastValue,
            LastDeviation,
            Shift,
            Drift,
            SameValues,
            RunSamples,
            RunMisses,
            RunMean,
            RunSpread,
            BetweenNoise,
            BetweenSamples,
            Caution,
        ];
        all.CopyTo(numbers);
        ReadOnlySpan<long> counts = [FittedSamples, Learnt, LastLearntMs, LastSampleMs, RunStartMs];
        counts.CopyTo(wholes);
    }

    private void Scatter(ReadOnlySpan<double> numbers, ReadOnlySpan<long> wholes)
    {
        (StepMs, Level, LevelSpread, Size, Lowest, Highest) = (numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]);
        (Offset, LastValue, LastDeviation) = (numbers[6], numbers[7], numbers[8]);
        (Shift, Drift, SameValues) = (numbers[9], numbers[10], numbers[11]);
        (RunSamples, RunMisses, RunMean, RunSpread) = (numbers[12], numbers[13], numbers[14], numbers[15]);
        (BetweenNoise, BetweenSamples, Caution) = (numbers[16], numbers[17], numbers[18]);
        (FittedSamples, Learnt, LastLearntMs, LastSampleMs, RunStartMs) = (wholes[0], wholes[1], wholes[2], wholes[3], wholes[4]);
    }
}
