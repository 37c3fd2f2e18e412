using Archon.Data.Rules;
using Archon.Features.Access;
using Archon.Features.Rules.Catalogue;
using Archon.Integrations;
using Archon.Live;
using Archon.Ui.Health;
using Archon.Ui.View;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace Archon.Features.Rules.List;

public sealed partial class RulesPage(
    CurrentActor me,
    RuleQueries rules,
    RuleCommands commands,
    RuleTopic topic,
    UpstreamHealth upstreams,
    ViewState view,
    NavigationManager navigation,
    IJSRuntime scripts
) : LivePage<RulesPicture>
{
    /// <summary>With so many rules in all, rows are drawn at once, also into the first reply; beyond, only those on screen.</summary>
    private const int DrawnAtOnce = 150;
    private const int VersionsShown = 6;

    private IReadOnlyList<RuleVersionRow> versions = [];
    private int? versionsOf;
    private string notice = "";
    private bool busy;
    private bool isVersionsFailed;

    private List<RuleRow> Shown { get; set; } = [];

    /// <summary>The rule whose detail is open under its row.</summary>
    [SupplyParameterFromQuery(Name = "r")]
    private int? Asked { get; set; }

    /// <summary><c>deleted</c> for those that can be put back.</summary>
    [SupplyParameterFromQuery(Name = "view")]
    private string? Which { get; set; }

    [SupplyParameterFromQuery(Name = "q")]
    private string? Text { get; set; }

    private UpstreamState? Prometheus => upstreams.Of(view.EnvironmentId).FirstOrDefault(one => one.Name == "Prometheus");

    private bool IsServerRead => Prometheus is { Configured: true, FailingSince: null, LastAnswerAt: not null };

    private bool ShowsDeleted => Which == "deleted";

    private string Summary =>
        Picture is null ? ""
        : ShowsDeleted ? $"{Picture.Deleted.Count} in all"
        : string.Join(
            " · ",
            new[]
            {
                $"{Picture.Rules.Count} in all",
                Picture.Broken > 0 ? $"{Picture.Broken} broken" : "",
                Picture.Firing > 0 ? $"{Picture.Firing} firing" : "",
                Picture.Pending > 0 ? $"{Picture.Pending} pending" : "",
                Picture.NotApplied > 0 ? $"{Picture.NotApplied} not applied" : "",
                Picture.ChangedOutside > 0 ? $"{Picture.ChangedOutside} changed outside" : "",
            }.Where(part => part.Length > 0)
        );

    protected override LiveSource<RulesPicture> Source => LiveSource.Shared("rules", view.EnvironmentId, $"", [topic], rules.PictureAsync);

    protected override async Task OnParametersSetAsync()
    {
        await base.OnParametersSetAsync();
        if (Picture is not null)
            Shown = Matching(ShowsDeleted ? Picture.Deleted : Picture.Rules);
        if (versionsOf == Asked)
            return;
        (versionsOf, versions) = (Asked, []);
        await ReadVersionsAsync();
    }

    private async Task ReadVersionsAsync()
    {
        isVersionsFailed = false;
        try
        {
            if (Asked is { } id)
                versions = await rules.VersionsAsync(id, Lifetime);
        }
        catch (OperationCanceledException) when (Lifetime.IsCancellationRequested)
        {
            // the tab closed
        }
        catch (Exception failure) when (ReadFailures.Describe(failure) is not null)
        {
            // The page says that the database is away.
            isVersionsFailed = true;
        }
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        try
        {
            if (firstRender && Asked is not null)
                await scripts.InvokeVoidAsync("archon.reveal", "tr.more.sel");
        }
        catch (JSDisconnectedException)
        {
            // the tab closed at once
        }
        await base.OnAfterRenderAsync(firstRender);
    }

    protected override void Arrived(RulesPicture picture) => Shown = Matching(ShowsDeleted ? picture.Deleted : picture.Rules);

    private string Link(RuleRow rule) => navigation.GetUriWithQueryParameter("r", rule.Id == Asked ? null : (int?)rule.Id);

    private void Narrow(string text)
    {
        Text = text;
        if (Picture is { } picture)
            Arrived(picture);
    }

    private void KeepInAddress(string text) =>
        navigation.NavigateTo(navigation.GetUriWithQueryParameter("q", string.IsNullOrWhiteSpace(text) ? null : text), replace: true);

    private async Task RestoreAsync(RuleRow rule)
    {
        if (busy)
            return;
        (busy, notice) = (true, "");
        try
        {
            var actor = await me.GetAsync(Lifetime);
            notice = await commands.RestoreAsync(rule.Id, rule.CurrentVersion, actor, "Restored after it was deleted", Lifetime) switch
            {
                RuleSaveResult.Saved => $"{rule.Name} is back in {rule.File}. It runs once it is applied.",
                RuleSaveResult.Invalid invalid => $"{rule.Name} was not restored: {string.Join(' ', invalid.Reasons)}",
                RuleSaveResult.ChangedMeanwhile => $"Somebody changed {rule.Name}. The new state is shown.",
                _ => $"{rule.Name} no longer exists.",
            };
            await RefreshAsync();
        }
        catch (OperationCanceledException) when (Lifetime.IsCancellationRequested)
        {
            // the tab closed
        }
        catch (Exception failure) when (ReadFailures.Describe(failure) is { } reason)
        {
            notice = $"Not done: {reason}";
        }
        finally
        {
            busy = false;
        }
    }

    private static string Standing(RuleRow rule) =>
        rule.Standing switch
        {
            RuleStanding.NotApplied => "Not applied",
            RuleStanding.ChangedOutside => "Changed outside",
            RuleStanding.StillRuns => "Only on server",
            _ => "",
        };

    private static string StandingWords(RuleRow rule) =>
        rule.Standing switch
        {
            RuleStanding.NotApplied => "The server does not run this version yet.",
            RuleStanding.ChangedOutside => "The server runs what no version of the catalogue says.",
            _ => "Not in the catalogue, but the server runs it.",
        };

    private List<RuleRow> Matching(IReadOnlyList<RuleRow> all)
    {
        var wanted = Text?.Trim() ?? "";
        return [.. all.Where(rule => Has(rule.Name) || Has(rule.Group) || Has(rule.Expression) || Has(rule.File))];

        bool Has(string text) => text.Contains(wanted, StringComparison.OrdinalIgnoreCase);
    }

    private static StateKind Shape(RuleRow rule) =>
        rule.Urgency switch
        {
            0 => StateKind.Critical,
            1 => rule.Labels.GetValueOrDefault("severity") == "critical" ? StateKind.Critical : StateKind.Warning,
            2 => StateKind.Info,
            3 => StateKind.Unknown,
            _ => StateKind.Ok,
        };

    private static string Word(RuleRow rule) =>
        rule.Urgency switch
        {
            0 => "Broken",
            1 => "Firing",
            2 => "Pending",
            3 => "Not evaluated",
            _ => rule.Kind == AlertRuleKind.Recording ? "Recorded" : "Quiet",
        };
}
