using Archon.Data.Access;
using Archon.Data.Catalogue;
using Archon.Features.Access;
using Archon.Features.Scanning;
using Archon.Features.Watches;
using Archon.Live;
using Archon.Ui.Dialogs;
using Archon.Ui.Health;
using Archon.Ui.Parts;
using Archon.Ui.View;
using Microsoft.AspNetCore.Components;

namespace Archon.Features.Services;

public sealed partial class ServicesPage(
    CurrentActor me,
    ServiceQueries services,
    ServiceCommands commands,
    ServiceTopic topic,
    WatchTopic watches,
    SampleTopic samples,
    AnomalyTopic anomalies,
    ViewState view,
    NavigationManager navigation,
    Floats floats
) : LivePage<ServicesPicture>
{
    private const int PageSize = 60;
    private const int NamesShown = 3;

    private readonly HashSet<int> chosen = [];
    private bool busy;

    [SupplyParameterFromQuery(Name = "q")]
    private string? Text { get; set; }

    [SupplyParameterFromQuery(Name = "o")]
    private string? OriginText { get; set; }

    [SupplyParameterFromQuery(Name = "state")]
    private string? StateText { get; set; }

    [SupplyParameterFromQuery(Name = "page")]
    private string? PageText { get; set; }

    private CatalogueOrigin? Origin => Enum.TryParse<CatalogueOrigin>(OriginText, ignoreCase: true, out var origin) ? origin : null;
    private HealthState? State => Enum.TryParse<HealthState>(StateText, ignoreCase: true, out var state) ? state : null;

    private string FilterWords =>
        string.Join(
            " and ",
            new[]
            {
                string.IsNullOrWhiteSpace(Text) ? "" : $"\"{Text.Trim()}\"",
                Origin is { } origin ? HealthWords.Origin(origin) : "",
                State is { } state ? HealthWords.Word(state).ToLowerInvariant() : "",
            }.Where(part => part.Length > 0)
        );

    private string Cleared =>
        navigation.GetUriWithQueryParameters(
            new Dictionary<string, object?>
            {
                ["q"] = null,
                ["o"] = null,
                ["state"] = null,
                ["page"] = null,
            }
        );

    private int Skip => Paging.Skip(PageText, PageSize);
    private IEnumerable<ServiceHealth> Discovered => Picture!.Services.Where(service => service.Origin == CatalogueOrigin.Discovered);

    protected override LiveSource<ServicesPicture> Source
    {
        get
        {
            var (filter, skip) = (new ServiceFilter(Text, Origin, State), Skip);
            return LiveSource.Shared(
                "services",
                view.EnvironmentId,
                $"{skip}/{Origin}/{State}/{Text}",
                [topic, watches, samples, anomalies],
                (environment, token) => services.PictureAsync(environment, filter, skip, PageSize, token)
            );
        }
    }

    // What is not on the page cannot be seen to be chosen.
    protected override void Arrived(ServicesPicture picture) => chosen.IntersectWith(picture.Services.Select(service => service.Id));

    private void Choose(int id)
    {
        if (!chosen.Remove(id))
            chosen.Add(id);
    }

    private void ChooseDiscovered() => chosen.UnionWith(Discovered.Select(service => service.Id));

    private Task AcceptAsync(ServiceHealth service) => ChangeAsync([service], commands.AcceptAsync, "Accepted");

    private Task IgnoreAsync(ServiceHealth service) => ChangeAsync([service], commands.IgnoreAsync, "Ignored", commands.RestoreAsync);

    private Task RestoreAsync(ServiceHealth service) => ChangeAsync([service], commands.RestoreAsync, "Restored");

    private Task AcceptChosenAsync() => ChangeAsync(ChosenRows(), commands.AcceptAsync, "Accepted");

    private async Task IgnoreChosenAsync()
    {
        var rows = ChosenRows();
        var question = new Question(
            $"Ignore {Count(rows)}?",
            $"{Names(rows)} will be left out of Overview, and discovery will not bring {(rows.Count == 1 ? "it" : "them")} back. Restore brings {(rows.Count == 1 ? "it" : "them")} back at any time.",
            $"Ignore {Count(rows)}",
            "Keep watching"
        );
        if (rows.Count > 0 && await floats.ConfirmAsync(question))
            await ChangeAsync(rows, commands.IgnoreAsync, "Ignored", commands.RestoreAsync);
    }

    private static string Count(List<ServiceHealth> rows) => rows.Count == 1 ? rows[0].Name : $"{rows.Count} services";

    private static string Names(List<ServiceHealth> rows) =>
        rows.Count <= NamesShown
            ? string.Join(", ", rows.Select(row => row.Name))
            : $"{string.Join(", ", rows.Take(NamesShown).Select(row => row.Name))} and {rows.Count - NamesShown} more";

    private List<ServiceHealth> ChosenRows() => [.. Picture!.Services.Where(service => chosen.Contains(service.Id))];

    private async Task ChangeAsync(
        List<ServiceHealth> rows,
        Func<int, Actor, CancellationToken, Task<ServiceResult>> change,
        string done,
        Func<int, Actor, CancellationToken, Task<ServiceResult>>? undo = null
    )
    {
        busy = true;
        try
        {
            var actor = await me.GetAsync(Lifetime);
            var (changed, missed, denied) = (new List<ServiceHealth>(), new List<ServiceHealth>(), new List<ServiceHealth>());
            var why = "";
            foreach (var row in rows)
            {
                try
                {
                    (await change(row.Id, actor, Lifetime) is ServiceResult.Done ? changed : missed).Add(row);
                }
                catch (PermissionDeniedException refused)
                {
                    // Others of the selection may belong to teams of the reader.
                    why = refused.Message;
                    denied.Add(row);
                }
            }
            chosen.Clear();
            await RefreshAsync();
            string[] words =
            [
                $"{done} {Count(changed)}.",
                missed.Count == 0 ? "" : $"Someone changed or removed {Names(missed)} meanwhile; the new state is shown.",
                denied.Count == 0 ? "" : $"Not {Names(denied)}: {why}",
            ];
            var said = string.Join(' ', words.Where(one => one.Length > 0));
            if (changed.Count == 0)
                await floats.SayFailureAsync(said);
            else
                await floats.SayAsync(said, undo is null ? null : () => InvokeAsync(() => ChangeAsync(changed, undo, "Restored")));
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

    private void FilterByText(string text) =>
        navigation.NavigateTo(Address("q", string.IsNullOrWhiteSpace(text) ? null : text), replace: true);

    /// <summary>Another filter begins with its first page.</summary>
    private string Address(string name, string? value) =>
        navigation.GetUriWithQueryParameters(new Dictionary<string, object?> { [name] = value, ["page"] = null });

    private static string Link(ServiceHealth service) => ServiceAddress.Of(service.Name);
}
