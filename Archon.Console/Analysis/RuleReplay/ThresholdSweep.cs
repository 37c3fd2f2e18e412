using Archon.Analysis.Series;

namespace Archon.Analysis.RuleReplay;

/// <summary>What a rule would have done with another threshold.</summary>
public sealed record ThresholdOutcome(double Threshold, ReplaySummary Summary);

/// <summary>Replays a rule of the form "expression, comparison, number" with many numbers.</summary>
public static class ThresholdSweep
{
    /// <summary>
    /// Thresholds worth trying: evenly spread over the ranks of the values that the expression ever had, with the rule's own among them.
    /// </summary>
    /// <param name="count">How many at most, 2 or more.</param>
    /// <returns>In rising order, each once; only the rule's own where there is no value.</returns>
    public static IReadOnlyList<double> Candidates(IReadOnlyList<MetricSeries> series, double own, int count)
    {
        var values = new List<double>();
        foreach (var one in series)
        {
            foreach (var value in one.Values.Span)
            {
                if (double.IsFinite(value))
                    values.Add(value);
            }
        }
        values.Sort();
        var chosen = new SortedSet<double> { own };
        for (var i = 0; i < count && values.Count > 0; i++)
            chosen.Add(values[(int)((long)(values.Count - 1) * i / (count - 1))]);
        return [.. chosen];
    }

    /// <param name="comparison"><c>&gt;</c>, <c>&gt;=</c>, <c>&lt;</c>, <c>&lt;=</c>, <c>==</c> or <c>!=</c>.</param>
    /// <param name="series">The expression without its comparison, at the evaluations, as for <see cref="MatrixReplay.Run"/>.</param>
    /// <param name="from">Unix milliseconds from which on evaluations count; those before only set the scene.</param>
    /// <returns>One outcome per threshold, in their order.</returns>
    /// <exception cref="ArgumentException">The comparison is none of these.</exception>
    public static IReadOnlyList<ThresholdOutcome> Run(
        ReplayRule rule,
        string comparison,
        IReadOnlyList<double> thresholds,
        long first,
        long step,
        int count,
        long queryOffset,
        IReadOnlyList<MetricSeries> series,
        long from,
        CancellationToken cancellationToken
    ) =>
        [
            .. thresholds.Select(threshold =>
            {
                var history = new ReplayHistory(TimeSpan.FromMilliseconds(step));
                var kept = series.Select(one => Keep(one, comparison, threshold)).Where(one => one.Count > 0).ToList();
                MatrixReplay.Run(new RuleReplayer(rule), first, step, count, queryOffset, kept, Counted, cancellationToken);
                history.Close();
                return new ThresholdOutcome(threshold, history.Summary());

                void Counted(long at, ReplayStep outcome)
                {
                    if (at >= from)
                        history.Add(at, outcome);
                }
            }),
        ];

    /// <summary>The samples that a comparison with a number lets through, as in PromQL.</summary>
    /// <param name="comparison"><c>&gt;</c>, <c>&gt;=</c>, <c>&lt;</c>, <c>&lt;=</c>, <c>==</c> or <c>!=</c>.</param>
    /// <exception cref="ArgumentException">The comparison is none of these.</exception>
    public static MetricSeries Keep(MetricSeries series, string comparison, double threshold)
    {
        var times = new List<long>();
        var values = new List<double>();
        for (var i = 0; i < series.Count; i++)
        {
            var value = series.Values.Span[i];
            var isKept = comparison switch
            {
                ">" => value > threshold,
                ">=" => value >= threshold,
                "<" => value < threshold,
                "<=" => value <= threshold,
                "==" => value == threshold,
                "!=" => value != threshold,
                _ => throw new ArgumentException($"'{comparison}' is no comparison.", nameof(comparison)),
            };
            if (!isKept)
                continue;
            times.Add(series.Times.Span[i]);
            values.Add(value);
        }
        return new MetricSeries(series.Labels, times.ToArray(), values.ToArray());
    }
}
