using Archon.Analysis.Promql;
using Archon.ConfigFiles.Rules.Lint;

namespace Archon.Features.Rules.Editor.ServerLint;

/// <summary>A series that looks recorded, and that no rule records.</summary>
internal static class MissingRecordCheck
{
    /// <returns>Whether it is one.</returns>
    public static bool Find(ServerLintRun run, LintedRule rule, PromqlSelector selector, string metric)
    {
        if (!metric.Contains(':', StringComparison.Ordinal) || run.IsRecorded(metric))
            return false;
        run.Add(
            rule.AtCharacter(
                LintChecks.MissingRecord,
                LintSeverity.Warning,
                selector.Start,
                $"{metric} looks recorded, but no rule records it"
            )
        );
        return true;
    }
}
