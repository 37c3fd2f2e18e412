using Archon.Analysis.Promql;
using Archon.ConfigFiles.Rules;

namespace Archon.Features.Rules.Catalogue;

/// <summary>Where a new rule goes.</summary>
public sealed record RulePlace(string File, string Group)
{
    /// <summary>Where most of the others stand.</summary>
    public static RulePlace Usual(IReadOnlyList<RuleRow> rules)
    {
        var usual = rules.GroupBy(one => new RulePlace(one.File, one.Group)).MaxBy(group => group.Count());
        return usual?.Key ?? new RulePlace("", "");
    }
}

/// <summary>The pages that write drafts for the workbench, as the addresses of these drafts name them.</summary>
public static class DraftSources
{
    public const string Anomaly = "anomaly";
    public const string Coverage = "coverage";
    public const string Noise = "noise";
}

/// <summary>Addresses that open the workbench on a rule that is written already.</summary>
public static class WorkbenchLinks
{
    /// <param name="source">One of <see cref="DraftSources"/>.</param>
    public static string New(RuleContent content, RulePlace place, string source)
    {
        if (WorkbenchDraft.Of(content, place.File, place.Group, 0).Share() is { } packed)
            return $"/rules/new?draft={packed}&source={source}";
        // Too long as a whole: what matters most.
        var severity = content.Labels.GetValueOrDefault(WorkbenchDraft.SeverityLabel, "");
        var (name, expression) = (Uri.EscapeDataString(content.Name), Uri.EscapeDataString(content.Expression));
        var pendingPeriod = PrometheusDuration.Format(content.For);
        return $"/rules/new?name={name}&expr={expression}&for={pendingPeriod}&severity={Uri.EscapeDataString(severity)}&source={source}";
    }

    /// <summary>A rule of the catalogue with other content; null where that is too long for an address.</summary>
    public static string? Changed(RuleDetail rule, RuleContent content) =>
        WorkbenchDraft.Of(content, rule.File, rule.Group.Name, rule.CurrentVersion).Share() is { } packed
            ? $"/rules/{rule.Id}?draft={packed}&source={DraftSources.Noise}"
            : null;
}
