using System.Globalization;
using Archon.Analysis.Detection;
using Xunit;

namespace Archon.Tests.Analysis.Detection;

public sealed class ExplanationTests
{
    private static readonly long Tuesday = SeriesText.Monday.AddDays(1).AddHours(14).AddMinutes(12).ToUnixTimeMilliseconds();

    [Theory]
    [InlineData(ModelSeason.Week, 340, "3.4× the usual value for Tuesdays at 14:00")]
    [InlineData(ModelSeason.Day, 120, "20 % above the usual value at 14:00")]
    [InlineData(ModelSeason.None, 80, "20 % below the usual value")]
    [InlineData(ModelSeason.None, 25, "75 % below the usual value")]
    [InlineData(ModelSeason.None, -30, "-30 ms, usually near 100 ms")]
    [InlineData(ModelSeason.None, double.PositiveInfinity, "Infinity ms, usually near 100 ms")]
    public void A_distance_is_reported_as_people_say_it(ModelSeason season, double value, string sentence) =>
        Assert.Equal(sentence, Explanation.Of(Outside(100, season), value, Tuesday, TimeZoneInfo.Utc, Milliseconds));

    [Fact]
    public void The_time_is_that_of_the_readers_clock() =>
        Assert.Equal(
            "2× the usual value for Tuesdays at 15:00",
            Explanation.Of(Outside(100, ModelSeason.Week), 200, Tuesday, TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin"), Milliseconds)
        );

    [Fact]
    public void A_ratio_to_next_to_nothing_is_not_reported() =>
        Assert.Equal(
            "0.3 ms, usually near 0.0001 ms",
            Explanation.Of(Outside(0.0001, ModelSeason.None) with { Upper = 0.1 }, 0.3, Tuesday, TimeZoneInfo.Utc, Milliseconds)
        );

    [Theory]
    [InlineData(SampleJudgement.Learning, "Too little history to know the usual value")]
    [InlineData(SampleJudgement.LowTraffic, "Computed from too few requests to be judged")]
    [InlineData(SampleJudgement.Late, "Arrived too late to be judged")]
    [InlineData(SampleJudgement.Missing, "No value")]
    public void What_was_not_judged_says_why(SampleJudgement judgement, string sentence) =>
        Assert.Equal(sentence, Explanation.Of(new SampleVerdict { Judgement = judgement }, 1, Tuesday, TimeZoneInfo.Utc, Milliseconds));

    [Fact]
    public void What_members_saw_is_reported()
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

        Assert.Equal("Does not change, though it usually does", Explanation.Of(flat, 5, Tuesday, TimeZoneInfo.Utc, Milliseconds));
        Assert.Equal(
            "2× the usual value; highest seen",
            Explanation.Of(Outside(100, ModelSeason.None) with { Votes = votes }, 200, Tuesday, TimeZoneInfo.Utc, Milliseconds)
        );
        Assert.Equal("Near the usual value", Explanation.Of(flat with { Votes = default }, 5, Tuesday, TimeZoneInfo.Utc, Milliseconds));
    }

    private static string Milliseconds(double value) => string.Create(CultureInfo.InvariantCulture, $"{value} ms");

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
