using Archon.Analysis.Promql;
using Archon.Analysis.RuleReplay;
using Archon.ConfigFiles.Rules;

namespace Archon.Features.Rules.Backtest;

/// <summary>When the evaluations are.</summary>
internal sealed record BacktestRun
{
    // So that a range that moves on has most of its stretches in common with the one before, and few that end now.
    private const int FewestSlices = 16;

    // Smaller ones cost the server as much.
    private const int LeastPerSlice = 45;
    private static readonly TimeSpan LeastWarmUp = TimeSpan.FromHours(1);

    public BacktestRun(BacktestQuestion question, GroupSchedule schedule)
    {
        (Question, Schedule) = (question, schedule);
        Step = (long)schedule.Interval.TotalMilliseconds;
        Offset = (long)(question.Group.QueryOffset ?? TimeSpan.Zero).TotalMilliseconds;
        Condition = AlertCondition.Of(question.Draft.Expression);
        // In whole hours, so that another 'for' seldom asks for other evaluations.
        RuleContent?[] both = [question.Draft, question.Saved];
        var longest = both.Max(rule => rule is null ? TimeSpan.Zero : rule.For + rule.KeepFiringFor) + schedule.Interval;
        WarmUp = TimeSpan.FromHours(Math.Ceiling(Math.Max(longest.TotalHours, LeastWarmUp.TotalHours)));
        First = schedule.First(Math.Max(0, question.Range.Start.ToUnixTimeMilliseconds() + Offset - (long)WarmUp.TotalMilliseconds));
        Count = (int)Math.Max(0, ((question.Range.End.ToUnixTimeMilliseconds() + Offset - First) / Step) + 1);
    }

    public BacktestQuestion Question { get; }
    public GroupSchedule Schedule { get; }
    public AlertCondition? Condition { get; }
    public TimeSpan WarmUp { get; }
    public long First { get; init; }
    public int Count { get; init; }
    public long Step { get; init; }
    public long Offset { get; }

    /// <summary>Null where the server must decide at each evaluation.</summary>
    public AlertCondition? Whole =>
        Question.Draft.IsAlert
        && Condition is { IsWhole: true } whole
        && PromqlParser.Parse(whole.Value, out _) is { } value
        && !RuleBacktest.LooksAtEnds(value)
            ? whole
            : null;

    /// <summary>How many evaluations a stretch has, of those that lie whole in the range.</summary>
    /// <remarks>Halved only as often as 16 stretches need, so that ranges of about the same length have the same.</remarks>
    public int EvaluationsPerSlice
    {
        get
        {
            var size = RuleBacktest.MostPerSlice;
            while (size > LeastPerSlice && Count < size * FewestSlices)
                size /= 2;
            return size;
        }
    }

    /// <summary>The stretches in which the server is asked, oldest first: at most <see cref="EvaluationsPerSlice"/> evaluations each.</summary>
    /// <remarks>They meet at the same times whenever a range begins, so that ranges that overlap have most of them in common.</remarks>
    public IEnumerable<(long First, int Count)> Slices()
    {
        var size = EvaluationsPerSlice;
        for (var done = 0; done < Count; )
        {
            var first = First + ((long)done * Step);
            var count = Math.Min(size - (int)(first / Step % size), Count - done);
            yield return (first, count);
            done += count;
        }
    }

    /// <summary>The rule as the server runs it in its group.</summary>
    public static ReplayRule Rule(RuleContent content, GroupContent group) =>
        new(content.Name, content.For, content.KeepFiringFor, content.LabelsOver(group.Labels)) { Limit = group.Limit };
}
