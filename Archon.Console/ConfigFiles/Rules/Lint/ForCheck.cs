using Archon.Analysis.Promql;

namespace Archon.ConfigFiles.Rules.Lint;

/// <summary><c>for</c> and <c>keep_firing_for</c> beside the interval at which they are counted.</summary>
internal static class ForCheck
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    public static IEnumerable<LintFinding> Find(LintedRule rule)
    {
        var (pendingPeriod, keep) = (rule.Content.For, rule.Content.KeepFiringFor);
        if (rule.Rule.Group.Content.Interval is { } interval)
        {
            if (pendingPeriod > TimeSpan.Zero && pendingPeriod < interval)
            {
                yield return Of(
                    LintSeverity.Warning,
                    "for",
                    $"for {Text(pendingPeriod)} is shorter than the group's interval of {Text(interval)}: it comes to {Text(interval)}"
                );
            }
            if (keep > TimeSpan.Zero && keep <= interval)
            {
                yield return Of(
                    LintSeverity.Warning,
                    "keep_firing_for",
                    $"keep_firing_for {Text(keep)} is no longer than the group's interval of {Text(interval)}: it does next to nothing"
                );
            }
            if (pendingPeriod > interval && pendingPeriod.Ticks % interval.Ticks != 0)
            {
                var rounded = TimeSpan.FromTicks(((pendingPeriod.Ticks / interval.Ticks) + 1) * interval.Ticks);
                yield return Of(
                    LintSeverity.Info,
                    "for",
                    $"for {Text(pendingPeriod)} is no multiple of the group's interval of {Text(interval)}: it comes to {Text(rounded)}"
                );
            }
        }
        if (pendingPeriod > Longest)
        {
            yield return Of(
                LintSeverity.Warning,
                "for",
                $"for {Text(pendingPeriod)}: a restart or one gap in more than a day starts it anew"
            );
        }
        if (pendingPeriod == TimeSpan.Zero)
            yield return Of(LintSeverity.Info, "for", "without 'for' a single odd sample notifies");

        LintFinding Of(LintSeverity severity, string field, string message) => rule.AtField(LintChecks.For, severity, field, message);

        static string Text(TimeSpan length) => PrometheusDuration.Format(length);
    }
}
