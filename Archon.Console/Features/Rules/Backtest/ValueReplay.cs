using Archon.Analysis.RuleReplay;
using Archon.ConfigFiles.Rules;

namespace Archon.Features.Rules.Backtest;

/// <summary>A rule on its way through the slices.</summary>
internal sealed class ValueReplay(BacktestRun run, RuleContent rule, AlertCondition condition)
{
    private readonly RuleReplayer replay = new(BacktestRun.Rule(rule, run.Question.Group));
    private readonly ReplayHistory history = new(run.Schedule.Interval);
    private long? known;
    private readonly long from = run.Question.Range.Start.ToUnixTimeMilliseconds() + run.Offset;

    public void Add(SampleSlice slice, CancellationToken cancellationToken)
    {
        var kept = slice
            .Series.Select(one => ThresholdSweep.Keep(one, condition.Comparison, condition.Threshold))
            .Where(one => one.Count > 0)
            .ToList();
        var steps = MatrixReplay.Steps(replay, slice.First, run.Step, slice.Count, run.Offset, kept, cancellationToken);
        foreach (var (at, outcome) in steps)
        {
            if (at < from)
                continue;
            history.Add(at - run.Offset, outcome);
            known = at - run.Offset;
        }
    }

    public BacktestLane Lane(string? ended, bool isLast)
    {
        if (isLast)
            history.Close();
        return BacktestLane.Of(run.Question, history, ended, known);
    }
}
