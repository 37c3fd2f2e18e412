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

    private string Id => $"watch-{Group.First.Id}";

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
            token => signals.ServiceAsync(ids, service, grid, token)
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
                if (chart is not null)
                    chart = SignalCharts.Silent(chart, clock.GetUtcNow(), "no answer");
                return;
            }
            pictures = [.. answers.Select(answer => ((Fetch<SignalPicture>.Ok)answer!).Value)];
            chart = SignalCharts.Draw([.. pictures.Zip(asked, (picture, watch) => (picture, Group.LineName(watch)))], Service);
            shown = grid;
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

    public void Dispose()
    {
        view.Changed -= RangeChanged;
        lifetime.Dispose();
    }
}
