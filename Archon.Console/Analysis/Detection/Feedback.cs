using System.Globalization;

namespace Archon.Analysis.Detection;

/// <summary>What a person thought of an anomaly.</summary>
public enum FeedbackLabel
{
    /// <summary>It was nothing.</summary>
    Noise,

    /// <summary>It was real and is no problem: the backup, the sale, the weekly load.</summary>
    Expected,

    /// <summary>It helped.</summary>
    Useful,
}

/// <summary>One label on one anomaly.</summary>
/// <param name="GivenAt">When the label was given.</param>
/// <param name="IsSameSeries">False for a label on a series alike, which counts half.</param>
/// <param name="AnomalyAt">When the anomaly was at its furthest.</param>
/// <param name="Deviation">Signed, at its furthest, in standard deviations.</param>
public sealed record AnomalyFeedback(
    DateTimeOffset GivenAt,
    FeedbackLabel Label,
    bool IsSameSeries,
    DateTimeOffset AnomalyAt,
    double Deviation
);

/// <summary>A time of the week at which deviations to one side are known and not told.</summary>
/// <param name="FromMinute">Minutes since Monday midnight on the wall clock, 0 to 10079.</param>
/// <param name="Minutes">Length; may run over the end of the week.</param>
/// <param name="MostDeviation">Further than this is told all the same, in standard deviations.</param>
public readonly record struct AcceptedTime(int FromMinute, int Minutes, DeviationDirection Direction, double MostDeviation)
{
    private const int WeekMinutes = 7 * 24 * 60;

    internal bool Contains(double wallMinutes, double deviation)
    {
        if (Math.Abs(deviation) > MostDeviation || (deviation > 0) != (Direction == DeviationDirection.Up))
            return false;
        var since = wallMinutes - FromMinute;
        return since - (WeekMinutes * Math.Floor(since / WeekMinutes)) < Minutes;
    }
}

/// <summary>What labels change in the detection of one series, and in words why.</summary>
public sealed record DetectionAdjustment
{
    public static readonly DetectionAdjustment None = new();

    /// <summary>By how many powers of ten an anomaly must be rarer to be told; 0 to 3.</summary>
    public double RarityShift { get; init; }

    public IReadOnlyList<AcceptedTime> Accepted { get; init; } = [];

    /// <summary>A sentence for each change. Empty exactly when nothing is changed.</summary>
    public IReadOnlyList<string> Words { get; init; } = [];
}

/// <summary>Turns labels into what the next detection does differently.</summary>
/// <remarks>
/// A rule with memory and no model: <c>noise</c> asks for rarer events, a little each time; <c>expected</c> accepts that time of the week
/// up to somewhat more than what was seen; <c>useful</c> takes back half of what noise had raised and every acceptance it contradicts.
/// Labels older than ninety days no longer count, so nothing is muted for ever.
/// </remarks>
public static class Feedback
{
    private const double NoiseShift = 0.5;
    private const double AlikeShare = 0.5;
    private const double MostShift = 3;
    private const double LeastShift = 0.05;
    private const double AcceptedRoom = 1.25;
    private const int AcceptedMinutesBefore = 60;
    private const int AcceptedMinutes = 150;

    private static readonly TimeSpan Memory = TimeSpan.FromDays(90);

    /// <param name="labels">In any order; those given after <paramref name="now"/> do not count.</param>
    /// <param name="zone">Whose wall clock times of the week follow.</param>
    public static DetectionAdjustment Adjust(IEnumerable<AnomalyFeedback> labels, DateTimeOffset now, TimeZoneInfo zone)
    {
        var recent = labels
            .Where(label => label.GivenAt <= now && label.GivenAt > now - Memory)
            .OrderBy(label => label.GivenAt)
            .ThenBy(label => label.AnomalyAt)
            .ToList();
        var (shift, noise, useful) = (0.0, 0, 0);
        var accepted = new List<(AcceptedTime Time, AnomalyFeedback Label)>();
        foreach (var label in recent)
        {
            var share = label.IsSameSeries ? 1 : AlikeShare;
            switch (label.Label)
            {
                case FeedbackLabel.Noise:
                    shift = Math.Min(MostShift, shift + (NoiseShift * share));
                    noise++;
                    break;
                case FeedbackLabel.Useful:
                    shift *= 1 - (share / 2);
                    accepted.RemoveAll(one => one.Time.Contains(WallMinutes(label.AnomalyAt, zone), label.Deviation));
                    useful++;
                    break;
                // What is expected of one series need not be of those alike.
                case FeedbackLabel.Expected when label.IsSameSeries:
                    accepted.Add((Accept(label, zone), label));
                    break;
            }
        }
        if (shift < LeastShift)
            shift = 0;
        return new DetectionAdjustment
        {
            RarityShift = shift,
            Accepted = [.. accepted.Select(one => one.Time)],
            Words = [.. ShiftWords(shift, noise, useful), .. accepted.Select(one => AcceptedWords(one.Time, one.Label))],
        };
    }

    /// <summary>What one more verdict would change, as a sentence.</summary>
    /// <param name="label">The verdict: noise or expected.</param>
    /// <param name="adjusted">What comes of all labels with this one as the last.</param>
    public static string Preview(FeedbackLabel label, DetectionAdjustment adjusted)
    {
        if (label == FeedbackLabel.Noise)
            return $"Marking it noise would make detection {Stricter(adjusted.RarityShift)} for this and similar series.";
        return adjusted.Accepted.Count == 0
            ? "Marking it expected would change nothing."
            : $"{Muted(adjusted.Accepted[^1])} would be muted.";
    }

    private static AcceptedTime Accept(AnomalyFeedback label, TimeZoneInfo zone)
    {
        var week = 7 * 24 * 60;
        var from = (((int)WallMinutes(label.AnomalyAt, zone) - AcceptedMinutesBefore) % week + week) % week;
        var direction = label.Deviation > 0 ? DeviationDirection.Up : DeviationDirection.Down;
        return new AcceptedTime(from, AcceptedMinutes, direction, Math.Abs(label.Deviation) * AcceptedRoom);
    }

    private static double WallMinutes(DateTimeOffset at, TimeZoneInfo zone)
    {
        var minutes = SeasonProfile.WallMinutes(at.ToUnixTimeMilliseconds(), zone.GetUtcOffset(at).TotalMinutes);
        return minutes % (7 * 24 * 60);
    }

    private static IEnumerable<string> ShiftWords(double shift, int noise, int useful)
    {
        if (shift <= 0)
            yield break;
        var back = useful > 0 ? $", and useful {Times(useful)}, which halved it" : "";
        yield return string.Create(
            CultureInfo.InvariantCulture,
            $"Detection is {Stricter(shift)} for this and similar series: their anomalies were marked noise {Times(noise)}{back}."
        );
    }

    private static string AcceptedWords(AcceptedTime time, AnomalyFeedback label)
    {
        return string.Create(CultureInfo.InvariantCulture, $"{Muted(time)} are muted: marked expected on {label.GivenAt:d MMMM yyyy}.");
    }

    private static string Stricter(double shift) => string.Create(CultureInfo.InvariantCulture, $"{Math.Pow(10, shift):0.#}× stricter");

    private static string Muted(AcceptedTime time)
    {
        var side = time.Direction == DeviationDirection.Up ? "above" : "below";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"Values up to {time.MostDeviation:0.#} deviations {side} the usual on {Days(time)}"
        );
    }

    private static string Days(AcceptedTime time)
    {
        var monday = new DateTime(2024, 1, 1, 0, 0, 0, DateTimeKind.Unspecified);
        var (from, to) = (monday.AddMinutes(time.FromMinute), monday.AddMinutes(time.FromMinute + time.Minutes));
        var end = from.Date == to.Date ? to.ToString("HH:mm", CultureInfo.InvariantCulture) : Day(to);
        return $"{Day(from)} to {end}";

        static string Day(DateTime at) => at.ToString("dddd's' HH:mm", CultureInfo.InvariantCulture);
    }

    private static string Times(int count) =>
        count switch
        {
            1 => "once",
            2 => "twice",
            _ => $"{count} times",
        };
}
