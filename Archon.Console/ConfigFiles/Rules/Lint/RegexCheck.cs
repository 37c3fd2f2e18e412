using Archon.Analysis.Promql;

namespace Archon.ConfigFiles.Rules.Lint;

/// <summary>Regular expressions in matchers that say no more than equality, or anchor what is anchored.</summary>
internal static class RegexCheck
{
    public static IEnumerable<LintFinding> Find(LintedRule rule, PromqlSelector selector)
    {
        foreach (var matcher in selector.Matchers.Where(matcher => matcher.Match is PromqlMatch.Regex or PromqlMatch.NotRegex))
        {
            if (matcher.Value.StartsWith('^') || (matcher.Value.EndsWith('$') && !matcher.Value.EndsWith(@"\$", StringComparison.Ordinal)))
            {
                yield return Of($"{matcher}: matchers are anchored anyway");
            }
            else if (matcher.Value.Length > 0 && !matcher.Value.Any(one => @"\.+*?()|[]{}^$".Contains(one, StringComparison.Ordinal)))
                yield return Of($"{matcher} is a plain text; {(matcher.Match == PromqlMatch.Regex ? "=" : "!=")} says the same");
        }

        LintFinding Of(string message) => rule.AtCharacter(LintChecks.Regex, LintSeverity.Info, selector.Start, message);
    }
}
