using System.Globalization;
using Archon.ConfigFiles.Rules.Lint;
using Archon.Features.Access;
using Archon.Features.Rules.Catalogue;
using Archon.Features.Services;
using Archon.Integrations;
using Archon.Ui.Dialogs;
using Archon.Ui.Editor;
using Archon.Ui.View;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Routing;

namespace Archon.Features.Rules.Editor;

/// <summary>Where one rule is written, seen over the past, checked, tested and saved. The rules of that are the session's.</summary>
public sealed partial class RuleWorkbenchPage(
    CurrentActor me,
    RuleEditorServices services,
    UpstreamHealth upstreams,
    ViewState view,
    NavigationManager navigation,
    Floats floats,
    IAuthorizationService authorization
) : IDisposable
{
    private static readonly string[] Severities = ["critical", "warning", "info"];
    private static readonly IReadOnlyList<(bool, string)> Kinds = [(true, "alert"), (false, "recorded series")];

    /// <summary>The words for what is wrong with one of these are below it; those of the others are below the form.</summary>
    private static readonly string[] FieldsWithError =
    [
        nameof(WorkbenchDraft.Name),
        nameof(WorkbenchDraft.For),
        nameof(WorkbenchDraft.KeepFiringFor),
        nameof(WorkbenchDraft.File),
        nameof(WorkbenchDraft.Group),
    ];

    private const string ExampleLogql = """sum by (service) (rate({app="shop"} |= "error" [5m])) > 1""";
    private const string ExampleExpression = """rate(http_requests_total{status=~"5.."}[5m]) > 0.1""";

    private RuleEditorSession session = default!;
    private CodeEditor? editor;
    private TestsPanel? testsPanel;
    private bool isAskingToLeave;
    private string denial = "";

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

    [SupplyParameterFromQuery(Name = "source")]
    private string? AskedSource { get; set; }

    [SupplyParameterFromQuery(Name = "draft")]
    private string? SharedDraft { get; set; }

    [CascadingParameter]
    private Task<AuthenticationState>? Reader { get; set; }

    private WorkbenchDraft Draft => session.Draft;
    private DraftChecks Checks => session.Checks;
    private DraftBacktest Backtest => session.Backtest;
    private RuleDetail? Rule => session.Rule;

    private string? Graph =>
        PrometheusLink.Graph(
            upstreams.Of(session.EnvironmentId).FirstOrDefault(one => one.Name == "Prometheus")?.Address,
            Draft.Expression,
            Backtest.Range
        );

    private string Standing =>
        (Rule, session.IsDirty) switch
        {
            (null, _) => "New",
            (_, true) => $"Draft of v{Draft.BasedOn}",
            _ => $"v{Rule.CurrentVersion}",
        };

    private IReadOnlyList<(string, string)> SeverityOptions =>
        [
            ("", "none"),
            .. Severities.Append(Draft.Severity).Where(severity => severity.Length > 0).Distinct().Select(severity => (severity, severity)),
        ];

    private IReadOnlyList<string> Files => [.. session.Others.Select(one => one.File).Distinct(StringComparer.Ordinal)];

    private IReadOnlyList<string> Groups =>
        [.. session.Others.Where(one => one.File == Draft.File).Select(one => one.Group).Distinct(StringComparer.Ordinal)];

    private string? ShareLink
    {
        get
        {
            var page = Id is { } id ? $"/rules/{id}" : "/rules/new";
            return Checks.Reading.Shared is { } packed ? navigation.ToAbsoluteUri($"{page}?draft={packed}").AbsoluteUri : null;
        }
    }

    protected override void OnInitialized() => view.Changed += EnvironmentChanged;

    protected override Task OnParametersSetAsync() => OpenAsync();

    /// <summary>Begins a session where the reader went to another rule, or to another environment.</summary>
    private async Task OpenAsync()
    {
        // Parameters may come again while the first reading is under way: a second one would take back what was typed since.
        if (session is not null && (isAskingToLeave || (session.RuleId == Id && session.EnvironmentId == view.EnvironmentId)))
            return;
        var length = session?.Backtest.Length;
        session?.Dispose();
        session = new RuleEditorSession(
            services,
            new RuleEditorHost(
                MayEditAsync,
                () => me.GetAsync(CancellationToken.None),
                floats.ConfirmAsync,
                floats.SayFailureAsync,
                StateHasChanged,
                DispatchExceptionAsync
            ),
            view.EnvironmentId,
            Id,
            new RuleEditorStart(AskedExpression, AskedFor, AskedSeverity, AskedName, AskedSource, SharedDraft)
        );
        if (length is { } chosen)
            session.Backtest.Choose(chosen);
        // Until it is read, the rule of the former session must not stay on the page.
        StateHasChanged();
        await session.LoadAsync();
    }

    // Raised also where the reader is asked about leaving the draft: the session then stays until they have answered.
    private void EnvironmentChanged() =>
        _ = InvokeAsync(async () =>
        {
            try
            {
                await OpenAsync();
                StateHasChanged();
            }
            catch (Exception failure)
            {
                await DispatchExceptionAsync(failure);
            }
        });

    protected override Task OnAfterRenderAsync(bool firstRender) => session.KeepDraftAsync();

    private void WroteTests(string text)
    {
        Draft.Tests = text;
        session.Read();
    }

    private void ThresholdTyped(ChangeEventArgs change)
    {
        var isNumber = double.TryParse(change.Value as string, NumberStyles.Float, CultureInfo.InvariantCulture, out var threshold);
        if (isNumber && double.IsFinite(threshold))
            session.SetThreshold(threshold);
    }

    private async Task ShowAsync(LintFinding finding)
    {
        if (editor is not null && Checks.PlaceOf(finding) is (var start, var end))
            await editor.SelectAsync(start, end);
    }

    private async Task MakeTestAsync(bool mustFire)
    {
        if (!await session.MakeTestAsync(mustFire) || testsPanel is null)
            return;
        StateHasChanged();
        await Task.Yield();
        await testsPanel.RunAsync();
    }

    private async Task SaveAsync()
    {
        if (await session.SaveAsync() is { } created)
            navigation.NavigateTo($"/rules/{created}");
    }

    private async Task LeavingAsync(LocationChangingContext leaving)
    {
        // The same page with another range or sheet in its address keeps what is written; another environment has other rules.
        var target = navigation.ToAbsoluteUri(leaving.TargetLocation);
        if (target.AbsolutePath == new Uri(navigation.Uri).AbsolutePath && view.EnvironmentOf(target.AbsoluteUri) == session.EnvironmentId)
        {
            return;
        }
        isAskingToLeave = true;
        try
        {
            if (await session.LeaveAsync())
                return;
        }
        finally
        {
            isAskingToLeave = false;
        }
        leaving.PreventNavigation();
        view.ChooseEnvironment(session.EnvironmentId);
    }

    private string? Fault(string field) => session.Faults.GetValueOrDefault(field);

    private async Task<bool> MayEditAsync()
    {
        if (Reader is null)
            return false;
        var user = (await Reader).User;
        denial = Permission.EditRules.DeniedWords(user);
        return (await authorization.AuthorizeAsync(user, Permissions.EditRules)).Succeeded;
    }

    public void Dispose()
    {
        view.Changed -= EnvironmentChanged;
        session?.Dispose();
    }
}
