using Archon.ConfigFiles.Rules;
using Archon.ConfigFiles.Rules.Lint;
using Archon.Data.Rules;
using Archon.Features.Access;
using Archon.Features.Rules.Backtest;
using Archon.Features.Rules.Catalogue;
using Archon.Integrations;
using Archon.Live;
using Archon.Ui.Dialogs;
using Archon.Ui.Parts;

namespace Archon.Features.Rules.Editor;

/// <summary>
/// One rule that is written: loaded, edited, checked as it is typed, replayed, tested, saved against what others saved meanwhile, and left. It knows
/// nothing of how it is shown.
/// </summary>
/// <remarks>
/// One person's own, and used from one thread at a time. A page calls <see cref="LoadAsync"/> first, <see cref="KeepDraftAsync"/> whenever it has drawn
/// the session, and <see cref="Changed"/> when a field of <see cref="Draft"/> was written.
/// </remarks>
public sealed partial class RuleEditorSession : IDisposable
{
    /// <summary>Stands for the draft among the numbers of versions.</summary>
    public const int DraftVersion = int.MaxValue;

    private readonly RuleEditorServices services;
    private readonly RuleEditorHost host;
    private readonly RuleEditorStart start;
    private readonly ComponentLifetime lifetime = new();
    private WorkbenchDraft? saved;
    private bool isDraftLookedFor;
    private bool isCreated;

    /// <param name="ruleId">Null for a new rule.</param>
    public RuleEditorSession(RuleEditorServices services, RuleEditorHost host, int environmentId, int? ruleId, RuleEditorStart start)
    {
        (this.services, this.host, EnvironmentId, this.start, RuleId) = (services, host, environmentId, start, ruleId);
        Backtest = new DraftBacktest(services, environmentId);
        Checks = new DraftChecks(services, host, Backtest, Work, lifetime.Token);
    }

    /// <summary>The environment whose rules are edited, which stays the same until the session ends.</summary>
    public int EnvironmentId { get; }

    /// <summary>Null for a new rule.</summary>
    public int? RuleId { get; }
    public PageWork Work { get; } = new();
    public DraftBacktest Backtest { get; }
    public DraftChecks Checks { get; }

    /// <summary>The fields as they are written. <see cref="Changed"/> tells the session of a change.</summary>
    public WorkbenchDraft Draft { get; private set; } = new();

    /// <summary>The rule as it is saved; null for a new one.</summary>
    public RuleDetail? Rule { get; private set; }

    /// <summary>What is saved; null for a new rule.</summary>
    public RuleContent? Saved { get; private set; }
    public IReadOnlyList<RuleRow> Others { get; private set; } = [];

    /// <summary>The version that someone saved while this one was written; null where there is none.</summary>
    public RuleVersionRow? Theirs { get; private set; }

    /// <summary>A draft that was left in this browser, to be offered; null where there is none.</summary>
    public WorkbenchDraft? Older { get; private set; }

    /// <summary>Where a draft comes from that was not begun here, in a sentence; null where it was.</summary>
    public string? Origin { get; private set; }

    public bool IsLoaded { get; private set; }
    public bool IsMissing { get; private set; }

    /// <summary>Why the rule cannot be read; null where it can.</summary>
    public ReadFailure? Failure { get; private set; }
    public bool CanEdit { get; private set; }

    /// <summary>Whether a reason is wanted although nothing was changed, as before a deletion.</summary>
    public bool IsAskingWhy { get; private set; }

    /// <summary>What must be corrected before it can be saved, by field; empty before the first attempt.</summary>
    public IReadOnlyDictionary<string, string> Faults { get; private set; } = new Dictionary<string, string>();

    /// <summary>The versions whose difference is shown.</summary>
    public int DiffFrom { get; set; }
    public int DiffTo { get; set; } = DraftVersion;

    public RuleLanguage Language => Rule?.Language ?? services.Rules.NewLanguage;
    public bool IsPromql => Language == RuleLanguage.Promql;
    public bool IsDirty => Checks.Reading.IsDirty;
    public bool HasUnsavedTests => Draft.Tests != (Rule?.Tests ?? "");

    /// <summary>Whether leaving loses something.</summary>
    public bool HasUnsaved => !isCreated && CanEdit && IsLoaded && (IsDirty || HasUnsavedTests);

    private string DraftKey => KeyOf(RuleId);
    private DraftSubject Subject => new(EnvironmentId, Draft, saved, Rule, Language);

    private string KeyOf(int? ruleId) => $"rule/{EnvironmentId}/{ruleId}";

    public async Task LoadAsync()
    {
        try
        {
            CanEdit = await host.MayEditAsync();
            Backtest.Begin();
            Others = (await services.Rules.PictureAsync(EnvironmentId, lifetime.Token)).Rules;
            if (RuleId is { } id)
            {
                Rule = await services.Rules.FindAsync(id, lifetime.Token);
                IsMissing = Rule is null || Rule.EnvironmentId != EnvironmentId;
                if (IsMissing)
                    return;
                Show(Rule!);
            }
            else
                Draft = Begin();
            if (start.SharedDraft is { Length: > 0 } packed)
                Open(packed);
            (IsLoaded, Failure) = (true, null);
            Changed();
        }
        catch (OperationCanceledException) when (lifetime.IsOver)
        {
            // the reader left
        }
        catch (Exception exception) when (ReadFailures.Describe(exception) is { } reason)
        {
            Failure = new ReadFailure(reason, Failure?.Since ?? services.Clock.GetUtcNow());
        }
    }

    /// <summary>Keeps the draft in the browser. The first time it brings back what was left there.</summary>
    public async Task KeepDraftAsync()
    {
        if (!IsLoaded || !CanEdit || lifetime.IsOver)
            return;
        if (!isDraftLookedFor)
        {
            isDraftLookedFor = true;
            if (await services.Drafts.TakeAsync<WorkbenchDraft>(DraftKey) is { } written)
            {
                (Draft, Origin) = (written, "Your draft is back: the connection was lost while you were writing.");
                Changed();
            }
            else if (
                await services.Drafts.OlderAsync<WorkbenchDraft>(DraftKey) is { } left
                && (saved is null || !left.Says(saved) || left.Tests != Rule?.Tests)
            )
            {
                Older = left;
            }
            host.Refresh();
        }
        await services.Drafts.KeepAsync(DraftKey, Draft, beyondTab: true);
    }

    /// <summary>A field was written. What follows from it is looked at once the writer pauses; what is under way is given up.</summary>
    public void Changed()
    {
        if (Faults.Count > 0)
            Faults = Draft.Faults();
        Checks.Look(Subject);
    }

    /// <summary>A field was written from which no check follows: the reason, or the tests.</summary>
    public void Read() => Checks.Read(Subject);

    /// <summary>Shows the difference between a version and the draft.</summary>
    public void CompareDraft(int version) => (DiffFrom, DiffTo) = (version, DraftVersion);

    public void SetExpression(string text)
    {
        Draft.Expression = text;
        Changed();
    }

    public void SetSeverity(string severity)
    {
        Draft.Severity = severity;
        Changed();
    }

    public void SetThreshold(double threshold)
    {
        if (!CanEdit || Checks.Reading.Condition is not { } condition)
            return;
        Draft.Expression = condition.With(Draft.Expression, threshold);
        Changed();
    }

    public void Remove(List<WorkbenchEntry> entries, WorkbenchEntry entry)
    {
        entries.Remove(entry);
        Changed();
    }

    public Task FormatAsync() =>
        WorkAsync(async _ =>
        {
            switch (await services.Upstreams.For(EnvironmentId).Prometheus.FormatQueryAsync(Draft.Expression, lifetime.Token))
            {
                case Fetch<string>.Ok { Value: var formatted } when Draft.Expression.Contains('#', StringComparison.Ordinal):
                    // The server drops comments, and with them reasons that are written in them.
                    var comments = Draft.Expression.Split('\n').Where(line => line.TrimStart().StartsWith('#'));
                    Draft.Expression = string.Join('\n', comments.Append(formatted));
                    break;
                case Fetch<string>.Ok { Value: var formatted }:
                    Draft.Expression = formatted;
                    break;
                case Fetch<string>.Rejected { Reason: var reason }:
                    Work.SayProblem(reason);
                    return;
                case Fetch<string>.Unavailable { Reason: var reason }:
                    Work.SayProblem($"Not formatted: {reason}");
                    return;
            }
            Changed();
        });

    public void Fix(LintFinding finding)
    {
        if (!CanEdit || finding.Fix is not { } corrected)
            return;
        Draft.Take(corrected);
        Changed();
    }

    /// <summary>The reason is written into the expression as a comment, so that it travels with the rule.</summary>
    public void Accept(LintFinding finding, string reason)
    {
        if (!CanEdit)
            return;
        var onOneLine = string.Join(' ', reason.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        Draft.Expression = $"# archon-accept: {finding.Check.Id}: {onOneLine}\n{Draft.Expression}";
        Changed();
    }

    public Task ChooseLengthAsync(TimeSpan chosen)
    {
        Backtest.Choose(chosen);
        return BacktestAgainAsync();
    }

    /// <summary>Replays up to now.</summary>
    public Task BacktestAgainAsync()
    {
        Backtest.Begin();
        return CheckAsync(() => Checks.AskBacktestAsync(Subject, lifetime.Token));
    }

    /// <summary>A backtest is complete.</summary>
    public Task TakeAsync(BacktestPicture picture)
    {
        Backtest.LastPicture = picture;
        return CheckAsync(Checks.RenderAsync);
    }

    public void TakeOlder()
    {
        if (Older is not { } left)
            return;
        (Draft, Older) = (left, null);
        Changed();
    }

    public Task DropOlderAsync()
    {
        Older = null;
        return services.Drafts.DropAsync(DraftKey);
    }

    public async Task DiscardAsync()
    {
        var question = new Question(
            "Discard this draft?",
            "What you changed since the last save is gone.",
            "Discard the draft",
            "Keep writing"
        );
        if (!await host.ConfirmAsync(question))
            return;
        await services.Drafts.DropAsync(DraftKey);
        (Origin, Theirs, Older) = (null, null, null);
        Work.Say("");
        if (Rule is not null)
            Show(Rule);
        else
            Draft = new WorkbenchDraft { File = Draft.File, Group = Draft.Group };
        Changed();
    }

    /// <summary>The reader goes to another page.</summary>
    /// <returns>Whether they may: nothing is lost, or they want to lose it.</returns>
    public async Task<bool> LeaveAsync()
    {
        if (!HasUnsaved)
            return true;
        var question = new Question("Leave this draft?", "What you wrote is not saved.", "Leave without saving", "Keep writing");
        if (!await host.ConfirmAsync(question))
            return false;
        await services.Drafts.DropAsync(DraftKey);
        return true;
    }

    public void Dispose()
    {
        lifetime.Dispose();
    }

    private WorkbenchDraft Begin()
    {
        var begun = new WorkbenchDraft { Expression = start.Expression ?? "", Name = start.Name ?? "" };
        if (start.For is { Length: > 0 } pendingPeriod)
            begun.For = pendingPeriod;
        if (start.Severity is { Length: > 0 } severity)
            begun.Severity = severity;
        Origin = WorkbenchWords.Origin(start.Source);
        (begun.File, begun.Group) = RulePlace.Usual(Others);
        return begun;
    }

    private void Open(string packed)
    {
        var (shared, fault) = WorkbenchDraft.Shared(packed);
        if (shared is null)
        {
            Origin = $"The draft in this link cannot be opened: {fault}.";
            return;
        }
        // Against what is saved now, whatever it was when the link was made.
        Origin = WorkbenchWords.Origin(start.Source) ?? "A shared draft. Not saved.";
        Draft = shared;
        if (Rule is not null)
            (Draft.BasedOn, Draft.File) = (Rule.CurrentVersion, Rule.File);
    }

    /// <param name="tests">Tests that are written and not saved; null for those that are kept.</param>
    private void Show(RuleDetail found, string? tests = null)
    {
        Rule = found;
        Draft = WorkbenchDraft.Of(found.Content, found.File, found.Group.Name, found.CurrentVersion);
        saved = WorkbenchDraft.Of(found.Content, found.File, found.Group.Name, found.CurrentVersion);
        Saved = saved.Content;
        Draft.Tests = tests ?? found.Tests;
        (DiffFrom, DiffTo, Theirs) = (found.CurrentVersion, DraftVersion, null);
    }

    private async Task WorkAsync(Func<Actor, Task> task)
    {
        // The buttons are not there for others; the command checks it all the same.
        if (await host.MayEditAsync())
            await Work.DoAsync(async () => await task(await host.ActorAsync()), lifetime.Token);
    }

    private async Task CheckAsync(Func<Task> check)
    {
        try
        {
            await check();
        }
        catch (OperationCanceledException) when (lifetime.IsOver)
        {
            // the reader left
        }
        catch (Exception exception) when (ReadFailures.Describe(exception) is { } reason)
        {
            Work.SayProblem($"Not everything could be checked: {reason}");
        }
    }
}
