using Archon.Analysis.RuleReplay;
using Archon.ConfigFiles.Rules;
using Archon.Features.Access;
using Archon.Features.Rules.Catalogue;
using Archon.Live;
using Archon.Ui.Dialogs;

namespace Archon.Features.Rules.Editor;

/// <content>What is saved: the rule against what others saved meanwhile, its unit tests, older versions, and its end.</content>
public sealed partial class RuleEditorSession
{
    /// <returns>The id of a rule that was created; null where none was.</returns>
    public async Task<int?> SaveAsync()
    {
        Faults = Draft.Faults();
        if (Faults.Count > 0)
        {
            Work.SayProblem(Faults.Count == 1 ? "One field to fix." : $"{Faults.Count} fields to fix.");
            return null;
        }
        if (string.IsNullOrWhiteSpace(Draft.Reason))
        {
            Work.SayProblem("Enter a reason. It is shown in the list of versions.");
            return null;
        }
        int? created = null;
        await WorkAsync(async actor =>
        {
            var result = await services.Commands.SaveAsync(Subject.Wanted(Checks.Reading.Content), actor, lifetime.Token);
            if (result is not RuleSaveResult.Saved done)
            {
                if (result is RuleSaveResult.ChangedMeanwhile { Theirs: var other })
                    await MeetAsync(other);
                Report(result);
                return;
            }
            await services.Drafts.DropAsync(DraftKey);
            if (RuleId is not null)
            {
                await ReloadAsync($"Saved as v{done.Version}. It runs once it is applied.");
                return;
            }
            (isCreated, created) = (true, done.RuleId);
            if (!string.IsNullOrWhiteSpace(Draft.Tests))
                await SaveTestsOfNewAsync(done, actor);
        });
        return created;
    }

    /// <summary>Gives up the draft for the version that someone saved meanwhile.</summary>
    public async Task TakeTheirsAsync()
    {
        await WorkAsync(async _ =>
        {
            if (await ReloadAsync(""))
                await services.Drafts.DropAsync(DraftKey);
        });
    }

    public async Task RestoreAsync(int version)
    {
        if (Rule is null)
            return;
        var loss = IsDirty ? ", but your draft is" : "";
        var question = new Question(
            $"Restore v{version}?",
            $"Its text becomes v{Rule.CurrentVersion + 1}. Nothing is lost{loss}; the server runs it once it is applied.",
            $"Restore v{version}",
            "Keep as it is"
        );
        if (!await host.ConfirmAsync(question))
            return;
        await WorkAsync(async actor =>
        {
            var reason = Draft.Reason.Length > 0 ? Draft.Reason : $"Restored v{version}";
            var result = await services.Commands.RestoreAsync(Rule.Id, version, actor, reason, lifetime.Token);
            if (result is not RuleSaveResult.Saved { Version: var made })
            {
                Report(result);
                return;
            }
            await services.Drafts.DropAsync(DraftKey);
            await ReloadAsync($"v{version} is back as v{made}.");
        });
    }

    public async Task DeleteAsync()
    {
        if (Rule is null)
            return;
        if (string.IsNullOrWhiteSpace(Draft.Reason))
        {
            IsAskingWhy = true;
            Work.SayProblem("Enter a reason to delete this rule.");
            return;
        }
        var question = new Question(
            $"Delete {Rule.Content.Name}?",
            "It leaves its file and stops alerting once that is applied. Its versions stay and can be restored.",
            "Delete the rule",
            "Keep it"
        );
        if (!await host.ConfirmAsync(question))
            return;
        await WorkAsync(async actor =>
        {
            var result = await services.Commands.DeleteAsync(Rule.Id, Rule.CurrentVersion, actor, Draft.Reason, lifetime.Token);
            if (result is not RuleSaveResult.Saved)
            {
                Report(result);
                return;
            }
            await services.Drafts.DropAsync(DraftKey);
            await ReloadAsync("Deleted. It stops alerting once that is applied.");
        });
    }

    /// <summary>Makes a unit test of the picked stretch.</summary>
    /// <returns>Whether there is one more to run.</returns>
    public async Task<bool> MakeTestAsync(bool mustFire)
    {
        if (!CanEdit || Backtest.Picked is not { } window || Backtest.LastPicture is not { Interval: { } interval } picture)
            return false;
        await WorkAsync(async _ =>
        {
            var firings = picture.Draft?.Spans.Where(span => span.State == AlertState.Firing).ToList() ?? [];
            var wish = new TestWish(EnvironmentId, Checks.Reading.Content, picture.Question.Group, interval, window, firings, mustFire);
            var (test, why) = await services.TestMaker.MakeAsync(wish, lifetime.Token);
            if (test is null)
            {
                Work.SayProblem(why!);
                return;
            }
            Draft.Tests = RuleTestFile.Add(Draft.Tests, test, interval);
            Backtest.Picked = null;
            Read();
            Work.Say($"A test was made: {test.Name}.");
        });
        return !Work.IsProblem;
    }

    /// <summary>The rules that the unit tests run on: the file as it would be with this draft.</summary>
    public async Task<(string? Rules, string? Why)> RulesToTestAsync(CancellationToken token)
    {
        string[] placing = [nameof(WorkbenchDraft.File), nameof(WorkbenchDraft.Group)];
        var wrong = Draft.Faults().Where(fault => !placing.Contains(fault.Key)).ToList();
        if (wrong.Count > 0)
            return (null, $"Tests paused: {wrong[0].Value}");
        // A rule without a place yet is tested alone.
        if (string.IsNullOrWhiteSpace(Draft.File) || string.IsNullOrWhiteSpace(Draft.Group))
        {
            return RuleYaml.File(new GroupContent("group"), Checks.Reading.Content, Language) is { } alone
                ? (alone.Text, null)
                : (null, "Invalid PromQL; tests paused.");
        }
        var (file, why) = await services.Commands.PreviewAsync(Subject.Wanted(Checks.Reading.Content), token);
        return file is not null ? (file.After.Text, null) : (null, string.Join(" ", why));
    }

    public Task SaveTestsAsync() =>
        Rule is null
            ? Task.CompletedTask
            : WorkAsync(async actor =>
            {
                var result = await services.Commands.SaveTestsAsync(Rule.Id, Draft.Tests, actor, lifetime.Token);
                if (result is RuleSaveResult.Saved)
                {
                    Rule = Rule with { Tests = Draft.Tests };
                    Work.Say("Tests saved with the rule's file.");
                }
                else
                    Report(result);
            });

    /// <summary>Saving again is then a decision, not an accident: it is made against the version that is there now.</summary>
    private async Task MeetAsync(RuleVersionRow other)
    {
        if (Rule is null)
            return;
        Rule = await services.Rules.FindAsync(Rule.Id, lifetime.Token) ?? Rule;
        (Theirs, Draft.BasedOn) = (other, other.Number);
        (DiffFrom, DiffTo) = (other.Number, DraftVersion);
    }

    /// <summary>Saves the unit tests of a rule that was created just now. Those that are not saved are kept as a draft, which the page of the rule
    /// offers.</summary>
    private async Task SaveTestsOfNewAsync(RuleSaveResult.Saved made, Actor actor)
    {
        string? reason;
        try
        {
            reason = await services.Commands.SaveTestsAsync(made.RuleId, Draft.Tests, actor, lifetime.Token) switch
            {
                RuleSaveResult.Saved => null,
                RuleSaveResult.Invalid { Reasons: var reasons } => string.Join(" ", reasons),
                _ => "This rule no longer exists.",
            };
        }
        catch (Exception exception) when (ReadFailures.Describe(exception) is { } words)
        {
            reason = words;
        }
        if (reason is null)
            return;
        var left = WorkbenchDraft.Of(Checks.Reading.Content, Draft.File.Trim(), Draft.Group.Trim(), made.Version);
        left.Tests = Draft.Tests;
        await services.Drafts.LeaveAsync(KeyOf(made.RuleId), left);
        await host.WarnAsync($"The rule is saved, its unit tests are not: {reason} They are kept as a draft in this browser.");
    }

    /// <summary>Reads the rule and the others, and shows them once both are read.</summary>
    /// <param name="done">What was done before, in a sentence; empty for nothing.</param>
    /// <returns>False where they could not be read: what was shown stays, with the reason.</returns>
    private async Task<bool> ReloadAsync(string done)
    {
        RuleDetail? found;
        IReadOnlyList<RuleRow> others;
        try
        {
            found = Rule is null ? null : await services.Rules.FindAsync(Rule.Id, lifetime.Token);
            others = (await services.Rules.PictureAsync(EnvironmentId, lifetime.Token)).Rules;
        }
        catch (Exception exception) when (!lifetime.IsOver && ReadFailures.Describe(exception) is { } reason)
        {
            Work.SayProblem($"{done} The new version cannot be shown: {reason}".TrimStart());
            return false;
        }
        if (found is not null)
            Show(found, HasUnsavedTests ? Draft.Tests : null);
        else
            IsMissing = Rule is not null;
        (Others, Origin, IsAskingWhy) = (others, null, false);
        Backtest.Forget();
        Work.Say(done);
        Changed();
        return true;
    }

    private void Report(RuleSaveResult result) =>
        Work.SayProblem(
            result switch
            {
                RuleSaveResult.Invalid invalid => $"Not saved: {string.Join(" ", invalid.Reasons)}",
                RuleSaveResult.ChangedMeanwhile => "Not saved yet.",
                _ => "This rule no longer exists.",
            }
        );
}
