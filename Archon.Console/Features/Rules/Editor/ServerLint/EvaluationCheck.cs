using Archon.ConfigFiles.Rules.Lint;
using Archon.Integrations;
using Archon.Integrations.Prometheus;

namespace Archon.Features.Rules.Editor.ServerLint;

/// <summary>One evaluation of the rule, now: whether it fails, and what the checks of its result say.</summary>
internal static class EvaluationCheck
{
    public static async Task FindAsync(ServerLintRun run, LintedRule rule)
    {
        switch (await run.Prometheus.QueryAsync(rule.Content.Expression, null, run.CancellationToken, withStatistics: true))
        {
            case Fetch<QueryResult>.Rejected { Reason: var reason }:
                run.Add(rule.AtField(LintChecks.Failing, LintSeverity.Error, "expr", reason));
                break;
            case Fetch<QueryResult>.Unavailable { Reason: var reason }:
                run.NotChecked = reason;
                break;
            case Fetch<QueryResult>.Ok { Value: var result }:
                CostCheck.Find(run, rule, result);
                TooManySeriesCheck.Find(run, rule, result);
                FiresNowCheck.Find(run, rule, result);
                break;
        }
    }
}
