using System.Runtime.InteropServices;
using Archon.Analysis.Series;
using Archon.Ui.Format;
using Archon.Ui.View;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace Archon.Ui.Charts;

/// <summary>Series over time with band, gaps, anomalies and thresholds, drawn by uPlot.</summary>
public sealed partial class SeriesChart(IJSRuntime scripts, ViewState view) : IAsyncDisposable
{
    private const int TableRows = 200;

    private ElementReference host;
    private IJSObjectReference? module;
    private IJSObjectReference? drawing;
    private DotNetObjectReference<SeriesChart>? self;
    private ChartData? drawn;
    private string? drawnZone;
    private bool isTableOpen;
    private bool isDrawing;
    private bool isGone;

    [Parameter, EditorRequired]
    public ChartData Data { get; set; } = default!;

    [Parameter]
    public int Height { get; set; } = 160;

    [Parameter]
    public string Title { get; set; } = "";

    /// <summary>A chart takes at most about as many points as it is wide; more are thinned without losing a peak or a gap.</summary>
    [Parameter]
    public int MaxPoints { get; set; } = 2000;

    /// <summary>Charts with the same key share the cursor.</summary>
    [Parameter]
    public string? SyncKey { get; set; }

    /// <summary>Buttons at the right end of the legend.</summary>
    [Parameter]
    public RenderFragment? Tools { get; set; }

    /// <summary>The reader dragged over a stretch to see it larger.</summary>
    [Parameter]
    public EventCallback<TimeRange> OnZoom { get; set; }

    private ViewState View => view;

    private int Step => Math.Max(1, (int)Math.Ceiling(Data.X.Length / (double)TableRows));
    private string BandHead => string.Concat(Data.BandName[..1].ToUpperInvariant(), Data.BandName.AsSpan(1));

    private string Summary
    {
        get
        {
            if (Data.Lines.Count == 0 || Data.X.Length == 0)
                return "No samples.";
            var first = Data.Lines[0];
            var known = first.Values.Where(value => !double.IsNaN(value)).ToList();
            if (known.Count == 0)
                return "No samples.";
            var outside = Data.Anomalies.Count switch
            {
                0 => "",
                1 => " One anomaly.",
                var count => $" {count} anomalies.",
            };
            return $"{first.Name} between {Figures.Format(known.Min(), first.Unit)} and {Figures.Format(known.Max(), first.Unit)}, last {Figures.Format(known[^1], first.Unit)}.{outside}";
        }
    }

    private bool IsDrawn => ReferenceEquals(drawn, Data) && drawnZone == view.ZoneName;

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        // One at a time: two that begin at once would both make a chart. What comes meanwhile is drawn after it.
        if (isDrawing)
            return;
        isDrawing = true;
        try
        {
            while (!isGone && !IsDrawn)
                await DrawAsync();
        }
        catch (Exception gone) when (gone is JSDisconnectedException or ObjectDisposedException or TaskCanceledException)
        {
            // the tab closed while it was drawing
        }
        catch (JSException) when (isGone)
        {
            // Taken out of the page while it was drawing: there is no place to draw in any more, and the page is well.
        }
        finally
        {
            isDrawing = false;
        }
    }

    private async Task DrawAsync()
    {
        (drawn, drawnZone) = (Data, view.ZoneName);
        // Comes only with the first chart: pages without one do not pay for it.
        module ??= await scripts.InvokeAsync<IJSObjectReference>("archon.chart");
        if (!isGone)
        {
            self ??= DotNetObjectReference.Create(this);
            var thin = ChartThinning.Thin(drawn, MaxPoints);
            if (drawing is null)
                drawing = await module.InvokeAsync<IJSObjectReference>("draw", host, self, Describe(thin), Pack(thin));
            else
                await drawing.InvokeVoidAsync("update", Describe(thin), Pack(thin));
        }
        if (isGone)
            await TidyAsync();
    }

    [JSInvokable]
    public Task ZoomedAsync(double from, double to) => OnZoom.InvokeAsync(new TimeRange(At(from), At(to)));

    public async ValueTask DisposeAsync()
    {
        isGone = true;
        self?.Dispose();
        await TidyAsync();
    }

    private async Task TidyAsync()
    {
        try
        {
            if (drawing is not null)
            {
                await drawing.InvokeVoidAsync("destroy");
                await drawing.DisposeAsync();
            }
            if (module is not null)
                await module.DisposeAsync();
        }
        catch (Exception gone) when (gone is JSDisconnectedException or TaskCanceledException or ObjectDisposedException)
        {
            // the tab closed, or it was tidied already
        }
    }

    private object Describe(ChartData data) =>
        new
        {
            Height,
            SyncKey,
            Points = data.X.Length,
            Lines = data.Lines.Select(line => new
            {
                Name = Outside.Text(line.Name),
                Unit = Outside.Text(line.Unit),
                Color = line.ColorIndex,
                line.Dashed,
            }),
            HasBand = data.Band is not null,
            BandName = Outside.Text(data.BandName),
            Anomalies = data.Anomalies.Select(Span),
            Gaps = data.Gaps.Select(Span),
            Thresholds = data.Thresholds.Select(threshold => new { threshold.Value, Words = Outside.Text(threshold.Words) }),
            Zone = view.ZoneName,
            CanZoom = OnZoom.HasDelegate,
        };

    private static object Span(ChartSpan span) =>
        new
        {
            span.From,
            span.To,
            Words = Outside.Text(span.Words),
            State = span.State.ToString().ToLowerInvariant(),
        };

    /// <summary>Times, then each line, then the band, as doubles: JSON knows no NaN, and a hundred thousand points as text take seconds.</summary>
    private static byte[] Pack(ChartData data)
    {
        var columns = new List<double[]>(data.Lines.Count + 3) { data.X };
        columns.AddRange(data.Lines.Select(line => line.Values));
        if (data.Band is { } band)
            columns.AddRange([band.Lower, band.Upper]);
        var bytes = new byte[columns.Count * data.X.Length * sizeof(double)];
        var at = 0;
        foreach (var column in columns)
        {
            MemoryMarshal.AsBytes(column.AsSpan()).CopyTo(bytes.AsSpan(at));
            at += column.Length * sizeof(double);
        }
        return bytes;
    }

    private IEnumerable<int> Sampled()
    {
        for (var at = 0; at < Data.X.Length; at += Step)
            yield return at;
    }

    private static DateTimeOffset At(double seconds) => DateTimeOffset.FromUnixTimeMilliseconds((long)(seconds * 1000));
}
