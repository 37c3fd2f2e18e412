using Archon.Analysis.AlertTemplates;
using Archon.Analysis.Promql;

namespace Archon.ConfigFiles.Rules.Lint;

/// <summary>histogram_quantile without the label of the buckets, without a rate, or outside of 0 to 1.</summary>
internal static class HistogramCheck
{
    public static IEnumerable<LintFinding> Find(LintedRule rule, PromqlCall call)
    {
        if (call.Function.Name != "histogram_quantile")
            yield break;
        if (call.Arguments[0].Bare() is PromqlNumber { Value: var quantile } && quantile is < 0 or > 1)
            yield return Of(LintSeverity.Error, $"the quantile {GoText.Plain(quantile)} is outside 0 to 1");
        var isClassic = call.Arguments[1].All().OfType<PromqlSelector>().Any(selector => IsBuckets(selector.OneMetric));
        if (isClassic && !rule.Labels.Of(call.Arguments[1]).Can("le"))
            yield return Of(LintSeverity.Error, "the buckets have lost their label le; add it to by (...)");
        if (call.Arguments[1].Bare() is PromqlSelector { OneMetric: { } metric } && IsBuckets(metric))
            yield return Of(LintSeverity.Warning, $"the quantile of {metric} since its process started; take rate({metric}[5m])");

        LintFinding Of(LintSeverity severity, string message) => rule.AtCharacter(LintChecks.Histogram, severity, call.Start, message);
    }

    private static bool IsBuckets(string? metric) => metric?.EndsWith("_bucket", StringComparison.Ordinal) == true;
}
