using Archon.Analysis.Promql;
using Archon.ConfigFiles.Rules.Lint;

namespace Archon.Features.Rules.Editor.ServerLint;

/// <summary>Counters treated as gauges, and gauges as counters, by the types that the server describes.</summary>
internal static class MetricTypeCheck
{
    public static void Find(ServerLintRun run, LintedRule rule, PromqlExpression expression)
    {
        foreach (var call in expression.All().OfType<PromqlCall>())
        {
            var range = call.Arguments.FirstOrDefault(argument => argument.Bare() is PromqlRange)?.Bare();
            if (range is not PromqlRange { Selector.OneMetric: { } metric } || run.TypeOf(metric) is not { } type)
                continue;
            var name = call.Function.Name;
            if (MetricNames.IsRate(name) && type == "gauge")
                Add(LintChecks.RateOfGauge, call.Start, $"{name} of {metric}, which is a gauge");
            else if (MetricNames.IsRate(name) && type is "counter" or "histogram" or "summary")
                run.KnowCounter(rule);
            else if (MetricNames.IsDelta(name) && type == "counter")
                Add(LintChecks.CounterAsGauge, call.Start, $"{name} of {metric}, which is a counter");
        }
        foreach (var binary in expression.All().OfType<PromqlBinary>())
        {
            if (
                binary is { IsComparison: true, Right.Type: PromqlType.Scalar }
                && binary.Left.Bare() is PromqlSelector { OneMetric: { } metric }
                && run.TypeOf(metric) == "counter"
            )
            {
                Add(LintChecks.CounterAsGauge, binary.Left.Start, $"{metric} is a counter; compare its rate or increase");
            }
        }

        void Add(LintCheck check, int start, string message) => run.Add(rule.AtCharacter(check, LintSeverity.Error, start, message));
    }
}
