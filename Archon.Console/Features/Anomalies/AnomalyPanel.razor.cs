using System.Globalization;
using Archon.Analysis.Series;
using Archon.Data.Anomalies;
using Archon.Features.Access;
using Archon.Features.Services;
using Archon.Integrations;
using Archon.Shell;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;

namespace Archon.Features.Anomalies;

/// <summary>One anomaly in full: what, how far, how sure, its samples with the band, and what the verdict rests on.</summary>
public sealed partial class AnomalyPanel(
    AnomalyQueries anomalies, AnomalyCommands commands, SignalQueries signals, UpstreamHealth upstreams, ViewState view, TimeProvider clock) : IDisposable
{
    private const int ChartPoints = 900;
    private static readonly NumberFormatInfo Grouped = new() { NumberGroupSeparator = "\u2009", NumberDecimalDigits = 0 };

    private static readonly (AnomalyVerdict Verdict, string Key)[] Verdicts =
        [(AnomalyVerdict.Useful, "u"), (AnomalyVerdict.Noise, "n"), (AnomalyVerdict.Expected, "e")];

    private static readonly (string Text, TimeSpan Length)[] Windows =
        [("1 h", TimeSpan.FromHours(1)), ("6 h", TimeSpan.FromHours(6)), ("1 d", TimeSpan.FromDays(1)), ("7 d", TimeSpan.FromDays(7))];

    private readonly CancellationTokenSource lifetime = new();
    private CancellationTokenSource? asking;
    private DateTimeOffset shownAt;
    private DateTimeOffset chartAt;
    private AnomalyDetail? detail;
    private IReadOnlyList<AnomalyRow> neighbours = [];
    private SignalPicture? picture;
    private ChartData? chart;
    private string? chartFailure;
    private string notice = "";
    private TimeSpan window;
    private TimeRange? zoom;
    private bool gone;
    private bool rejected;
    private bool judging;
    private bool interactive;

    [Parameter, EditorRequired] public long Id { get; set; }

    /// <summary>When the list beside was read: a newer time means that this is due again.</summary>
    [Parameter] public DateTimeOffset ReadAt { get; set; }

    /// <summary>Where to go when there is no such anomaly.</summary>
    [Parameter] public string Back { get; set; } = "/anomalies";

    [CascadingParameter] private Task<AuthenticationState>? Reader { get; set; }

    private string? PrometheusGraph =>
        picture is null ? null : PrometheusLink.Graph(upstreams.Current.FirstOrDefault(one => one.Name == "Prometheus")?.Address, picture.Query, picture.Range);

    private string SeasonWords => detail!.Season switch
    {
        "day" => "time of day",
        "week" => "time of week",
        _ => "none: the level alone",
    };

    protected override async Task OnParametersSetAsync()
    {
        if (shownAt == ReadAt && detail is not null) return;
        shownAt = ReadAt;
        await ReadAsync();
        if (interactive) await RefreshChartAsync();
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        // The samples come after the words: a slow Prometheus does not hold up the page.
        if (!firstRender) return;
        interactive = true;
        await RefreshChartAsync();
        StateHasChanged();
    }

    private async Task ReadAsync()
    {
        try
        {
            var found = await anomalies.FindAsync(view.EnvironmentId, Id, lifetime.Token);
            gone = found is null;
            if (found is null) return;
            neighbours = await anomalies.NeighboursAsync(view.EnvironmentId, found.Row, lifetime.Token);
            if (detail is null) window = Fitting(found.Row);
            detail = found;
        }
        catch (OperationCanceledException) when (lifetime.IsCancellationRequested)
        {
            // another anomaly was chosen, or the tab closed
        }
        catch (Exception failure) when (ReadFailures.Describe(failure) is not null && detail is not null)
        {
            // The page says that the database is away; what is known stays.
        }
    }

    /// <summary>Asks for samples again when there can be new ones.</summary>
    private async Task RefreshChartAsync()
    {
        if (detail is null) return;
        var over = detail.Row.EndedAt is not null && chart is not null && chartFailure is null;
        var soon = clock.GetUtcNow() - chartAt < detail.Step && chart is not null;
        if (over || soon || zoom is not null) return;
        await AskAsync(RangeOf(window));
    }

    private Task ShowAsync(TimeSpan length)
    {
        (window, zoom) = (length, null);
        return AskAsync(RangeOf(length));
    }

    private Task ZoomAsync(TimeRange range)
    {
        zoom = range;
        return AskAsync(range);
    }

    private async Task AskAsync(TimeRange range)
    {
        asking?.Cancel();
        using var mine = CancellationTokenSource.CreateLinkedTokenSource(lifetime.Token);
        asking = mine;
        try
        {
            var answer = await signals.SeriesAsync(detail!.Row.WatchId, detail.SeriesId, range, ChartPoints, mine.Token);
            if (asking != mine) return;
            chartAt = clock.GetUtcNow();
            rejected = answer is Fetch<SignalPicture>.Rejected;
            chartFailure = answer switch
            {
                null => "The series is no longer watched.",
                Fetch<SignalPicture>.Ok => null,
                var other => other.Reason(),
            };
            if (answer is not Fetch<SignalPicture>.Ok { Value: var drawn }) return;
            picture = drawn;
            chart = SignalCharts.Draw(drawn, detail.Row.Subject);
        }
        catch (OperationCanceledException) when (mine.IsCancellationRequested)
        {
            // a newer range was asked for, or the tab closed
        }
        finally
        {
            if (asking == mine) asking = null;
        }
    }

    private async Task JudgeAsync(AnomalyVerdict verdict)
    {
        var row = detail!.Row;
        AnomalyVerdict? wanted = row.Verdict == verdict ? null : verdict;
        judging = true;
        try
        {
            var who = (Reader is null ? null : (await Reader).User.Identity?.Name) ?? "unknown";
            notice = await commands.JudgeAsync(row.Id, row.StartedAt, wanted, who, lifetime.Token) switch
            {
                JudgeResult.Done => wanted is null ? "Verdict taken back." : $"Judged {verdict.ToString().ToLowerInvariant()}.",
                _ => "This anomaly is no longer kept.",
            };
            await ReadAsync();
        }
        catch (Exception failure) when (ReadFailures.Describe(failure) is { } reason)
        {
            notice = $"Not kept: {reason}";
        }
        finally
        {
            judging = false;
        }
    }

    /// <summary>The shortest window that shows the start with some calm before it.</summary>
    private TimeSpan Fitting(AnomalyRow row)
    {
        var age = (row.EndedAt ?? clock.GetUtcNow()) - row.StartedAt;
        return Windows.FirstOrDefault(one => age <= one.Length * 0.7, Windows[^1]).Length;
    }

    private TimeRange RangeOf(TimeSpan length)
    {
        var now = clock.GetUtcNow();
        var end = detail!.Row.EndedAt is { } ended && ended + (length * 0.15) < now ? ended + (length * 0.15) : now;
        return new TimeRange(end - length, end);
    }

    private static string Times(double value, double expected)
    {
        if (expected == 0 || value / expected is < 0 or > 1000 or double.NaN) return "off the scale";
        var ratio = value / expected;
        return ratio >= 1.1 || ratio <= 0.9 ? $"{ratio.ToString(ratio >= 10 ? "0" : "0.0#", CultureInfo.InvariantCulture)}× expected" : $"{((ratio - 1) * 100).ToString("+0.#;-0.#", CultureInfo.InvariantCulture)} %";
    }

    private static string Length(TimeSpan length) => length switch
    {
        { TotalSeconds: < 60 } => $"{(int)length.TotalSeconds} s",
        { TotalMinutes: < 60 } => length.Seconds == 0 ? $"{(int)length.TotalMinutes} min" : $"{(int)length.TotalMinutes} min {length.Seconds} s",
        { TotalHours: < 48 } => $"{(int)length.TotalHours} h {length.Minutes} min",
        _ => $"{(int)length.TotalDays} d",
    };

    private static string Offset(TimeSpan offset) => offset.Duration() < TimeSpan.FromSeconds(1)
        ? "at once"
        : offset < TimeSpan.Zero ? $"{Length(-offset)} before" : $"{Length(offset)} after";

    public void Dispose()
    {
        lifetime.Cancel();
        lifetime.Dispose();
    }
}
