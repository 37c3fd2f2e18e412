using Archon.Data.Catalogue;
using Archon.Features.Access;
using Archon.Live;
using Archon.Ui.Forms;
using Archon.Ui.Parts;
using Archon.Ui.View;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace Archon.Features.Services;

public sealed partial class ServiceEditPage(
    CurrentActor me,
    ServiceQueries services,
    ServiceCommands commands,
    ViewState view,
    NavigationManager navigation,
    Drafts drafts,
    IJSRuntime scripts
) : IDisposable
{
    private const int PicksShown = 60;
    private const int FindFrom = 12;
    private static readonly IReadOnlyList<(ServiceTier, string)> Tiers =
    [
        (ServiceTier.Critical, "critical: users notice at once"),
        (ServiceTier.Standard, "standard"),
        (ServiceTier.BestEffort, "best effort: may wait for the morning"),
    ];

    private const string LokiExample = "{app=\"checkout\"}";

    /// <summary>What is in the fields. Not yet a service: half of it may be wrong.</summary>
    private sealed class Draft
    {
        public string Name { get; set; } = "";
        public ServiceTier Tier { get; set; } = ServiceTier.Standard;
        public string? Team { get; set; }
        public string? Description { get; set; }
        public List<MatcherDraft> Matchers { get; set; } = [new()];
        public string? Runbook { get; set; }
        public string? Grafana { get; set; }
        public string? Loki { get; set; }
        public string? Jaeger { get; set; }
        public HashSet<int> DependsOn { get; set; } = [];
    }

    private sealed class MatcherDraft
    {
        public string Name { get; set; } = "";
        public string Value { get; set; } = "";
    }

    private readonly ComponentLifetime lifetime = new();
    private Draft draft = new();
    private IReadOnlyList<(int Id, string Name)> others = [];
    private IReadOnlyList<string> teams = [];
    private Dictionary<string, string> errors = [];
    private int id;
    private uint version;
    private string problem = "";
    private string? failure;
    private string? find;
    private ServiceResult.NameTaken? takenBy;
    private bool loaded;
    private bool missing;
    private bool saving;
    private bool changedMeanwhile;
    private bool isDraftBack;

    /// <summary>The name as <see cref="ServiceAddress"/> writes it; null for a new service.</summary>
    [Parameter]
    public string? Segment { get; set; }

    private string? Name => Segment is null ? null : ServiceAddress.NameIn(Segment);

    private string DraftKey => $"service/{view.EnvironmentId}/{Name}";

    protected override Task OnInitializedAsync() => LoadAsync();

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (firstRender && await drafts.TakeAsync<Draft>(DraftKey) is { } written)
        {
            (draft, isDraftBack) = (written, true);
            StateHasChanged();
        }
        if (loaded)
            await drafts.KeepAsync(DraftKey, draft);
    }

    private async Task LoadAsync()
    {
        try
        {
            failure = null;
            var names = await services.NamesAsync(view.EnvironmentId, lifetime.Token);
            teams = await services.TeamsAsync(lifetime.Token);
            if (Name is not null)
            {
                var found = await services.FindAsync(view.EnvironmentId, Name, lifetime.Token);
                missing = found is null;
                if (found is null)
                    return;
                (id, version) = (found.Id, found.Version);
                draft = Fill(found);
            }
            others = [.. names.Where(one => one.Id != id)];
            loaded = true;
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

    private async Task SaveAsync()
    {
        (errors, takenBy) = (Faults(), null);
        problem = errors.Count switch
        {
            0 => "",
            1 => "One field to fix.",
            var many => $"{many} fields to fix.",
        };
        if (errors.Count > 0)
        {
            // The fields are marked first.
            await Task.Yield();
            await scripts.InvokeVoidAsync("archon.focus", "form [aria-invalid=true]");
            return;
        }
        if (saving)
            return;
        saving = true;
        try
        {
            var actor = await me.GetAsync(lifetime.Token);
            var result = Name is null
                ? await commands.CreateAsync(view.EnvironmentId, Wanted(), actor, lifetime.Token)
                : await commands.EditAsync(id, version, Wanted(), actor, lifetime.Token);
            switch (result)
            {
                case ServiceResult.Done:
                    await drafts.DropAsync(DraftKey);
                    navigation.NavigateTo(ServiceAddress.Of(draft.Name.Trim()));
                    break;
                case ServiceResult.ChangedMeanwhile:
                    // Saving again is then a decision, not an accident: it is made against the version that is there now.
                    (changedMeanwhile, problem) = (true, "Not saved yet.");
                    version = (await services.FindAsync(view.EnvironmentId, Name!, lifetime.Token))?.Version ?? version;
                    break;
                case ServiceResult.NameTaken taken:
                    takenBy = taken;
                    errors[nameof(Draft.Name)] = taken.Ignored ? "An ignored service has this name." : "Another service has this name.";
                    problem = taken.Ignored ? "Restore the ignored one, or choose another name." : "Choose another name.";
                    break;
                case ServiceResult.Invalid invalid:
                    problem = invalid.Reason;
                    break;
                default:
                    problem = "This service no longer exists.";
                    break;
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
        (changedMeanwhile, problem, errors) = (false, "", []);
        await LoadAsync();
        if (failure is not null)
            (changedMeanwhile, problem) = (true, $"Not done: {failure}");
    }

    private ServiceDraft Wanted() =>
        new(
            draft.Name,
            draft.Tier,
            draft.Team,
            draft.Description,
            draft
                .Matchers.Where(matcher => matcher.Name.Trim().Length > 0)
                .ToDictionary(matcher => matcher.Name.Trim(), matcher => matcher.Value, StringComparer.Ordinal),
            draft.Runbook,
            draft.Grafana,
            draft.Loki,
            draft.Jaeger,
            [.. draft.DependsOn]
        );

    private Dictionary<string, string> Faults()
    {
        var found = new Dictionary<string, string>();
        if (string.IsNullOrWhiteSpace(draft.Name))
            found[nameof(Draft.Name)] = "A service needs a name.";
        var named = draft.Matchers.Where(matcher => matcher.Name.Trim().Length > 0 || matcher.Value.Length > 0).ToList();
        if (named.Count == 0)
            found[nameof(Draft.Matchers)] = "At least one label is needed, such as job = checkout.";
        else if (named.Any(matcher => matcher.Name.Trim().Length == 0 || matcher.Value.Length == 0))
            found[nameof(Draft.Matchers)] = "A label needs a name and a value.";
        else if (named.GroupBy(matcher => matcher.Name.Trim()).FirstOrDefault(group => group.Count() > 1) is { } twice)
            found[nameof(Draft.Matchers)] = $"{twice.Key} is there twice.";
        if (!string.IsNullOrWhiteSpace(draft.Runbook) && !IsWeb(draft.Runbook))
            found[nameof(Draft.Runbook)] = "An http or https address, such as https://runbooks.example/checkout.";
        if (draft.Grafana?.Contains(':', StringComparison.Ordinal) == true && !IsWeb(draft.Grafana))
            found[nameof(Draft.Grafana)] = "The id of a dashboard, or an http or https address.";
        return found;
    }

    private static Draft Fill(ServiceDetail found)
    {
        var filled = new Draft
        {
            Name = found.Name,
            Tier = found.Tier,
            Team = found.Team,
            Description = found.Description,
            Runbook = found.RunbookUrl,
            Grafana = found.GrafanaDashboard,
            Loki = found.LokiSelector,
            Jaeger = found.JaegerService,
        };
        if (found.Matchers.Count > 0)
            filled.Matchers.Clear();
        filled.Matchers.AddRange(
            found
                .Matchers.OrderBy(matcher => matcher.Key, StringComparer.Ordinal)
                .Select(matcher => new MatcherDraft { Name = matcher.Key, Value = matcher.Value })
        );
        filled.DependsOn.UnionWith(found.Calls.Select(call => call.Id));
        return filled;
    }

    private void Toggle(int other)
    {
        if (!draft.DependsOn.Remove(other))
            draft.DependsOn.Add(other);
    }

    private string Error(string field) => errors.GetValueOrDefault(field, "");

    private bool IsWrong(string field) => errors.ContainsKey(field);

    private static bool IsWeb(string address) =>
        Uri.TryCreate(address.Trim(), UriKind.Absolute, out var uri)
        && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps);

    public void Dispose()
    {
        lifetime.Dispose();
    }
}
