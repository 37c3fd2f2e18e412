using System.Globalization;

namespace Archon.Analysis.Detection;

/// <summary>Says in one sentence what a verdict means to a person on call.</summary>
public static class Explanation
{
    private const double NotableRatio = 1.5;
    private const double NegligibleShare = 0.01;

    /// <summary>Such as "3.4 x above what Tuesdays 14:00 usually are, further than ever seen".</summary>
    /// <param name="value">The sample.</param>
    /// <param name="unixMs">Its time in Unix milliseconds.</param>
    /// <param name="zone">Whose wall clock the reader lives by.</param>
    public static string Of(in SampleVerdict verdict, double value, long unixMs, TimeZoneInfo zone) =>
        verdict.Judgement switch
        {
            SampleJudgement.Learning => "Too little was seen yet to know what is usual",
            SampleJudgement.Missing => verdict.Votes[DetectionMember.Gap] >= MemberVotes.Agrees ? "Silent for unusually long" : "No value",
            SampleJudgement.Late => "Came too late to be judged",
            SampleJudgement.LowTraffic => "Computed from too few requests to be judged",
            _ => Judged(verdict, value, Usual(verdict.Season, unixMs, zone)),
        };

    private static string Judged(in SampleVerdict verdict, double value, (string Usually, string Is) usual)
    {
        var loudest = verdict.Votes.Loudest;
        if (verdict.Votes[loudest] >= MemberVotes.Agrees && !verdict.IsOutside)
        {
            if (loudest == DetectionMember.FlatLine)
                return "Stands still where it usually moves";
            if (loudest == DetectionMember.Gap)
                return "Back after being silent for unusually long";
        }
        var sentence = Distance(verdict, value, usual);
        if (verdict.Votes[DetectionMember.Range] >= MemberVotes.Agrees)
            sentence += ", further than ever seen";
        if (verdict.IsNewNormal)
            sentence += "; it has kept to this level and that counts as normal from now on";
        return sentence;
    }

    private static string Distance(in SampleVerdict verdict, double value, (string Usually, string Is) usual)
    {
        var (expected, what) = (verdict.Expected, $"what {usual.Usually} usually {usual.Is}");
        if (!verdict.IsOutside && verdict.Votes.Agreeing == 0)
            return $"Within {what}";
        if (double.IsInfinity(value))
            return $"Infinitely {(value > 0 ? "above" : "below")} {what}";
        // A ratio to next to nothing, or across zero, tells nobody anything.
        var band = Math.Max(Math.Abs(verdict.Upper), Math.Abs(verdict.Lower));
        if (expected * value <= 0 || Math.Abs(expected) < NegligibleShare * band)
        {
            return $"{Figure(Math.Abs(value - expected))} {(value >= expected ? "above" : "below")} {what} ({Figure(expected)})";
        }
        var ratio = value / expected;
        return ratio switch
        {
            >= NotableRatio => string.Create(CultureInfo.InvariantCulture, $"{Figure(ratio)} x above {what}"),
            >= 1 => string.Create(CultureInfo.InvariantCulture, $"{(ratio - 1) * 100:0.#} % above {what}"),
            > 1 / NotableRatio => string.Create(CultureInfo.InvariantCulture, $"{(1 - ratio) * 100:0.#} % below {what}"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{Figure(1 / ratio)} x below {what}"),
        };
    }

    private static (string Usually, string Is) Usual(ModelSeason season, long unixMs, TimeZoneInfo zone)
    {
        var local = TimeZoneInfo.ConvertTime(DateTimeOffset.FromUnixTimeMilliseconds(unixMs), zone);
        var slot = local.AddMinutes(-(local.Minute % SeasonProfile.SlotMinutes));
        return season switch
        {
            ModelSeason.Week => (slot.ToString("dddd's' HH:mm", CultureInfo.InvariantCulture), "are"),
            ModelSeason.Day => (slot.ToString("HH:mm", CultureInfo.InvariantCulture), "is"),
            _ => ("it", "is"),
        };
    }

    /// <summary>Three significant digits are as many as anyone reads.</summary>
    private static string Figure(double value) =>
        Math.Abs(value) switch
        {
            0 => "0",
            >= 100 and < 1e15 => value.ToString("#,0", CultureInfo.InvariantCulture),
            >= 10 and < 100 => value.ToString("0.#", CultureInfo.InvariantCulture),
            _ => value.ToString("G2", CultureInfo.InvariantCulture),
        };
}
