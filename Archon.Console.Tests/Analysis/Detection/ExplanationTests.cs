using Archon.Analysis.Detection;
using Xunit;

namespace Archon.Tests.Analysis.Detection;

public sealed class ExplanationTests
{
    private static readonly long Tuesday = SeriesText.Monday.AddDays(1).AddHours(14).AddMinutes(12).ToUnixTimeMilliseconds();

    [Theory]
    [InlineData(ModelSeason.Week, 340, "3.4 x above what Tuesdays 14:00 usually are")]
    [InlineData(ModelSeason.Day, 120, "20 % above what 14:00 usually is")]
    [InlineData(ModelSeason.None, 80, "20 % below what it usually is")]
    [InlineData(ModelSeason.None, 25, "4 x below what it usually is")]
    [InlineData(ModelSeason.None, -30, "130 below what it usually is (100)")]
    [InlineData(ModelSeason.None, double.PositiveInfinity, "Infinitely above what it usually is")]
    public void A_distance_is_told_as_people_say_it(ModelSeason season, double value, string sentence) =>
        Assert.Equal(sentence, Explanation.Of(Outside(100, season), value, Tuesday, TimeZoneInfo.Utc));

    [Fact]
    public void The_time_is_that_of_the_readers_clock() =>
        Assert.Equal(
            "2 x above what Tuesdays 15:00 usually are",
            Explanation.Of(Outside(100, ModelSeason.Week), 200, Tuesday, TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin"))
        );

    [Fact]
    public void A_ratio_to_next_to_nothing_is_not_told() =>
        Assert.Equal(
            "0.3 above what it usually is (0.0001)",
            Explanation.Of(Outside(0.0001, ModelSeason.None) with { Upper = 0.1 }, 0.3, Tuesday, TimeZoneInfo.Utc)
        );

    [Theory]
    [InlineData(SampleJudgement.Learning, "Too little was seen yet to know what is usual")]
    [InlineData(SampleJudgement.LowTraffic, "Computed from too few requests to be judged")]
    [InlineData(SampleJudgement.Late, "Came too late to be judged")]
    [InlineData(SampleJudgement.Missing, "No value")]
    public void What_was_not_judged_says_why(SampleJudgement judgement, string sentence) =>
        Assert.Equal(sentence, Explanation.Of(new SampleVerdict { Judgement = judgement }, 1, Tuesday, TimeZoneInfo.Utc));

    [Fact]
    public void What_members_saw_is_told()
    {
        var votes = default(MemberVotes);
        votes[(int)DetectionMember.FlatLine] = 3;
        var flat = new SampleVerdict
        {
            Expected = 5,
            Lower = 4,
            Upper = 6,
            Votes = votes,
        };
        votes = default;
        votes[(int)DetectionMember.Range] = 3;

        Assert.Equal("Stands still where it usually moves", Explanation.Of(flat, 5, Tuesday, TimeZoneInfo.Utc));
        Assert.Equal(
            "2 x above what it usually is, further than ever seen",
            Explanation.Of(Outside(100, ModelSeason.None) with { Votes = votes }, 200, Tuesday, TimeZoneInfo.Utc)
        );
        Assert.Equal("Within what it usually is", Explanation.Of(flat with { Votes = default }, 5, Tuesday, TimeZoneInfo.Utc));
    }

    private static SampleVerdict Outside(double expected, ModelSeason season) =>
        new()
        {
            Expected = expected,
            Lower = expected * 0.9,
            Upper = expected * 1.1,
            IsOutside = true,
            Season = season,
        };
}
