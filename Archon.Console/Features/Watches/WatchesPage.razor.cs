using Archon.Data.Catalogue;
using Archon.Shell;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;

namespace Archon.Features.Watches;

public sealed partial class WatchesPage(WatchQueries watches, WatchCommands commands, ViewState view, NavigationManager navigation) : LivePage<WatchesPicture>
{
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(10);

    private string notice = "";
    private bool busy;

    [SupplyParameterFromQuery(Name = "q")] private string? Text { get; set; }
    [SupplyParameterFromQuery(Name = "o")] private string? OriginText { get; set; }
    [CascadingParameter] private Task<AuthenticationState>? Reader { get; set; }

    private CatalogueOrigin? Origin => Enum.TryParse<CatalogueOrigin>(OriginText, ignoreCase: true, out var origin) ? origin : null;

    protected override string Key => $"watches/{view.EnvironmentId}";

    /// <summary>Ignored ones show only when asked for.</summary>
    private List<WatchListRow> Shown
    {
        get
        {
            var wanted = Text?.Trim() ?? "";
            return [.. Picture!.Watches
                .Where(watch => Origin is { } only ? watch.Origin == only : watch.Origin != CatalogueOrigin.Ignored)
                .Where(watch => watch.Name.Contains(wanted, StringComparison.OrdinalIgnoreCase) || watch.Query.Contains(wanted, StringComparison.OrdinalIgnoreCase))];
        }
    }

    protected override Task<WatchesPicture> ReadAsync(CancellationToken cancellationToken) => watches.PictureAsync(view.EnvironmentId, cancellationToken);

    protected override void Follow() => WakeEvery(Pace);

    private Task AcceptAsync(WatchListRow watch) => ChangeAsync(commands.AcceptAsync, watch, "accepted");
    private Task IgnoreAsync(WatchListRow watch) => ChangeAsync(commands.IgnoreAsync, watch, "ignored; it is found under Ignored");
    private Task RestoreAsync(WatchListRow watch) => ChangeAsync(commands.RestoreAsync, watch, "watched again");

    private async Task ChangeAsync(Func<int, string, CancellationToken, Task<WatchResult>> change, WatchListRow watch, string done)
    {
        busy = true;
        try
        {
            var who = (Reader is null ? null : (await Reader).User.Identity?.Name) ?? "unknown";
            notice = WatchWords.Problem(await change(watch.Id, who, Lifetime)) ?? $"{watch.Name} is {done}.";
            await RefreshAsync();
        }
        catch (Exception exception) when (ReadFailures.Describe(exception) is { } reason)
        {
            notice = $"Not changed: {reason}";
        }
        finally
        {
            busy = false;
        }
    }

    private void Filter(ChangeEventArgs change)
    {
        Text = change.Value?.ToString();
        navigation.NavigateTo(navigation.GetUriWithQueryParameter("q", string.IsNullOrWhiteSpace(Text) ? null : Text), replace: true);
    }

    private string Address(string name, string? value) => navigation.GetUriWithQueryParameter(name, value);

    private static string Edit(WatchListRow watch) => $"/watches/{watch.Id}";
}
