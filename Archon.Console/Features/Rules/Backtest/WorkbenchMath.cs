using Archon.Analysis.RuleReplay;

namespace Archon.Features.Rules.Backtest;

public static class WorkbenchMath
{
    /// <summary>The nearest threshold on the quiet side of a rule's own with at most half of its firings, and at least one where that can be.</summary>
    /// <param name="outcomes">In rising order of their thresholds, the own one among them.</param>
    /// <returns>Null where there is none.</returns>
    public static ThresholdOutcome? Half(IReadOnlyList<ThresholdOutcome> outcomes, double own, string comparison)
    {
        var now = outcomes.FirstOrDefault(one => one.Threshold.Equals(own))?.Summary.Firings ?? 0;
        if (now == 0)
            return null;
        var quieter = comparison is "<" or "<="
            ? outcomes.Where(one => one.Threshold < own).OrderByDescending(one => one.Threshold)
            : outcomes.Where(one => one.Threshold > own).OrderBy(one => one.Threshold);
        return quieter.FirstOrDefault(one => one.Summary.Firings * 2 <= now);
    }
}
