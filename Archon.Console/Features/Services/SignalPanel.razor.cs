using Archon.Analysis.Series;
using Archon.Integrations;
using Archon.Live;
using Archon.Ui.Charts;
using Archon.Ui.Format;
using Archon.Ui.Health;
using Archon.Ui.Parts;
using Archon.Ui.View;
using Microsoft.AspNetCore.Components;

namespace Archon.Features.Services;

/// <summary>Watches of one service as a chart: samples, expected band, anomalies, and where nobody knows.</summary>
public sealed partial class SignalPanel(
    SignalQueries signals,
    SnapshotCache snapshots,
    KeptSignals kept,
    UpstreamHealth upstreams,
    ViewState view,
    TimeProvider clock
) : IDisposable
{
    private const int Height = 152;
    private const int ChartPoints = 480;

    private readonly ComponentLifetime lifetime = new();
    private CancellationTokenSource? asking;
    private IReadOnlyList<SignalPicture> pictures = [];
    private ChartData? chart;
    private ChartGrid? shown;
    private ChartGrid? askedFor;
    private (string From, string To)? drawnFor;
    private DateTimeOffset askedAt;
    private string? failure;
    private bool rejected;

    /// <summary>What failed is Archon's own database and not Prometheus.</summary>
    private bool isOurs;
    private bool cancelled;
    private bool interactive;

    [Parameter, EditorRequired]
    public SignalGroup Group { get; set; } = default!;

    [Parameter, EditorRequired]
    public int ServiceId { get; set; }

    [Parameter, EditorRequired]
    public string Service { get; set; } = "";

    /// <summary>When the page was read: a newer time means that there may be newer samples.</summary>
    [Parameter]
    public DateTimeOffset ReadAt { get; set; }

    /// <summary>Another range was chosen than the one that is drawn.</summary>
    private bool IsOld => chart is not null && drawnFor is not null && drawnFor != (view.From, view.To);

    private string Id => $"watch-{Group.First.Id}";

    private string KeptKey => $"{view.EnvironmentId}/{ServiceId}/{string.Join(',', Group.Watches.Select(watch => watch.Id))}";

    /// <summary>A range that moves with the time moves by whole steps.</summary>
    private ChartGrid Grid => ChartGrid.Of(view.Range, Group.First.Step, ChartPoints);
    private UpstreamState? Prometheus => upstreams.Of(view.EnvironmentId).FirstOrDefault(one => one.Name == "Prometheus");
    private ServiceWatchRow? Unchecked => Group.Watches.FirstOrDefault(watch => watch.UncheckedSince is not null);
    private IEnumerable<string> Queries =>
        pictures.Count > 0 ? pictures.Select(picture => picture.Query) : Group.Watches.Select(watch => watch.Query);
    private string? Graph => pictures.Count > 0 ? PrometheusLink.Graph(Prometheus?.Address, [.. Queries], pictures[0].Range) : null;

    /// <summary>What stands beside the title: the line that is worst off, or the one the chart is about.</summary>
    private (string Name, string Value, HealthState State)? Now
    {
        get
        {
            if (pictures.Count == 0)
                return null;
            var states = pictures
                .Select(picture =>
                    picture.Anomalies.Where(span => span.To is null).Select(span => span.State).DefaultIfEmpty(HealthState.Healthy).Min()
                )
                .ToList();
            var place = states.IndexOf(states.Min());
            return pictures[place] is { Lines: [{ Last: { } last }, ..] } reported
                ? (
                    Group.Watches.Count == 1 ? "" : $"{Group.LineName(Group.Watches[place])} ",
                    Figures.Format(last, reported.Unit),
                    states[place]
                )
                : null;
        }
    }

    protected override async Task OnParametersSetAsync()
    {
        if (interactive)
            await RefreshAsync();
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        // The samples come after the words: a slow Prometheus does not hold up the page.
        if (!firstRender)
            return;
        interactive = true;
        view.Changed += RangeChanged;
        await RefreshAsync();
        StateHasChanged();
    }

    private Task RefreshAsync()
    {
        if (cancelled)
            return Task.CompletedTask;
        var grid = Grid;
        // The answer under way is the one that is wanted.
        if (asking is not null && askedFor == grid)
            return Task.CompletedTask;
        return shown != grid || clock.GetUtcNow() - askedAt >= Group.First.Step * 4
            ? AskAsync(grid, SnapshotAge.Current)
            : Task.CompletedTask;
    }

    private void RangeChanged() =>
        _ = InvokeAsync(async () =>
        {
            cancelled = false;
            // What is old is dimmed at once, not when the new has come.
            StateHasChanged();
            await RefreshAsync();
            StateHasChanged();
        });

    private Task AskAgainAsync()
    {
        (cancelled, failure) = (false, null);
        return AskAsync(Grid, SnapshotAge.Newer);
    }

    private void Cancel()
    {
        asking?.Cancel();
        (cancelled, failure) = (true, "Cancelled.");
    }

    private Task ZoomAsync(TimeRange range)
    {
        view.Show(range); // every chart of the page follows
        return Task.CompletedTask;
    }

    /// <summary>Read once for all who look at this chart within one step. A failure too is kept that long: a server that is away is not asked by each of them.</summary>
    private SharedSource<SignalAnswers> Source(IReadOnlyList<ServiceWatchRow> watches, ChartGrid grid)
    {
        var (service, ids) = (ServiceId, watches.Select(watch => watch.Id).ToList());
        var (start, end) = (grid.Range.Start.ToUnixTimeMilliseconds(), grid.Range.End.ToUnixTimeMilliseconds());
        return LiveSource.Shared(
            "signals",
            view.EnvironmentId,
            $"{service}/{string.Join(',', ids)}/{start}-{end}/{grid.Step}",
            [],
            (_, token) => signals.ServiceAsync(ids, service, grid, token)
        ) with
        {
            Lifetime = Group.First.Step,
        };
    }

    private async Task AskAsync(ChartGrid grid, SnapshotAge age)
    {
        if (lifetime.IsOver)
            return;
        asking?.Cancel();
        using var mine = CancellationTokenSource.CreateLinkedTokenSource(lifetime.Token);
        asking = mine;
        (askedAt, askedFor) = (clock.GetUtcNow(), grid);
        var words = (view.From, view.To);
        try
        {
            var asked = Group.Watches;
            var answers = (await snapshots.GetAsync(Source(asked, grid), age, mine.Token)).Answers;
            if (asking != mine)
                return;
            isOurs = false;
            var missing = answers.FirstOrDefault(answer => answer is not Fetch<SignalPicture>.Ok);
            rejected = missing is Fetch<SignalPicture>.Rejected;
            failure = answers.All(answer => answer is Fetch<SignalPicture>.Ok)
                ? null
                : missing?.Reason() ?? "The series are no longer watched.";
            if (failure is not null)
            {
                if (chart is null && !rejected)
                    ShowKept(asked);
                else if (chart is not null && grid.Range.End >= clock.GetUtcNow() - grid.Step)
                    chart = SignalCharts.Silent(chart, clock.GetUtcNow(), "no answer");
                return;
            }
            pictures = [.. answers.Select(answer => ((Fetch<SignalPicture>.Ok)answer!).Value)];
            chart = Draw(pictures, asked);
            (shown, drawnFor) = (grid, words);
            kept.Keep(KeptKey, pictures);
        }
        catch (OperationCanceledException) when (mine.IsCancellationRequested)
        {
            // another range was asked for, or the page closed
        }
        catch (Exception exception) when (ReadFailures.Describe(exception) is { } reason)
        {
            (failure, isOurs) = (reason, true);
        }
        finally
        {
            if (asking == mine)
                asking = null;
        }
    }

    /// <summary>What this process saw of the same watches before: a page that is opened during an outage has its charts too.</summary>
    private void ShowKept(IReadOnlyList<ServiceWatchRow> asked)
    {
        if (kept.Find(KeptKey) is not { } known || known.Count != asked.Count)
            return;
        pictures = known;
        chart = SignalCharts.Silent(Draw(known, asked), clock.GetUtcNow(), "no answer");
    }

    private ChartData Draw(IReadOnlyList<SignalPicture> drawn, IReadOnlyList<ServiceWatchRow> asked) =>
        SignalCharts.Draw([.. drawn.Zip(asked, (picture, watch) => (picture, Group.LineName(watch)))], Service);

    public void Dispose()
    {
        view.Changed -= RangeChanged;
        lifetime.Dispose();
    }
}
