using Archon.Analysis.Promql;
using Archon.ConfigFiles.Rules.Lint;
using Archon.Integrations.Prometheus;

namespace Archon.Features.Rules.Editor.ServerLint;

/// <summary>An alert that would be there as soon as the rule is applied.</summary>
internal static class FiresNowCheck
{
    public static void Find(ServerLintRun run, LintedRule rule, QueryResult result)
    {
        var count = result.SeriesCount;
        if (!rule.Content.IsAlert || count == 0)
            return;
        var alerts = $"{count} {(count == 1 ? "alert" : "alerts")}";
        run.Add(
            rule.AtField(
                LintChecks.FiresNow,
                LintSeverity.Info,
                "expr",
                rule.Content.For == TimeSpan.Zero
                    ? $"would fire at once: {alerts}"
                    : $"would be pending at once and fire in {PrometheusDuration.Format(rule.Content.For)}: {alerts}"
            )
        );
    }
}
