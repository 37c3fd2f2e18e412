using Archon.Analysis.Series;

namespace Archon.Analysis.Detection;

/// <summary>
/// Judges the samples of one series as they come, and learns from them. What it thinks of a sample never depends on later ones, and it
/// allocates nothing. Not safe for two threads at once.
/// </summary>
/// <remarks>
/// Several simple members look at each sample (<see cref="DetectionMember"/>); each vote is turned into a tail probability by what that
/// member has seen in this series (<see cref="TailTracker"/>), and <see cref="Evidence"/> makes one judgement of them. Calibrating every
/// series for itself before one threshold is what makes a single setting serve all; the idea is that of Lavin and Ahmad, "Evaluating
/// real-time anomaly detection algorithms", ICMLA 2015. A level that has held for a third of a day is the new normal.
/// </remarks>
public sealed class AnomalyDetector
{
    // Samples that are learnt from before anything is judged.
    private const int FirstJudged = 30;

    // The step is asked of the first samples; after that it moves slowly.
    private const int StepSamples = 500;
    private const double StepRate = 0.02;
    private const double LaterStepRate = 0.002;
    private const double MostGapSteps = 20;

    // A sample that follows the last one that was learnt from sooner than this share of a step lies between two steps.
    private const double BetweenShare = 0.7;
    private const double GapSteps = 1.5;

    // Rates are for samples at this distance or more.
    private const double PaceMs = 5 * 60_000.0;
    private const double LearntFloor = 0.3;

    private const double LevelMemory = 288;
    private const double DayMs = 24 * 3_600_000.0;
    private const double LevelClip = 3.5 * 1.5;
    private const double SpreadRate = 0.003;
    private const double SpreadClip = 4;
    private const double SizeRate = 0.003;
    private const double ShiftMemory = 5;
    private const double DriftMemory = 100;
    private const double DeviationClip = 8;
    private const double RangeFading = 0.0001;
    private const double ForecastClip = 4;
    private const double OffsetMemoryMs = 16 * 3_600_000.0;

    private const double LeastShare = 0.02;
    private const double LeastRangeShare = 0.1;
    private const double LeastScale = 1e-9;

    private const long RegimeMs = 8 * 3_600_000L;
    private const int RegimeSamples = 12;
    private const double RegimeDistance = 3;
    private const double RegimeSpread = 1 / 3.0;

    // Follows the median: each sample moves it by this share.
    private const double BetweenRate = 1 / 60.0;
    private const double BetweenTrust = 40;

    // A median of sizes that are measured in mean absolute deviations, when they are normal.
    private const double MedianSize = 0.845;

    // One sample in a thousand is part of something unusual.
    private const double Unusual = 1e-3;

    private const double LeastOutside = 3.5;
    private const double FarOutside = 5;

    // The mean absolute deviation of a normal distribution times this is its standard deviation.
    private const double MeanToSigma = 1.2533;

    // A score of 1 is one in a million.
    private const double ScoreDecades = 6;
    private const double AlertHalf = 8;
    private const double LevelHalf = 2;

    // At this sensitivity an alert is told as soon as an episode begins; a unit less asks for evidence a hundred times as rare.
    private const double EpisodeSensitivity = 0.85;
    private const double SensitivityRarity = 2;

    // Logistic in the rarity of the evidence (Platt, 1999): fitted on series of several kinds with an anomaly a week.
    private const double ConfidenceHalf = 3.6;
    private const double ConfidenceSlope = 0.45;

    // A jump is also an error of the forecast, and after a gap everything else is unusual too: they count half.
    private static readonly double[] Weights = [1, 0.5, 1, 1, 1, 1, 1, 0.5];
    private static readonly double VoteSum = Weights.Sum();

    private readonly SeriesState state;
    private readonly LowTrafficGuard? guard;
    private readonly AcceptedTime[] accepted;
    private readonly double outside;
    private readonly double alertRarity;
    private double reportedRarity;
    private double offsetMinutes;
    private long offsetFromMs;
    private long offsetUntilMs;
    private long bandOf = -1;
    private double stepOfRarity = double.NaN,
        stepRarity;
    private double upDistance,
        downDistance;

    /// <param name="model">Where to go on from. Not changed.</param>
    public AnomalyDetector(SeriesModel model, DetectorSettings settings)
        : this(model.State.Clone(), settings) { }

    /// <param name="state">Changed with every sample.</param>
    internal AnomalyDetector(SeriesState state, DetectorSettings settings)
    {
        (this.state, guard) = (state, settings.Guard);
        accepted = [.. settings.Adjustment.Accepted];
        var shift = Math.Max(0, settings.Adjustment.RarityShift);
        outside = SeriesModel.OutsideProbability(settings.Sensitivity) * Math.Pow(10, -shift);
        alertRarity = Evidence.EpisodeRarity + ((EpisodeSensitivity - Math.Clamp(settings.Sensitivity, 0, 1)) * SensitivityRarity) + shift;
    }

    /// <summary>The first run of a fit learns season and scales alone: what is rare is learnt in the second, which knows them.</summary>
    internal bool IsRehearsal { get; init; }

    /// <summary>Where a fit gathers the distances that the band learns from; null outside of one.</summary>
    internal List<double>? Distances { get; init; }

    /// <summary>What is known by now, to be stored: a detector made from it goes on exactly where this one stands.</summary>
    public SeriesModel Model => new(state.Clone());

    /// <param name="unixMs">Unix milliseconds.</param>
    /// <param name="value">In the unit of the history. NaN is missing; an infinity and what is nearly one is as far
    /// outside as can be, and not learnt from.</param>
    /// <param name="requests">Requests the value was computed from, for the guard; NaN when not known.</param>
    /// <param name="leastRarity">What is less rare is not reported, however sensitive the detector is; see
    /// <see cref="EstateEvidence"/>.</param>
    public SampleVerdict Score(long unixMs, double value, double requests = double.NaN, double leastRarity = 0)
    {
        reportedRarity = Math.Max(alertRarity, leastRarity);
        if (state.Learnt == 0)
            return First(unixMs, value);
        var seen = See(unixMs, value);
        if (unixMs < state.LastSampleMs)
            return Unjudged(seen, SampleJudgement.Late);
        if (double.IsNaN(value))
            return Missing(seen);
        if (guard is not null && !guard.IsEnough(value, seen.Expected, requests))
        {
            // It came, so nothing is missing; but it says nothing, so nothing is learnt from it.
            state.LastSampleMs = unixMs;
            return Unjudged(seen, SampleJudgement.LowTraffic);
        }
        Look(seen, out var view);
        var verdict = Judge(seen, view);
        if (SampleValue.IsUsable(value) && Learn(seen, view))
            verdict = verdict with { IsNewNormal = true };
        state.LastSampleMs = unixMs;
        return verdict;
    }

    /// <summary>Learns from a sample of history exactly as if it had been scored, without saying what is thought of it.</summary>
    /// <param name="value">A number.</param>
    internal void Teach(long unixMs, double value)
    {
        reportedRarity = alertRarity;
        if (state.Learnt == 0)
        {
            First(unixMs, value);
            return;
        }
        var seen = See(unixMs, value);
        Look(seen, out var view);
        if (state.Learnt >= FirstJudged && !IsRehearsal)
            Weigh(seen, view.Sum, view.Sudden);
        Learn(seen, view);
        state.LastSampleMs = unixMs;
    }

    /// <summary>Nobody looked at the samples up to here, so their absence is no silence.</summary>
    /// <param name="unixMs">Unix milliseconds; earlier than what was seen changes nothing.</param>
    public void Skip(long unixMs)
    {
        if (state.Learnt == 0)
            return;
        state.LastSampleMs = Math.Max(state.LastSampleMs, unixMs);
    }

    internal static double Expect(SeriesState state, double wall) =>
        state.Profile.At(wall, state.Level) + (state.Profile.Season == ModelSeason.None ? 0 : state.Offset);

    /// <summary>How much wider the band is for samples that lie so close.</summary>
    /// <param name="stepMs">Milliseconds from one sample to the next.</param>
    internal static double NoiseAt(SeriesState state, double stepMs) =>
        state.IsStepKnown && stepMs < BetweenShare * state.StepMs ? state.BetweenNoise : 1;

    /// <summary>The scale of a band: never so small that a change nobody cares for lies outside.</summary>
    internal static double BandScale(SeriesState state, double wall) =>
        BandScaleOf(state, state.ResidualScale.At(SeasonProfile.DaySlotOf(wall)));

    private static double BandScaleOf(SeriesState state, double usualResidual) =>
        Math.Max(usualResidual, Math.Max(LeastShare * state.Size, Math.Max(state.LeastScale, LeastScale))) * state.Caution;

    internal static Expectation BandOf(SeriesState state, double expected, double scale, double probability)
    {
        var lower = expected - (Math.Max(LeastOutside, state.Down.Distance(probability)) * scale);
        var upper = expected + (Math.Max(LeastOutside, state.Up.Distance(probability)) * scale);
        return Possible(state, state.IsShare, new Expectation(expected, lower, upper));
    }

    /// <summary>The part of a band that values can lie in.</summary>
    private static Expectation Possible(SeriesState state, bool isShare, Expectation band)
    {
        var least = state.IsNonNegative ? 0 : double.NegativeInfinity;
        var most = isShare ? 1 : double.PositiveInfinity;
        return new Expectation(
            Math.Clamp(band.Expected, least, most),
            Math.Clamp(band.Lower, least, most),
            Math.Clamp(band.Upper, least, most)
        );
    }

    private double Wall(long unixMs)
    {
        if (unixMs < offsetFromMs || unixMs >= offsetUntilMs)
        {
            (offsetMinutes, offsetFromMs, offsetUntilMs) = WallClock.At(state.Zone, unixMs);
        }
        return SeasonProfile.WallMinutes(unixMs, offsetMinutes);
    }

    /// <summary>One sample at its place: what members need to look at it.</summary>
    /// <param name="Shape">What the season alone lets expect; the level where there is none.</param>
    /// <param name="Steps">Since the last sample that was learnt from.</param>
    /// <param name="Gap">Steps without any sample before this one; 0 where that is usual.</param>
    /// <param name="IsBetween">It lies between two steps, and is judged but not learnt from.</param>
    /// <param name="Closeness">How many such samples make a step; 1 where they come as those that were learnt from.</param>
    private readonly record struct Sighting(
        long UnixMs,
        double Value,
        double Wall,
        int Slot,
        double Shape,
        double Expected,
        double Steps,
        double Gap,
        bool IsBetween,
        double Closeness
    );

    /// <summary>What the members see.</summary>
    private struct View
    {
        public double Residual,
            Deviation,
            Jump,
            ForecastError;

        /// <summary>The usual sizes of these at this time of day.</summary>
        public double UsualResidual,
            UsualJump,
            UsualForecastError;

        /// <summary>Deviation from the season, without the level it keeps to at present.</summary>
        public double Unseasoned;
        public double Floor;
        public double Noise;

        /// <summary>How far the members are trusted, 0 to 1: less while they find their feet at a finer step.</summary>
        public double Trust;
        public double Shift,
            Drift,
            SameValues;

        /// <summary>Logarithms of what each member measured.</summary>
        public MemberVotes Sizes;
        public MemberVotes Votes;
        public double Sum;

        public SuddenChanges.Sizes SuddenSizes;

        /// <summary>Rarity of the rarest sudden change.</summary>
        public double Sudden;
    }

    private Sighting See(long unixMs, double value)
    {
        var wall = Wall(unixMs);
        var shape = state.Profile.At(wall, state.Level);
        var expected = state.Profile.Season == ModelSeason.None ? shape : shape + state.Offset;
        var (since, sinceAny) = (unixMs - state.LastLearntMs, unixMs - state.LastSampleMs);
        // A second sample of one time is looked at, as if it lay between, and teaches nothing.
        var isBetween = sinceAny == 0 || (state.IsStepKnown && since < BetweenShare * state.StepMs);
        var isCloser = sinceAny > 0 && state.IsStepKnown && sinceAny < BetweenShare * state.StepMs;
        var gap = sinceAny / state.StepMs;
        return new Sighting(
            unixMs,
            value,
            wall,
            SeasonProfile.DaySlotOf(wall),
            shape,
            expected,
            isBetween ? 1 : Math.Clamp(since / state.StepMs, 0.5, MostGapSteps),
            gap > GapSteps ? Math.Min(gap, MostGapSteps) : 0,
            isBetween,
            isCloser ? state.StepMs / sinceAny : 1
        );
    }

    private SampleVerdict First(long unixMs, double value)
    {
        if (!SampleValue.IsUsable(value))
            return new SampleVerdict { Judgement = SampleJudgement.Missing };
        var wall = Wall(unixMs);
        (state.Level, state.Lowest, state.Highest, state.LastValue, state.Size) = (value, value, value, value, Math.Abs(value));
        (state.LastSampleMs, state.LastLearntMs, state.IsNonNegative) = (unixMs, unixMs, value >= 0);
        state.IsShare &= value <= SeriesModelSettings.MostShare;
        state.Profile.Learn(wall, value, value, 0);
        (state.Learnt, state.FittedSamples) = (1, 1);
        return new SampleVerdict
        {
            Judgement = SampleJudgement.Learning,
            Expected = value,
            Lower = value,
            Upper = value,
        };
    }

    /// <param name="view">Filled in place: it is too large to be copied for each sample.</param>
    private void Look(in Sighting seen, out View view)
    {
        // An infinity must not turn into NaN on the way.
        var value = SampleValue.Limited(seen.Value);
        var range = state.Highest - state.Lowest;
        var floor = range > 0 ? Math.Min(LeastShare * state.Size, LeastRangeShare * range) : LeastShare * state.Size;
        floor = Math.Max(Math.Max(floor, state.LeastScale), LeastScale);
        // Samples between two steps may be noisier than those the scale was learnt from.
        var noise = seen.Closeness > 1 ? state.BetweenNoise : 1;
        var trust = seen.Closeness > 1 ? Math.Min(1, state.BetweenSamples / BetweenTrust) : 1;
        view = default;
        (view.Floor, view.Noise, view.Trust) = (floor, noise, trust);
        (view.Residual, view.Unseasoned) = (value - seen.Expected, value - seen.Shape);
        view.Jump = view.Unseasoned - state.LastDeviation;
        view.ForecastError = view.Unseasoned - state.Forecast.Next;
        (view.UsualResidual, view.UsualJump) = (state.ResidualScale.At(seen.Slot), state.JumpScale.At(seen.Slot));
        view.UsualForecastError = state.ForecastScale.At(seen.Slot);
        var residualScale = Math.Max(view.UsualResidual, floor) * noise;
        view.Deviation = view.Residual / residualScale;
        var clipped = Math.Clamp(view.Deviation, -DeviationClip, DeviationClip);
        view.Shift = state.Shift + (Share(ShiftMemory, seen.Steps) * (clipped - state.Shift));
        view.Drift = state.Drift + (Share(DriftMemory, seen.Steps) * (clipped - state.Drift));
        view.SameValues = seen.Value == state.LastValue ? state.SameValues + (seen.IsBetween ? 0 : 1) : 0;
        if (IsRehearsal)
            return;
        var jumpScale = Math.Max(view.UsualJump, floor / 2) * noise;
        view.SuddenSizes = state.Sudden.Measure(view.Unseasoned, view.Jump, jumpScale, seen.Slot);
        if (state.Learnt < FirstJudged)
            return;

        view.Sizes[(int)DetectionMember.Profile] = TailTracker.Log(Math.Abs(view.Deviation));
        view.Sizes[(int)DetectionMember.Jump] = view.SuddenSizes.JumpLog;
        view.Sizes[(int)DetectionMember.Forecast] = TailTracker.Log(
            Math.Abs(view.ForecastError) / (Math.Max(view.UsualForecastError, floor / 2) * noise)
        );
        view.Sizes[(int)DetectionMember.Shift] = TailTracker.Log(Math.Abs(view.Shift));
        view.Sizes[(int)DetectionMember.Drift] = TailTracker.Log(Math.Abs(view.Drift));
        view.Sizes[(int)DetectionMember.Range] = TailTracker.Log(
            Math.Max(0, Math.Max(value - state.Highest, state.Lowest - value)) / residualScale
        );
        view.Sizes[(int)DetectionMember.FlatLine] = TailTracker.Log(view.SameValues);
        view.Sizes[(int)DetectionMember.Gap] = TailTracker.Log(seen.Gap);
        var known = trust * state.Tails[0].Trust;
        for (var i = 0; i < SeriesState.Gathered; i++)
        {
            var vote = state.Tails[i].Rarity(view.Sizes[i]) * known;
            view.Votes[i] = (float)vote;
            view.Sum += Weights[i] * vote * vote;
        }
        view.Sum = state.Sudden.IsUsual(view.SuddenSizes) ? 0 : view.Sum / VoteSum;
        var (jump, spike, held) = state.Sudden.Rarities(view.SuddenSizes);
        view.Sudden = Math.Max(jump, Math.Max(spike, held)) * trust;
        view.Votes[(int)DetectionMember.Spike] = (float)(spike * trust);
        view.Votes[(int)DetectionMember.Held] = (float)(held * trust);
    }

    private SampleVerdict Judge(in Sighting seen, in View view)
    {
        var scale = BandScaleOf(state, view.UsualResidual) * view.Noise;
        RefreshBand();
        var (lower, upper) = (seen.Expected - (downDistance * scale), seen.Expected + (upDistance * scale));
        var distance = view.Residual / scale;
        var bandRarity = distance >= 0 ? state.Up.Rarity(distance) : state.Down.Rarity(-distance);
        var isJudged = state.Learnt >= FirstJudged;
        var (rarity, isReported) = isJudged ? Weigh(seen, view.Sum, view.Sudden) : (0, false);
        var level = isJudged ? state.Evidence.Level(view.Sum) : 0;
        var isOutside = seen.Value < lower || seen.Value > upper;
        // A value above all of it shows that this is no share; it is learnt after it is judged.
        var isShare = state.IsShare && seen.Value <= SeriesModelSettings.MostShare;
        var possible = Possible(state, isShare, new Expectation(seen.Expected, lower, upper));
        var isExpectedTime = IsAccepted(seen.Wall, distance / MeanToSigma);
        var isAccepted = (isOutside || isReported) && isExpectedTime;
        return new SampleVerdict
        {
            Judgement = isJudged ? SampleJudgement.Judged : SampleJudgement.Learning,
            Score = Math.Clamp(bandRarity / ScoreDecades, 0, 1),
            Level = level / (level + LevelHalf),
            Alert = isReported && !isAccepted ? rarity / (rarity + AlertHalf) : 0,
            Rarity = rarity,
            Confidence =
                !isJudged ? 0
                : view.Trust < 1 ? Math.Max(Confidence(rarity), BandConfidence(Math.Pow(10, -bandRarity) * seen.Closeness))
                : Confidence(rarity),
            Expected = possible.Expected,
            Lower = possible.Lower,
            Upper = possible.Upper,
            IsOutside = isOutside && !isAccepted,
            IsAccepted = isAccepted,
            IsExpectedTime = isExpectedTime,
            Direction =
                view.Residual > 0 ? DeviationDirection.Up
                : view.Residual < 0 ? DeviationDirection.Down
                : DeviationDirection.None,
            Deviation = double.IsInfinity(seen.Value) ? seen.Value : distance / MeanToSigma,
            Season = state.Profile.Season,
            Votes = view.Votes,
        };
    }

    /// <summary>How rare the evidence is, and whether that is to be told; remembers that it was.</summary>
    private (double Rarity, bool IsReported) Weigh(in Sighting seen, double sum, double sudden)
    {
        // By time, not by sample: what comes once in a thousand samples comes five times as often where there are five times as many.
        var rarity = Math.Max(0, state.Evidence.Rarity(sum, sudden) + StepRarity());
        // Twenty looks at one step find twenty times as much by chance.
        if (seen.Closeness > 1)
            rarity = Math.Max(0, rarity - Math.Log10(seen.Closeness));
        return (rarity, state.Evidence.Report(rarity, seen.UnixMs, reportedRarity));
    }

    /// <summary>How much rarer a sample of five minutes is than one of this step.</summary>
    private double StepRarity()
    {
        if (stepOfRarity != state.StepMs)
            (stepOfRarity, stepRarity) = (state.StepMs, Math.Log10(Math.Max(state.StepMs, 1) / PaceMs));
        return stepRarity;
    }

    private static double Confidence(double rarity) => 1 / (1 + Math.Exp(-(rarity - ConfidenceHalf) / ConfidenceSlope));

    /// <summary>Bayes, from the band alone, for as long as the members cannot speak: the unusual may lie anywhere, the ordinary lies so far out with that probability.</summary>
    private static double BandConfidence(double probability) => Unusual / (Unusual + ((1 - Unusual) * Math.Min(1, probability)));

    private bool IsAccepted(double wall, double deviation)
    {
        foreach (var time in accepted)
        {
            if (time.Contains(wall, deviation))
                return true;
        }
        return false;
    }

    private void RefreshBand()
    {
        if (bandOf == state.Up.Fits)
            return;
        bandOf = state.Up.Fits;
        upDistance = Math.Max(LeastOutside, state.Up.Distance(outside));
        downDistance = Math.Max(LeastOutside, state.Down.Distance(outside));
    }

    private SampleVerdict Unjudged(in Sighting seen, SampleJudgement judgement)
    {
        var band = BandOf(state, seen.Expected, BandScale(state, seen.Wall), outside);
        return new SampleVerdict
        {
            Judgement = judgement,
            Expected = band.Expected,
            Lower = band.Lower,
            Upper = band.Upper,
            Season = state.Profile.Season,
        };
    }

    /// <summary>Nothing came: how unusual is that?</summary>
    private SampleVerdict Missing(in Sighting seen)
    {
        var verdict = Unjudged(seen, SampleJudgement.Missing);
        if (state.Learnt < FirstJudged)
            return verdict;
        ref var tail = ref state.Tails[(int)DetectionMember.Gap];
        var vote = tail.Rarity(TailTracker.Log(seen.Gap)) * tail.Trust;
        var votes = default(MemberVotes);
        votes[(int)DetectionMember.Gap] = (float)vote;
        var sum = Weights[(int)DetectionMember.Gap] * vote * vote / VoteSum;
        var level = state.Evidence.Level(sum);
        var (rarity, isReported) = Weigh(seen, sum, vote);
        return verdict with
        {
            Votes = votes,
            Level = level / (level + LevelHalf),
            Rarity = rarity,
            Confidence = Confidence(rarity),
            Alert = isReported ? rarity / (rarity + AlertHalf) : 0,
        };
    }

    /// <returns>True when a new level begins to count as normal.</returns>
    private bool Learn(in Sighting seen, in View view)
    {
        // A rehearsal looks at too little to tell how noisy they are.
        if (seen.Closeness > 1 && !IsRehearsal)
            LearnBetween(seen, view);
        if (seen.IsBetween)
            return false;
        var (slot, value, count) = (seen.Slot, seen.Value, state.Learnt);
        // An hour of incident must not teach more because it has more samples.
        var pace = state.StepMs > 0 ? Math.Min(1, state.StepMs / PaceMs) : 1;
        if (count >= FirstJudged && !IsRehearsal)
        {
            var rate = state.Tails[0].RateAt(pace);
            for (var i = 0; i < SeriesState.Gathered; i++)
                state.Tails[i].Learn(view.Sizes[i], rate);
            state.Evidence.Learn(view.Sum, pace);
        }
        if (!IsRehearsal)
            state.Sudden.Learn(view.SuddenSizes, view.Unseasoned, slot, count >= FirstJudged, pace);
        (state.Shift, state.Drift, state.SameValues) = (view.Shift, view.Drift, view.SameValues);
        LearnBand(seen, view, pace);

        var usualError = state.ForecastScale.Overall;
        state.Forecast.Learn(view.Unseasoned, ForecastClip * Math.Max(usualError, LeastScale), usualError);
        state.ResidualScale.Learn(slot, view.Residual, view.UsualResidual, count, view.Floor * LearntFloor, pace);
        state.JumpScale.Learn(slot, view.Jump, view.UsualJump, count, view.Floor * LearntFloor, pace);
        state.ForecastScale.Learn(slot, view.ForecastError, view.UsualForecastError, count, view.Floor * LearntFloor, pace);

        state.IsNonNegative &= value >= 0;
        state.IsShare &= value <= SeriesModelSettings.MostShare;
        var fading = RangeFading * pace * seen.Steps;
        state.Highest = value > state.Highest ? value : state.Highest - (fading * (state.Highest - seen.Expected));
        state.Lowest = value < state.Lowest ? value : state.Lowest + (fading * (seen.Expected - state.Lowest));
        (state.LastDeviation, state.LastValue) = (view.Unseasoned, value);
        LearnLevel(seen, view, pace);
        if (state.Profile.Learn(seen.Wall, value, state.Level, Math.Max(state.LevelSpread, view.Floor)))
        {
            state.Offset = 0;
            MoveDeviations(seen.Shape - state.Profile.At(seen.Wall, state.Level));
        }
        var isNewNormal = FollowRegime(seen, view);
        LearnStep(seen.UnixMs - state.LastLearntMs, state.LastSampleMs == state.LastLearntMs);
        state.LastLearntMs = seen.UnixMs;
        state.Learnt++;
        state.FittedSamples++;
        return isNewNormal;
    }

    private void LearnLevel(in Sighting seen, in View view, double pace)
    {
        var least = 1.0 / (state.Learnt + 1);
        var fromLevel = seen.Value - state.Level;
        var clip = LevelClip * Math.Max(state.LevelSpread, view.Floor);
        state.LevelSpread += Math.Max(least, SpreadRate * pace) * (Math.Min(Math.Abs(fromLevel), SpreadClip * clip) - state.LevelSpread);
        state.Size += Math.Max(least, SizeRate * pace) * (Math.Min(Math.Abs(seen.Value), Math.Abs(state.Level) + clip) - state.Size);
        // A level that followed the hours would foretell the day as well as a season does.
        state.Level += Math.Max(least, Share(Math.Max(LevelMemory, DayMs / state.StepMs), seen.Steps)) * Math.Clamp(fromLevel, -clip, clip);
        if (state.Profile.Season == ModelSeason.None)
            return;
        var since = seen.UnixMs - state.LastLearntMs;
        state.Offset += since / (since + OffsetMemoryMs) * (view.Unseasoned - state.Offset);
    }

    private void LearnBetween(in Sighting seen, in View view)
    {
        state.BetweenSamples++;
        // An incident says nothing of the noise: learnt from, it would widen the very band it has left.
        RefreshBand();
        var distance = view.Residual / (BandScaleOf(state, view.UsualResidual) * view.Noise);
        if (distance > upDistance || -distance > downDistance)
            return;
        var size = Math.Exp(view.Sizes[(int)DetectionMember.Jump]) * view.Noise;
        state.BetweenNoise *= size > MedianSize * state.BetweenNoise ? 1 + BetweenRate : 1 / (1 + BetweenRate);
        state.BetweenNoise = Math.Clamp(state.BetweenNoise, 1, DeviationClip);
    }

    private void LearnBand(in Sighting seen, in View view, double pace)
    {
        var distance = view.Residual / (BandScaleOf(state, view.UsualResidual) / state.Caution);
        var isFar = Math.Abs(distance) > FarOutside;
        // Of a run of samples far outside only the first one counts, as in declustering for peaks over threshold: an incident is one event.
        if (!(isFar && state.WasFar))
        {
            state.Up.Learn(distance, pace);
            state.Down.Learn(-distance, pace);
            Distances?.Add(distance);
        }
        state.WasFar = isFar;
    }

    /// <param name="isNext">No sample came in between, so this is how far apart they are now.</param>
    private void LearnStep(double since, bool isNext)
    {
        if (state.StepMs <= 0)
        {
            state.StepMs = since;
        }
        else if (!state.IsStepKnown)
        {
            // Follows the median: half of the distances pull each way.
            state.StepMs += Math.Sign(since - state.StepMs) * Math.Min(Math.Abs(since - state.StepMs), StepRate * state.StepMs);
            state.IsStepKnown = state.Learnt >= StepSamples;
        }
        else if (isNext)
        {
            state.StepMs += Math.Sign(since - state.StepMs) * Math.Min(Math.Abs(since - state.StepMs), LaterStepRate * state.StepMs);
        }
    }

    /// <summary>Watches a stretch that keeps to another level, and takes that for normal when it has held for long enough.</summary>
    private bool FollowRegime(in Sighting seen, in View view)
    {
        var isSameSide = state.RunSamples == 0 || Math.Sign(view.Residual) == Math.Sign(state.RunMean);
        var isAway = isSameSide && Math.Abs(view.Deviation) > RegimeDistance;
        if (!isAway)
        {
            if (state.RunSamples > 0 && ++state.RunMisses > 1 + (0.1 * state.RunSamples))
                (state.RunSamples, state.RunMisses) = (0, 0);
            return false;
        }
        if (state.RunSamples == 0)
            (state.RunStartMs, state.RunMean, state.RunSpread, state.RunMisses) = (seen.UnixMs, view.Residual, 0, 0);
        state.RunSamples++;
        var rate = Math.Max(1 / state.RunSamples, 0.05);
        state.RunMean += rate * (view.Residual - state.RunMean);
        state.RunSpread += rate * (Math.Abs(view.Residual - state.RunMean) - state.RunSpread);
        var isLong = seen.UnixMs - state.RunStartMs >= RegimeMs && state.RunSamples >= RegimeSamples;
        if (!isLong || state.RunSpread > RegimeSpread * Math.Abs(state.RunMean))
            return false;

        if (state.Profile.Season == ModelSeason.None)
        {
            state.Level += state.RunMean;
            MoveDeviations(-state.RunMean);
        }
        else
        {
            state.Offset += state.RunMean;
        }
        (state.RunSamples, state.RunMisses, state.Shift, state.Drift) = (0, 0, 0, 0);
        return true;
    }

    private void MoveDeviations(double by)
    {
        state.LastDeviation += by;
        state.Forecast.Shift(by);
        state.Sudden.Shift(by);
    }

    /// <summary>Weight of a new sample in an exponential mean over some steps.</summary>
    private static double Share(double memory, double steps) => steps is > 0.9 and < 1.1 ? 1 / memory : 1 - Math.Exp(-steps / memory);
}
