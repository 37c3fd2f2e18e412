using Archon.Analysis.Series;
using Archon.Data.Forecasts;
using Archon.Features.Services;
using Archon.Integrations;
using Archon.Live;
using Archon.Ui.Charts;
using Archon.Ui.Format;
using Archon.Ui.Health;
using Archon.Ui.Parts;
using Archon.Ui.View;
using Microsoft.AspNetCore.Components;

namespace Archon.Features.Forecasts;

/// <summary>One limit in full: the past, the fan of what may come, and how earlier forecasts of it fared.</summary>
public sealed partial class ForecastPanel(ForecastQueries forecasts, SignalQueries signals, ViewState view, TimeProvider clock)
    : IDisposable
{
    private const int ChartPoints = 700;
    private static readonly TimeSpan History = TimeSpan.FromDays(7);
    private const int NearBack = 4;
    private static readonly TimeSpan NearHistory = TimeSpan.FromHours(1);

    private readonly ComponentLifetime lifetime = new();
    private ForecastDetail? detail;
    private ChartData? chart;
    private string? failure;
    private DateTimeOffset drawnFor;
    private bool interactive;
    private bool isDrawing;

    /// <summary>What failed is Archon's own database and not Prometheus.</summary>
    private bool isOurs;

    [Parameter, EditorRequired]
    public LimitRow Row { get; set; } = default!;

    /// <summary>When the list was read: a newer time means that this may be due again.</summary>
    [Parameter]
    public DateTimeOffset ReadAt { get; set; }

    protected override async Task OnParametersSetAsync()
    {
        // While a picture is under way there is nothing to renew.
        if (interactive && !isDrawing && (failure is not null || drawnFor != Row.MadeAt))
            await DrawAsync();
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        // The samples come after the words: a slow Prometheus does not hold up the page.
        if (!firstRender)
            return;
        interactive = true;
        await DrawAsync();
        StateHasChanged();
    }

    private async Task DrawAsync()
    {
        isDrawing = true;
        try
        {
            detail = await forecasts.FindAsync(view.EnvironmentId, Row.SeriesId, lifetime.Token);
            isOurs = false;
            if (detail is null)
                return;
            var range = new TimeRange(Row.MadeAt - Back(), Row.MadeAt);
            var answer = await signals.SeriesAsync(Row.WatchId, Row.SeriesId, range, ChartPoints, lifetime.Token);
            failure = answer switch
            {
                null => "The series is no longer watched.",
                Fetch<SignalPicture>.Ok => null,
                var other => other.Reason(),
            };
            if (answer is not Fetch<SignalPicture>.Ok { Value: var picture })
                return;
            (chart, drawnFor) = (Draw(picture, detail), Row.MadeAt);
        }
        catch (OperationCanceledException) when (lifetime.IsOver)
        {
            // another limit was chosen, or the tab closed
        }
        catch (Exception exception) when (ReadFailures.Describe(exception) is { } reason)
        {
            (failure, isOurs) = (reason, true);
        }
        finally
        {
            isDrawing = false;
        }
    }

    /// <summary>As much past as there is future to see, and a week at least; but what happens within the hour would be a stroke at the edge of a week.</summary>
    private TimeSpan Back()
    {
        var ahead = detail!.Step * detail.Median.Length;
        if (ahead * NearBack < History)
            return ahead * NearBack > NearHistory ? ahead * NearBack : NearHistory;
        return ahead > History ? ahead : History;
    }

    private ChartData Draw(SignalPicture picture, ForecastDetail forecast)
    {
        var made = Row.MadeAt.ToUnixTimeMilliseconds() / 1000.0;
        var shown = Math.Min(forecast.Median.Length, Reach(forecast));
        var past = picture.Times.Length;
        var times = new double[past + shown];
        var (used, median, lower, upper) = (Holes(times.Length), Holes(times.Length), Holes(times.Length), Holes(times.Length));
        picture.Times.CopyTo(times, 0);
        if (picture.Lines.Count > 0)
            picture.Lines[0].Values.CopyTo(used, 0);
        // The fan begins at the last sample, so that past and future meet.
        if (past > 0)
            (median[past - 1], lower[past - 1], upper[past - 1]) = (Row.Value, Row.Value, Row.Value);
        for (var i = 0; i < shown; i++)
        {
            times[past + i] = made + (forecast.Step.TotalSeconds * (i + 1));
            (median[past + i], lower[past + i], upper[past + i]) = (forecast.Median[i], forecast.Lower[i], forecast.Upper[i]);
        }
        var color = SignalCharts.ColorOf(Row.Subject);
        return new ChartData(
            times,
            [new ChartLine(Row.Watch, Row.Unit, used, color), new ChartLine("median forecast", Row.Unit, median, color) { Dashed = true }]
        )
        {
            Band = new ChartBand(lower, upper),
            Thresholds = [new ChartThreshold(Row.Limit, $"limit {Figures.Format(Row.Limit, Row.Unit)}")],
            Anomalies = Row is { ReachedEarliest: { } from, ReachedLatest: { } to }
                ?
                [
                    new ChartSpan(
                        from.ToUnixTimeMilliseconds() / 1000.0,
                        to.ToUnixTimeMilliseconds() / 1000.0,
                        "80 % interval",
                        StateKind.Info
                    ),
                ]
                : [],
        };
    }

    /// <summary>A limit in sight is the point of the picture: it ends a little after it.</summary>
    private int Reach(ForecastDetail forecast) =>
        Row.ReachedLatest is { } latest
            ? Math.Max(1, (int)Math.Ceiling((latest - Row.MadeAt) * 1.25 / forecast.Step))
            : forecast.Median.Length;

    private static double[] Holes(int count)
    {
        var values = new double[count];
        Array.Fill(values, double.NaN);
        return values;
    }

    private static string Outcome(ReportedPrediction one) =>
        one.Outcome switch
        {
            PredictionOutcome.Open => "still to come",
            PredictionOutcome.DidNot => "did not come true",
            _ when one.SettledAt is { } at && (at - one.ReachedAt).Duration() < TimeSpan.FromMinutes(1) => "came true on time",
            _ when one.SettledAt is { } at =>
                $"came true {Ages.Of((at - one.ReachedAt).Duration())} {(at > one.ReachedAt ? "later" : "earlier")}{(at >= one.ReachedEarliest && at <= one.ReachedLatest ? ", inside its interval" : "")}",
            _ => "came true",
        };

    public void Dispose()
    {
        lifetime.Dispose();
    }
}
