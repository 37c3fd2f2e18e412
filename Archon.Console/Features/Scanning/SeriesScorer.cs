using Archon.Analysis.Detection;
using Archon.Data.Anomalies;
using Archon.Data.Catalogue;
using Archon.Ui.Format;

namespace Archon.Features.Scanning;

/// <summary>One stretch outside as it grows; becomes a row of <see cref="Anomaly"/>.</summary>
internal sealed class OpenSpan
{
    public required DateTimeOffset StartedAt { get; init; }
    public DateTimeOffset LastSeenAt { get; set; }
    public DateTimeOffset? EndedAt { get; set; }
    public required AnomalyDirection Direction { get; init; }
    public double Score { get; set; }
    public double Confidence { get; set; }
    public double Value { get; set; }
    public double Expected { get; set; }
    public double Lower { get; set; }
    public double Upper { get; set; }
    public double PeakValue { get; set; }
    public double PeakDeviation { get; set; }
    public int SamplesOutside { get; set; }
    public string Season { get; init; } = "none";
    public int FittedSamples { get; init; }

    /// <summary>What is unusual, at the most unusual sample; and what the members of the detector thought when they were surest.</summary>
    public string Explanation { get; set; } = "";
    public List<AnomalyVote> Votes { get; set; } = [];

    /// <summary>Not in the database yet as it is here.</summary>
    public bool Dirty { get; set; }
}

/// <summary>Scores one series sample by sample and holds what is open. Not safe for two threads at once.</summary>
internal sealed class SeriesScorer(
    long seriesId,
    int? serviceId,
    SeriesModel? model,
    AnomalyDirection interesting,
    string unit,
    DetectorSettings settings
)
{
    /// <summary>One sample may be a hiccup of the scrape, so two confirm.</summary>
    private const int Confirm = 2;

    /// <summary>So far outside that one sample is enough, in robust standard deviations.</summary>
    private const double Unmistakable = 25;

    /// <summary>Confidence below which nothing is told at sensitivity 0; at 0.5 half of it, at 1 nothing of it.</summary>
    private const double LeastConfidence = 0.2;

    /// <summary>Samples inside that end an anomaly: less, and one fault is told many times.</summary>
    private const int Calm = 4;

    private readonly AnomalyDetector? detector = model is null ? null : new AnomalyDetector(model, settings);

    // Outside of its band and still as good as certainly nothing: that is not told, unless one asked to be told much.
    private readonly double leastConfidence = LeastConfidence * (1 - Math.Clamp(settings.Sensitivity, 0, 1));
    private readonly List<OpenSpan> ended = [];
    private OpenSpan? candidate;
    private DateTimeOffset? calmSince;
    private bool hasGoneOn;
    private int calm;

    public long SeriesId => seriesId;
    public int? ServiceId => serviceId;

    /// <summary>What is known by now, to be stored; null without a model.</summary>
    public SeriesModel? Model => detector?.Model;

    /// <summary>Unix milliseconds up to which the stored model has seen samples; null without one.</summary>
    public long? KnownToMs => model?.LastSampleMs;
    public OpenSpan? Open { get; private set; }
    public DateTimeOffset? LastSampleAt { get; private set; }
    public double LastValue { get; private set; } = double.NaN;
    public double LastLower { get; private set; } = double.NaN;
    public double LastUpper { get; private set; } = double.NaN;

    /// <summary>Why the last sample was not judged; null when it was.</summary>
    public string? Guarded { get; private set; }

    /// <summary>Goes on with what the database has as open.</summary>
    public void Resume(Anomaly anomaly) =>
        Open = new OpenSpan
        {
            StartedAt = anomaly.StartedAt,
            LastSeenAt = anomaly.LastSeenAt,
            Direction = anomaly.Direction,
            Score = anomaly.Score,
            Confidence = anomaly.Confidence,
            Value = anomaly.Value,
            Expected = anomaly.Expected,
            Lower = anomaly.ExpectedLower,
            Upper = anomaly.ExpectedUpper,
            PeakValue = anomaly.PeakValue,
            PeakDeviation = anomaly.PeakDeviation,
            SamplesOutside = anomaly.SamplesOutside,
            Season = anomaly.Season,
            FittedSamples = anomaly.FittedSamples,
            Explanation = anomaly.Explanation,
            Votes = anomaly.Votes,
        };

    /// <summary>Samples that an earlier scan has scored: they bring the detector back to where it was and change no anomaly.</summary>
    public void Replay(long unixMs, double value, double requests)
    {
        // What the stored model has seen it has learnt from already.
        if (detector is null || unixMs <= KnownToMs)
            return;
        GoOn(unixMs);
        var at = DateTimeOffset.FromUnixTimeMilliseconds(unixMs);
        var verdict = detector.Score(unixMs, value, requests);
        if (verdict.Judgement != SampleJudgement.Judged)
            return;
        if (Open is null)
        {
            Follow(at, value, verdict);
            // Whatever this would have told is told already.
            if (Open is not null)
                (candidate, Open) = (null, null);
            ended.Clear();
        }
        else if (at > Open.LastSeenAt)
        {
            CountCalm(at, Counts(verdict));
        }
    }

    /// <param name="requests">How many requests the value was computed from; NaN when that is not known.</param>
    public void Score(long unixMs, double value, double requests)
    {
        var at = DateTimeOffset.FromUnixTimeMilliseconds(unixMs);
        (LastSampleAt, LastValue, LastLower, LastUpper, Guarded) = (at, value, double.NaN, double.NaN, null);
        if (detector is null)
            return;
        GoOn(unixMs);
        var verdict = detector.Score(unixMs, value, requests);
        if (verdict.Judgement is SampleJudgement.Judged or SampleJudgement.LowTraffic)
            (LastLower, LastUpper) = (verdict.Lower, verdict.Upper);
        if (verdict.Judgement == SampleJudgement.LowTraffic)
            Guarded = settings.Guard?.Reason(value, verdict.Expected, requests);
        if (verdict.Judgement == SampleJudgement.Judged)
            Follow(at, value, verdict);
    }

    /// <summary>Time that nobody read is no silence of the series.</summary>
    private void GoOn(long unixMs)
    {
        if (!hasGoneOn && unixMs > KnownToMs)
            detector!.Skip(unixMs - 1);
        hasGoneOn = true;
    }

    /// <summary>The series is gone: what was open ends with its last sample.</summary>
    public void Vanish()
    {
        if (Open is null)
            return;
        End(Open.LastSeenAt);
    }

    /// <summary>Everything that is not in the database yet; afterwards it counts as saved.</summary>
    public IEnumerable<OpenSpan> TakeChanges()
    {
        foreach (var span in ended)
            yield return span;
        ended.Clear();
        if (Open is { Dirty: true } open)
        {
            open.Dirty = false;
            yield return open;
        }
    }

    private void Follow(DateTimeOffset at, double value, SampleVerdict verdict)
    {
        var outside = Counts(verdict);
        var direction = verdict.Direction == DeviationDirection.Down ? AnomalyDirection.Down : AnomalyDirection.Up;
        if (Open is not null)
        {
            if (outside && direction == Open.Direction)
            {
                Extend(Open, at, value, verdict);
                (calm, calmSince) = (0, null);
            }
            else if (CountCalm(at, outside))
            {
                End(calmSince!.Value);
            }
            return;
        }
        if (!outside)
        {
            candidate = null;
            return;
        }
        if (candidate is null || candidate.Direction != direction)
        {
            candidate = new OpenSpan
            {
                StartedAt = at,
                Direction = direction,
                Season = Season(),
                FittedSamples = model!.FittedSamples,
            };
        }
        Extend(candidate, at, value, verdict);
        // What the members agree on needs no second sample: they have looked at the ones before.
        if (
            (candidate.SamplesOutside >= Confirm && candidate.Confidence >= leastConfidence)
            || IsReported(verdict)
            || Math.Abs(verdict.Deviation) >= Unmistakable
        )
        {
            (Open, candidate, calm, calmSince) = (candidate, null, 0, null);
        }
    }

    /// <summary>
    /// The members agree, and the loudest of them sees what never need leave the band. What it sees in a single sample has to leave the band; and samples that
    /// were missing are "not checked", no anomaly of what came after them.
    /// </summary>
    private static bool IsReported(in SampleVerdict verdict) =>
        verdict.IsAlert && verdict.Votes.Loudest is (DetectionMember.Shift or DetectionMember.Drift or DetectionMember.FlatLine);

    /// <summary>Only the direction that people asked for counts.</summary>
    private bool Counts(in SampleVerdict verdict) =>
        (verdict.IsOutside || IsReported(verdict))
        && interesting switch
        {
            AnomalyDirection.Up => verdict.Direction == DeviationDirection.Up,
            AnomalyDirection.Down => verdict.Direction == DeviationDirection.Down,
            _ => true,
        };

    private bool CountCalm(DateTimeOffset at, bool outside)
    {
        if (outside && Open is not null && calm == 0)
            return false;
        calmSince ??= at;
        return ++calm >= Calm;
    }

    private void End(DateTimeOffset at)
    {
        Open!.EndedAt = at < Open.LastSeenAt ? Open.LastSeenAt : at;
        ended.Add(Open);
        (Open, candidate, calm, calmSince) = (null, null, 0, null);
    }

    // Kept with the anomaly, where only plain characters are.
    private string Figure(double value) => Figures.Plain(Figures.Format(value, unit));

    private void Extend(OpenSpan span, DateTimeOffset at, double value, in SampleVerdict verdict)
    {
        span.LastSeenAt = at;
        span.SamplesOutside++;
        (span.Value, span.Expected, span.Lower, span.Upper) = (value, verdict.Expected, verdict.Lower, verdict.Upper);
        span.Score = Math.Max(span.Score, verdict.Score);
        span.Confidence = Math.Max(span.Confidence, verdict.Confidence);
        if (span.SamplesOutside == 1 || Math.Abs(verdict.Deviation) > Math.Abs(span.PeakDeviation))
        {
            (span.PeakValue, span.PeakDeviation) = (value, verdict.Deviation);
            span.Explanation = Explanation.Of(verdict, value, at.ToUnixTimeMilliseconds(), TimeZoneInfo.Utc, Figure);
        }
        // The members need a few samples to find their feet at a finer step than that of the history: their loudest word counts.
        var votes = Voted(verdict.Votes);
        if (votes.Sum(vote => vote.Score) > span.Votes.Sum(vote => vote.Score) || span.Votes.Count == 0)
            span.Votes = votes;
        span.Dirty = true;
    }

    /// <summary>Votes are powers of ten of rarity; 6, one in a million, is as much as one member can say.</summary>
    private static List<AnomalyVote> Voted(MemberVotes votes) =>
        [.. Enum.GetValues<DetectionMember>().Select(member => new AnomalyVote(member.ToString(), Math.Clamp(votes[member] / 6.0, 0, 1)))];

    private string Season() => model!.Season.ToString().ToLowerInvariant();
}
