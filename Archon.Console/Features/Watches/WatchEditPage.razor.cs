using System.Globalization;
using Archon.Data.Catalogue;
using Archon.Features.Access;
using Archon.Shell;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;

namespace Archon.Features.Watches;

public sealed partial class WatchEditPage(
    WatchQueries watches, WatchCommands commands, IAuthorizationService authorization, ViewState view, NavigationManager navigation) : IDisposable
{
    /// <summary>What is in the fields. Not yet a watch: half of it may be wrong.</summary>
    private sealed class Draft
    {
        public string Name { get; set; } = "";
        public string Query { get; set; } = "";
        public WatchSignal Signal { get; set; } = WatchSignal.Saturation;
        public string Unit { get; set; } = "";
        public int StepSeconds { get; set; } = 15;
        public AnomalyDirection Interesting { get; set; } = AnomalyDirection.Both;
        public double Sensitivity { get; set; } = 0.5;
        public string? Limit { get; set; }
        public LimitSide LimitSide { get; set; }
        public string? VolumeQuery { get; set; }
    }

    private readonly CancellationTokenSource lifetime = new();
    private Draft draft = new();
    private string title = "Watch";
    private string problem = "";
    private string? failure;
    private CatalogueOrigin origin;
    private DateTimeOffset? editedAt;
    private bool loaded;
    private bool missing;
    private bool mayEdit;
    private bool saving;
    private bool changedMeanwhile;

    [Parameter] public int? Id { get; set; }
    [CascadingParameter] private Task<AuthenticationState>? Reader { get; set; }

    protected override async Task OnInitializedAsync()
    {
        mayEdit = Reader is not null && (await authorization.AuthorizeAsync((await Reader).User, Policies.Editor)).Succeeded;
        await LoadAsync();
    }

    private async Task LoadAsync()
    {
        try
        {
            failure = null;
            if (Id is { } id)
            {
                var found = await watches.FindAsync(view.EnvironmentId, id, lifetime.Token);
                missing = found is null;
                if (found is null) return;
                (draft, title, origin, editedAt) = (Fill(found), found.Name, found.Origin, found.EditedAt);
            }
            loaded = true;
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

    private async Task SaveAsync()
    {
        if (saving || !mayEdit) return;
        if (!TryLimit(out var limit))
        {
            problem = "The limit is a number, or left empty.";
            return;
        }
        (saving, problem) = (true, "");
        try
        {
            var who = (Reader is null ? null : (await Reader).User.Identity?.Name) ?? "unknown";
            var wanted = new WatchDraft(
                draft.Name, draft.Query, draft.Signal, draft.Unit.Trim(), TimeSpan.FromSeconds(draft.StepSeconds), draft.Interesting, draft.Sensitivity,
                limit, draft.LimitSide, draft.VolumeQuery);
            var result = Id is { } id
                ? await commands.EditAsync(id, editedAt, wanted, who, lifetime.Token)
                : await commands.CreateAsync(view.EnvironmentId, wanted, who, lifetime.Token);
            if (result is WatchResult.Done)
            {
                navigation.NavigateTo("/watches");
                return;
            }
            problem = WatchWords.Problem(result)!;
            if (result is WatchResult.ChangedMeanwhile)
            {
                // Saving again is then a decision, not an accident: it is made against the version that is there now.
                (changedMeanwhile, problem) = (true, "Not saved yet.");
                editedAt = (await watches.FindAsync(view.EnvironmentId, Id!.Value, lifetime.Token))?.EditedAt;
            }
        }
        catch (Exception exception) when (ReadFailures.Describe(exception) is { } reason)
        {
            problem = $"Not saved: {reason}";
        }
        finally
        {
            saving = false;
        }
    }

    private async Task TakeTheirsAsync()
    {
        (changedMeanwhile, problem) = (false, "");
        await LoadAsync();
    }

    private bool TryLimit(out double? limit)
    {
        limit = null;
        if (string.IsNullOrWhiteSpace(draft.Limit)) return true;
        if (!double.TryParse(draft.Limit, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)) return false;
        limit = value;
        return true;
    }

    private static Draft Fill(Watch found) => new()
    {
        Name = found.Name,
        Query = found.Query,
        Signal = found.Signal,
        Unit = found.Unit,
        StepSeconds = (int)found.Step.TotalSeconds,
        Interesting = found.Interesting,
        Sensitivity = found.Sensitivity,
        Limit = found.Limit?.ToString(CultureInfo.InvariantCulture),
        LimitSide = found.LimitSide,
        VolumeQuery = found.VolumeQuery,
    };

    public void Dispose()
    {
        lifetime.Cancel();
        lifetime.Dispose();
    }
}
