using Archon.Analysis.LogPatterns;
using Xunit;

namespace Archon.Tests.Analysis.LogPatterns;

public sealed class LogComparisonTests
{
    private const double Rate = 0.01;
    private static readonly DateTimeOffset Start = new(2026, 3, 2, 6, 0, 0, TimeSpan.Zero);
    private static readonly string[] Words = ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliett"];

    [Fact]
    public void New_gone_exploding_and_shrinking_templates_are_reported_the_most_significant_first()
    {
        var changes = Compare(
            24,
            ("steady flow of things", 4000),
            ("cache was refilled slowly", 400),
            ("peer went away now", 40),
            ("old job ran fine today", 200)
        );
        LogTemplateChange Of(string begin) => changes.Single(change => change.Template.Text.StartsWith(begin, StringComparison.Ordinal));

        Assert.Equal((LogChangeKind.Steady, false), (Of("steady").Kind, Of("steady").IsSignificant));
        Assert.Equal(LogChangeKind.Shrinking, Of("cache").Kind);
        Assert.Equal(LogChangeKind.Exploding, Of("peer").Kind);
        Assert.Equal((LogChangeKind.Gone, true), (Of("old").Kind, Of("old").IsSignificant));
        Assert.Equal((LogChangeKind.New, true), (Of("disk").Kind, Of("disk").IsSignificant));
        Assert.InRange(Of("peer").RateRatio!.Value, 70, 130);
        Assert.Null(Of("disk").RateRatio);
        Assert.Equal("disk of volume is full", Of("disk").Template.Example);
        Assert.Equal(changes.Select(change => change.PValue).Order(), changes.Select(change => change.PValue));
        Assert.All(changes, change => Assert.InRange(change.QValue, change.PValue, 1));
    }

    [Fact]
    public void One_line_that_was_never_seen_before_is_new_but_proves_nothing()
    {
        var miner = new LogTemplateMiner(new LogMinerSettings());
        for (var i = 0; i < 100; i++)
            miner.Add("all is well here", At(i), LogPeriod.Baseline);
        for (var i = 0; i < 100; i++)
            miner.Add("all is well here", At(i), LogPeriod.Window);
        miner.Add("a stray thing", At(100), LogPeriod.Window);

        var change = LogComparison.Compare(miner, Rate).Single(one => one.Kind == LogChangeKind.New);

        Assert.False(change.IsSignificant);
    }

    [Fact]
    public void Among_many_templates_that_did_not_change_hardly_any_is_called_significant()
    {
        var random = new Random(4);
        var miner = new LogTemplateMiner(new LogMinerSettings { WordsOfVariable = 1000 });
        for (var i = 0; i < 40_000; i++)
        {
            // Two words of ten tell a hundred statements; their shares differ by far.
            var (first, second) = (Words[(int)(10 * Math.Pow(random.NextDouble(), 2))], Words[random.Next(10)]);
            miner.Add($"{first}: {second}_{first}{second} was done", At(i % 20_000), i < 20_000 ? LogPeriod.Baseline : LogPeriod.Window);
        }

        var changes = LogComparison.Compare(miner, Rate);

        Assert.True(changes.Count > 50);
        Assert.InRange(changes.Count(change => change.IsSignificant), 0, 1);
        // The test is no sleeper: p is spread over the whole range.
        Assert.InRange(changes.Average(change => change.PValue), 0.35, 0.75);
    }

    [Fact]
    public void A_template_that_always_comes_in_bursts_needs_more_to_explode()
    {
        static LogTemplateChange Of(bool isBursty)
        {
            var miner = new LogTemplateMiner(new LogMinerSettings());
            for (var i = 0; i < 6400; i++)
            {
                // As many in all, every tenth line or sixty-four in a row.
                var isRetry = isBursty ? i % 640 < 64 : i % 10 == 0;
                miner.Add(isRetry ? "retry of the call" : "call was made fine", At(i), LogPeriod.Baseline);
            }
            for (var i = 0; i < 640; i++)
                miner.Add(i % 5 == 0 ? "retry of the call" : "call was made fine", At(i), LogPeriod.Window);
            return LogComparison.Compare(miner, Rate).Single(change => change.Template.Text.StartsWith("retry", StringComparison.Ordinal));
        }

        Assert.Equal(1, Of(isBursty: false).Dispersion, 3);
        Assert.Equal(LogChangeKind.Exploding, Of(isBursty: false).Kind);
        Assert.True(Of(isBursty: true).Dispersion > 5);
        Assert.Equal(LogChangeKind.Steady, Of(isBursty: true).Kind);
    }

    [Fact]
    public void Rates_are_per_time_when_lines_report_it_and_per_line_when_not()
    {
        // A tenth of the lines in a tenth of the time is the same rate; in the same time it is a tenth.
        Assert.Equal(1, Ratio(windowSpacing: 1, isTimed: true), 1);
        Assert.Equal(0.1, Ratio(windowSpacing: 10, isTimed: true), 2);
        Assert.Equal(1, Ratio(windowSpacing: 10, isTimed: false), 1);

        static double Ratio(int windowSpacing, bool isTimed)
        {
            var miner = new LogTemplateMiner(new LogMinerSettings());
            for (var i = 0; i < 5000; i++)
                miner.Add("tick", isTimed ? At(i) : null, LogPeriod.Baseline);
            for (var i = 0; i < 500; i++)
                miner.Add("tick", isTimed ? At(i * windowSpacing) : null, LogPeriod.Window);
            return LogComparison.Compare(miner, Rate).Single().RateRatio!.Value;
        }
    }

    [Fact]
    public void One_line_with_a_wrong_date_does_not_stretch_a_period()
    {
        var miner = new LogTemplateMiner(new LogMinerSettings());
        for (var i = 0; i < 5000; i++)
            miner.Add("tick", At(i), LogPeriod.Baseline);
        miner.Add("tick", 0, LogPeriod.Baseline);

        Assert.InRange(miner.BaselineLength.TotalSeconds, 4800, 5200);
    }

    [Fact]
    public void Nothing_to_compare_with_is_no_finding()
    {
        Assert.Empty(LogComparison.Compare(new LogTemplateMiner(new LogMinerSettings()), Rate));

        var miner = new LogTemplateMiner(new LogMinerSettings());
        for (var i = 0; i < 100; i++)
            miner.Add("tick");

        Assert.False(LogComparison.Compare(miner, Rate).Single().IsSignificant);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(double.NaN)]
    public void A_rate_of_false_findings_is_between_0_and_1(double rate) =>
        Assert.ThrowsAny<ArgumentException>(() => LogComparison.Compare(new LogTemplateMiner(new LogMinerSettings()), rate));

    /// <summary>A day of the baseline, and an hour in which one thing is as before, one is rare, one is a hundred times as often, one is gone and one is new.</summary>
    private static IReadOnlyList<LogTemplateChange> Compare(int hours, params (string Line, int Count)[] baseline)
    {
        var miner = new LogTemplateMiner(new LogMinerSettings());
        Mix(miner, LogPeriod.Baseline, TimeSpan.FromHours(hours), baseline);
        Mix(
            miner,
            LogPeriod.Window,
            TimeSpan.FromHours(1),
            (baseline[0].Line, baseline[0].Count / hours),
            (baseline[1].Line, 1),
            (baseline[2].Line, 100 * baseline[2].Count / hours),
            ("disk of volume is full", 60)
        );
        return LogComparison.Compare(miner, Rate);
    }

    private static void Mix(LogTemplateMiner miner, LogPeriod period, TimeSpan length, params (string Line, int Count)[] lines)
    {
        var random = new Random(7);
        var all = lines
            .SelectMany(line => Enumerable.Range(0, line.Count).Select(_ => (At: random.NextDouble(), line.Line)))
            .OrderBy(one => one.At)
            .ToList();
        foreach (var (at, line) in all)
            miner.Add(line, (Start + (length * at)).ToUnixTimeMilliseconds(), period);
    }

    private static long At(int second) => Start.AddSeconds(second).ToUnixTimeMilliseconds();
}
