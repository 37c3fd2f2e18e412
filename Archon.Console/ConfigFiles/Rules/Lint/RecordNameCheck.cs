namespace Archon.ConfigFiles.Rules.Lint;

/// <summary>A recorded series whose name does not differ from those of scraped ones.</summary>
internal static class RecordNameCheck
{
    public static IEnumerable<LintFinding> Find(LintedRule rule)
    {
        if (rule.Content.Name.Contains(':', StringComparison.Ordinal))
            yield break;
        yield return rule.AtField(
            LintChecks.RecordName,
            LintSeverity.Info,
            "record",
            $"{rule.Content.Name} is not named level:metric:operation"
        );
    }
}
