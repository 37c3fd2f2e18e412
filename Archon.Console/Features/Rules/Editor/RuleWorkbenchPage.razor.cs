using System.Globalization;
using Archon.Analysis.Promql;
using Archon.Analysis.RuleReplay;
using Archon.Analysis.Series;
using Archon.ConfigFiles.Rules;
using Archon.ConfigFiles.Rules.Lint;
using Archon.Data.Rules;
using Archon.Features.Access;
using Archon.Features.Rules.Backtest;
using Archon.Features.Rules.Catalogue;
using Archon.Features.Services;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Archon.Live;
using Archon.Ui.Dialogs;
using Archon.Ui.Editor;
using Archon.Ui.Forms;
using Archon.Ui.Health;
using Archon.Ui.Parts;
using Archon.Ui.View;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Routing;

namespace Archon.Features.Rules.Editor;

/// <summary>Where one rule is written, seen over the past, checked, tested and saved.</summary>
public sealed partial class RuleWorkbenchPage(
    RuleQueries rules,
    RuleCommands commands,
    WorkbenchQueries queries,
    TroubleQueries troubles,
    RuleTestMaker testMaker,
    PrometheusClient prometheus,
    UpstreamHealth upstreams,
    ViewState view,
    NavigationManager navigation,
    Drafts drafts,
    Floats floats,
    IAuthorizationService authorization,
    TimeProvider clock
) : IDisposable
{
    private static readonly TimeSpan TypingPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan ThinkingPause = TimeSpan.FromMilliseconds(450);
    private static readonly TimeSpan FirstLength = TimeSpan.FromDays(1);
    private static readonly string[] Severities = ["critical", "warning", "info"];
    private const string ExampleLogql = """sum by (service) (rate({app="shop"} |= "error" [5m])) > 1""";
    private const string ExampleExpression = """rate(http_requests_total{status=~"5.."}[5m]) > 0.1""";

    private readonly ComponentLifetime lifetime = new();
    private readonly PageWork work = new();
    private readonly LiveBacktest live = new(prometheus, clock);
    private readonly DraftReplay replay = new(troubles);
    private WorkbenchDraft draft = new();
    private WorkbenchDraft? saved;
    private RuleDetail? rule;
    private IReadOnlyList<RuleRow> others = [];
    private RuleVersionRow? theirs;
    private CancellationTokenSource? looking;
    private CodeEditor? editor;
    private TestsPanel? testsPanel;

    private IReadOnlyList<CodeMark> marks = [];
    private IReadOnlyList<ExpressionPart> words = [];
    private IReadOnlyDictionary<string, string> faults = new Dictionary<string, string>();
    private WorkbenchLint? lint;
    private Fetch<EvaluationNow>? now;
    private Fetch<RenderedRule>? rendered;
    private Dictionary<string, string>? alertLabels;
    private BacktestPicture? lastPicture;
    private TimeRange? picked;
    private TimeSpan length = FirstLength;
    private DateTimeOffset asOf;
    private string? failure;
    private string? origin;
    private int? askedId;
    private int diffFrom;
    private int diffTo = DiffPanel.Draft;
    private bool canEdit;
    private bool isServerAsked;
    private bool isBegun;
    private bool loaded;
    private bool missing;
    private bool isLeaving;
    private bool isAskingWhy;
    private bool isDraftLookedFor;
    private WorkbenchDraft? older;

    [Parameter]
    public int? Id { get; set; }

    [SupplyParameterFromQuery(Name = "expr")]
    private string? AskedExpression { get; set; }

    [SupplyParameterFromQuery(Name = "for")]
    private string? AskedFor { get; set; }

    [SupplyParameterFromQuery(Name = "severity")]
    private string? AskedSeverity { get; set; }

    [SupplyParameterFromQuery(Name = "name")]
    private string? AskedName { get; set; }

    [SupplyParameterFromQuery(Name = "from")]
    private string? AskedFrom { get; set; }

    [SupplyParameterFromQuery(Name = "draft")]
    private string? SharedDraft { get; set; }

    [CascadingParameter]
    private Task<AuthenticationState>? Reader { get; set; }

    private string DraftKey => $"rule/{view.EnvironmentId}/{Id}";
    private RuleLanguage Language => rule?.Language ?? rules.NewLanguage;
    private bool IsPromql => Language == RuleLanguage.Promql;

    /// <summary>Whether there is an expression that can be evaluated, replayed and tested here.</summary>
    private bool ReadsAsPromql => IsPromql && draft.Expression.Length > 0 && PromqlParser.Parse(draft.Expression, out _) is not null;
    private AlertCondition? Condition => draft.IsAlert && IsPromql ? AlertCondition.Of(draft.Expression) : null;
    private AlertCondition? SavedCondition => saved is null ? null : AlertCondition.Of(saved.Expression);
    private bool IsDirty => saved is null ? draft.Expression.Length > 0 || draft.Name.Length > 0 : !draft.Says(saved);
    private bool HasUnsavedTests => draft.Tests != (rule?.Tests ?? "");
    private TimeRange Range => new(asOf - length, asOf);
    private FindingPlaces Places => new(draft.Expression, lint?.Rule);
    private LintFinding? Worst => Places.Worst(lint?.Findings ?? []);
    private string? Graph =>
        PrometheusLink.Graph(upstreams.Current.FirstOrDefault(one => one.Name == "Prometheus")?.Address, draft.Expression, Range);

    private string Standing =>
        (rule, IsDirty) switch
        {
            (null, _) => "New",
            (_, true) => $"Draft of v{draft.BasedOn}",
            _ => $"v{rule.CurrentVersion}",
        };

    private string Waiting
    {
        get
        {
            if (draft.Expression.Length == 0)
                return "Enter an expression to backtest it.";
            PromqlParser.Parse(draft.Expression, out var error);
            return error?.Limit is { } limit
                ? $"No backtest: {limit.Sentence}. Prometheus can still run it."
                : "Invalid PromQL; backtest paused.";
        }
    }

    private string? ShareLink
    {
        get
        {
            var page = Id is { } id ? $"/rules/{id}" : "/rules/new";
            return draft.Share() is { } packed ? navigation.ToAbsoluteUri($"{page}?draft={packed}").AbsoluteUri : null;
        }
    }

    protected override async Task OnParametersSetAsync()
    {
        // Parameters may come again while the first reading is under way: a second one would take back what was typed since.
        if (isBegun && askedId == Id)
            return;
        (isBegun, askedId) = (true, Id);
        (loaded, missing, isLeaving, isAskingWhy, isDraftLookedFor) = (false, false, false, false, false);
        (rule, saved, theirs, older, origin) = (null, null, null, null, null);
        (lint, now, rendered, alertLabels, lastPicture, picked) = (null, null, null, null, null, null);
        replay.Forget();
        work.Say("");
        if (Reader is not null)
            canEdit = (await authorization.AuthorizeAsync((await Reader).User, Policies.Editor)).Succeeded;
        await LoadAsync();
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!loaded || !canEdit)
            return;
        if (!isDraftLookedFor)
        {
            isDraftLookedFor = true;
            if (await drafts.TakeAsync<WorkbenchDraft>(DraftKey) is { } written)
            {
                (draft, origin) = (written, "Your draft is back: the connection was lost while you were writing.");
                Changed();
            }
            else if (
                await drafts.OlderAsync<WorkbenchDraft>(DraftKey) is { } left
                && (saved is null || !left.Says(saved) || left.Tests != rule?.Tests)
            )
            {
                older = left;
            }
            StateHasChanged();
        }
        await drafts.KeepAsync(DraftKey, draft, beyondTab: true);
    }

    private async Task LoadAsync()
    {
        try
        {
            failure = null;
            asOf = clock.GetUtcNow();
            var asked = Id;
            others = (await rules.PictureAsync(view.EnvironmentId, lifetime.Token)).Rules;
            var found = asked is { } id ? await rules.FindAsync(id, lifetime.Token) : null;
            // The reader went on to another rule meanwhile.
            if (asked != Id)
                return;
            if (asked is not null)
            {
                rule = found;
                missing = rule is null || rule.EnvironmentId != view.EnvironmentId;
                if (missing)
                    return;
                Show(rule!);
            }
            else
                draft = Begin();
            if (SharedDraft is { Length: > 0 } packed)
            {
                var (shared, fault) = WorkbenchDraft.Shared(packed);
                if (shared is not null)
                {
                    // Against what is saved now, whatever it was when the link was made.
                    origin = WorkbenchWords.Origin(AskedFrom) ?? "This is a draft that somebody shared by a link. It is not saved.";
                    draft = shared;
                    if (rule is not null)
                        (draft.BasedOn, draft.File) = (rule.CurrentVersion, rule.File);
                }
                else
                    origin = $"The draft in this link cannot be opened: {fault}.";
            }
            loaded = true;
            Changed();
        }
        catch (OperationCanceledException) when (lifetime.IsOver)
        {
            // the tab closed
        }
        catch (Exception exception) when (ReadFailures.Describe(exception) is { } reason)
        {
            failure = reason;
        }
    }

    /// <param name="tests">Tests that are written and not saved; null for those that are kept.</param>
    private void Show(RuleDetail found, string? tests = null)
    {
        rule = found;
        draft = WorkbenchDraft.Of(found.Content, found.File, found.Group.Name, found.CurrentVersion);
        saved = WorkbenchDraft.Of(found.Content, found.File, found.Group.Name, found.CurrentVersion);
        draft.Tests = tests ?? found.Tests;
        (diffFrom, diffTo, theirs) = (found.CurrentVersion, DiffPanel.Draft, null);
    }

    private WorkbenchDraft Begin()
    {
        var begun = new WorkbenchDraft { Expression = AskedExpression ?? "", Name = AskedName ?? "" };
        if (AskedFor is { Length: > 0 } pendingPeriod)
            begun.For = pendingPeriod;
        if (AskedSeverity is { Length: > 0 } severity)
            begun.Severity = severity;
        origin = WorkbenchWords.Origin(AskedFrom);
        (begun.File, begun.Group) = RulePlace.Usual(others);
        return begun;
    }

    private Task WroteAsync(string text)
    {
        draft.Expression = text;
        Changed();
        return Task.CompletedTask;
    }

    /// <summary>Everything that follows from the fields is looked at again, once the writer pauses; what is under way is given up.</summary>
    private void Changed()
    {
        looking?.Cancel();
        words = IsPromql ? ExpressionWords.Of(draft.Expression) : [];
        if (faults.Count > 0)
            faults = draft.Faults();
        _ = LookAsync();
    }

    private async Task LookAsync()
    {
        using var mine = CancellationTokenSource.CreateLinkedTokenSource(lifetime.Token);
        looking = mine;
        var token = mine.Token;
        try
        {
            await Task.Delay(TypingPause, clock, token);
            await LintAsync(askServer: false, token);
            StateHasChanged();
            await Task.Delay(ThinkingPause, clock, token);
            await AskBacktestAsync(token);
            StateHasChanged();
            if (!ReadsAsPromql)
            {
                (now, rendered) = (null, null);
                alertLabels = LabelsOfAlert();
                StateHasChanged();
                return;
            }
            now = await queries.EvaluateAsync(draft.Expression, token);
            StateHasChanged();
            if (draft.IsAlert)
                rendered = await queries.RenderAsync(draft.Content, LastFiring, token);
            // Not with every letter: Alertmanager is asked for each.
            alertLabels = LabelsOfAlert();
            StateHasChanged();
            await LintAsync(askServer: true, token);
            StateHasChanged();
        }
        catch (OperationCanceledException) when (token.IsCancellationRequested)
        {
            // written on, or the tab closed
        }
        catch (Exception exception) when (ReadFailures.Describe(exception) is { } reason)
        {
            work.SayProblem($"Not everything could be checked: {reason}");
            StateHasChanged();
        }
        catch (Exception exception)
        {
            await DispatchExceptionAsync(exception);
        }
        finally
        {
            if (looking == mine)
                looking = null;
        }
    }

    /// <summary>Labels of a real alert where one could be rendered, else those that the rule itself says.</summary>
    private Dictionary<string, string> LabelsOfAlert()
    {
        var said = rendered is Fetch<RenderedRule>.Ok { Value.Labels: var labels }
            ? labels
            : draft.Content.Labels.Where(label => !label.Value.Contains("{{", StringComparison.Ordinal));
        return new Dictionary<string, string>(said, StringComparer.Ordinal) { ["alertname"] = draft.Name.Trim() };
    }

    private ReplaySpan? LastFiring => lastPicture?.Draft?.Spans.Where(span => span.State == AlertState.Firing).MaxBy(span => span.From);

    private async Task LintAsync(bool askServer, CancellationToken token)
    {
        if (draft.Expression.Length == 0)
        {
            (lint, marks, isServerAsked) = (null, [], false);
            return;
        }
        var found = await queries.LintAsync(Wanted(), Language, askServer, token);
        (lint, isServerAsked) = (found, askServer || !IsPromql);
        marks =
            IsPromql && PromqlParser.Parse(draft.Expression, out var error) is null && error is { Limit: null }
                ? [new CodeMark(error.Start, Math.Min(draft.Expression.Length, error.Start + 1), StateKind.Critical, error.Message)]
                : Places.Marks(found.Findings);
    }

    private Task AskBacktestAsync(CancellationToken token)
    {
        if (ReadsAsPromql)
            return replay.AskAsync(view.EnvironmentId, draft, saved, rule?.Group, Range, token);
        replay.Forget();
        return Task.CompletedTask;
    }

    private async Task BacktestDoneAsync(BacktestPicture picture)
    {
        lastPicture = picture;
        if (rendered is Fetch<RenderedRule>.Ok || !draft.IsAlert)
            return;
        try
        {
            rendered = await queries.RenderAsync(draft.Content, LastFiring, lifetime.Token);
        }
        catch (OperationCanceledException) when (lifetime.IsOver)
        {
            // the tab closed
        }
        catch (Exception exception) when (ReadFailures.Describe(exception) is { } reason)
        {
            work.SayProblem($"Not everything could be checked: {reason}");
        }
    }

    private Task ChooseLengthAsync(TimeSpan chosen)
    {
        (length, picked) = (chosen, null);
        return AgainAsync();
    }

    private async Task AgainAsync()
    {
        asOf = clock.GetUtcNow();
        replay.Forget();
        try
        {
            await AskBacktestAsync(lifetime.Token);
        }
        catch (OperationCanceledException) when (lifetime.IsOver)
        {
            // the tab closed
        }
        catch (Exception exception) when (ReadFailures.Describe(exception) is { } reason)
        {
            work.SayProblem($"Not everything could be checked: {reason}");
        }
    }

    private void SetThreshold(double threshold)
    {
        if (!canEdit || Condition is not { } condition)
            return;
        draft.Expression = condition.With(draft.Expression, threshold);
        Changed();
    }

    private void ThresholdTyped(ChangeEventArgs change)
    {
        var isNumber = double.TryParse(change.Value as string, NumberStyles.Float, CultureInfo.InvariantCulture, out var threshold);
        if (isNumber && double.IsFinite(threshold))
            SetThreshold(threshold);
    }

    private Task LayOutAsync() =>
        WorkAsync(async () =>
        {
            switch (await prometheus.FormatQueryAsync(draft.Expression, lifetime.Token))
            {
                case Fetch<string>.Ok { Value: var laidOut } when draft.Expression.Contains('#', StringComparison.Ordinal):
                    // The server drops comments, and with them reasons that are written in them.
                    var comments = draft.Expression.Split('\n').Where(line => line.TrimStart().StartsWith('#'));
                    draft.Expression = string.Join('\n', comments.Append(laidOut));
                    break;
                case Fetch<string>.Ok { Value: var laidOut }:
                    draft.Expression = laidOut;
                    break;
                case Fetch<string>.Rejected { Reason: var reason }:
                    work.SayProblem(reason);
                    return;
                case Fetch<string>.Unavailable { Reason: var reason }:
                    work.SayProblem($"Not laid out: {reason}");
                    return;
            }
            Changed();
        });

    private void SeverityChosen(ChangeEventArgs change)
    {
        draft.Severity = change.Value as string ?? "";
        Changed();
    }

    private void Remove(List<WorkbenchEntry> entries, WorkbenchEntry entry)
    {
        entries.Remove(entry);
        Changed();
    }

    private async Task ShowAsync(LintFinding finding)
    {
        if (editor is null || Places.Span(finding) is not (var start, var end))
            return;
        await editor.SelectAsync(start, end);
    }

    private Task FixAsync(LintFinding finding)
    {
        if (!canEdit || finding.Fix is not { } mended)
            return Task.CompletedTask;
        draft.Take(mended);
        Changed();
        return Task.CompletedTask;
    }

    /// <summary>The reason is written into the expression as a comment, so that it travels with the rule.</summary>
    private void Accept(LintFinding finding, string reason)
    {
        if (!canEdit)
            return;
        var onOneLine = string.Join(' ', reason.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        draft.Expression = $"# archon-accept: {finding.Check.Id}: {onOneLine}\n{draft.Expression}";
        Changed();
    }

    private async Task MakeTestAsync(bool mustFire)
    {
        if (!canEdit || picked is not { } window || lastPicture is not { Interval: { } interval } picture)
            return;
        await WorkAsync(async () =>
        {
            var firings = picture.Draft?.Spans.Where(span => span.State == AlertState.Firing).ToList() ?? [];
            var wish = new TestWish(draft.Content, picture.Question.Group, interval, window, firings, mustFire);
            var (test, why) = await testMaker.MakeAsync(wish, lifetime.Token);
            if (test is null)
            {
                work.SayProblem(why!);
                return;
            }
            draft.Tests = RuleTestFile.Add(draft.Tests, test, interval);
            picked = null;
            work.Say($"A test was made: {test.Name}.");
        });
        if (work.IsProblem || testsPanel is null)
            return;
        StateHasChanged();
        await Task.Yield();
        await testsPanel.RunAsync();
    }

    private async Task<(string? Rules, string? Why)> RulesAsync(CancellationToken token)
    {
        string[] placing = [nameof(WorkbenchDraft.File), nameof(WorkbenchDraft.Group)];
        var wrong = draft.Faults().Where(fault => !placing.Contains(fault.Key)).ToList();
        if (wrong.Count > 0)
            return (null, $"The tests wait: {wrong[0].Value}");
        // A rule that stands nowhere yet is tested alone.
        if (string.IsNullOrWhiteSpace(draft.File) || string.IsNullOrWhiteSpace(draft.Group))
        {
            return RuleYaml.File(new GroupContent("group"), draft.Content, Language) is { } alone
                ? (alone.Text, null)
                : (null, "The tests wait: the expression does not read as PromQL.");
        }
        var (file, why) = await commands.PreviewAsync(Wanted(), token);
        return file is not null ? (file.After.Text, null) : (null, string.Join(" ", why));
    }

    private Task SaveTestsAsync() =>
        rule is null
            ? Task.CompletedTask
            : WorkAsync(async () =>
            {
                var result = await commands.SaveTestsAsync(rule.Id, draft.Tests, await WhoAsync(), lifetime.Token);
                if (result is RuleSaveResult.Saved)
                {
                    rule = rule with { Tests = draft.Tests };
                    work.Say("Tests saved with the rule's file.");
                }
                else
                    Report(result);
            });

    private async Task SaveAsync()
    {
        faults = draft.Faults();
        if (faults.Count > 0)
        {
            work.SayProblem(faults.Count == 1 ? "One field to fix." : $"{faults.Count} fields to fix.");
            return;
        }
        if (string.IsNullOrWhiteSpace(draft.Reason))
        {
            work.SayProblem("Enter a reason. It is shown in the list of versions.");
            return;
        }
        await WorkAsync(async () =>
        {
            var result = await commands.SaveAsync(Wanted(), await WhoAsync(), lifetime.Token);
            if (result is RuleSaveResult.Saved done)
            {
                await drafts.DropAsync(DraftKey);
                if (Id is null)
                {
                    isLeaving = true;
                    if (
                        !string.IsNullOrWhiteSpace(draft.Tests)
                        && await commands.SaveTestsAsync(done.RuleId, draft.Tests, await WhoAsync(), lifetime.Token)
                            is not RuleSaveResult.Saved
                    )
                    {
                        await floats.SayFailureAsync("The rule is saved, its unit tests are not.");
                    }
                    navigation.NavigateTo($"/rules/{done.RuleId}");
                    return;
                }
                await ReloadAsync($"Saved as v{done.Version}. It runs once it is applied.");
                return;
            }
            if (result is RuleSaveResult.ChangedMeanwhile { Theirs: var other } && rule is not null)
            {
                // Saving again is then a decision, not an accident: it is made against the version that is there now.
                theirs = other;
                draft.BasedOn = other.Number;
                rule = await rules.FindAsync(rule.Id, lifetime.Token) ?? rule;
                (diffFrom, diffTo) = (other.Number, DiffPanel.Draft);
            }
            Report(result);
        });
    }

    private async Task TakeTheirsAsync()
    {
        await drafts.DropAsync(DraftKey);
        await WorkAsync(() => ReloadAsync(""));
    }

    private void GoOnWithOlder()
    {
        (draft, older) = (older!, null);
        Changed();
    }

    private Task ForgetOlderAsync()
    {
        older = null;
        return drafts.DropAsync(DraftKey);
    }

    private async Task DiscardAsync()
    {
        var question = new Question(
            "Discard this draft?",
            "What you changed since the last save is gone.",
            "Discard the draft",
            "Keep writing"
        );
        if (!await floats.ConfirmAsync(question))
            return;
        await drafts.DropAsync(DraftKey);
        (origin, theirs, older) = (null, null, null);
        work.Say("");
        if (rule is not null)
            Show(rule);
        else
            draft = new WorkbenchDraft { File = draft.File, Group = draft.Group };
        Changed();
    }

    private async Task RestoreAsync(int version)
    {
        if (rule is null)
            return;
        var loss = IsDirty ? ", but your draft is" : "";
        var question = new Question(
            $"Restore v{version}?",
            $"Its text becomes v{rule.CurrentVersion + 1}. Nothing is lost{loss}; the server runs it once it is applied.",
            $"Restore v{version}",
            "Keep as it is"
        );
        if (!await floats.ConfirmAsync(question))
            return;
        await WorkAsync(async () =>
        {
            var reason = draft.Reason.Length > 0 ? draft.Reason : $"Restored v{version}";
            var result = await commands.RestoreAsync(rule.Id, version, await WhoAsync(), reason, lifetime.Token);
            if (result is not RuleSaveResult.Saved { Version: var made })
            {
                Report(result);
                return;
            }
            await drafts.DropAsync(DraftKey);
            await ReloadAsync($"v{version} is back as v{made}.");
        });
    }

    private async Task DeleteAsync()
    {
        if (rule is null)
            return;
        if (string.IsNullOrWhiteSpace(draft.Reason))
        {
            isAskingWhy = true;
            work.SayProblem("Enter a reason to delete this rule.");
            return;
        }
        var question = new Question(
            $"Delete {rule.Content.Name}?",
            "It leaves its file and stops alerting once that is applied. Its versions stay and can be restored.",
            "Delete the rule",
            "Keep it"
        );
        if (!await floats.ConfirmAsync(question))
            return;
        await WorkAsync(async () =>
        {
            var result = await commands.DeleteAsync(rule.Id, rule.CurrentVersion, await WhoAsync(), draft.Reason, lifetime.Token);
            if (result is not RuleSaveResult.Saved)
            {
                Report(result);
                return;
            }
            await drafts.DropAsync(DraftKey);
            await ReloadAsync("Deleted. It stops alerting once that is applied.");
        });
    }

    private async Task ReloadAsync(string said)
    {
        if (rule is not null && await rules.FindAsync(rule.Id, lifetime.Token) is { } found)
        {
            Show(found, HasUnsavedTests ? draft.Tests : null);
        }
        else
            missing = rule is not null;
        others = (await rules.PictureAsync(view.EnvironmentId, lifetime.Token)).Rules;
        (origin, isAskingWhy) = (null, false);
        replay.Forget();
        work.Say(said);
        Changed();
    }

    private void Report(RuleSaveResult result) =>
        work.SayProblem(
            result switch
            {
                RuleSaveResult.Invalid invalid => $"Not saved: {string.Join(" ", invalid.Reasons)}",
                RuleSaveResult.ChangedMeanwhile => "Not saved yet.",
                _ => "This rule no longer exists.",
            }
        );

    private async Task WorkAsync(Func<Task> task)
    {
        // The buttons are not there for others; what the server is asked to do is checked all the same.
        if (Reader is null || !(await authorization.AuthorizeAsync((await Reader).User, Policies.Editor)).Succeeded)
            return;
        await work.DoAsync(task, lifetime.Token);
    }

    private async Task LeavingAsync(LocationChangingContext leaving)
    {
        // The same page with another range or sheet in its address keeps what is written.
        var target = navigation.ToAbsoluteUri(leaving.TargetLocation);
        var isSamePage = target.AbsolutePath == new Uri(navigation.Uri).AbsolutePath;
        if (isLeaving || !canEdit || !loaded || !(IsDirty || HasUnsavedTests) || isSamePage)
            return;
        var question = new Question("Leave this draft?", "What you wrote is not saved.", "Leave without saving", "Keep writing");
        if (await floats.ConfirmAsync(question))
            await drafts.DropAsync(DraftKey);
        else
            leaving.PreventNavigation();
    }

    private RuleDraft Wanted() =>
        new(view.EnvironmentId, rule?.Id, draft.File.Trim(), draft.Group.Trim(), draft.Content, draft.BasedOn, draft.Reason.Trim());

    private string Wrong(string field) => faults.ContainsKey(field) ? "err" : "";

    private string Invalid(string field) => faults.ContainsKey(field) ? "true" : "false";

    private async Task<string> WhoAsync() => (Reader is null ? null : (await Reader).User.Identity?.Name) ?? "unknown";

    public void Dispose()
    {
        lifetime.Dispose();
    }
}
