using MathNet.Numerics;

namespace Archon.Analysis.LogPatterns;

public enum LogChangeKind
{
    Steady,

    /// <summary>Only in the window.</summary>
    New,

    /// <summary>Only in the baseline.</summary>
    Gone,

    /// <summary>Significantly more often, twice as often or more.</summary>
    Exploding,

    /// <summary>Significantly less often, half as often or less.</summary>
    Shrinking,
}

/// <summary>What became of one template from the baseline to the window.</summary>
/// <param name="RateRatio">Rate in the window over rate in the baseline; null when the baseline has none.</param>
/// <param name="PValue">Probability of counts so far apart when the rate is the same. 0 to 1.</param>
/// <param name="QValue">Share of false ones among all templates that are as significant as this one, at most. 0 to 1.</param>
/// <param name="Dispersion">How bursty the template is, variance over mean of its counts; 1 is as even as chance. Each line counts as so much less.</param>
public sealed record LogTemplateChange(
    LogTemplate Template,
    LogChangeKind Kind,
    double? RateRatio,
    double PValue,
    double QValue,
    bool IsSignificant,
    double Dispersion
);

/// <summary>Holds the templates of a window against those of a baseline.</summary>
/// <remarks>
/// Two counts are compared by the exact conditional test of two Poisson rates (Przyborowski and Wilenski, Biometrika 31, 1940). Lines come
/// in bursts, so counts are first divided by the dispersion of the template's own baseline, as quasi-likelihood does (Wedderburn,
/// Biometrika 61, 1974). Of the many tests at once the share of false findings is bounded (Benjamini and Hochberg, J. R. Statist. Soc. B
/// 57, 1995). Rates are per time when nearly all lines of both periods had a time, else per line.
/// </remarks>
public static class LogComparison
{
    private const double RatioOfNote = 2;
    private const int LeastLines = 10;
    private const int LeastStretches = 8;

    /// <param name="miner">Has seen both periods.</param>
    /// <param name="falseDiscoveryRate">Share of the significant changes that may be chance. Between 0 and 1; usual is 0.01.</param>
    /// <returns>Every template, the most significant first; those alike in that by count, then by number.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The rate lies outside of its range.</exception>
    public static IReadOnlyList<LogTemplateChange> Compare(LogTemplateMiner miner, double falseDiscoveryRate)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(falseDiscoveryRate, 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(falseDiscoveryRate, 1);
        var (baseline, window) = Exposures(miner);
        var templates = miner.Templates;
        var dispersions = templates
            .Select(template => template.Baseline.Dispersion(miner.Baseline.Count, LeastLines, LeastStretches))
            .ToArray();
        var usual = Usual(dispersions);
        var judged = templates
            .Select((template, i) => Judge(template, baseline, window, double.IsNaN(dispersions[i]) ? usual : dispersions[i]))
            .OrderBy(one => one.PValue)
            .ThenByDescending(one => one.Deviance)
            .ThenByDescending(one => one.Template.Count)
            .ThenBy(one => one.Template.Number)
            .ToList();

        var changes = new LogTemplateChange[judged.Count];
        var bound = 1.0;
        for (var rank = judged.Count; rank >= 1; rank--)
        {
            var one = judged[rank - 1];
            bound = Math.Min(bound, one.PValue * judged.Count / rank);
            var isSignificant = bound <= falseDiscoveryRate;
            changes[rank - 1] = new LogTemplateChange(
                one.Template,
                KindOf(one.Template, one.Ratio, isSignificant),
                one.Ratio,
                one.PValue,
                bound,
                isSignificant,
                one.Dispersion
            );
        }
        return changes;
    }

    private static LogChangeKind KindOf(LogTemplate template, double? ratio, bool isSignificant) =>
        (template.Baseline.Count, template.Window.Count) switch
        {
            (0, _) => LogChangeKind.New,
            (_, 0) => LogChangeKind.Gone,
            _ when isSignificant && ratio >= RatioOfNote => LogChangeKind.Exploding,
            _ when isSignificant && ratio <= 1 / RatioOfNote => LogChangeKind.Shrinking,
            _ => LogChangeKind.Steady,
        };

    private static Judged Judge(LogTemplate template, double baseline, double window, double dispersion)
    {
        var (before, now) = ((double)template.Baseline.Count, (double)template.Window.Count);
        double? ratio = before > 0 && baseline > 0 && window > 0 ? now / window / (before / baseline) : null;
        if (baseline <= 0 || window <= 0)
            return new Judged(template, ratio, 1, 0, dispersion);
        var share = window / (baseline + window);
        var (fewer, more) = (before / dispersion, now / dispersion);
        var expected = share * (fewer + more);
        // Given the sum of both, the window's count is binomial; its tails are incomplete beta functions, which take counts that are no whole numbers.
        var tail =
            more >= expected
                ? more > 0
                    ? SpecialFunctions.BetaRegularized(more, fewer + 1, share)
                    : 1
                : SpecialFunctions.BetaRegularized(fewer, more + 1, 1 - share);
        var deviance = 2 * (Term(more, expected) + Term(fewer, fewer + more - expected));
        return new Judged(template, ratio, Math.Clamp(2 * tail, 0, 1), deviance, dispersion);
    }

    private static double Term(double count, double expected) => count > 0 ? count * Math.Log(count / expected) : 0;

    /// <returns>Lengths where both are known, else lines.</returns>
    private static (double Baseline, double Window) Exposures(LogTemplateMiner miner)
    {
        var (before, now) = (miner.BaselineLength, miner.WindowLength);
        return before > TimeSpan.Zero && now > TimeSpan.Zero
            ? (before.TotalSeconds, now.TotalSeconds)
            : (miner.Baseline.Count, miner.Window.Count);
    }

    private static double Usual(double[] dispersions)
    {
        var known = dispersions.Where(double.IsFinite).Order().ToArray();
        return known.Length > 0 ? known[known.Length / 2] : 1;
    }

    private readonly record struct Judged(LogTemplate Template, double? Ratio, double PValue, double Deviance, double Dispersion);
}
