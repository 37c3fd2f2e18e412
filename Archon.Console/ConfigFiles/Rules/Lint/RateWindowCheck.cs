using Archon.Analysis.Promql;

namespace Archon.ConfigFiles.Rules.Lint;

/// <summary>A rate over a window that is shorter than scrapes usually are apart.</summary>
internal static class RateWindowCheck
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMinutes(1);

    public static IEnumerable<LintFinding> Find(LintedRule rule, PromqlCall call)
    {
        if (
            !MetricNames.IsRate(call.Function.Name)
            || call.Arguments[0].Bare() is not PromqlRange { Length: { } length }
            || length >= Shortest
        )
        {
            yield break;
        }
        yield return rule.AtCharacter(
            LintChecks.RateWindow,
            LintSeverity.Warning,
            call.Start,
            $"{call.Function.Name} over {PrometheusDuration.Format(length)} is less than a minute"
        );
    }
}
