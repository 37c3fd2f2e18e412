using Archon.Analysis.AlertTemplates;
using Archon.Analysis.Promql;
using Archon.ConfigFiles.Rules.Lint;

namespace Archon.Features.Rules.Editor.ServerLint;

/// <summary>Selectors that find nothing, each with the first reason that there is: no record, no metric, or no label.</summary>
internal static class SelectorCheck
{
    public static async Task FindAsync(ServerLintRun run, LintedRule rule, PromqlExpression expression)
    {
        var absences = expression.All().OfType<PromqlCall>().Where(call => call.Function.Name is "absent" or "absent_over_time");
        var wanted = absences.SelectMany(call => call.All()).ToHashSet();
        foreach (var selector in expression.All().OfType<PromqlSelector>().DistinctBy(selector => selector.Series()))
        {
            if (selector.OneMetric is not { } metric || metric is "ALERTS" or "ALERTS_FOR_STATE")
                continue;
            if (MissingRecordCheck.Find(run, rule, selector, metric))
                continue;
            if (run.IsRecorded(metric) || await run.CountAsync(selector.Series()) is not 0)
                continue;
            // Under absent() it may well be what the rule is there for.
            var severity = wanted.Contains(selector) ? LintSeverity.Info : LintSeverity.Warning;
            if (!await MissingMetricCheck.FindAsync(run, rule, selector, metric, severity))
                await MissingLabelCheck.FindAsync(run, rule, selector, metric, severity);
        }
    }

    /// <summary>All series of a metric, in a form that takes any name.</summary>
    public static string OfMetric(string metric) =>
        PromqlNames.IsPlainMetric(metric) ? new PromqlSelector(metric, [], 0, 0).Series() : $"{{__name__={GoText.Quote(metric)}}}";
}
