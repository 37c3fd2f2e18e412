using Archon.Analysis.Promql;

namespace Archon.ConfigFiles.Rules.Lint;

/// <summary>A rule that is checked, and where its findings are.</summary>
/// <param name="File">As the caller named it.</param>
/// <param name="Server">The Prometheus that the rule is for; null where that is not known, or it is another kind of server.</param>
internal sealed record LintedRule(string File, FileRule Rule, Version? Server = null)
{
    public RuleContent Content => Rule.Content;

    /// <summary>The labels that parts of the expression can have, worked out once for all checks.</summary>
    public PromqlLabelTable Labels { get; } = new();

    public bool IsOlderThan(Version since) => IsOlder(Server, since);

    public static bool IsOlder(Version? server, Version since) => server is not null && server < since;

    public bool HasNoAnnotation(string name) => string.IsNullOrWhiteSpace(Content.Annotations.GetValueOrDefault(name));

    public LintFinding AtField(LintCheck check, LintSeverity severity, string field, string message) =>
        AtLine(check, severity, Rule.LineOf(field), message);

    public LintFinding AtEntry(LintCheck check, LintSeverity severity, string field, string entry, string message) =>
        AtLine(check, severity, Rule.LineOf(field, entry), message);

    /// <param name="start">Character of the expression.</param>
    public LintFinding AtCharacter(LintCheck check, LintSeverity severity, int start, string message) =>
        AtLine(check, severity, LineOfCharacter(start), message);

    public int LineOfCharacter(int start) =>
        Rule.LineOfExpression(Content.Expression.AsSpan(0, Math.Min(start, Content.Expression.Length)).Count('\n') + 1);

    private LintFinding AtLine(LintCheck check, LintSeverity severity, int line, string message) =>
        new(check, severity, File, line, Rule.Group.Content.Name, Content.Name, message);
}
