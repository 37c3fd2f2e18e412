using Archon.Analysis.Forecasting;
using Archon.Analysis.Series;
using Archon.Data.Catalogue;
using Archon.Ui.Format;

namespace Archon.Features.Forecasts;

/// <summary>What is seen ahead of one series.</summary>
/// <param name="Words">The reason, as a sentence.</param>
internal sealed record Outlook(ExhaustionResult Result, string Words);

/// <summary>Chooses what to ask about a series by what its watch measures, and puts the answer into words.</summary>
internal static class Outlooks
{
    /// <summary>How far ahead limits are looked for.</summary>
    public static readonly TimeSpan Ahead = TimeSpan.FromDays(14);

    /// <summary>Minutes of growth say little of the day after tomorrow.</summary>
    private static readonly TimeSpan OutsideAhead = TimeSpan.FromDays(1);

    private static readonly TimeSpan BudgetWindow = TimeSpan.FromDays(30);

    /// <param name="volume">Requests behind each value; null when that is not known.</param>
    /// <param name="step">Grid on which latencies and errors are compared with their requests.</param>
    public static Outlook Of(Watch watch, MetricSeries series, MetricSeries? volume, TimeSpan step) =>
        watch.Signal switch
        {
            WatchSignal.Duration => OfLatency(watch, series, volume, step),
            WatchSignal.Errors when volume is not null && watch.Limit is > 0 and < 1 => OfErrors(watch, series, volume, step),
            _ => OfResource(watch, series),
        };

    /// <summary>What a resource does since it left its band: a leak of minutes is no trend yet in a history of weeks.</summary>
    /// <param name="series">Samples since then.</param>
    /// <returns>Null where that leads to no limit.</returns>
    public static Outlook? Outside(Watch watch, MetricSeries series) =>
        watch.Signal is not (WatchSignal.Duration or WatchSignal.Errors)
        && Project(watch, series, OutsideAhead) is ExhaustionResult.Projected result
            ? new Outlook(result, "It has left its band, and what it does since leads to the limit.")
            : null;

    private static ExhaustionResult Project(Watch watch, MetricSeries series, TimeSpan within) =>
        ExhaustionProjection.Project(
            series,
            new ExhaustionSettings
            {
                Limit = watch.Limit!.Value,
                Direction = watch.LimitSide == LimitSide.Ceiling ? LimitDirection.Ceiling : LimitDirection.Floor,
                Within = within,
            }
        );

    private static Outlook OfResource(Watch watch, MetricSeries series)
    {
        var result = Project(watch, series, Ahead);
        return new Outlook(
            result,
            result switch
            {
                ExhaustionResult.Reached => "The limit is reached.",
                ExhaustionResult.Projected => "Its trend leads to the limit.",
                ExhaustionResult.NotExpected { Reason: var reason } => Words(reason),
                _ => "",
            }
        );
    }

    private static Outlook OfLatency(Watch watch, MetricSeries series, MetricSeries? volume, TimeSpan step)
    {
        var load = volume ?? new MetricSeries(series.Labels, Array.Empty<long>(), Array.Empty<double>());
        var outlook = LatencyOutlook.Of(
            RegularSeries.Resample(series, step),
            RegularSeries.Resample(load, step),
            watch.Limit!.Value,
            Ahead
        );
        var usual = outlook.Verdict switch
        {
            LatencyVerdict.Usual => "It is as usual for this load.",
            LatencyVerdict.Loaded => "It is slower than usual, and so is every hour with such a load.",
            LatencyVerdict.Degraded => $"It is {Figures.Format(outlook.OverLoad - 1, "1")} slower than hours with this load were.",
            _ => "There is too little history to compare it with.",
        };
        var verdict = outlook.Broken switch
        {
            ExhaustionResult.Reached => "The objective is broken now. ",
            ExhaustionResult.Projected => "The objective will be broken. ",
            _ => "",
        };
        return new Outlook(outlook.Broken, verdict + usual);
    }

    private static Outlook OfErrors(Watch watch, MetricSeries share, MetricSeries volume, TimeSpan step)
    {
        var requests = RegularSeries.Resample(volume, step);
        var failed = RegularSeries.Resample(Product(share, volume), step);
        var outlook = ErrorBudgetOutlook.Of(failed, requests, new ErrorObjective(1 - watch.Limit!.Value, BudgetWindow), Ahead);
        var spent = $"{Figures.Format(outlook.SpentShare, "1")} of the error budget is spent";
        return new Outlook(
            outlook.Broken,
            outlook.Broken switch
            {
                ExhaustionResult.Reached => $"{spent}: the objective is broken.",
                ExhaustionResult.Projected =>
                    $"{spent}, and it burns {(outlook.Burns.FirstOrDefault(burn => burn.IsBurning) is { } burn ? $"{burn.LongRate:0.#} times too fast" : "too fast")}.",
                _ => $"{spent}; at this pace it lasts.",
            }
        );
    }

    /// <summary>Failed requests: the share of them times all of them, where both are known.</summary>
    private static MetricSeries Product(MetricSeries share, MetricSeries volume)
    {
        var requests = new Dictionary<long, double>(volume.Count);
        for (var i = 0; i < volume.Count; i++)
            requests[volume.Times.Span[i]] = volume.Values.Span[i];
        var values = new double[share.Count];
        for (var i = 0; i < values.Length; i++)
            values[i] = requests.TryGetValue(share.Times.Span[i], out var all) ? share.Values.Span[i] * all : double.NaN;
        return new MetricSeries(share.Labels, share.Times, values);
    }

    private static string Words(NoExhaustionReason reason) =>
        reason switch
        {
            NoExhaustionReason.TooShort => "There is too little history.",
            NoExhaustionReason.Wave => "It swings around one level.",
            NoExhaustionReason.Saturating => "It levels off before the limit.",
            NoExhaustionReason.Sawtooth => "Fills and is emptied regularly.",
            NoExhaustionReason.FarAhead => "It grows, but not to the limit within 14 days.",
            _ => "No trend towards the limit.",
        };
}
