using System.Globalization;
using Archon.Analysis.Detection;
using Archon.Analysis.Series;
using Archon.Data.Anomalies;
using Archon.Features.Access;
using Archon.Features.Services;
using Archon.Features.Watches;
using Archon.Integrations;
using Archon.Live;
using Archon.Ui.Charts;
using Archon.Ui.Format;
using Archon.Ui.Health;
using Archon.Ui.Parts;
using Archon.Ui.View;
using Microsoft.AspNetCore.Components;

namespace Archon.Features.Anomalies;

/// <summary>One anomaly in full: what, how far, how sure, its samples with the band, and what the verdict rests on.</summary>
public sealed partial class AnomalyPanel(
    CurrentActor me,
    AnomalyQueries anomalies,
    AnomalyCommands commands,
    SignalQueries signals,
    WatchQueries watches,
    UpstreamHealth upstreams,
    ViewState view,
    NavigationManager navigation,
    TimeProvider clock
) : IDisposable
{
    private const int ChartPoints = 900;
    private static readonly NumberFormatInfo Grouped = new() { NumberGroupSeparator = "\u2009", NumberDecimalDigits = 0 };

    private static readonly (AnomalyVerdict Verdict, string Key)[] Verdicts =
    [
        (AnomalyVerdict.Useful, "u"),
        (AnomalyVerdict.Noise, "n"),
        (AnomalyVerdict.Expected, "e"),
    ];

    private static readonly (string Text, TimeSpan Length)[] Windows =
    [
        ("1 h", TimeSpan.FromHours(1)),
        ("6 h", TimeSpan.FromHours(6)),
        ("1 d", TimeSpan.FromDays(1)),
        ("7 d", TimeSpan.FromDays(7)),
    ];

    private readonly ComponentLifetime lifetime = new();
    private CancellationTokenSource? asking;
    private DateTimeOffset shownAt;
    private DateTimeOffset chartAt;
    private AnomalyDetail? detail;
    private FeedbackWords? feedback;
    private IReadOnlyList<AnomalyRow> neighbours = [];
    private SignalPicture? picture;
    private ChartData? chart;
    private string? chartFailure;
    private string? readFailure;
    private string notice = "";
    private (string From, string To) askedFor;
    private (string From, string To)? drawnFor;
    private bool gone;
    private bool rejected;

    /// <summary>What failed is Archon's own database and not Prometheus.</summary>
    private bool isChartOurs;
    private bool judging;
    private bool interactive;

    [Parameter, EditorRequired]
    public long Id { get; set; }

    /// <summary>When the list beside was read: a newer time means that this is due again.</summary>
    [Parameter]
    public DateTimeOffset ReadAt { get; set; }

    /// <summary>Where to go when there is no such anomaly.</summary>
    [Parameter]
    public string Back { get; set; } = "/anomalies";

    private string? PrometheusGraph =>
        picture is null
            ? null
            : PrometheusLink.Graph(
                upstreams.Of(view.EnvironmentId).FirstOrDefault(one => one.Name == "Prometheus")?.Address,
                picture.Query,
                picture.Range
            );

    /// <summary>The same question for a terminal.</summary>
    private string? Curl =>
        picture is null || upstreams.Of(view.EnvironmentId).FirstOrDefault(one => one.Name == "Prometheus")?.Address is not { } server
            ? null
            : string.Create(
                CultureInfo.InvariantCulture,
                $"curl -sG {Shell($"{server.AbsoluteUri.TrimEnd('/')}/api/v1/query_range")} --data-urlencode {Shell($"query={picture.Query}")} -d start={picture.Range.Start.ToUnixTimeSeconds()} -d end={picture.Range.End.ToUnixTimeSeconds()} -d step={(int)picture.Step.TotalSeconds}"
            );

    /// <summary>For a chat or a ticket: what, how far, since when, and the way back here.</summary>
    private string Markdown
    {
        get
        {
            var row = detail!.Row;
            var link = navigation.ToAbsoluteUri($"/anomalies?a={row.Id}").AbsoluteUri;
            var when = row.EndedAt is { } ended
                ? $"{view.Exact(row.StartedAt)} to {view.Exact(ended)}"
                : $"since {view.Exact(row.StartedAt)}";
            var value = Figures.Format(row.EndedAt is null ? row.Value : row.PeakValue, row.Unit);
            return Figures.Plain(
                $"**{row.Subject}** {row.Watch}: {value}, expected {HealthWords.Expected(row.Lower, row.Upper, row.Unit)}, {when}, "
                    + $"confidence {row.Confidence.ToString("0.00", CultureInfo.InvariantCulture)}\n\n```promql\n{picture?.Query ?? detail.Query}\n```\n{link}"
            );
        }
    }

    private string SamplesOutside => detail!.SamplesOutside == 1 ? "1 sample outside" : $"{detail.SamplesOutside} samples outside";

    private string SeasonWords =>
        detail!.Season switch
        {
            "day" => "time of day",
            "week" => "time of week",
            _ => "none: the level alone",
        };

    private string TrustWords
    {
        get
        {
            var bins = detail!.Reliability.Bins;
            var bin = bins[Math.Min(bins.Count - 1, (int)(detail.Row.Confidence * bins.Count))];
            return bin.Claims == 0
                ? "No verdicts yet at this confidence"
                : $"{Math.Round(bin.Observed * bin.Claims)} of {bin.Claims} similar anomalies were real";
        }
    }

    private static string Bounds(ReliabilityBin bin) => string.Create(CultureInfo.InvariantCulture, $"{bin.From:0.0} to {bin.To:0.0}");

    protected override async Task OnParametersSetAsync()
    {
        if (shownAt == ReadAt && detail is not null)
            return;
        shownAt = ReadAt;
        await LoadAsync();
    }

    private async Task LoadAsync()
    {
        await ReadAsync();
        if (interactive)
            await RefreshChartAsync();
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        // The samples come after the words: a slow Prometheus does not hold up the page.
        if (!firstRender)
            return;
        interactive = true;
        view.Changed += RangeChanged;
        await RefreshChartAsync();
        StateHasChanged();
    }

    private async Task ReadAsync()
    {
        try
        {
            var found = await anomalies.FindAsync(view.EnvironmentId, Id, lifetime.Token);
            (gone, readFailure) = (found is null, null);
            if (found is null)
                return;
            neighbours = await anomalies.NeighboursAsync(view.EnvironmentId, found.Row, lifetime.Token);
            feedback = await watches.FeedbackAsync(
                found.Row.WatchId,
                found.SeriesId,
                found.Row.StartedAt,
                found.PeakDeviation,
                lifetime.Token
            );
            if (detail is null)
                Fit(found.Row);
            detail = found;
        }
        catch (OperationCanceledException) when (lifetime.IsOver)
        {
            // another anomaly was chosen, or the tab closed
        }
        catch (Exception failure) when (ReadFailures.Describe(failure) is { } reason)
        {
            // What is known stays: the page says that the database is away.
            readFailure = reason;
        }
    }

    /// <summary>Asks for samples again when there can be new ones.</summary>
    private async Task RefreshChartAsync()
    {
        if (detail is null)
            return;
        var isSame = askedFor == (view.From, view.To) && chart is not null && !isChartOurs;
        var over = detail.Row.EndedAt is not null && chartFailure is null;
        var soon = clock.GetUtcNow() - chartAt < detail.Step;
        if (isSame && (over || soon))
            return;
        await AskAsync(view.Range);
    }

    /// <summary>Another range was chosen than the one that is drawn.</summary>
    private bool IsOld => chart is not null && drawnFor is not null && drawnFor != (view.From, view.To);

    private void RangeChanged() =>
        _ = InvokeAsync(async () =>
        {
            StateHasChanged();
            await RefreshChartAsync();
            StateHasChanged();
        });

    private void ShowLength(TimeSpan length)
    {
        if (detail!.Row.EndedAt is null)
            view.TryShow($"now-{(int)length.TotalHours}h", ViewState.DefaultTo);
        else
            view.Show(Around(detail.Row, length));
    }

    private Task ZoomAsync(TimeRange range)
    {
        view.Show(range);
        return Task.CompletedTask;
    }

    private async Task AskAsync(TimeRange range)
    {
        asking?.Cancel();
        using var mine = CancellationTokenSource.CreateLinkedTokenSource(lifetime.Token);
        asking = mine;
        var words = (view.From, view.To);
        askedFor = words;
        try
        {
            var answer = await signals.SeriesAsync(detail!.Row.WatchId, detail.SeriesId, range, ChartPoints, mine.Token);
            if (asking != mine)
                return;
            (chartAt, isChartOurs) = (clock.GetUtcNow(), false);
            rejected = answer is Fetch<SignalPicture>.Rejected;
            chartFailure = answer switch
            {
                null => "The series is no longer watched.",
                Fetch<SignalPicture>.Ok => null,
                var other => other.Reason(),
            };
            if (answer is not Fetch<SignalPicture>.Ok { Value: var drawn })
            {
                if (chart is not null && detail.Row.EndedAt is null)
                    chart = SignalCharts.Silent(chart, clock.GetUtcNow(), "no answer");
                return;
            }
            (picture, drawnFor) = (drawn, words);
            chart = SignalCharts.Draw(drawn, detail.Row.Subject);
        }
        catch (OperationCanceledException) when (mine.IsCancellationRequested)
        {
            // a newer range was asked for, or the tab closed
        }
        catch (Exception failure) when (ReadFailures.Describe(failure) is { } reason)
        {
            (chartFailure, isChartOurs, chartAt) = (reason, true, default);
        }
        finally
        {
            if (asking == mine)
                asking = null;
        }
    }

    private async Task JudgeAsync(AnomalyVerdict verdict)
    {
        var row = detail!.Row;
        AnomalyVerdict? wanted = row.Verdict == verdict ? null : verdict;
        judging = true;
        try
        {
            var actor = await me.GetAsync(lifetime.Token);
            notice = await commands.JudgeAsync(row.Id, row.StartedAt, wanted, actor, lifetime.Token) switch
            {
                JudgeResult.Done => wanted is null ? "Verdict taken back." : $"Judged {verdict.ToString().ToLowerInvariant()}.",
                _ => "This anomaly is no longer kept.",
            };
            await ReadAsync();
        }
        catch (Exception failure) when (ReadFailures.Describe(failure) is { } reason)
        {
            notice = $"Not done: {reason}";
        }
        finally
        {
            judging = false;
        }
    }

    /// <summary>Suggests the shortest window that shows the start with some calm before it. A range that was chosen for something else gives way.</summary>
    private void Fit(AnomalyRow row)
    {
        var age = (row.EndedAt ?? clock.GetUtcNow()) - row.StartedAt;
        var length = Windows.FirstOrDefault(one => age <= one.Length * 0.7, Windows[^1]).Length;
        if (view.IsRangeChosen && (view.Range.End < row.StartedAt || view.Range.Start > (row.EndedAt ?? clock.GetUtcNow())))
            view.ForgetRange();
        if (row.EndedAt is null)
            view.Suggest($"now-{(int)length.TotalHours}h", ViewState.DefaultTo);
        else
            view.Suggest(Around(row, length));
    }

    private TimeRange Around(AnomalyRow row, TimeSpan length)
    {
        var now = clock.GetUtcNow();
        var end = row.EndedAt is { } ended && ended + (length * 0.15) < now ? ended + (length * 0.15) : now;
        return new TimeRange(end - length, end);
    }

    private static string Shell(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static string Times(double value, double expected)
    {
        if (expected == 0 || value / expected is < 0 or > 1000 or double.NaN)
            return "off the scale";
        var ratio = value / expected;
        return ratio >= 1.1 || ratio <= 0.9
            ? $"{ratio.ToString(ratio >= 10 ? "0" : "0.0#", CultureInfo.InvariantCulture)}× expected"
            : $"{((ratio - 1) * 100).ToString("+0.#;-0.#", CultureInfo.InvariantCulture)} %";
    }

    private static string Length(TimeSpan length) =>
        length switch
        {
            { TotalSeconds: < 60 } => $"{(int)length.TotalSeconds} s",
            { TotalMinutes: < 60 } => length.Seconds == 0
                ? $"{(int)length.TotalMinutes} min"
                : $"{(int)length.TotalMinutes} min {length.Seconds} s",
            { TotalHours: < 48 } => $"{(int)length.TotalHours} h {length.Minutes} min",
            _ => $"{(int)length.TotalDays} d",
        };

    private static string Offset(TimeSpan offset) =>
        offset.Duration() < TimeSpan.FromSeconds(1) ? "at once"
        : offset < TimeSpan.Zero ? $"{Length(-offset)} before"
        : $"{Length(offset)} after";

    /// <summary>The members of the detector, in the words of who reads them at night.</summary>
    private static string Member(string name) =>
        name switch
        {
            "Profile" => "Far from its usual value",
            "Jump" => "Changed at once",
            "Forecast" => "Off the short-term forecast",
            "Shift" => "Run on one side",
            "Drift" => "Slow drift",
            "Range" => "Highest or lowest seen",
            "FlatLine" => "Does not change",
            "Gap" => "Samples were missing",
            "Spike" => "Far from the last samples",
            "Held" => "Three samples far off in a row",
            _ => name,
        };

    public void Dispose()
    {
        view.Changed -= RangeChanged;
        lifetime.Dispose();
    }
}
