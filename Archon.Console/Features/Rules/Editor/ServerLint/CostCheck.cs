using System.Globalization;
using Archon.ConfigFiles.Rules.Lint;
using Archon.Integrations.Prometheus;

namespace Archon.Features.Rules.Editor.ServerLint;

/// <summary>An evaluation that reads too much or takes too long.</summary>
internal static class CostCheck
{
    public static void Find(ServerLintRun run, LintedRule rule, QueryResult result)
    {
        if (
            result.Statistics is not { } cost
            || (cost.TotalSamples <= run.Settings.MostSamples && cost.TotalSeconds <= run.Settings.LongestEvaluation.TotalSeconds)
        )
        {
            return;
        }
        var words = string.Create(
            CultureInfo.InvariantCulture,
            $"one evaluation reads {cost.TotalSamples:N0} samples and takes {cost.TotalSeconds:0.00} s"
        );
        run.Add(rule.AtField(LintChecks.Cost, LintSeverity.Warning, "expr", words));
    }
}
