using Archon.ConfigFiles.Rules;
using Archon.Data.Rules;
using Archon.Features.Access;
using Archon.Features.Rules.Catalogue;
using Archon.Live;
using Archon.Ui.Dialogs;
using Archon.Ui.Health;
using Archon.Ui.View;

namespace Archon.Features.Rules.Apply;

public sealed partial class RuleApplyPage(
    CurrentActor me,
    RuleApplyQueries applies,
    RuleApplier applier,
    OutsideChangeCommands outside,
    Floats floats,
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
    private readonly PageWork settling = new();
    private int applyingIn;
    private RuleApplyStage? stage;
    private RuleApplyStage reached;
    private ApplyResult? result;

    private bool IsBusy => stage is not null && result is null;

    /// <summary>What is shown is of another environment than the reader looks at: the new one is still being read.</summary>
    private bool IsOfOtherEnvironment => Picture is not null && Picture.EnvironmentId != view.EnvironmentId;

    private List<ReviewedFile> Pending => [.. Picture?.Review?.Files.Where(file => file.State != ReviewState.InStep) ?? []];

    private List<ReviewedFile> Chosen => [.. Pending.Where(file => file.State == ReviewState.Ready && !left.Contains(file.DocumentId))];

    private string Summary =>
        string.Join(
            " · ",
            new[]
            {
                Pending.Count(file => file.Differs) switch
                {
                    0 => "",
                    1 => $"1 file differs from {Picture!.Review!.Target}",
                    var many => $"{many} files differ from {Picture!.Review!.Target}",
                },
                Count(file => file.IsStuck, "stuck"),
                Count(file => file.State == ReviewState.ChangedOutside, "changed outside"),
                Count(file => file.State == ReviewState.Blocked, "blocked"),
            }.Where(part => part.Length > 0)
        );

    protected override LiveSource<ApplyPicture> Source =>
        LiveSource.Shared("rules-apply", view.EnvironmentId, $"", [rules], applies.PictureAsync) with
        {
            // The files of the target change without a word.
            Lifetime = TimeSpan.FromSeconds(1),
        };

    protected override void Follow() => view.Changed += EnvironmentChanged;

    // The files of the former environment are not shown while those of the new one are read.
    private void EnvironmentChanged() =>
        _ = InvokeAsync(() =>
        {
            if (IsOfOtherEnvironment)
                StateHasChanged();
        });

    /// <summary>What was chosen and how an apply ended is of the environment that was shown.</summary>
    protected override void Arrived(ApplyPicture picture)
    {
        if (Picture is null || Picture.EnvironmentId == picture.EnvironmentId)
            return;
        left.Clear();
        opened.Clear();
        settling.Say("");
        if (!IsBusy)
            (stage, result) = (null, null);
    }

    private string Count(Func<ReviewedFile, bool> which, string words) =>
        Pending.Count(which) is > 0 and var count ? $"{count} {words}" : "";

    private Task KeepOursAsync(ReviewedFile file) =>
        SettleAsync(
            file,
            outside.KeepOursAsync,
            file.Wanted is null ? $"{file.Name} stays deleted. Apply it to delete it on the target." : $"{file.Name} can be applied again."
        );

    private async Task DeleteHereAsync(ReviewedFile file)
    {
        var question = new Question(
            $"Delete {file.Name} in the catalogue?",
            "All its rules are deleted. Their versions stay and can be restored.",
            "Delete the file",
            "Keep it"
        );
        if (await floats.ConfirmAsync(question))
            await SettleAsync(file, outside.DeleteHereAsync, $"{file.Name} is deleted in the catalogue.");
    }

    private Task SettleAsync(
        ReviewedFile file,
        Func<int, ReviewedFile, Actor, CancellationToken, Task<OutsideChangeResult>> settle,
        string done
    ) =>
        settling.DoAsync(
            async () =>
            {
                if (Picture is not { } shown || IsOfOtherEnvironment)
                    return;
                if (await settle(shown.EnvironmentId, file, await me.GetAsync(Lifetime), Lifetime) is OutsideChangeResult.Refused refused)
                    settling.SayProblem(refused.Reason);
                else
                    settling.Say(done);
                await RefreshAsync();
            },
            Lifetime
        );

    private async Task ApplyAsync()
    {
        if (IsBusy || Picture is not { } shown || IsOfOtherEnvironment)
            return;
        (stage, reached, result) = (RuleApplyStage.Writing, RuleApplyStage.Writing, null);
        applyingIn = shown.EnvironmentId;
        var progress = new StageProgress(this);
        try
        {
            // Once begun it is not cut short by a closed tab; a console that stops leaves it in the journal.
            result = await applier.ApplyAsync(applyingIn, Chosen, await me.GetAsync(Lifetime), progress, host.ApplicationStopping);
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

    private static string WhatBecomes(ReviewedFile file) =>
        (file.Held, file.Wanted) switch
        {
            (null, null) => ", deleted",
            (null, _) when file.State == ReviewState.ChangedOutside => ", missing on the target",
            (null, _) => ", new on the target",
            (_, null) => ", to be taken away",
            _ => "",
        };

    private static string KeepWords(ReviewedFile file) => file.Wanted is null ? "Keep deleted" : "Write it again";

    private static string CompareWords(ReviewedFile file) => file.Wanted is null ? "Import" : "Compare and choose";

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

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            view.Changed -= EnvironmentChanged;
        base.Dispose(disposing);
    }

    /// <summary>In step with the work: the usual progress hands its words on later, in any order.</summary>
    private sealed class StageProgress(RuleApplyPage page) : IProgress<RuleApplyStage>
    {
        public void Report(RuleApplyStage value) => page.Note(value);
    }
}
