using Archon.Analysis.AlertTemplates;

namespace Archon.ConfigFiles.Rules.Lint;

/// <summary>A link to a runbook that is no address.</summary>
internal static class RunbookLinkCheck
{
    public static IEnumerable<LintFinding> Find(LintedRule rule)
    {
        if (
            !rule.Content.Annotations.TryGetValue("runbook_url", out var link)
            || link.Length == 0
            || link.Contains("{{", StringComparison.Ordinal)
            || (Uri.TryCreate(link, UriKind.Absolute, out var address) && address.Scheme is "http" or "https")
        )
        {
            yield break;
        }
        yield return rule.AtEntry(
            LintChecks.RunbookLink,
            LintSeverity.Warning,
            "annotations",
            "runbook_url",
            $"{GoText.Quote(link)} is no address"
        );
    }
}
