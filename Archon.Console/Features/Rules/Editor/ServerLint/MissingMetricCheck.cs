using Archon.Analysis.Promql;
using Archon.ConfigFiles.Rules.Lint;

namespace Archon.Features.Rules.Editor.ServerLint;

/// <summary>A metric of which the server has no series.</summary>
internal static class MissingMetricCheck
{
    /// <returns>Whether it is one.</returns>
    public static async Task<bool> FindAsync(
        ServerLintRun run,
        LintedRule rule,
        PromqlSelector selector,
        string metric,
        LintSeverity severity
    )
    {
        var all = SelectorCheck.OfMetric(metric);
        if (await run.CountAsync(all) is not 0)
            return false;
        run.Add(
            rule.AtCharacter(
                LintChecks.MissingMetric,
                severity,
                selector.Start,
                await run.WasThereAsync(all)
                    ? $"{metric} is not there now; it was within the last week"
                    : $"the server has no series {metric}, nor had it within the last week"
            )
        );
        return true;
    }
}
