namespace Archon.ConfigFiles.Rules.Lint;

/// <summary>A file that Prometheus takes, though perhaps not as it was meant.</summary>
internal static class FileFormCheck
{
    public static IEnumerable<LintFinding> Find(NamedRuleFile file) =>
        file.File.Warnings.Select(warning => new LintFinding(
            LintChecks.FileForm,
            LintSeverity.Warning,
            file.Name,
            warning.Line,
            null,
            null,
            warning.Message
        ));
}
