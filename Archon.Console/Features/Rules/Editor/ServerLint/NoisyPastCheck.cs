using Archon.Analysis.Promql;
using Archon.Analysis.Series;
using Archon.ConfigFiles.Rules.Lint;
using Archon.Features.Rules.Backtest;

namespace Archon.Features.Rules.Editor.ServerLint;

/// <summary>An alert that would have fired often in the past.</summary>
internal static class NoisyPastCheck
{
    public static async Task FindAsync(ServerLintRun run, LintedRule rule)
    {
        if (run.Settings.Past <= TimeSpan.Zero)
            return;
        var group = rule.Rule.Group.Content;
        var schedule = GroupSchedules.Find(Path.GetFullPath(rule.File), group.Name, group.Interval, run.Served, run.Version).Schedule;
        var now = run.Now;
        var past = new TimeRange(now - run.Settings.Past, now);
        var request = new BacktestRequest(GroupSchedules.Rule(rule.Rule), rule.Content.Expression, schedule, past)
        {
            QueryOffset = group.QueryOffset ?? TimeSpan.Zero,
        };
        var (history, end) = await new RuleBacktest(run.Prometheus).HistoryAsync(request, null, run.CancellationToken);
        if (end is BacktestEvent.Unavailable { Reason: var reason })
            run.NotChecked = reason;
        var summary = history.Summary();
        if (summary.Firings <= run.Settings.MostFirings)
            return;
        run.Add(
            rule.AtField(
                LintChecks.Noisy,
                LintSeverity.Warning,
                "alert",
                $"would have fired {summary.Firings} times in {PrometheusDuration.Format(run.Settings.Past)}, "
                    + $"{summary.Flaps} of them again within a quarter of an hour"
            )
        );
    }
}
