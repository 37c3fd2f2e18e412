using Archon.Data.Catalogue;
using Archon.Shell;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;

namespace Archon.Features.Services;

public sealed partial class ServicesPage(
    ServiceQueries services, ServiceCommands commands, CatalogueFeed catalogue, ViewState view, NavigationManager navigation, Floats floats) : LivePage<ServicesPicture>
{
    /// <summary>Up to here rows are drawn at once, also into the first reply; beyond, only those on screen.</summary>
    private const int DrawnAtOnce = 100;
    private const int NamesShown = 3;

    private readonly HashSet<int> chosen = [];
    private bool busy;

    [SupplyParameterFromQuery(Name = "q")] private string? Text { get; set; }
    [SupplyParameterFromQuery(Name = "o")] private string? OriginText { get; set; }
    [SupplyParameterFromQuery(Name = "state")] private string? StateText { get; set; }
    [CascadingParameter] private Task<AuthenticationState>? Reader { get; set; }

    private CatalogueOrigin? Origin => Enum.TryParse<CatalogueOrigin>(OriginText, ignoreCase: true, out var origin) ? origin : null;
    private HealthState? State => Enum.TryParse<HealthState>(StateText, ignoreCase: true, out var state) ? state : null;

    private string FilterWords => string.Join(" and ", new[]
    {
        string.IsNullOrWhiteSpace(Text) ? "" : $"\"{Text.Trim()}\"", Origin is { } origin ? HealthWords.Origin(origin) : "", State is { } state ? HealthWords.Word(state).ToLowerInvariant() : "",
    }.Where(part => part.Length > 0));

    private string Cleared => navigation.GetUriWithQueryParameters(new Dictionary<string, object?> { ["q"] = null, ["o"] = null, ["state"] = null });

    private int Listed => Picture!.Services.Count(service => service.Origin != CatalogueOrigin.Ignored);
    private List<ServiceHealth> Discovered => [.. Picture!.Services.Where(service => service.Origin == CatalogueOrigin.Discovered)];

    private List<ServiceHealth> Rows =>
    [
        .. Picture!.Services.Where(service =>
            (Origin is { } origin ? service.Origin == origin : service.Origin != CatalogueOrigin.Ignored)
            && (State is not { } state || service.State == state)
            && (string.IsNullOrWhiteSpace(Text)
                || service.Name.Contains(Text.Trim(), StringComparison.OrdinalIgnoreCase)
                || service.Team?.Contains(Text.Trim(), StringComparison.OrdinalIgnoreCase) == true)),
    ];

    // Filters choose among what was read; only the environment decides what is read.
    protected override string Key => $"services/{view.EnvironmentId}";

    protected override Task<ServicesPicture> ReadAsync(CancellationToken cancellationToken) =>
        services.PictureAsync(view.EnvironmentId, withIgnored: true, cancellationToken);

    protected override void Arrived(ServicesPicture picture) => chosen.IntersectWith(picture.Services.Select(service => service.Id));

    protected override void Follow()
    {
        Follow(catalogue.WatchAsync(Lifetime));
    }

    private void Choose(int id)
    {
        if (!chosen.Remove(id)) chosen.Add(id);
    }

    private void ChooseDiscovered() => chosen.UnionWith(Rows.Where(service => service.Origin == CatalogueOrigin.Discovered).Select(service => service.Id));

    private Task AcceptAsync(ServiceHealth service) => ChangeAsync([service], commands.AcceptAsync, "Accepted");

    private Task IgnoreAsync(ServiceHealth service) => ChangeAsync([service], commands.IgnoreAsync, "Ignored", commands.RestoreAsync);

    private Task RestoreAsync(ServiceHealth service) => ChangeAsync([service], commands.RestoreAsync, "Restored");

    private Task AcceptChosenAsync() => ChangeAsync(ChosenRows(), commands.AcceptAsync, "Accepted");

    private async Task IgnoreChosenAsync()
    {
        var rows = ChosenRows();
        var question = new Question(
            $"Ignore {Count(rows)}?", $"{Names(rows)} will be left out of Overview, and discovery will not bring {(rows.Count == 1 ? "it" : "them")} back. Restore brings {(rows.Count == 1 ? "it" : "them")} back at any time.",
            $"Ignore {Count(rows)}", "Keep watching");
        if (rows.Count > 0 && await floats.ConfirmAsync(question)) await ChangeAsync(rows, commands.IgnoreAsync, "Ignored", commands.RestoreAsync);
    }

    private static string Count(List<ServiceHealth> rows) => rows.Count == 1 ? rows[0].Name : $"{rows.Count} services";

    private static string Names(List<ServiceHealth> rows) =>
        rows.Count <= NamesShown ? string.Join(", ", rows.Select(row => row.Name)) : $"{string.Join(", ", rows.Take(NamesShown).Select(row => row.Name))} and {rows.Count - NamesShown} more";

    private List<ServiceHealth> ChosenRows() => [.. Picture!.Services.Where(service => chosen.Contains(service.Id))];

    private async Task ChangeAsync(
        List<ServiceHealth> rows, Func<int, string, CancellationToken, Task<ServiceResult>> change, string done, Func<int, string, CancellationToken, Task<ServiceResult>>? undo = null)
    {
        busy = true;
        try
        {
            var who = (Reader is null ? null : (await Reader).User.Identity?.Name) ?? "unknown";
            var missed = new List<ServiceHealth>();
            foreach (var row in rows)
            {
                if (await change(row.Id, who, Lifetime) is not ServiceResult.Done) missed.Add(row);
            }
            chosen.Clear();
            await RefreshAsync();
            var changed = rows.Except(missed).ToList();
            if (missed.Count > 0) await floats.SayFailureAsync($"{done} {changed.Count}. Someone changed or removed {Names(missed)} meanwhile; the new state is shown.");
            else await floats.SayAsync($"{done} {Count(rows)}.", undo is null ? null : () => InvokeAsync(() => ChangeAsync(changed, undo, "Restored")));
        }
        catch (Exception failure) when (ReadFailures.Describe(failure) is { } reason)
        {
            await floats.SayFailureAsync($"Not done: {reason}");
        }
        finally
        {
            busy = false;
            StateHasChanged();
        }
    }

    private void FilterByText(string text) => navigation.NavigateTo(Address("q", string.IsNullOrWhiteSpace(text) ? null : text), replace: true);

    private string Address(string name, string? value) => navigation.GetUriWithQueryParameter(name, value);

    private static string Link(ServiceHealth service) => $"/services/{Uri.EscapeDataString(service.Name)}";
}
