using Archon.Analysis.AlertTemplates;
using Archon.Analysis.Promql;

namespace Archon.ConfigFiles.Rules.Lint;

/// <summary>Rules that say the same, also across files.</summary>
internal static class DuplicateCheck
{
    public static IEnumerable<LintFinding> Find(IReadOnlyList<NamedRuleFile> files)
    {
        var all = files.SelectMany(file => file.File.Rules.Select(rule => (File: file, Rule: rule))).ToList();
        if (all.Count < 2)
            yield break;
        var printed = new Dictionary<string, string>(StringComparer.Ordinal);
        var sameName = all.GroupBy(one =>
            (one.Rule.Content.IsAlert, one.Rule.Content.Name, Labels: Key(one.Rule), one.Rule.Content.IsAlert ? Canonical(one.Rule) : "")
        );
        foreach (var same in sameName.Where(same => same.Count() > 1))
        {
            var first = same.First();
            foreach (var (file, rule) in same.Skip(1))
            {
                yield return new LintedRule(file.Name, rule).AtField(
                    LintChecks.Duplicate,
                    rule.Content.IsAlert ? LintSeverity.Warning : LintSeverity.Error,
                    rule.Content.IsAlert ? "alert" : "record",
                    $"{rule.Content.Name} with the same labels {(rule.Content.IsAlert ? "and expression " : "")}is already in "
                        + $"{first.File.Name}, line {first.Rule.Line}"
                );
            }
        }
        var sameCondition = all.Where(one => one.Rule.Content.IsAlert)
            .GroupBy(one => (Canonical(one.Rule), one.Rule.Content.For, Key(one.Rule)));
        foreach (var same in sameCondition.Where(same => same.Select(one => one.Rule.Content.Name).Distinct().Count() > 1))
        {
            var first = same.First();
            foreach (var (file, rule) in same.Where(one => one.Rule.Content.Name != first.Rule.Content.Name))
            {
                yield return new LintedRule(file.Name, rule).AtField(
                    LintChecks.Duplicate,
                    LintSeverity.Info,
                    "expr",
                    $"the same expression, for and labels as {first.Rule.Content.Name} in {first.File.Name}, line {first.Rule.Line}"
                );
            }
        }

        string Canonical(FileRule rule)
        {
            if (!printed.TryGetValue(rule.Content.Expression, out var text))
                printed[rule.Content.Expression] = text = PromqlParser.Canonical(rule.Content.Expression);
            return text;
        }

        static string Key(FileRule rule)
        {
            var labels = rule.AllLabels.OrderBy(label => label.Key, StringComparer.Ordinal);
            return string.Join(',', labels.Select(label => $"{label.Key}={GoText.Quote(label.Value)}"));
        }
    }
}
