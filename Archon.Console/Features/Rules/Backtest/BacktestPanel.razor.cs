using System.Globalization;
using Archon.Analysis.RuleReplay;
using Archon.Analysis.Series;
using Archon.Integrations;
using Archon.Ui.Format;
using Archon.Ui.View;
using Microsoft.AspNetCore.Components;

namespace Archon.Features.Rules.Backtest;

/// <summary>Replays a draft over the past as it is written, beside what is saved and what really was wrong.</summary>
public sealed partial class BacktestPanel(ViewState view) : IDisposable
{
    private const int BarsAtMost = 400;
    private static readonly (string Words, TimeSpan Length)[] Lengths =
    [
        ("1 h", TimeSpan.FromHours(1)),
        ("1 d", TimeSpan.FromDays(1)),
        ("7 d", TimeSpan.FromDays(7)),
        ("14 d", TimeSpan.FromDays(14)),
        ("30 d", TimeSpan.FromDays(30)),
    ];

    private CancellationTokenSource? running;
    private CancellationTokenSource? sweeping;
    private BacktestPicture? picture;
    private BacktestQuestion? asked;
    private IReadOnlyList<ThresholdOutcome>? sweep;
    private string sweepNote = "";
    private bool isRunning;
    private bool isSweeping;
    private bool wasCancelled;
    private bool isGone;

    private sealed record Bar(string Kind, string Words, long From, long To);

    private sealed record Number(string Name, string Draft, string? Saved);

    /// <summary>Null: there is nothing to replay yet.</summary>
    [Parameter]
    public BacktestQuestion? Question { get; set; }

    [Parameter, EditorRequired]
    public LiveBacktest Live { get; set; } = default!;

    [Parameter]
    public int SavedVersion { get; set; }

    [Parameter]
    public TimeSpan Length { get; set; }

    [Parameter]
    public EventCallback<TimeSpan> LengthChanged { get; set; }

    [Parameter]
    public IReadOnlyList<string> TroublesOf { get; set; } = [];

    [Parameter]
    public string Waiting { get; set; } = "";

    [Parameter]
    public bool CanEdit { get; set; }

    [Parameter]
    public TimeRange? Picked { get; set; }

    [Parameter]
    public EventCallback<TimeRange?> OnPick { get; set; }

    [Parameter]
    public EventCallback<bool> OnTest { get; set; }

    [Parameter]
    public EventCallback<double> OnThreshold { get; set; }

    [Parameter]
    public EventCallback OnAgain { get; set; }

    /// <summary>Told each backtest that is complete.</summary>
    [Parameter]
    public EventCallback<BacktestPicture> OnDone { get; set; }

    private ViewState View => view;

    private string Status =>
        picture switch
        {
            _ when Question is null => "",
            null => "",
            _ when isRunning => "replaying",
            _ when wasCancelled => string.Create(CultureInfo.InvariantCulture, $"cancelled at {picture.Progress * 100:0} %"),
            { Draft.Ended: { } ended } => $"ended early: {ended}",
            { Interval: { } interval } =>
                $"{(picture.IsServed ? "at the server's own evaluations" : "as the server would")}, every {Ages.Exactly(interval)}, "
                    + $"done in {Figures.Format(picture.Took.TotalSeconds, "s")}",
            _ => "",
        };

    protected override void OnParametersSet()
    {
        if (ReferenceEquals(asked, Question))
            return;
        asked = Question;
        running?.Cancel();
        if (Question is not null)
            _ = RunAsync(Question);
    }

    private async Task RunAsync(BacktestQuestion question)
    {
        using var mine = new CancellationTokenSource();
        running = mine;
        (isRunning, wasCancelled, sweep, sweepNote) = (true, false, null, "");
        try
        {
            await foreach (var next in Live.RunAsync(question, mine.Token))
            {
                if (running != mine)
                    return;
                // Until the new one has something to show, the old picture of the same range stays.
                if (next.Draft is null && next.Chart is null && picture?.Question.Range == question.Range && !next.IsDone)
                    continue;
                picture = next;
                if (next.IsDone)
                    isRunning = false;
                await InvokeAsync(StateHasChanged);
                if (next.IsDone)
                    await InvokeAsync(() => OnDone.InvokeAsync(next));
            }
        }
        catch (OperationCanceledException) when (mine.IsCancellationRequested)
        {
            if (running == mine && !isGone)
                wasCancelled = true;
        }
        catch (Exception failure)
        {
            await DispatchExceptionAsync(failure);
        }
        finally
        {
            if (running == mine)
            {
                (running, isRunning) = (null, false);
                if (!isGone)
                    await InvokeAsync(StateHasChanged);
            }
        }
    }

    private void Cancel() => running?.Cancel();

    private Task PickAsync(TimeRange window) => OnPick.InvokeAsync(window);

    private async Task SweepAsync()
    {
        if (picture is not { } shown || isSweeping)
            return;
        (isSweeping, sweepNote) = (true, "Trying other thresholds...");
        using var mine = sweeping = new CancellationTokenSource();
        try
        {
            var outcomes = await Live.SweepAsync(shown, mine.Token);
            if (picture != shown)
                return;
            (sweep, sweepNote) = outcomes is Fetch<IReadOnlyList<ThresholdOutcome>>.Ok { Value: var found }
                ? (found, "")
                : (null, $"No other threshold was tried: {outcomes.Reason()}");
        }
        catch (OperationCanceledException) when (mine.IsCancellationRequested)
        {
            // the tab closed
        }
        finally
        {
            (isSweeping, sweeping) = (false, null);
        }
    }

    private static List<Number> Numbers(BacktestPicture shown)
    {
        var (draft, saved) = (shown.Draft, shown.Question.Saved is null ? null : shown.Saved);
        bool hasSaved = shown.Question.Saved is not null;
        return
        [
            Row("Firings", lane => Count(lane.Summary.Firings)),
            Row("Time firing", lane => Ages.Of(lane.Summary.FiringTime)),
            Row("Flaps", lane => Count(lane.Summary.Flaps)),
            Row("Instances", lane => Count(lane.Summary.Alerts)),
            Row(
                "Caught",
                lane => lane.Judged is { } judged ? $"{judged.Caught.Count} of {judged.Caught.Count + judged.Missed.Count}" : "not judged"
            ),
            Row("Missed", lane => lane.Judged is { } judged ? Count(judged.Missed.Count) : "not judged"),
            Row("Extra", lane => lane.Judged is { } judged ? Count(judged.Extra.Count) : "not judged"),
            Row("Median lead", lane => lane.Judged is { Caught.Count: > 0 } judged ? Lead(judged) : "none"),
        ];

        Number Row(string name, Func<BacktestLane, string> report)
        {
            var now = Words(draft, report);
            var before = Words(saved, report);
            return new Number(
                name,
                now,
                !hasSaved ? null
                    : now == before ? "same"
                    : $"saved {before}"
            );
        }

        static string Words(BacktestLane? lane, Func<BacktestLane, string> report) =>
            lane is null ? "…"
            : lane.Ended is not null ? "not known"
            : report(lane);
        static string Count(int count) => count.ToString(CultureInfo.InvariantCulture);
    }

    private static string Lead(ReplayComparison judged)
    {
        var delays = judged.Caught.Select(one => one.Delay).Order().ToList();
        var middle = delays[delays.Count / 2];
        return middle <= TimeSpan.Zero ? $"{Ages.Of(-middle)} before" : $"{Ages.Of(middle)} after";
    }

    private List<Bar> Bars(BacktestPicture shown, BacktestLane? lane)
    {
        if (lane is null)
            return [];
        // Where the draft's value has no samples the saved rule's has none either, as long as both look at the same.
        var isBlindToo = lane == shown.Draft || shown.ComparesTheSame;
        var gap = (long)(shown.Question.Range.Length.TotalMilliseconds / BarsAtMost);
        var step = (long)(shown.Interval ?? TimeSpan.Zero).TotalMilliseconds;
        var extra = lane.Judged?.Extra.ToHashSet() ?? [];
        var bars = new List<Bar>();
        if (isBlindToo)
        {
            bars.AddRange(
                shown.Chart?.Gaps.Select(blind => new Bar(
                    "blindbar",
                    "No data, not judged",
                    (long)(blind.From * 1000),
                    (long)((blind.To ?? blind.From) * 1000)
                )) ?? []
            );
        }
        // What was not replayed is no calm.
        if (lane.Ended is not null || (wasCancelled && !shown.IsDone))
        {
            bars.Add(
                new Bar(
                    "blindbar",
                    "Not replayed",
                    lane.KnownUntil ?? shown.Question.Range.Start.ToUnixTimeMilliseconds(),
                    shown.Question.Range.End.ToUnixTimeMilliseconds()
                )
            );
        }
        bars.AddRange(Merged(lane.Spans.Where(span => span.State == AlertState.Pending), "pen", "Pending"));
        var firing = lane.Spans.Where(span => span.State == AlertState.Firing && !extra.Contains(span));
        bars.AddRange(Merged(firing, "hit", lane.Judged is null ? "Firing" : "Firing, caught an incident"));
        bars.AddRange(Merged(extra, "ext", "Firing without an incident"));
        bars.AddRange(lane.Judged?.Missed.Select(trouble => new Bar("mis", $"Missed {trouble.Name}", trouble.From, trouble.To)) ?? []);
        var failures = lane.Failures.Select(failure => new ReplaySpan(
            SeriesLabels.None,
            AlertState.Pending,
            failure.At,
            failure.At,
            failure.At
        ));
        bars.AddRange(Merged(failures, "blindbar", "Evaluation failed"));
        return bars;

        IEnumerable<Bar> Merged(IEnumerable<ReplaySpan> spans, string kind, string words)
        {
            Bar? open = null;
            foreach (var span in spans.OrderBy(one => one.From))
            {
                if (open is not null && span.From <= open.To + gap)
                {
                    open = open with { To = Math.Max(open.To, span.To + step) };
                    continue;
                }
                if (open is not null)
                    yield return open;
                open = new Bar(kind, words, span.From, span.To + step);
            }
            if (open is not null)
                yield return open;
        }
    }

    private static string Place(BacktestPicture shown, long from, long to)
    {
        var (start, length) = (shown.Question.Range.Start.ToUnixTimeMilliseconds(), shown.Question.Range.Length.TotalMilliseconds);
        var left = Math.Clamp((from - start) / length, 0, 1) * 100;
        var right = Math.Clamp((to - start) / length, 0, 1) * 100;
        return string.Create(CultureInfo.InvariantCulture, $"left:min({left:0.###}%,100% - 3px);width:max(3px,{right - left:0.###}%)");
    }

    private bool HasUnknown(BacktestPicture shown) =>
        wasCancelled
        || shown.Chart?.Gaps.Count > 0
        || new[] { shown.Draft, shown.Saved }.Any(lane => lane is { Ended: not null } or { Failures.Count: > 0 });

    private string JudgedBy(BacktestPicture shown) =>
        shown.Question.Troubles switch
        {
            null => "Incidents could not be read, so nothing is judged.",
            { Count: 0 } =>
                $"No incidents {(TroublesOf.Count > 0 ? $"of {string.Join(", ", TroublesOf)} " : "")}are recorded in this range, "
                    + "so firings are not judged.",
            _ => TroublesOf.Count > 0 ? $"incidents of {string.Join(", ", TroublesOf)}" : "all incidents",
        };

    private string LaneWords(string name, BacktestLane? lane) =>
        lane switch
        {
            null => $"{name}: not yet known",
            { Ended: { } ended } =>
                $"{name}: known {(lane.KnownUntil is { } until ? $"until {view.Exact(At(until))}" : "not at all")}, {ended}",
            _ => $"{name}: {lane.Summary.Firings} firings, firing for {Ages.Of(lane.Summary.FiringTime)}"
                + (lane.Failures.Count > 0 ? $", {lane.Failures.Count} evaluations failed" : ""),
        };

    private static string IncidentWords(BacktestPicture shown) =>
        shown.Question.Troubles is { } known
            ? $"{known.Count} incidents: {string.Join(", ", known.Take(20).Select(one => one.Name))}"
            : "Incidents: not known";

    private static string Shown(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);

    private static DateTimeOffset At(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    public void Dispose()
    {
        isGone = true;
        running?.Cancel();
        sweeping?.Cancel();
    }
}
