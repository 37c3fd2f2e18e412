using Archon.Analysis.AlertTemplates;
using Archon.Analysis.Promql;
using Archon.ConfigFiles.Rules.Lint;

namespace Archon.Features.Rules.Editor.ServerLint;

/// <summary>A selector that finds nothing although its metric is there: which of its matchers is why.</summary>
internal static class MissingLabelCheck
{
    public static async Task FindAsync(ServerLintRun run, LintedRule rule, PromqlSelector selector, string metric, LintSeverity severity)
    {
        var alone = new List<PromqlMatcher>();
        foreach (var matcher in selector.Matchers.Where(matcher => matcher.Label != PromqlMatcher.Name))
        {
            if (await run.CountAsync($"{{__name__={GoText.Quote(metric)},{matcher}}}") is 0)
                alone.Add(matcher);
        }
        foreach (var matcher in alone)
        {
            var isLabel = await run.CountAsync($"{{__name__={GoText.Quote(metric)},{matcher.Label}!=\"\"}}") is not 0;
            Add(isLabel ? $"no series {metric} matches {matcher}" : $"no series {metric} has the label {matcher.Label}");
        }
        if (alone.Count == 0)
            Add($"no series matches {selector.Series()}; each of its matchers alone finds some");

        void Add(string message) => run.Add(rule.AtCharacter(LintChecks.MissingLabel, severity, selector.Start, message));
    }
}
