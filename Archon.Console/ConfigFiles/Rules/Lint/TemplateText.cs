using System.Text.RegularExpressions;
using Archon.Analysis.AlertTemplates;
using Archon.Analysis.Promql;

namespace Archon.ConfigFiles.Rules.Lint;

/// <summary>The text of a label or an annotation of a rule, parsed once for all checks of templates.</summary>
/// <param name="Field"><c>labels</c> or <c>annotations</c>.</param>
/// <param name="Possible">Labels of the expression; null where they cannot be known.</param>
/// <param name="Template">Null where the text is none, or cannot be parsed here.</param>
/// <param name="Unread">Why it cannot be parsed here; null where it can, or is no template.</param>
internal sealed partial record TemplateText(
    string Field,
    string Name,
    string Text,
    PromqlLabels? Possible,
    AlertTemplate? Template,
    string? Unread
)
{
    public bool IsPlain => Template is null && Unread is null;

    /// <summary>Whether other queries are made in it, of whose samples <c>.Labels</c> may then be.</summary>
    public bool Queries => Template?.Functions.Contains("query") == true;

    public static IEnumerable<TemplateText> Of(RuleContent rule, PromqlLabels? possible) =>
        rule
            .Labels.Select(one => Of("labels", one.Key, one.Value, possible))
            .Concat(rule.Annotations.Select(one => Of("annotations", one.Key, one.Value, possible)));

    /// <summary>The labels of the alert that the template names.</summary>
    public IEnumerable<string> NamedLabels() => Names(Queries ? OwnLabel().Matches(Text) : LabelOf().Matches(Text));

    /// <summary>Why it fails with a sample such as the expression can yield; null when it does not.</summary>
    public AlertTemplateException? Failure()
    {
        var labels = Names(LabelOf().Matches(Text))
            .Where(label => Possible?.Can(label) != false)
            .ToDictionary(label => label, label => $"{label}-value", StringComparer.Ordinal);
        try
        {
            Template?.Expand(new AlertTemplateData(labels, 0.5, DateTimeOffset.UnixEpoch));
            return null;
        }
        catch (AlertTemplateException failure)
        {
            return failure;
        }
    }

    private static TemplateText Of(string field, string name, string text, PromqlLabels? possible)
    {
        if (!text.Contains("{{", StringComparison.Ordinal))
            return new TemplateText(field, name, text, possible, null, null);
        var template = AlertTemplate.Parse(text, out var error);
        return new TemplateText(field, name, text, possible, template, template is null ? $"{error}" : null);
    }

    private static IEnumerable<string> Names(MatchCollection matches) =>
        matches.Select(match => match.Groups[1].Success ? match.Groups[1].Value : match.Groups[2].Value).Distinct();

    [GeneratedRegex(
        @"(?:\$labels|\.Labels)\.([A-Za-z_][A-Za-z0-9_]*)|index\s+(?:\$labels|\.Labels)\s+""([^""]+)""",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex LabelOf();

    [GeneratedRegex(@"\$labels\.([A-Za-z_][A-Za-z0-9_]*)", RegexOptions.CultureInvariant)]
    private static partial Regex OwnLabel();
}
