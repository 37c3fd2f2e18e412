namespace Archon.ConfigFiles.Rules.Lint;

public enum LintSeverity
{
    Info,
    Warning,
    Error,
}

/// <summary>A kind of fault that the linter knows.</summary>
/// <param name="Id">As it is named where it is accepted: <c>rate-window</c>.</param>
/// <param name="Explanation">Why it matters, for someone who meets it for the first time.</param>
public sealed record LintCheck(string Id, string Explanation);

/// <summary>A fault that was found.</summary>
/// <param name="File">As the caller named it.</param>
/// <param name="Line">From 1; 0 for the whole file.</param>
/// <param name="Group">Null where it concerns the file.</param>
/// <param name="Rule">Null where it concerns the group or the file.</param>
public sealed record LintFinding(LintCheck Check, LintSeverity Severity, string File, int Line, string? Group, string? Rule, string Message)
{
    /// <summary>The rule as it would be right; null where a person has to decide.</summary>
    public RuleContent? Fix { get; init; }

    /// <summary>The reason given in the file for leaving it as it is; null where it is not accepted.</summary>
    public string? Accepted { get; init; }
}

/// <summary>A rule file by its name.</summary>
public sealed record NamedRuleFile(string Name, RuleFile File);
