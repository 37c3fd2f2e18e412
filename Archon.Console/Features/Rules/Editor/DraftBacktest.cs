using Archon.Analysis.RuleReplay;
using Archon.Analysis.Series;
using Archon.ConfigFiles.Rules;
using Archon.Features.Rules.Backtest;
using Archon.Live;

namespace Archon.Features.Rules.Editor;

/// <summary>The backtest of a draft: what it is asked, anew only where the draft has other alerts than before, and what it came to.</summary>
public sealed class DraftBacktest(RuleEditorServices services, int environmentId)
{
    private static readonly TimeSpan FirstLength = TimeSpan.FromDays(1);

    private DateTimeOffset asOf;

    public LiveBacktest Live { get; } =
        new(services.Upstreams.For(environmentId).Prometheus, services.Samples, environmentId, services.Clock);

    public int EnvironmentId => environmentId;

    /// <summary>How far back the draft is replayed.</summary>
    public TimeSpan Length { get; private set; } = FirstLength;
    public TimeRange Range => new(asOf - Length, asOf);

    /// <summary>Null while there is nothing to replay.</summary>
    public BacktestQuestion? Question { get; private set; }

    /// <summary>Services whose incidents it is judged by; empty: those of all.</summary>
    public IReadOnlyList<string> TroublesOf { get; private set; } = [];

    /// <summary>The last that was complete.</summary>
    public BacktestPicture? LastPicture { get; set; }

    /// <summary>The stretch that was picked for a unit test.</summary>
    public TimeRange? Picked { get; set; }

    public ReplaySpan? LastFiring => LastPicture?.Draft?.Spans.Where(span => span.State == AlertState.Firing).MaxBy(span => span.From);

    /// <summary>From here on it ends now.</summary>
    public void Begin()
    {
        asOf = services.Clock.GetUtcNow();
        Forget();
    }

    public void Choose(TimeSpan length) => (Length, Picked) = (length, null);

    public void Forget() => Question = null;

    /// <param name="subject">Its expression is PromQL.</param>
    /// <param name="content">What its fields say.</param>
    public async Task AskAsync(DraftSubject subject, RuleContent content, CancellationToken token)
    {
        var range = Range;
        var troubles =
            Question is { Troubles: { } known } && Question.Range == range && Question.Draft.Expression == content.Expression
                ? known
                : null;
        if (troubles is null && content.IsAlert)
        {
            try
            {
                (troubles, TroublesOf) = await services.Troubles.TroublesAsync(environmentId, content, range, token);
            }
            catch (Exception exception) when (!token.IsCancellationRequested && ReadFailures.Describe(exception) is not null)
            {
                troubles = null; // the panel says that nothing is judged
            }
        }
        var (draft, savedGroup) = (subject.Draft, subject.Rule?.Group);
        var group =
            savedGroup is not null && savedGroup.Name == draft.Group
                ? savedGroup
                : new GroupContent(draft.Group.Length > 0 ? draft.Group : "group");
        if (Question is { } same && same.Range == range && Replays(same.Draft, content) && same.Group.Says(group))
            return;
        Question = new BacktestQuestion(content, subject.Saved?.Content, draft.File, group, range, troubles);
    }

    /// <summary>Whether two rules have the same alerts; what annotations say does not matter to that.</summary>
    private static bool Replays(RuleContent one, RuleContent other) =>
        (one with { Annotations = RuleContent.Empty }).Says(other with { Annotations = RuleContent.Empty });
}
