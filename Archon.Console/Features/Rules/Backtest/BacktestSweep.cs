using System.Globalization;
using Archon.Analysis.RuleReplay;
using Archon.Analysis.Series;

namespace Archon.Features.Rules.Backtest;

/// <summary>What other thresholds of a rule would have done over the same samples.</summary>
internal static class BacktestSweep
{
    private const int Steps = 20;

    /// <param name="condition">Of the question's draft.</param>
    /// <returns>In rising order.</returns>
    public static IReadOnlyList<ThresholdOutcome> Of(
        BacktestRun run,
        BacktestQuestion question,
        AlertCondition condition,
        IReadOnlyList<SampleSlice> slices,
        CancellationToken cancellationToken
    )
    {
        var series = Joined(slices);
        var outcomes = Try(ThresholdSweep.Candidates(series, condition.Threshold, Steps));
        // Between the rule's own and the first that is quiet enough lies the one that is looked for.
        if (WorkbenchMath.Half(outcomes, condition.Threshold, condition.Comparison) is not { Threshold: var half })
            return outcomes;
        var between = Enumerable
            .Range(1, Steps / 2)
            .Select(step => Rounded(condition.Threshold + ((half - condition.Threshold) * step / ((Steps / 2) + 1))));
        var tried = outcomes.Select(one => one.Threshold).ToHashSet();
        return [.. outcomes.Concat(Try([.. between.Distinct().Where(one => !tried.Contains(one))])).OrderBy(one => one.Threshold)];

        IReadOnlyList<ThresholdOutcome> Try(IReadOnlyList<double> thresholds) =>
            ThresholdSweep.Run(
                BacktestRun.Rule(question.Draft, question.Group),
                condition.Comparison,
                thresholds,
                run.First,
                run.Step,
                run.Count,
                run.Offset,
                series,
                question.Range.Start.ToUnixTimeMilliseconds() + run.Offset,
                cancellationToken
            );
    }

    // Three figures are as many as people give a threshold.
    private static double Rounded(double value) =>
        value == 0 || !double.IsFinite(value)
            ? value
            : double.Parse(value.ToString("G3", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private static List<MetricSeries> Joined(IReadOnlyList<SampleSlice> slices)
    {
        var series = slices.SelectMany(slice => slice.Series).GroupBy(series => series.Labels);
        return
        [
            .. series.Select(parts => new MetricSeries(
                parts.Key,
                parts.SelectMany(part => part.Times.ToArray()).ToArray(),
                parts.SelectMany(part => part.Values.ToArray()).ToArray()
            )),
        ];
    }
}
