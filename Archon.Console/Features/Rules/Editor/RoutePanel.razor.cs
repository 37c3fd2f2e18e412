using Archon.Analysis.Routing;
using Archon.Features.Notifications;
using Archon.Integrations;
using Archon.Live;
using Archon.Ui.Format;
using Archon.Ui.Parts;
using Microsoft.AspNetCore.Components;

namespace Archon.Features.Rules.Editor;

/// <summary>The routes an alert of the rule takes, and what would hold it back.</summary>
public sealed partial class RoutePanel(RouteQueries routes) : IDisposable
{
    private readonly ComponentLifetime lifetime = new();
    private readonly NewestReading reading = new();
    private IReadOnlyDictionary<string, string>? asked;
    private RoutePreview? preview;
    private string? failure;
    private bool isInteractive;

    /// <summary>What failed is Archon's own database and not Alertmanager.</summary>
    private bool isOurs;

    [Parameter, EditorRequired]
    public int EnvironmentId { get; set; }

    /// <summary>All labels of the alert, <c>alertname</c> among them.</summary>
    [Parameter, EditorRequired]
    public IReadOnlyDictionary<string, string> Labels { get; set; } = default!;

    /// <summary>Which alert the labels are of, in words; null where they are those of the rule alone.</summary>
    [Parameter]
    public string? From { get; set; }

    protected override Task OnParametersSetAsync() => isInteractive && !IsAsked ? AskAsync() : Task.CompletedTask;

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        // Nobody is asked for a page that nobody sees yet.
        if (!firstRender)
            return;
        isInteractive = true;
        await AskAsync();
    }

    private bool IsAsked =>
        asked is not null && asked.Count == Labels.Count && Labels.All(label => asked.GetValueOrDefault(label.Key) == label.Value);

    private async Task AskAsync()
    {
        asked = Labels;
        try
        {
            if (await reading.ReadAsync(token => routes.PreviewAsync(EnvironmentId, Labels, token), lifetime.Token) is not { } answer)
                return;
            preview = answer is Fetch<RoutePreview>.Ok { Value: var found } ? found : null;
            (failure, isOurs) = (preview is null ? answer.Reason() : null, false);
        }
        catch (Exception exception) when (ReadFailures.Describe(exception) is { } reason)
        {
            (preview, failure, isOurs) = (null, reason, true);
        }
        StateHasChanged();
    }

    private static string Path(RouteStop stop) => stop.Path.Count == 0 ? "by default" : string.Join(", ", stop.Path);

    private string Channels(RouteStop stop) => string.Join(", ", preview!.Channels[stop.Receiver]);

    private static string Timing(RouteStop stop)
    {
        var grouping =
            stop.GroupBy.Contains("...") ? "each on its own"
            : stop.GroupBy.Count > 0 ? $"grouped by {string.Join(", ", stop.GroupBy)}"
            : "all in one group";
        string[] parts =
        [
            grouping,
            $"waits {Ages.Exactly(stop.GroupWait)}",
            $"repeats after {Ages.Exactly(stop.RepeatInterval)}",
            stop.MuteTimes.Count > 0 ? $"muted in {string.Join(", ", stop.MuteTimes)}" : "",
            stop.ActiveTimes.Count > 0 ? $"only in {string.Join(", ", stop.ActiveTimes)}" : "",
        ];
        return string.Join(" · ", parts.Where(part => part.Length > 0));
    }

    public void Dispose()
    {
        lifetime.Dispose();
    }
}
