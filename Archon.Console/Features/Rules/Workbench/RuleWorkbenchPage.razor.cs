using System.Globalization;
using Archon.Analysis.Alerting;
using Archon.Analysis.Alerting.Promql;
using Archon.Analysis.Series;
using Archon.Features.Access;
using Archon.Features.Rules.Files;
using Archon.Features.Rules.Lint;
using Archon.Features.Services;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Archon.Shell;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Routing;

namespace Archon.Features.Rules.Workbench;

/// <summary>Where one rule is written, seen over the past, checked, tested and saved.</summary>
public sealed partial class RuleWorkbenchPage(
    RuleQueries rules, RuleCommands commands, WorkbenchQueries queries, RuleTestMaker testMaker, PrometheusClient prometheus, UpstreamHealth upstreams, ViewState view,
    NavigationManager navigation, Drafts drafts, Floats floats, IAuthorizationService authorization, TimeProvider clock) : IDisposable
{
    private const int VersionsShown = 6;
    private static readonly TimeSpan TypingPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan ThinkingPause = TimeSpan.FromMilliseconds(450);
    private static readonly TimeSpan FirstLength = TimeSpan.FromDays(1);
    private static readonly string[] Severities = ["critical", "warning", "info"];
    private const string ExampleExpression = """rate(http_requests_total{status=~"5.."}[5m]) > 0.1""";

    private readonly CancellationTokenSource lifetime = new();
    private readonly LiveBacktest live = new(prometheus, clock);
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
    private IReadOnlyList<string> troublesOf = [];
    private WorkbenchLint? lint;
    private Fetch<EvaluationNow>? now;
    private Fetch<RenderedRule>? rendered;
    private BacktestQuestion? question;
    private BacktestPicture? lastPicture;
    private TimeRange? picked;
    private TimeSpan length = FirstLength;
    private DateTimeOffset asOf;
    private string find = "";
    private string notice = "";
    private string? failure;
    private string? origin;
    private int? loadedId;
    private int diffFrom;
    private int diffTo = DiffPanel.Draft;
    private bool allVersions;
    private bool canEdit;
    private bool isProblem;
    private bool isServerAsked;
    private bool loaded;
    private bool missing;
    private bool busy;
    private bool isLeaving;
    private bool isAskingWhy;
    private bool isDraftLookedFor;
    private WorkbenchDraft? older;

    [Parameter] public int? Id { get; set; }
    [SupplyParameterFromQuery(Name = "expr")] private string? AskedExpression { get; set; }
    [SupplyParameterFromQuery(Name = "for")] private string? AskedFor { get; set; }
    [SupplyParameterFromQuery(Name = "severity")] private string? AskedSeverity { get; set; }
    [SupplyParameterFromQuery(Name = "name")] private string? AskedName { get; set; }
    [SupplyParameterFromQuery(Name = "from")] private string? AskedFrom { get; set; }
    [SupplyParameterFromQuery(Name = "draft")] private string? SharedDraft { get; set; }
    [CascadingParameter] private Task<AuthenticationState>? Reader { get; set; }

    private string DraftKey => $"rule/{view.EnvironmentId}/{Id}";
    private AlertCondition? Condition => draft.IsAlert ? AlertCondition.Of(draft.Expression) : null;
    private AlertCondition? SavedCondition => saved is null ? null : AlertCondition.Of(saved.Expression);
    private bool IsDirty => saved is null ? draft.Expression.Length > 0 || draft.Name.Length > 0 : !draft.Says(saved);
    private bool HasUnsavedTests => draft.Tests != (rule?.Tests ?? "");
    private LintFinding? First => lint?.Findings.Where(one => one.Accepted is null && !IsOfWhole(one) && LineInExpression(one) > 0).MaxBy(one => one.Severity);
    private string? Graph => PrometheusLink.Graph(upstreams.Current.FirstOrDefault(one => one.Name == "Prometheus")?.Address, draft.Expression, new TimeRange(asOf - length, asOf));

    private string Standing => (rule, IsDirty) switch
    {
        (null, _) => "New",
        (_, true) => $"Draft of v{draft.BasedOn}",
        _ => $"v{rule.CurrentVersion}",
    };

    private string Where => string.Join(" · ", new[]
    {
        draft.File.Length > 0 ? Path.GetFileName(draft.File) : "no file yet", draft.Group.Length > 0 ? $"group {draft.Group}" : "no group yet",
        rule?.Group.Interval is { } interval ? $"every {Ages.Exactly(interval)}" : "",
        rule switch { null => "", { RunningVersion: { } running } => $"v{running} runs", { ServerState: null } => "not on the server", _ => "the server runs another text" },
    }.Where(part => part.Length > 0));

    private string Cost => now switch
    {
        Fetch<EvaluationNow>.Ok { Value: var one } => string.Join(" · ", new[]
        {
            one.Series switch { 0 => "no series now", 1 => $"1 series now{(one.First is { } value ? $", {Figures.Format(value, ExpressionUnit.Of(draft.Expression))}" : "")}", var many => $"{many} series now" },
            one.Cost is { } cost ? $"{Figures.Format(cost.TotalSeconds, "s")}, {Figures.Format(cost.TotalSamples, "")} samples, peak {Figures.Format(cost.PeakSamples, "")}" : "cost not told",
        }),
        Fetch<EvaluationNow>.Rejected => "refused by the server",
        Fetch<EvaluationNow>.Unavailable { Reason: var reason } => $"cost not known: {reason}",
        _ => "",
    };

    private string Waiting => draft.Expression.Length == 0 ? "The backtest begins with the expression." : "The expression does not read as PromQL yet; the backtest waits for it.";

    private string? ShareLink => draft.Share() is { } packed ? navigation.ToAbsoluteUri($"{(Id is { } id ? $"/rules/{id}" : "/rules/new")}?draft={packed}").AbsoluteUri : null;

    protected override async Task OnParametersSetAsync()
    {
        if (loaded && loadedId == Id) return;
        (loaded, isLeaving, isAskingWhy, isDraftLookedFor, older, loadedId, missing, rule, saved, theirs, notice, lint, now, rendered, question, lastPicture, picked, origin) = (false, false, false, false, null, Id, false, null, null, null, "", null, null, null, null, null, null, null);
        if (Reader is not null) canEdit = (await authorization.AuthorizeAsync((await Reader).User, Policies.Editor)).Succeeded;
        await LoadAsync();
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!loaded || !canEdit) return;
        if (!isDraftLookedFor)
        {
            isDraftLookedFor = true;
            if (await drafts.TakeAsync<WorkbenchDraft>(DraftKey) is { } written)
            {
                (draft, origin) = (written, "Your draft is back: the connection was lost while you were writing.");
                Changed();
            }
            else if (await drafts.OlderAsync<WorkbenchDraft>(DraftKey) is { } left && (saved is null || !left.Says(saved) || left.Tests != rule?.Tests)) older = left;
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
            others = (await rules.PictureAsync(view.EnvironmentId, lifetime.Token)).Rules;
            if (Id is { } id)
            {
                rule = await rules.FindAsync(id, lifetime.Token);
                missing = rule is null || rule.EnvironmentId != view.EnvironmentId;
                if (missing) return;
                Show(rule!);
            }
            else draft = Begin();
            if (SharedDraft is { Length: > 0 } packed)
            {
                if (WorkbenchDraft.Shared(packed) is { } shared)
                {
                    // Against what is saved now, whatever it was when the link was made.
                    (draft, origin) = (shared, Origin(AskedFrom) ?? "This is a draft that somebody shared by a link. It is not saved.");
                    if (rule is not null) (draft.BasedOn, draft.File) = (rule.CurrentVersion, rule.File);
                }
                else origin = "The link names a draft that cannot be read; what is saved is shown.";
            }
            loaded = true;
            Changed();
        }
        catch (OperationCanceledException) when (lifetime.IsCancellationRequested)
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
        if (AskedFor is { Length: > 0 } hold) begun.For = hold;
        if (AskedSeverity is { Length: > 0 } severity) begun.Severity = severity;
        origin = Origin(AskedFrom);
        if (others.GroupBy(one => (one.File, one.Group)).MaxBy(group => group.Count()) is { } usual) (begun.File, begun.Group) = usual.Key;
        return begun;
    }

    private static string? Origin(string? from) => from switch
    {
        null or "" => null,
        "coverage" => "Begun from a gap in the coverage. It is not saved; the backtest shows what it would have done.",
        "noise" => "A quieter form of this rule, from the noise report. It is not saved; the backtest shows both.",
        _ => "Begun from an anomaly. Its band became the threshold; the backtest shows what it would have done.",
    };

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
        words = ExpressionWords.Of(draft.Expression);
        if (faults.Count > 0) faults = draft.Faults();
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
            if (draft.Expression.Length == 0 || PromqlParser.Parse(draft.Expression, out _) is null)
            {
                (now, rendered) = (null, null);
                return;
            }
            now = await queries.EvaluateAsync(draft.Expression, token);
            StateHasChanged();
            if (draft.IsAlert) rendered = await queries.RenderAsync(draft.Content, LastFiring, token);
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
            (notice, isProblem) = ($"Not everything could be checked: {reason}", true);
            StateHasChanged();
        }
        catch (Exception exception)
        {
            await DispatchExceptionAsync(exception);
        }
        finally
        {
            if (looking == mine) looking = null;
        }
    }

    private ReplaySpan? LastFiring => lastPicture?.Draft?.Spans.Where(span => span.State == AlertState.Firing).MaxBy(span => span.From);

    private async Task LintAsync(bool askServer, CancellationToken token)
    {
        if (draft.Expression.Length == 0)
        {
            (lint, marks, isServerAsked) = (null, [], false);
            return;
        }
        var found = await queries.LintAsync(Wanted(), askServer, token);
        (lint, isServerAsked) = (found, askServer);
        marks = PromqlParser.Parse(draft.Expression, out var error) is null && error is not null
            ? [new CodeMark(error.Start, Math.Min(draft.Expression.Length, error.Start + 1), StateKind.Critical, error.Message)]
            : [.. found.Findings.Where(one => one.Accepted is null && !IsOfWhole(one)).Select(Mark).OfType<CodeMark>()];
    }

    /// <summary>About what the rule does rather than about a place in it.</summary>
    private static bool IsOfWhole(LintFinding finding) => finding.Check == LintChecks.FiresNow || finding.Check == LintChecks.Cost || finding.Check == LintChecks.TooMany;

    private CodeMark? Mark(LintFinding finding)
    {
        if (LineInExpression(finding) is not (> 0 and var line)) return null;
        var (start, end) = LineOf(line);
        return new CodeMark(start, end, finding.Severity switch { LintSeverity.Error => StateKind.Critical, LintSeverity.Warning => StateKind.Warning, _ => StateKind.Info }, finding.Message);
    }

    /// <summary>From 1; 0 for a finding that is not about the expression.</summary>
    private int LineInExpression(LintFinding finding)
    {
        if (finding.Check == LintChecks.Syntax) return finding.Line;
        if (lint?.Rule is not { } inFile || finding.Line < inFile.LineOf("expr")) return 0;
        var lines = draft.Expression.Count('\n') + 1;
        var first = inFile.LineOfExpression(1);
        var line = finding.Line - first + 1;
        // On the line of the key it is about the whole.
        return line <= 0 ? 1 : line <= lines ? line : 0;
    }

    private (int Start, int End) LineOf(int line)
    {
        var text = draft.Expression;
        var start = 0;
        for (var i = 1; i < line && text.IndexOf('\n', start) is >= 0 and var feed; i++) start = feed + 1;
        var end = text.IndexOf('\n', start);
        if (end < 0) end = text.Length;
        while (start < end && char.IsWhiteSpace(text[start])) start++;
        return (start, end);
    }

    private async Task AskBacktestAsync(CancellationToken token)
    {
        if (draft.Expression.Length == 0 || PromqlParser.Parse(draft.Expression, out _) is null)
        {
            question = null;
            return;
        }
        var content = draft.Content;
        var range = new TimeRange(asOf - length, asOf);
        IReadOnlyList<KnownTrouble>? troubles = question is { Troubles: { } known } && question.Range == range && question.Draft.Expression == content.Expression ? known : null;
        if (troubles is null && content.IsAlert)
        {
            try
            {
                (troubles, troublesOf) = await queries.TroublesAsync(view.EnvironmentId, content, range, token) is { } found ? (found.Troubles, found.Of) : default;
            }
            catch (Exception exception) when (!token.IsCancellationRequested && ReadFailures.Describe(exception) is not null)
            {
                troubles = null;   // the panel says that nothing is judged
            }
        }
        var group = rule is not null && rule.Group.Name == draft.Group ? rule.Group : new GroupContent(draft.Group.Length > 0 ? draft.Group : "group");
        if (question is { } same && same.Range == range && Replays(same.Draft, content) && same.Group.Says(group)) return;
        question = new BacktestQuestion(content, saved?.Content, draft.File, group, range, troubles);
    }

    /// <summary>Whether two rules have the same alerts; what annotations say does not matter to that.</summary>
    private static bool Replays(RuleContent one, RuleContent other) => (one with { Annotations = RuleContent.Empty }).Says(other with { Annotations = RuleContent.Empty });

    private async Task BacktestDoneAsync(BacktestPicture picture)
    {
        lastPicture = picture;
        if (rendered is Fetch<RenderedRule>.Ok || !draft.IsAlert) return;
        try
        {
            rendered = await queries.RenderAsync(draft.Content, LastFiring, lifetime.Token);
        }
        catch (OperationCanceledException) when (lifetime.IsCancellationRequested)
        {
            // the tab closed
        }
    }

    private Task ChooseLengthAsync(TimeSpan chosen)
    {
        (length, picked) = (chosen, null);
        return AgainAsync();
    }

    private async Task AgainAsync()
    {
        (asOf, question) = (clock.GetUtcNow(), null);
        try
        {
            await AskBacktestAsync(lifetime.Token);
        }
        catch (OperationCanceledException) when (lifetime.IsCancellationRequested)
        {
            // the tab closed
        }
    }

    private void SetThreshold(double threshold)
    {
        if (!canEdit || Condition is not { } condition) return;
        draft.Expression = condition.With(draft.Expression, threshold);
        Changed();
    }

    private void ThresholdTyped(ChangeEventArgs change)
    {
        if (double.TryParse(change.Value as string, NumberStyles.Float, CultureInfo.InvariantCulture, out var threshold) && double.IsFinite(threshold)) SetThreshold(threshold);
    }

    private Task LayOutAsync() => WorkAsync(async () =>
    {
        switch (await prometheus.FormatQueryAsync(draft.Expression, lifetime.Token))
        {
            case Fetch<string>.Ok { Value: var laidOut } when draft.Expression.Contains('#', StringComparison.Ordinal):
                // The server drops comments, and with them reasons that are written in them.
                draft.Expression = string.Join('\n', draft.Expression.Split('\n').Where(line => line.TrimStart().StartsWith('#')).Append(laidOut));
                break;
            case Fetch<string>.Ok { Value: var laidOut }: draft.Expression = laidOut; break;
            case Fetch<string>.Rejected { Reason: var reason }: (notice, isProblem) = (reason, true); return;
            case Fetch<string>.Unavailable { Reason: var reason }: (notice, isProblem) = ($"Not laid out: {reason}", true); return;
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
        if (editor is null || LineInExpression(finding) is not (> 0 and var line)) return;
        var (start, end) = LineOf(line);
        await editor.SelectAsync(start, end);
    }

    private Task FixAsync(LintFinding finding)
    {
        if (!canEdit || finding.Fix is not { } mended) return Task.CompletedTask;
        draft.Take(mended);
        Changed();
        return Task.CompletedTask;
    }

    /// <summary>The reason is written into the expression as a comment, so that it travels with the rule.</summary>
    private void Accept(LintFinding finding, string reason)
    {
        if (!canEdit) return;
        draft.Expression = $"# archon-accept: {finding.Check.Id}: {string.Join(' ', reason.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))}\n{draft.Expression}";
        Changed();
    }

    private async Task MakeTestAsync(bool mustFire)
    {
        if (!canEdit || picked is not { } window || lastPicture is not { Interval: { } interval } picture) return;
        await WorkAsync(async () =>
        {
            var firings = picture.Draft?.Spans.Where(span => span.State == AlertState.Firing).ToList() ?? [];
            var (test, why) = await testMaker.MakeAsync(new TestWish(draft.Content, picture.Question.Group, interval, window, firings, mustFire), lifetime.Token);
            if (test is null)
            {
                (notice, isProblem) = (why!, true);
                return;
            }
            draft.Tests = RuleTestFile.Add(draft.Tests, test, interval);
            (notice, picked) = ($"A test was made: {test.Name}.", null);
        });
        if (isProblem || testsPanel is null) return;
        StateHasChanged();
        await Task.Yield();
        await testsPanel.RunAsync();
    }

    private async Task<(string? Rules, string? Why)> RulesAsync(CancellationToken token)
    {
        var wrong = draft.Faults().Where(fault => fault.Key is not (nameof(WorkbenchDraft.File) or nameof(WorkbenchDraft.Group))).ToList();
        if (wrong.Count > 0) return (null, $"The tests wait: {wrong[0].Value}");
        // A rule that stands nowhere yet is tested alone.
        if (string.IsNullOrWhiteSpace(draft.File) || string.IsNullOrWhiteSpace(draft.Group))
        {
            return RuleYaml.File(new GroupContent("group"), draft.Content) is { } alone ? (alone.Text, null) : (null, "The tests wait: the expression does not read as PromQL.");
        }
        var (file, why) = await commands.PreviewAsync(Wanted(), token);
        return file is not null ? (file.After.Text, null) : (null, string.Join(" ", why));
    }

    private Task SaveTestsAsync() => rule is null ? Task.CompletedTask : WorkAsync(async () =>
    {
        var result = await commands.SaveTestsAsync(rule.Id, draft.Tests, await WhoAsync(), lifetime.Token);
        if (result is RuleSaveResult.Saved)
        {
            rule = rule with { Tests = draft.Tests };
            notice = "Tests saved with the rule's file.";
        }
        else Tell(result);
    });

    private async Task SaveAsync()
    {
        faults = draft.Faults();
        if (faults.Count > 0)
        {
            (notice, isProblem) = (faults.Count == 1 ? "One field to fix." : $"{faults.Count} fields to fix.", true);
            return;
        }
        if (string.IsNullOrWhiteSpace(draft.Reason))
        {
            (notice, isProblem) = ("Say why in a sentence; it stands in the list of versions.", true);
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
                    if (!string.IsNullOrWhiteSpace(draft.Tests) && await commands.SaveTestsAsync(done.RuleId, draft.Tests, await WhoAsync(), lifetime.Token) is not RuleSaveResult.Saved)
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
            Tell(result);
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
        if (!await floats.ConfirmAsync(new Question("Discard this draft?", "What you changed since the last save is gone.", "Discard the draft", "Keep writing"))) return;
        await drafts.DropAsync(DraftKey);
        (notice, isProblem, origin, theirs, older) = ("", false, null, null, null);
        if (rule is not null) Show(rule);
        else draft = new WorkbenchDraft { File = draft.File, Group = draft.Group };
        Changed();
    }

    private async Task RestoreAsync(int version)
    {
        if (rule is null) return;
        if (!await floats.ConfirmAsync(new Question(
            $"Restore v{version}?", $"Its text becomes v{rule.CurrentVersion + 1}. Nothing is lost{(IsDirty ? ", but your draft is" : "")}; the server runs it once it is applied.", $"Restore v{version}", "Keep as it is"))) return;
        await WorkAsync(async () =>
        {
            var result = await commands.RestoreAsync(rule.Id, version, await WhoAsync(), draft.Reason.Length > 0 ? draft.Reason : $"Restored v{version}", lifetime.Token);
            if (result is not RuleSaveResult.Saved { Version: var made })
            {
                Tell(result);
                return;
            }
            await drafts.DropAsync(DraftKey);
            await ReloadAsync($"v{version} is back as v{made}.");
        });
    }

    private async Task DeleteAsync()
    {
        if (rule is null) return;
        if (string.IsNullOrWhiteSpace(draft.Reason))
        {
            isAskingWhy = true;
            (notice, isProblem) = ("Say why it goes, then delete.", true);
            return;
        }
        if (!await floats.ConfirmAsync(new Question($"Delete {rule.Content.Name}?", "It leaves its file and stops alerting once that is applied. Its versions stay and can be restored.", "Delete the rule", "Keep it"))) return;
        await WorkAsync(async () =>
        {
            var result = await commands.DeleteAsync(rule.Id, rule.CurrentVersion, await WhoAsync(), draft.Reason, lifetime.Token);
            if (result is not RuleSaveResult.Saved)
            {
                Tell(result);
                return;
            }
            await drafts.DropAsync(DraftKey);
            await ReloadAsync("Deleted. It stops alerting once that is applied.");
        });
    }

    private async Task ReloadAsync(string said)
    {
        if (rule is not null && await rules.FindAsync(rule.Id, lifetime.Token) is { } found) Show(found, HasUnsavedTests ? draft.Tests : null);
        else missing = rule is not null;
        others = (await rules.PictureAsync(view.EnvironmentId, lifetime.Token)).Rules;
        (notice, isProblem, origin, question, isAskingWhy) = (said, false, null, null, false);
        Changed();
    }

    private void Tell(RuleSaveResult result) => (notice, isProblem) = (result switch
    {
        RuleSaveResult.Invalid invalid => $"Not saved: {string.Join(" ", invalid.Reasons)}",
        RuleSaveResult.ChangedMeanwhile => "Not saved yet.",
        _ => "This rule no longer exists.",
    }, true);

    private async Task WorkAsync(Func<Task> work)
    {
        // The buttons are not there for others; what the server is asked to do is checked all the same.
        if (busy || Reader is null || !(await authorization.AuthorizeAsync((await Reader).User, Policies.Editor)).Succeeded) return;
        (busy, notice, isProblem) = (true, "", false);
        try
        {
            await work();
        }
        catch (OperationCanceledException) when (lifetime.IsCancellationRequested)
        {
            // the tab closed
        }
        catch (Exception exception) when (ReadFailures.Describe(exception) is { } reason)
        {
            (notice, isProblem) = ($"Not done: {reason}", true);
        }
        finally
        {
            busy = false;
        }
    }

    private async Task LeavingAsync(LocationChangingContext leaving)
    {
        // The same page with another range or sheet in its address keeps what is written.
        var target = navigation.ToAbsoluteUri(leaving.TargetLocation);
        if (isLeaving || !canEdit || !loaded || !(IsDirty || HasUnsavedTests) || target.AbsolutePath == new Uri(navigation.Uri).AbsolutePath) return;
        if (await floats.ConfirmAsync(new Question("Leave this draft?", "What you wrote is not saved.", "Leave without saving", "Keep writing"))) await drafts.DropAsync(DraftKey);
        else leaving.PreventNavigation();
    }

    private RuleDraft Wanted() => new(view.EnvironmentId, rule?.Id, draft.File.Trim(), draft.Group.Trim(), draft.Content, draft.BasedOn, draft.Reason.Trim());

    private bool Matches(RuleRow row) => row.Name.Contains(find.Trim(), StringComparison.OrdinalIgnoreCase) || row.Group.Contains(find.Trim(), StringComparison.OrdinalIgnoreCase);

    private string Wrong(string field) => faults.ContainsKey(field) ? "err" : "";
    private string Invalid(string field) => faults.ContainsKey(field) ? "true" : "false";
    private static string Plain(double value) => value.ToString("0.###############", CultureInfo.InvariantCulture);
    private static string Was(string? before) => before is null ? "" : $"was {before}";
    private static string WasLength(TimeSpan? before, TimeSpan now) => before is { } known && known != now ? $"was {(known == TimeSpan.Zero ? "unset" : PrometheusDuration.Format(known))}" : "";

    private static string Sla(string severity) => severity switch
    {
        "critical" => "Acknowledge within 5 min, resolve within 15 min.",
        "warning" => "Acknowledge within 30 min, resolve within 4 h.",
        "info" => "Look at it within 24 h.",
        "" => "Without a severity nobody's clock runs.",
        _ => "No clock is known for this severity.",
    };

    private static StateKind SeverityState(string? severity) => severity switch { "critical" => StateKind.Critical, "warning" => StateKind.Warning, "info" => StateKind.Info, _ => StateKind.Unknown };

    private async Task<string> WhoAsync() => (Reader is null ? null : (await Reader).User.Identity?.Name) ?? "unknown";

    public void Dispose()
    {
        lifetime.Cancel();
        lifetime.Dispose();
    }
}
