using Archon.Analysis.Series;
using Archon.ConfigFiles.Rules;
using Archon.Features.Rules.Backtest;
using Archon.Features.Rules.Catalogue;
using Archon.Live;

namespace Archon.Features.Rules.Editor;

/// <summary>What the backtest is asked about a draft: anew only where the draft has other alerts than before.</summary>
internal sealed class DraftReplay(TroubleQueries queries)
{
    /// <summary>Null while there is nothing to replay.</summary>
    public BacktestQuestion? Question { get; private set; }

    /// <summary>Services whose incidents it is judged by; empty: those of all.</summary>
    public IReadOnlyList<string> TroublesOf { get; private set; } = [];

    public void Forget() => Question = null;

    /// <param name="draft">Its expression reads as PromQL.</param>
    public async Task AskAsync(
        int environmentId,
        WorkbenchDraft draft,
        WorkbenchDraft? saved,
        GroupContent? savedGroup,
        TimeRange range,
        CancellationToken token
    )
    {
        var content = draft.Content;
        var troubles =
            Question is { Troubles: { } known } && Question.Range == range && Question.Draft.Expression == content.Expression
                ? known
                : null;
        if (troubles is null && content.IsAlert)
        {
            try
            {
                (troubles, TroublesOf) = await queries.TroublesAsync(environmentId, content, range, token);
            }
            catch (Exception exception) when (!token.IsCancellationRequested && ReadFailures.Describe(exception) is not null)
            {
                troubles = null; // the panel says that nothing is judged
            }
        }
        var group =
            savedGroup is not null && savedGroup.Name == draft.Group
                ? savedGroup
                : new GroupContent(draft.Group.Length > 0 ? draft.Group : "group");
        if (Question is { } same && same.Range == range && Replays(same.Draft, content) && same.Group.Says(group))
            return;
        Question = new BacktestQuestion(content, saved?.Content, draft.File, group, range, troubles);
    }

    /// <summary>Whether two rules have the same alerts; what annotations say does not matter to that.</summary>
    private static bool Replays(RuleContent one, RuleContent other) =>
        (one with { Annotations = RuleContent.Empty }).Says(other with { Annotations = RuleContent.Empty });
}
