using Archon.Analysis.Promql;
using Archon.Analysis.Series;
using Archon.Ui.Charts;
using Archon.Ui.Format;
using Archon.Ui.Health;

namespace Archon.Features.Rules.Backtest;

/// <summary>The chart of a backtest: the value that is compared, its threshold, and where there was nothing to compare.</summary>
internal static class BacktestChart
{
    /// <summary>A chart takes no more points than this.</summary>
    public const int Points = 1500;
    private const int DrawnSeries = 8;

    /// <returns>Null where there are not two evaluations to draw; and how many series there are in all.</returns>
    public static (ChartData? Chart, int Series) Draw(BacktestRun run, IReadOnlyList<SampleSlice> slices, AlertCondition? condition)
    {
        var from = run.Question.Range.Start.ToUnixTimeMilliseconds() + run.Offset;
        var skipped = (int)Math.Max(0, (from - run.First + run.Step - 1) / run.Step);
        var count = run.Count - skipped;
        if (count < 2)
            return (null, 0);
        var falls = condition?.Comparison is "<" or "<=";
        var reach = new Dictionary<SeriesLabels, double>();
        foreach (var series in slices.SelectMany(slice => slice.Series))
        {
            var most = reach.GetValueOrDefault(series.Labels, double.NegativeInfinity);
            foreach (var value in series.Values.Span)
            {
                if (double.IsFinite(value))
                    most = Math.Max(most, falls ? -value : value);
            }
            reach[series.Labels] = most;
        }
        var drawn = reach
            .OrderByDescending(one => one.Value)
            .ThenBy(one => one.Key.Key, StringComparer.Ordinal)
            .Take(DrawnSeries)
            .Select(one => one.Key)
            .ToList();
        var rows = drawn.Select((labels, row) => (labels, row)).ToDictionary(one => one.labels, one => one.row);
        var times = new double[count];
        for (var i = 0; i < count; i++)
            times[i] = (run.First + ((skipped + i) * run.Step) - run.Offset) / 1000.0;
        var values = drawn.Select(_ => Enumerable.Repeat(double.NaN, count).ToArray()).ToList();
        var present = new bool[count];
        foreach (var slice in slices)
        {
            foreach (var series in slice.Series)
            {
                var row = rows.GetValueOrDefault(series.Labels, -1);
                for (var i = 0; i < series.Count; i++)
                {
                    var place = (int)((series.Times.Span[i] + run.Offset - run.First) / run.Step) - skipped;
                    if (place < 0 || place >= count)
                        continue;
                    present[place] = true;
                    if (row >= 0)
                        values[row][place] = series.Values.Span[i];
                }
            }
        }
        var names = Names(drawn);
        var unit = ExpressionUnit.Of(run.Question.Draft.Expression);
        var known = slices.Count == 0 ? 0 : (int)(((slices[^1].First - run.First) / run.Step) + slices[^1].Count) - skipped;
        var chart = new ChartData(times, [.. drawn.Select((_, row) => new ChartLine(names[row], unit, values[row], ((row + 1) % 10) + 1))])
        {
            // Of a whole comparison the value is always there while its series are; of anything else nobody knows.
            Gaps = condition is { IsWhole: true } ? Gaps(times, present, Math.Clamp(known, 0, count), run.Step) : [],
            Thresholds = Thresholds(run.Question, condition),
        };
        return (ChartThinning.Thin(chart, Points), reach.Count);
    }

    private static List<ChartThreshold> Thresholds(BacktestQuestion question, AlertCondition? condition)
    {
        var lines = new List<ChartThreshold>();
        if (condition is null)
            return lines;
        var unit = ExpressionUnit.Of(question.Draft.Expression);
        var saved = question.Saved is null ? null : AlertCondition.Of(question.Saved.Expression);
        var isSame =
            saved is null
            || saved.Threshold.Equals(condition.Threshold)
            || PromqlParser.Canonical(saved.Value) != PromqlParser.Canonical(condition.Value);
        lines.Add(
            new ChartThreshold(condition.Threshold, $"{(isSame ? "threshold" : "draft")} {Figures.Format(condition.Threshold, unit)}")
        );
        if (!isSame)
            lines.Add(new ChartThreshold(saved!.Threshold, $"saved {Figures.Format(saved.Threshold, unit)}"));
        return lines;
    }

    private static List<ChartSpan> Gaps(double[] times, bool[] present, int known, long step)
    {
        var gaps = new List<ChartSpan>();
        for (var at = 0; at < known; at++)
        {
            if (present[at])
                continue;
            var end = at;
            while (end + 1 < known && !present[end + 1])
                end++;
            if (end > at)
                gaps.Add(new ChartSpan(times[at] - (at == 0 ? 0 : step / 1000.0), times[end], "no data", StateKind.Unknown));
            at = end;
        }
        return gaps;
    }

    /// <summary>What tells each series from the others.</summary>
    private static List<string> Names(IReadOnlyList<SeriesLabels> drawn)
    {
        var telling = drawn
            .SelectMany(labels => labels.Values.Keys)
            .Distinct(StringComparer.Ordinal)
            .Where(name => drawn.Select(labels => labels[name]).Distinct(StringComparer.Ordinal).Count() > 1)
            .Order(StringComparer.Ordinal)
            .ToList();
        return telling.Count == 0
            ? [.. drawn.Select(_ => "value")]
            : [.. drawn.Select(labels => string.Join(", ", telling.Select(name => Named(labels, name))))];

        static string Named(SeriesLabels labels, string name) => labels[name] is { Length: > 0 } value ? value : $"no {name}";
    }
}
