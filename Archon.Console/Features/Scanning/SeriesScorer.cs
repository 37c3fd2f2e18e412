using Archon.Analysis.Detection;
using Archon.Data.Anomalies;
using Archon.Data.Catalogue;
using Archon.Ui.Format;

namespace Archon.Features.Scanning;

/// <summary>Scores one series sample by sample and holds what is open. Not safe for two threads at once.</summary>
internal sealed class SeriesScorer(
    long seriesId,
    int? serviceId,
    SeriesModel? model,
    AnomalyDirection interesting,
    string unit,
    DetectorSettings settings,
    ScanSettings scan
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

    // A value computed over a window says something once samples fill it.
    private DateTimeOffset? wholeFrom;

    // Since the last judged sample, without the time in which the source gave nothing; and up to where that is counted.
    private TimeSpan unjudged;
    private DateTimeOffset? countedTo;

    // Since when values are where they cannot get any worse.
    private DateTimeOffset? atEndSince;
    private DateTimeOffset? atEndSeen;

    public long SeriesId => seriesId;
    public int? ServiceId => serviceId;

    /// <summary>What is known by now, to be stored; null without a model.</summary>
    public SeriesModel? Model => detector?.Model;

    /// <summary>Unix milliseconds up to which the stored model has seen samples; null without one.</summary>
    public long? KnownToMs => model?.LastSampleMs;

    /// <summary>The newest sample that the stored model has seen; null without one.</summary>
    public DateTimeOffset? LearntTo => KnownToMs is { } ms ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : null;

    /// <summary>What is less rare is not reported: follows from all series of the environment.</summary>
    public double LeastRarity { get; set; }

    public HourlyPeaks Peaks { get; init; } = new();

    public OpenSpan? Open { get; private set; }
    public DateTimeOffset? LastSampleAt { get; private set; }
    public double LastValue { get; private set; } = double.NaN;
    public double LastLower { get; private set; } = double.NaN;
    public double LastUpper { get; private set; } = double.NaN;

    /// <summary>Why the last sample was not judged; null when it was.</summary>
    public string? Guarded { get; private set; }

    /// <summary>Goes on with what the database has as open.</summary>
    /// <param name="scannedTo">Up to where an earlier scan scored the series.</param>
    /// <param name="without">For how long before that the source answered and nothing could be judged.</param>
    public void Resume(Anomaly anomaly, DateTimeOffset scannedTo, TimeSpan without)
    {
        (unjudged, countedTo) = (without, scannedTo);
        Open = new OpenSpan
        {
            StartedAt = anomaly.StartedAt,
            LastSeenAt = anomaly.LastSeenAt,
            Direction = anomaly.Direction,
            Score = anomaly.Score,
            Confidence = anomaly.Confidence,
            Severity = anomaly.Severity,
            SeverityReason = anomaly.SeverityReason,
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
    }

    /// <summary>The newest sample that an earlier scan saw.</summary>
    public void GoOnFrom(DateTimeOffset? lastSampleAt) => LastSampleAt = lastSampleAt;

    /// <summary>Samples that an earlier scan has scored: they bring the detector back to where it was and change no anomaly.</summary>
    /// <param name="gap">Why the source makes the value meaningless; null where it does not.</param>
    public void Replay(long unixMs, double value, double requests, string? gap)
    {
        var at = DateTimeOffset.FromUnixTimeMilliseconds(unixMs);
        gap ??= Unfilled(at);
        LastSampleAt = at;
        if (IsTooFew(requests))
            atEndSince = null;
        else
            FollowEnd(at, gap is null ? value : double.NaN);
        // What the stored model has seen it has learnt from already.
        if (detector is null || unixMs <= KnownToMs)
            return;
        GoOn(unixMs);
        if (gap is not null)
        {
            detector.Skip(unixMs);
            return;
        }
        var verdict = detector.Score(unixMs, value, requests, LeastRarity);
        if (verdict.Judgement != SampleJudgement.Judged)
            return;
        if (countedTo is { } counted && counted - at < unjudged)
            unjudged = counted - at;
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
            CountCalm(at, Counts(verdict, value) || (IsAtEnd(at) && !verdict.IsExpectedTime));
        }
    }

    /// <param name="requests">How many requests the value was computed from; NaN when that is not known.</param>
    /// <param name="gap">Why the source makes the value meaningless; null where it does not.</param>
    public void Score(long unixMs, double value, double requests, string? gap)
    {
        var at = DateTimeOffset.FromUnixTimeMilliseconds(unixMs);
        gap ??= Unfilled(at);
        (LastSampleAt, LastValue, LastLower, LastUpper, Guarded) = (at, value, double.NaN, double.NaN, gap);
        if (gap is not null)
        {
            FollowEnd(at, double.NaN);
            GoOn(unixMs);
            detector?.Skip(unixMs);
            return;
        }
        GoOn(unixMs);
        var verdict = detector?.Score(unixMs, value, requests, LeastRarity) ?? Unlearnt(value, requests);
        if (detector is not null && verdict.Judgement is SampleJudgement.Judged or SampleJudgement.LowTraffic)
            (LastLower, LastUpper) = (verdict.Lower, verdict.Upper);
        if (verdict.Judgement == SampleJudgement.LowTraffic)
        {
            Guarded = settings.Guard?.Reason(value, verdict.Expected, requests);
            atEndSince = null;
            return;
        }
        FollowEnd(at, value);
        if (verdict.Judgement != SampleJudgement.Judged && !(verdict.Judgement == SampleJudgement.Learning && IsSeenWithoutBand(at)))
            return;
        (unjudged, countedTo) = (TimeSpan.Zero, at);
        if (verdict.Judgement == SampleJudgement.Judged)
            Peaks.Add(at, verdict.Rarity);
        Follow(at, value, verdict);
    }

    /// <summary>What needs no band: values where they cannot get any worse, and an anomaly that began with such.</summary>
    private bool IsSeenWithoutBand(DateTimeOffset at) => IsAtEnd(at) || Open is { FittedSamples: 0 };

    private SampleVerdict Unlearnt(double value, double requests) =>
        new()
        {
            Judgement =
                double.IsNaN(value) ? SampleJudgement.Missing
                : IsTooFew(requests) ? SampleJudgement.LowTraffic
                : SampleJudgement.Learning,
            Expected = double.NaN,
            Lower = double.NaN,
            Upper = double.NaN,
        };

    /// <summary>As far as it can be said without a model: a rate's own requests are compared with what is expected.</summary>
    private bool IsTooFew(double requests) =>
        settings.Guard is { Statistic: not RequestStatistic.Rate } guard && !guard.IsEnough(double.NaN, double.NaN, requests);

    private void FollowEnd(DateTimeOffset at, double value)
    {
        // What was before an absence is another fault, if it was one.
        if (at - atEndSeen > scan.Absence)
            atEndSince = null;
        if (scan.End?.IsAt(value) == true)
            (atEndSince, atEndSeen) = (atEndSince ?? at, at);
        else if (!double.IsNaN(value))
            atEndSince = null;
    }

    private bool IsAtEnd(DateTimeOffset at) => at - atEndSince >= scan.End?.After;

    /// <summary>Ends an anomaly that nothing was judged of for too long while the source answered: a guard or a gap must not keep it open for ever.</summary>
    /// <param name="from">Where the scanned stretch begins.</param>
    public void EndIfUnjudged(DateTimeOffset from, DateTimeOffset to, SourceGaps gaps)
    {
        if (Open is null)
            return;
        unjudged += gaps.Answered(countedTo > from ? countedTo.Value : from, to);
        countedTo = to;
        if (unjudged < scan.MostUnjudged)
            return;
        var why =
            LastSampleAt is null || to - LastSampleAt >= scan.MostUnjudged ? "The series has no more samples."
            : double.IsNaN(LastValue) ? $"No value for {Figures.Plain(Ages.Of(unjudged))}."
            : Guarded is not null ? $"No longer judged for {Figures.Plain(Ages.Of(unjudged))}. {Guarded}"
            : "No longer judged: what is normal is learnt anew.";
        End(Open.LastSeenAt, why);
    }

    /// <summary>A series that is new or was away: what is computed over a window is not judged before samples fill it.</summary>
    private string? Unfilled(DateTimeOffset at)
    {
        if (scan.Window == TimeSpan.Zero)
            return null;
        if (LastSampleAt is null || at - LastSampleAt > scan.Absence)
            wholeFrom = at + scan.Window;
        return at < wholeFrom ? SourceGaps.NotWhole : null;
    }

    /// <summary>Time that nobody read is no silence of the series.</summary>
    private void GoOn(long unixMs)
    {
        if (!hasGoneOn && unixMs > KnownToMs)
            detector!.Skip(unixMs - 1);
        hasGoneOn = true;
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
        var isAtEnd = IsAtEnd(at) && !verdict.IsExpectedTime;
        var outside = isAtEnd || Counts(verdict, value);
        var direction =
            isAtEnd ? scan.End!.Value.Direction
            : verdict.Direction == DeviationDirection.Down ? AnomalyDirection.Down
            : AnomalyDirection.Up;
        if (isAtEnd)
            verdict = verdict with { Score = 1, Confidence = 1 };
        if (Open is not null)
        {
            if (outside && direction == Open.Direction)
            {
                Extend(Open, at, value, verdict);
                Open.ToBeGraded(scan.Step);
                (calm, calmSince) = (0, null);
            }
            else if (CountCalm(at, outside))
            {
                End(calmSince!.Value, verdict.IsOutside ? "Back close to its expected band." : "Back in its expected band.");
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
                StartedAt = isAtEnd ? atEndSince!.Value : at,
                Direction = direction,
                Season = Season(),
                FittedSamples = model?.FittedSamples ?? 0,
            };
        }
        Extend(candidate, at, value, verdict);
        // What the members agree on needs no second sample: they have looked at the ones before.
        if (
            (candidate.SamplesOutside >= Confirm && candidate.Confidence >= leastConfidence)
            || IsReported(verdict)
            || Math.Abs(verdict.Deviation) >= Unmistakable
            || isAtEnd
        )
        {
            (Open, candidate, calm, calmSince) = (candidate, null, 0, null);
            Open.ToBeGraded(scan.Step);
        }
    }

    /// <summary>
    /// The members agree, and the loudest of them sees what never need leave the band. What it sees in a single sample has to leave the band; and samples that
    /// were missing are "not checked", no anomaly of what came after them.
    /// </summary>
    private static bool IsReported(in SampleVerdict verdict) =>
        verdict.IsAlert && verdict.Votes.Loudest is (DetectionMember.Shift or DetectionMember.Drift or DetectionMember.FlatLine);

    /// <summary>Only the direction that people asked for counts, and only what somebody could notice.</summary>
    private bool Counts(in SampleVerdict verdict, double value) =>
        (verdict.IsOutside || IsReported(verdict))
        && IsWorthAPerson(verdict, value)
        && interesting switch
        {
            AnomalyDirection.Up => verdict.Direction == DeviationDirection.Up,
            AnomalyDirection.Down => verdict.Direction == DeviationDirection.Down,
            _ => true,
        };

    /// <summary>A value that no longer moves is a finding at any distance from what is usual.</summary>
    private bool IsWorthAPerson(in SampleVerdict verdict, double value) =>
        (IsReported(verdict) && verdict.Votes.Loudest == DetectionMember.FlatLine)
        || Impact.IsWorthAPerson(scan.Impact, new Deviation(value, verdict.Expected, verdict.Upper, verdict.Direction, TimeSpan.Zero));

    private bool CountCalm(DateTimeOffset at, bool outside)
    {
        if (outside && Open is not null && calm == 0)
            return false;
        calmSince ??= at;
        return ++calm >= Calm;
    }

    private void End(DateTimeOffset at, string reason)
    {
        (Open!.EndedAt, Open.EndReason) = (at < Open.LastSeenAt ? Open.LastSeenAt : at, reason);
        ended.Add(Open);
        // What goes on, or comes again, is an anomaly of its own.
        (Open, candidate, calm, calmSince, atEndSince) = (null, null, 0, null, null);
    }

    // Kept with the anomaly, where only plain characters are.
    private string Figure(double value) => Figures.Plain(Figures.Format(value, unit));

    private void Extend(OpenSpan span, DateTimeOffset at, double value, in SampleVerdict verdict)
    {
        span.LastSeenAt = at;
        span.SamplesOutside++;
        span.Value = value;
        if (detector is not null)
            (span.Expected, span.Lower, span.Upper) = (verdict.Expected, verdict.Lower, verdict.Upper);
        else
            (span.Expected, span.Lower, span.Upper) = BesideEnd();
        span.Score = Math.Max(span.Score, verdict.Score);
        span.Confidence = Math.Max(span.Confidence, verdict.Confidence);
        if (span.SamplesOutside == 1 || Math.Abs(verdict.Deviation) > Math.Abs(span.PeakDeviation))
        {
            (span.PeakValue, span.PeakDeviation) = (value, verdict.Deviation);
            span.Explanation = Explanation.Of(verdict, value, at.ToUnixTimeMilliseconds(), TimeZoneInfo.Utc, Figure);
        }
        if (IsAtEnd(at))
        {
            var length = Figures.Plain(Ages.Of(at - atEndSince!.Value));
            span.Explanation = $"{scan.End!.Value.Words} for {length}: {Figure(value)}";
        }
        // The members need a few samples to find their feet at a finer step than that of the history: their loudest word counts.
        var votes = Voted(verdict.Votes);
        if (votes.Sum(vote => vote.Score) > span.Votes.Sum(vote => vote.Score) || span.Votes.Count == 0)
            span.Votes = votes;
        span.Dirty = true;
    }

    /// <summary>Everything but the end is expected where nothing was learnt yet.</summary>
    private (double Expected, double Lower, double Upper) BesideEnd()
    {
        var end = scan.End?.Value ?? 0;
        return scan.End?.Direction == AnomalyDirection.Up ? (0, 0, end) : (Math.Max(1, end), end, Math.Max(1, end));
    }

    /// <summary>Votes are powers of ten of rarity; 6, one in a million, is as much as one member can say.</summary>
    private static List<AnomalyVote> Voted(MemberVotes votes) =>
        [.. Enum.GetValues<DetectionMember>().Select(member => new AnomalyVote(member.ToString(), Math.Clamp(votes[member] / 6.0, 0, 1)))];

    private string Season() => (model?.Season ?? ModelSeason.None).ToString().ToLowerInvariant();
}
