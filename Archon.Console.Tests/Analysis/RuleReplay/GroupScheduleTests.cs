using Archon.Analysis.RuleReplay;
using Xunit;

namespace Archon.Tests.Analysis.RuleReplay;

public sealed class GroupScheduleTests
{
    [Theory]
    [InlineData(LabelEncoding.Separated)]
    [InlineData(LabelEncoding.Varint)]
    [InlineData(LabelEncoding.Sized)]
    public void Evaluations_lie_one_interval_apart_and_the_first_is_never_before_its_start(LabelEncoding encoding)
    {
        var schedule = GroupSchedule.Of("/etc/prometheus/rules/node.yml", "node", TimeSpan.FromSeconds(15), encoding);
        var from = new DateTimeOffset(2026, 11, 25, 12, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();

        var first = schedule.First(from);

        Assert.InRange(first, from, from + 14_999);
        Assert.Equal(first, schedule.First(first));
        Assert.Equal(first + 15_000, schedule.First(first + 1));
        Assert.Equal((long)schedule.Offset.TotalMilliseconds, first % 15_000);
    }

    [Fact]
    public void Long_paths_are_hashed_differently_by_each_encoding_and_short_ones_alike_by_two()
    {
        var longPath = "/" + new string('x', 200) + "/" + new string('y', 200) + ".yml";

        Assert.Equal(Offset("/short.yml", LabelEncoding.Varint), Offset("/short.yml", LabelEncoding.Sized));
        Assert.NotEqual(Offset("/short.yml", LabelEncoding.Varint), Offset("/short.yml", LabelEncoding.Separated));
        Assert.NotEqual(Offset(longPath, LabelEncoding.Varint), Offset(longPath, LabelEncoding.Sized));

        static TimeSpan Offset(string file, LabelEncoding encoding) => GroupSchedule.Of(file, "g", TimeSpan.FromHours(1), encoding).Offset;
    }

    [Fact]
    public void A_schedule_can_be_laid_through_a_moment()
    {
        var moment = new DateTimeOffset(2026, 11, 25, 12, 0, 7, 250, TimeSpan.Zero);

        var schedule = GroupSchedule.Through(moment, TimeSpan.FromMinutes(1));

        Assert.Equal(moment.ToUnixTimeMilliseconds(), schedule.First(moment.ToUnixTimeMilliseconds() - 59_999));
    }

    [Theory]
    [InlineData("2.42.0", LabelEncoding.Separated)]
    [InlineData("2.44.0", LabelEncoding.Varint)]
    [InlineData("3.4.1", LabelEncoding.Varint)]
    [InlineData("3.5.0", LabelEncoding.Sized)]
    public void The_version_says_what_is_hashed(string version, LabelEncoding encoding) =>
        Assert.Equal(encoding, GroupSchedule.EncodingOf(Version.Parse(version)));
}
