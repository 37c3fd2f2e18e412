using Archon.Analysis.AlertTemplates;
using Archon.Analysis.Promql;

namespace Archon.ConfigFiles.Rules.Lint;

/// <summary>What an older or newer server, or one without a feature switched on, does not know.</summary>
internal static class RequirementCheck
{
    private static readonly Version QueryOffsetSince = new(2, 53);
    private static readonly Version GroupLabelsSince = new(3, 0);
    private static readonly Version AnyLabelNameSince = new(3, 0);

    public static IEnumerable<LintFinding> FindInGroup(NamedRuleFile file, FileGroup group, Version? server)
    {
        if (group.Content.QueryOffset is not null && LintedRule.IsOlder(server, QueryOffsetSince))
            yield return Of("query_offset", QueryOffsetSince);
        if (group.Content.Labels.Count > 0 && LintedRule.IsOlder(server, GroupLabelsSince))
            yield return Of("labels of a group", GroupLabelsSince);

        LintFinding Of(string what, Version since) =>
            new(
                LintChecks.Requirement,
                LintSeverity.Error,
                file.Name,
                group.Line,
                group.Content.Name,
                null,
                $"{what}: known since Prometheus {since}; the server is {server}"
            );
    }

    public static IEnumerable<LintFinding> FindInExpression(LintedRule rule, PromqlExpression expression)
    {
        foreach (var need in PromqlRequirements.Of(expression))
        {
            if (need.Until is { } until && rule.Server is not null && rule.Server >= until)
                yield return Of(LintSeverity.Error, $"{need.What} is gone since Prometheus {until}; the server is {rule.Server}");
            else if (need.Since is { } since && rule.IsOlderThan(since))
                yield return Of(LintSeverity.Error, $"{need.What} is known since Prometheus {since}; the server is {rule.Server}");
            else if (need.Flag is { } flag)
                yield return Of(LintSeverity.Warning, $"{need.What} is experimental and needs --enable-feature={flag}");
            else if (need.Since is { } newer && rule.Server is null)
                yield return Of(LintSeverity.Info, $"{need.What} needs Prometheus {newer} or newer");

            LintFinding Of(LintSeverity severity, string message) =>
                rule.AtCharacter(LintChecks.Requirement, severity, need.Start, message);
        }
    }

    public static IEnumerable<LintFinding> FindInLabel(LintedRule rule, string label)
    {
        if (PromqlNames.IsPlainLabel(label) || !rule.IsOlderThan(AnyLabelNameSince))
            yield break;
        yield return rule.AtEntry(
            LintChecks.Requirement,
            LintSeverity.Error,
            "labels",
            label,
            $"a label called {GoText.Quote(label)} is known since Prometheus {AnyLabelNameSince}; the server is {rule.Server}"
        );
    }
}
