using Archon.Analysis.Series;
using Archon.Integrations;
using Archon.Shell;
using Microsoft.AspNetCore.Components;

namespace Archon.Features.Services;

/// <summary>One watch of one service as a chart: samples, expected band, anomalies, and where nobody knows.</summary>
public sealed partial class SignalPanel(SignalQueries signals, UpstreamHealth upstreams, ViewState view, TimeProvider clock) : IDisposable
{
    private const int Height = 152;
    private const int ChartPoints = 480;

    private readonly CancellationTokenSource lifetime = new();
    private CancellationTokenSource? asking;
    private SignalPicture? picture;
    private ChartData? chart;
    private TimeRange? shown;
    private DateTimeOffset askedAt;
    private string? failure;
    private bool rejected;
    private bool interactive;

    [Parameter, EditorRequired] public ServiceWatchRow Watch { get; set; } = default!;
    [Parameter, EditorRequired] public int ServiceId { get; set; }
    [Parameter, EditorRequired] public string Service { get; set; } = "";

    /// <summary>When the page was read: a newer time means that there may be newer samples.</summary>
    [Parameter] public DateTimeOffset ReadAt { get; set; }

    private UpstreamState? Prometheus => upstreams.Current.FirstOrDefault(one => one.Name == "Prometheus");
    private AnomalySpan? Current => picture?.Anomalies.Where(span => span.To is null).MinBy(span => span.State);
    private double? Last => picture is { Lines.Count: > 0 } ? picture.Lines[0].Last : null;

    private (double Lower, double Upper)? ExpectedNow => picture is { Lower: [.., var lower], Upper: [.., var upper] } ? (lower, upper) : null;

    protected override async Task OnParametersSetAsync()
    {
        if (interactive) await RefreshAsync();
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        // The samples come after the words: a slow Prometheus does not hold up the page.
        if (!firstRender) return;
        interactive = true;
        view.Changed += RangeChanged;
        await RefreshAsync();
        StateHasChanged();
    }

    private Task RefreshAsync()
    {
        var range = view.Range;
        var moved = shown is not { } old || old.Length != range.Length || (range.End - old.End).Duration() >= Watch.Step;
        return moved || clock.GetUtcNow() - askedAt >= Watch.Step * 4 ? AskAsync(range) : Task.CompletedTask;
    }

    private void RangeChanged() => _ = InvokeAsync(async () =>
    {
        await RefreshAsync();
        StateHasChanged();
    });

    private Task AskAgainAsync() => AskAsync(view.Range);

    private Task ZoomAsync(TimeRange range)
    {
        view.Show(range);   // every chart of the page follows
        return Task.CompletedTask;
    }

    private async Task AskAsync(TimeRange range)
    {
        if (lifetime.IsCancellationRequested) return;
        asking?.Cancel();
        using var mine = CancellationTokenSource.CreateLinkedTokenSource(lifetime.Token);
        asking = mine;
        askedAt = clock.GetUtcNow();
        try
        {
            var answer = await signals.ServiceAsync(Watch.Id, ServiceId, range, ChartPoints, mine.Token);
            if (asking != mine) return;
            rejected = answer is Fetch<SignalPicture>.Rejected;
            failure = answer switch
            {
                null => "The series are no longer watched.",
                Fetch<SignalPicture>.Ok => null,
                var other => other.Reason(),
            };
            if (answer is not Fetch<SignalPicture>.Ok { Value: var drawn }) return;
            (picture, chart, shown) = (drawn, SignalCharts.Draw(drawn, Service), range);
        }
        catch (OperationCanceledException) when (mine.IsCancellationRequested)
        {
            // another range was asked for, or the page closed
        }
        catch (Exception exception) when (ReadFailures.Describe(exception) is { } reason)
        {
            failure = reason;
        }
        finally
        {
            if (asking == mine) asking = null;
        }
    }

    public void Dispose()
    {
        view.Changed -= RangeChanged;
        lifetime.Cancel();
        lifetime.Dispose();
    }
}
