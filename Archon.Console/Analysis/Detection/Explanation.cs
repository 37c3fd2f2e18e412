using System.Globalization;

namespace Archon.Analysis.Detection;

/// <summary>States in one sentence how a sample differs from the usual.</summary>
public static class Explanation
{
    private const double NotableRatio = 1.5;

    // Beyond it the two values say more.
    private const double MostRatio = 10_000;
    private const double NegligibleShare = 0.01;

    // What is left is not nothing: 100 % would be rounded.
    private const double MostBelow = 99.9;

    /// <summary>Such as "3.4× the usual value for Tuesdays at 14:00; highest seen".</summary>
    /// <param name="value">The sample.</param>
    /// <param name="unixMs">Its time in Unix milliseconds.</param>
    /// <param name="zone">The time zone of the reader.</param>
    /// <param name="figure">Writes a value with its unit.</param>
    public static string Of(in SampleVerdict verdict, double value, long unixMs, TimeZoneInfo zone, Func<double, string> figure) =>
        verdict.Judgement switch
        {
            SampleJudgement.Learning => "Too little history to know the usual value",
            SampleJudgement.Missing => verdict.Votes[DetectionMember.Gap] >= MemberVotes.Agrees
                ? "No samples for unusually long"
                : "No value",
            SampleJudgement.Late => "Arrived too late to be judged",
            SampleJudgement.LowTraffic => "Computed from too few requests to be judged",
            _ => Judged(verdict, value, Usual(verdict.Season, unixMs, zone), figure),
        };

    private static string Judged(in SampleVerdict verdict, double value, string usual, Func<double, string> figure)
    {
        var loudest = verdict.Votes.Loudest;
        if (verdict.Votes[loudest] >= MemberVotes.Agrees && !verdict.IsOutside)
        {
            if (loudest == DetectionMember.FlatLine)
                return "Does not change, though it usually does";
            if (loudest == DetectionMember.Gap)
                return "Back after no samples for unusually long";
        }
        var sentence = Distance(verdict, value, usual, figure);
        if (verdict.Votes[DetectionMember.Range] >= MemberVotes.Agrees)
            sentence += value >= verdict.Expected ? "; highest seen" : "; lowest seen";
        if (verdict.IsNewNormal)
            sentence += "; this level counts as usual from now on";
        return sentence;
    }

    private static string Distance(in SampleVerdict verdict, double value, string usual, Func<double, string> figure)
    {
        var expected = verdict.Expected;
        if (!verdict.IsOutside && verdict.Votes.Agreeing == 0)
            return $"Near {usual}";
        // A ratio to nearly zero, or across zero, says nothing.
        var band = Math.Max(Math.Abs(verdict.Upper), Math.Abs(verdict.Lower));
        if (double.IsInfinity(value) || expected * value <= 0 || Math.Abs(expected) < NegligibleShare * band)
            return $"{figure(value)}, usually near {figure(expected)}";
        var ratio = value / expected;
        if (ratio > MostRatio)
            return $"{figure(value)}, usually near {figure(expected)}";
        return ratio switch
        {
            >= NotableRatio => string.Create(CultureInfo.InvariantCulture, $"{Ratio(ratio)}× {usual}"),
            >= 1 => string.Create(CultureInfo.InvariantCulture, $"{(ratio - 1) * 100:0.#} % above {usual}"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{Math.Min((1 - ratio) * 100, MostBelow):0.#} % below {usual}"),
        };
    }

    private static string Usual(ModelSeason season, long unixMs, TimeZoneInfo zone)
    {
        var local = TimeZoneInfo.ConvertTime(DateTimeOffset.FromUnixTimeMilliseconds(unixMs), zone);
        var slot = local.AddMinutes(-(local.Minute % SeasonProfile.SlotMinutes));
        return season switch
        {
            ModelSeason.Week => $"the usual value for {slot.ToString("dddd's at' HH:mm", CultureInfo.InvariantCulture)}",
            ModelSeason.Day => $"the usual value at {slot.ToString("HH:mm", CultureInfo.InvariantCulture)}",
            _ => "the usual value",
        };
    }

    /// <summary>Three significant digits are as many as anyone reads.</summary>
    private static string Ratio(double ratio) =>
        ratio switch
        {
            >= 100 => ratio.ToString("#,0", CultureInfo.InvariantCulture),
            >= 10 => ratio.ToString("0.#", CultureInfo.InvariantCulture),
            _ => ratio.ToString("G2", CultureInfo.InvariantCulture),
        };
}
