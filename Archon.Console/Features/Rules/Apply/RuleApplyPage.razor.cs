using Archon.ConfigFiles.Rules;
using Archon.Data.Rules;
using Archon.Features.Access;
using Archon.Features.Rules.Catalogue;
using Archon.Live;
using Archon.Ui.Health;
using Archon.Ui.View;

namespace Archon.Features.Rules.Apply;

public sealed partial class RuleApplyPage(
    CurrentActor me,
    RuleApplyQueries applies,
    RuleApplier applier,
    RuleTopic rules,
    ViewState view,
    IHostApplicationLifetime host
) : LivePage<ApplyPicture>
{
    private const int ChangesShown = 20;

    private static readonly (RuleApplyStage Stage, string Name)[] Steps =
    [
        (RuleApplyStage.Writing, "Write the files"),
        (RuleApplyStage.Reloading, "Reload the server"),
        (RuleApplyStage.Verifying, "Verify rules"),
    ];

    private readonly HashSet<int> left = [];
    private readonly HashSet<int> opened = [];
    private RuleApplyStage? stage;
    private RuleApplyStage reached;
    private ApplyResult? result;

    private bool IsBusy => stage is not null && result is null;

    private List<ReviewedFile> Pending => [.. Picture?.Review?.Files.Where(file => file.State != ReviewState.InStep) ?? []];

    private List<ReviewedFile> Chosen => [.. Pending.Where(file => file.State == ReviewState.Ready && !left.Contains(file.DocumentId))];

    private string Summary =>
        string.Join(
            " · ",
            new[]
            {
                Pending.Count switch
                {
                    0 => "",
                    1 => $"1 file differs from {Picture!.Review!.Target}",
                    var many => $"{many} files differ from {Picture!.Review!.Target}",
                },
                Count(ReviewState.ChangedOutside, "changed outside"),
                Count(ReviewState.Blocked, "blocked"),
            }.Where(part => part.Length > 0)
        );

    protected override LiveSource<ApplyPicture> Source =>
        LiveSource.Shared("rules-apply", view.EnvironmentId, $"", [rules], applies.PictureAsync) with
        {
            // The files of the target change without a word.
            Lifetime = TimeSpan.FromSeconds(1),
        };

    private string Count(ReviewState state, string words) =>
        Pending.Count(file => file.State == state) is > 0 and var count ? $"{count} {words}" : "";

    private async Task ApplyAsync()
    {
        if (IsBusy)
            return;
        (stage, reached, result) = (RuleApplyStage.Writing, RuleApplyStage.Writing, null);
        var progress = new StageProgress(this);
        try
        {
            // Once begun it is not cut short by a closed tab; a console that stops leaves it in the journal.
            result = await applier.ApplyAsync(view.EnvironmentId, Chosen, await me.GetAsync(Lifetime), progress, host.ApplicationStopping);
        }
        catch (OperationCanceledException) when (host.ApplicationStopping.IsCancellationRequested)
        {
            // the next start ends it
        }
        catch (Exception exception) when (ReadFailures.Describe(exception) is { } reason)
        {
            result = new ApplyResult.Refused(
                $"Archon's database failed during the apply: {reason} The result appears below within a minute."
            );
        }
        if (!Lifetime.IsCancellationRequested)
            await RefreshAsync();
    }

    private void Note(RuleApplyStage now)
    {
        stage = now;
        if (now is RuleApplyStage.Writing or RuleApplyStage.Reloading or RuleApplyStage.Verifying)
            reached = now;
        if (!Lifetime.IsCancellationRequested)
            _ = InvokeAsync(StateHasChanged);
    }

    private StateKind StateOf(RuleApplyStage step) =>
        step < reached || result is ApplyResult.Done ? StateKind.Ok
        : step > reached || result is ApplyResult.Refused ? StateKind.Unknown
        : result is not null || stage is RuleApplyStage.PuttingBack ? StateKind.Critical
        : StateKind.Info;

    private string WordOf(RuleApplyStage step) =>
        StateOf(step) switch
        {
            StateKind.Ok => "done",
            StateKind.Info => "under way",
            StateKind.Critical => result is null ? "failed, putting back" : "failed",
            _ => "not yet",
        };

    private void Choose(int documentId)
    {
        if (!left.Remove(documentId))
            left.Add(documentId);
    }

    private void Open(int documentId)
    {
        if (!opened.Remove(documentId))
            opened.Add(documentId);
    }

    private static string Word(ReviewState state) =>
        state switch
        {
            ReviewState.ChangedOutside => "Changed outside",
            ReviewState.Blocked => "Blocked",
            ReviewState.Ready => "Ready",
            _ => "In step",
        };

    private static string Word(RuleChangeKind kind) =>
        kind switch
        {
            RuleChangeKind.GroupAdded => "new group",
            RuleChangeKind.GroupRemoved => "group gone",
            RuleChangeKind.GroupChanged => "group changed",
            RuleChangeKind.RuleAdded => "new",
            RuleChangeKind.RuleRemoved => "gone",
            RuleChangeKind.RuleMoved => "moved",
            _ => "changed",
        };

    private static StateKind Shape(RuleApplyStage stage) =>
        stage switch
        {
            RuleApplyStage.Done => StateKind.Ok,
            RuleApplyStage.PutBack => StateKind.Warning,
            RuleApplyStage.Stuck => StateKind.Critical,
            _ => StateKind.Info,
        };

    private static string Word(RuleApplyStage stage) =>
        stage switch
        {
            RuleApplyStage.Done => "Applied",
            RuleApplyStage.PutBack => "Put back",
            RuleApplyStage.Stuck => "Stuck",
            RuleApplyStage.PuttingBack => "Putting back",
            RuleApplyStage.Writing => "Writing",
            RuleApplyStage.Reloading => "Reloading",
            _ => "Verifying",
        };

    /// <summary>In step with the work: the usual progress hands its words on later, in any order.</summary>
    private sealed class StageProgress(RuleApplyPage page) : IProgress<RuleApplyStage>
    {
        public void Report(RuleApplyStage value) => page.Note(value);
    }
}
