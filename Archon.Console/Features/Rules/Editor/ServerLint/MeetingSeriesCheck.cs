using Archon.Analysis.Promql;
using Archon.ConfigFiles.Rules.Lint;

namespace Archon.Features.Rules.Editor.ServerLint;

/// <summary>Two sides of an operator that have series, of which none meet.</summary>
internal static class MeetingSeriesCheck
{
    public static async Task FindAsync(ServerLintRun run, LintedRule rule, PromqlExpression expression)
    {
        foreach (var binary in expression.All().OfType<PromqlBinary>())
        {
            if (!binary.IsBetweenVectors || binary.Operator is "or" or "unless")
                continue;
            // Each question holds a whole side, so that those of a long chain would be longer and longer.
            if (!run.HasQuestionsLeft)
                return;
            if (await run.CountAsync(binary.Left.ToString()) is not > 0 || await run.CountAsync(binary.Right.ToString()) is not > 0)
                continue;
            var meeting = binary.IsSet
                ? binary
                : new PromqlBinary("+", binary.Left, binary.Right, false, binary.Matching, binary.OperatorStart);
            if (await run.CountAsync(meeting.ToString()) is 0)
            {
                run.Add(
                    rule.AtCharacter(
                        LintChecks.Matching,
                        LintSeverity.Error,
                        binary.OperatorStart,
                        $"{binary.Operator}: both sides have series, but none of them meet"
                    )
                );
            }
        }
    }
}
