using Archon.ConfigFiles.Rules;
using Archon.ConfigFiles.Rules.Lint;
using Archon.Data.Rules;
using Archon.Features.Rules.Catalogue;
using Archon.Integrations;
using Archon.Live;
using Archon.Ui.Editor;
using Archon.Ui.Health;

namespace Archon.Features.Rules.Editor;

/// <summary>A draft, and what it is a draft of.</summary>
/// <param name="Saved">The fields as they are saved; null for a new rule.</param>
/// <param name="Rule">As it is saved; null for a new rule.</param>
public sealed record DraftSubject(int EnvironmentId, WorkbenchDraft Draft, WorkbenchDraft? Saved, RuleDetail? Rule, RuleLanguage Language)
{
    /// <summary>What is to be saved.</summary>
    /// <param name="content">What the fields say.</param>
    public RuleDraft Wanted(RuleContent content) =>
        new(EnvironmentId, Rule?.Id, Draft.File.Trim(), Draft.Group.Trim(), content, Draft.BasedOn, Draft.Reason.Trim());
}

/// <summary>What follows from the fields of a draft: read at once, checked and evaluated when the writer pauses.</summary>
public sealed class DraftChecks(
    RuleEditorServices services,
    RuleEditorHost host,
    DraftBacktest backtest,
    PageWork work,
    CancellationToken lifetime
)
{
    public static readonly TimeSpan TypingPause = TimeSpan.FromMilliseconds(250);
    public static readonly TimeSpan ThinkingPause = TimeSpan.FromMilliseconds(450);

    private CancellationTokenSource? looking;
    private FindingPlaces places = new("", null);

    public DraftReading Reading { get; private set; } = DraftReading.Of(new WorkbenchDraft(), null, RuleLanguage.Promql);
    public WorkbenchLint? Lint { get; private set; }
    public bool IsServerAsked { get; private set; }
    public IReadOnlyList<CodeMark> Marks { get; private set; } = [];

    /// <summary>The finding that is shown right below the expression; null where there is none.</summary>
    public LintFinding? Worst { get; private set; }

    /// <summary>Its line in the expression; 0 where it is about no line.</summary>
    public int WorstLine { get; private set; }
    public Fetch<EvaluationNow>? Now { get; private set; }
    public Fetch<RenderedRule>? Rendered { get; private set; }

    /// <summary>Labels of an alert of this rule; null while none can be known.</summary>
    public IReadOnlyDictionary<string, string>? AlertLabels { get; private set; }

    /// <summary>What follows from the last change; it ends early when another follows.</summary>
    public Task Looking { get; private set; } = Task.CompletedTask;

    /// <summary>The characters of the expression that a finding is about; null for one that is not about the expression.</summary>
    public (int Start, int End)? PlaceOf(LintFinding finding) => places.Span(finding);

    /// <summary>Reads the fields.</summary>
    public void Read(DraftSubject subject)
    {
        Reading = DraftReading.Of(subject.Draft, subject.Saved, subject.Language);
        Place(subject);
    }

    /// <summary>Reads the fields, and looks at what follows once the writer pauses; what is under way is given up.</summary>
    public void Look(DraftSubject subject)
    {
        looking?.Cancel();
        Read(subject);
        Looking = LookAsync(subject);
    }

    /// <summary>Renders the words of an alert that could not be rendered on the present, on the last firing of the backtest.</summary>
    public async Task RenderAsync()
    {
        if (Rendered is not Fetch<RenderedRule>.Ok && Reading.Content.IsAlert)
            Rendered = await services.Queries.RenderAsync(backtest.EnvironmentId, Reading.Content, backtest.LastFiring, lifetime);
    }

    private async Task LookAsync(DraftSubject subject)
    {
        using var mine = CancellationTokenSource.CreateLinkedTokenSource(lifetime);
        looking = mine;
        var token = mine.Token;
        try
        {
            await Task.Delay(TypingPause, services.Clock, token);
            await LintAsync(subject, askServer: false, token);
            host.Refresh();
            await Task.Delay(ThinkingPause, services.Clock, token);
            await AskBacktestAsync(subject, token);
            host.Refresh();
            if (!Reading.IsEvaluable)
            {
                (Now, Rendered) = (null, null);
                AlertLabels = LabelsOfAlert();
                host.Refresh();
                return;
            }
            Now = await services.Queries.EvaluateAsync(backtest.EnvironmentId, Reading.Content.Expression, token);
            host.Refresh();
            if (Reading.Content.IsAlert)
                Rendered = await services.Queries.RenderAsync(backtest.EnvironmentId, Reading.Content, backtest.LastFiring, token);
            // Not with every letter: Alertmanager is asked for each.
            AlertLabels = LabelsOfAlert();
            host.Refresh();
            await LintAsync(subject, askServer: true, token);
            host.Refresh();
        }
        catch (OperationCanceledException) when (token.IsCancellationRequested)
        {
            // written on, or the reader left
        }
        catch (Exception exception) when (ReadFailures.Describe(exception) is { } reason)
        {
            work.SayProblem($"Not everything could be checked: {reason}");
            host.Refresh();
        }
        catch (Exception exception)
        {
            await host.FailAsync(exception);
        }
        finally
        {
            if (looking == mine)
                looking = null;
        }
    }

    public Task AskBacktestAsync(DraftSubject subject, CancellationToken token)
    {
        if (Reading.IsEvaluable)
            return backtest.AskAsync(subject, Reading.Content, token);
        backtest.Forget();
        return Task.CompletedTask;
    }

    private async Task LintAsync(DraftSubject subject, bool askServer, CancellationToken token)
    {
        if (Reading.Content.Expression.Length == 0)
            (Lint, IsServerAsked) = (null, false);
        else
        {
            Lint = await services.Queries.LintAsync(subject.Wanted(Reading.Content), subject.Language, askServer, token);
            IsServerAsked = askServer || subject.Language != RuleLanguage.Promql;
        }
        Place(subject);
        Marks =
            Lint is null ? []
            : Reading.Error is { Limit: null } error
                ? [new CodeMark(error.Start, Math.Min(subject.Draft.Expression.Length, error.Start + 1), StateKind.Critical, error.Message)]
            : places.Marks(Lint.Findings);
    }

    private void Place(DraftSubject subject)
    {
        places = new FindingPlaces(subject.Draft.Expression, Lint?.Rule);
        Worst = places.Worst(Lint?.Findings ?? []);
        WorstLine = Worst is { Line: > 0 } worst ? places.Line(worst) : 0;
    }

    /// <summary>Labels of a real alert where one could be rendered, else those that the rule itself says.</summary>
    private Dictionary<string, string> LabelsOfAlert()
    {
        var said = Rendered is Fetch<RenderedRule>.Ok { Value.Labels: var labels }
            ? labels
            : Reading.Content.Labels.Where(label => !label.Value.Contains("{{", StringComparison.Ordinal));
        return new Dictionary<string, string>(said, StringComparer.Ordinal) { ["alertname"] = Reading.Content.Name };
    }
}
