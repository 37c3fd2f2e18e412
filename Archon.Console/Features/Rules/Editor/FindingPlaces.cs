using Archon.ConfigFiles.Rules;
using Archon.ConfigFiles.Rules.Lint;
using Archon.Ui.Editor;
using Archon.Ui.Health;

namespace Archon.Features.Rules.Editor;

/// <summary>Where in an expression the findings about it are.</summary>
/// <param name="inFile">The rule in the file that was looked at; null where there was none.</param>
internal sealed class FindingPlaces(string expression, FileRule? inFile)
{
    /// <summary>About what the rule does rather than about a place in it.</summary>
    public static bool IsOfWhole(LintFinding finding) =>
        finding.Check == LintChecks.FiresNow || finding.Check == LintChecks.Cost || finding.Check == LintChecks.TooMany;

    public static StateKind State(LintFinding finding) =>
        finding.Severity switch
        {
            LintSeverity.Error => StateKind.Critical,
            LintSeverity.Warning => StateKind.Warning,
            _ => StateKind.Info,
        };

    /// <summary>The finding that is told right below the expression.</summary>
    public LintFinding? Worst(IEnumerable<LintFinding> findings) =>
        findings.Where(one => one.Accepted is null && !IsOfWhole(one) && Line(one) > 0).MaxBy(one => one.Severity);

    public IReadOnlyList<CodeMark> Marks(IEnumerable<LintFinding> findings) =>
        [.. findings.Where(one => one.Accepted is null && !IsOfWhole(one)).Select(Mark).OfType<CodeMark>()];

    /// <summary>From 1; 0 for a finding that is not about the expression.</summary>
    public int Line(LintFinding finding)
    {
        if (finding.Check == LintChecks.Syntax)
            return finding.Line;
        if (inFile is null || finding.Line < inFile.LineOf("expr"))
            return 0;
        var lines = expression.Count('\n') + 1;
        var line = finding.Line - inFile.LineOfExpression(1) + 1;
        // On the line of the key it is about the whole.
        return line <= 0 ? 1
            : line <= lines ? line
            : 0;
    }

    /// <summary>The characters of the line a finding is about; null for one that is not about the expression.</summary>
    public (int Start, int End)? Span(LintFinding finding)
    {
        if (Line(finding) is not (> 0 and var line))
            return null;
        var start = 0;
        for (var i = 1; i < line && expression.IndexOf('\n', start) is >= 0 and var feed; i++)
            start = feed + 1;
        var end = expression.IndexOf('\n', start);
        if (end < 0)
            end = expression.Length;
        while (start < end && char.IsWhiteSpace(expression[start]))
            start++;
        return (start, end);
    }

    private CodeMark? Mark(LintFinding finding) =>
        Span(finding) is (var start, var end) ? new CodeMark(start, end, State(finding), finding.Message) : null;
}
