using System.Globalization;
using Archon.Data.Catalogue;

namespace Archon.Features.Watches.Discovery;

/// <summary>The forms that most watches have: so many a second, so full, so long.</summary>
/// <remarks>Names of metrics and labels here are written by us. What a server names goes through <see cref="SignalShapes"/>.</remarks>
internal static class TemplateForms
{
    private const string Instance = WatchTemplate.Instance;

    /// <summary>Whether an exporter reaches its program.</summary>
    public static WatchTemplate Answers(string key, string name, string metric) =>
        new(key, name, WatchSignal.Availability, "1", AnomalyDirection.Down, [metric], $"min by ({Instance}) ({metric})");

    /// <summary>A counter, as so many a second.</summary>
    public static WatchTemplate PerSecond(
        string key,
        string name,
        WatchSignal signal,
        string unit,
        string metric,
        string by = Instance,
        string where = ""
    ) =>
        new(
            key,
            name,
            signal,
            unit,
            signal is WatchSignal.Rate or WatchSignal.Traffic ? AnomalyDirection.Both : AnomalyDirection.Up,
            [metric],
            $"sum by ({by}) (rate({Selected(metric, where)}[$window]))"
        );

    /// <summary>A gauge as it is.</summary>
    public static WatchTemplate Level(
        string key,
        string name,
        WatchSignal signal,
        string unit,
        AnomalyDirection interesting,
        string metric,
        string by = Instance,
        string combine = "sum",
        string where = ""
    ) => new(key, name, signal, unit, interesting, [metric], $"{combine} by ({by}) ({Selected(metric, where)})");

    /// <summary>How much of a limit is in use. Where the limit is 0 there is none.</summary>
    public static WatchTemplate Full(string key, string name, string used, string most, string by = Instance, string where = "") =>
        new(
            key,
            name,
            WatchSignal.Saturation,
            "1",
            AnomalyDirection.Up,
            [used, most],
            $"sum by ({by}) ({Selected(used, where)}) / (sum by ({by}) ({Selected(most, where)}) > 0)",
            Limit: 1
        );

    /// <summary>How much of a whole is left.</summary>
    public static WatchTemplate Free(string key, string name, string free, string whole, string by) =>
        new(
            key,
            name,
            WatchSignal.Saturation,
            "1",
            AnomalyDirection.Down,
            [free, whole],
            $"min by ({by}) ({free} / ({whole} > 0))",
            Limit: 0,
            LimitSide: LimitSide.Floor
        );

    /// <summary>One metric as a part of another.</summary>
    /// <param name="isRate">Both are counters: their growth is compared.</param>
    public static WatchTemplate Part(
        string key,
        string name,
        WatchSignal signal,
        AnomalyDirection interesting,
        string part,
        string whole,
        string by,
        bool isRate = false
    )
    {
        if (!isRate)
            return new(key, name, signal, "1", interesting, [part, whole], $"sum by ({by}) ({part}) / (sum by ({by}) ({whole}) > 0)");
        return new(
            key,
            name,
            signal,
            "1",
            interesting,
            [part, whole],
            $"sum by ({by}) (rate({part}[$window])) / (sum by ({by}) (rate({whole}[$window])) > 0)",
            VolumePattern: $"sum by ({by}) (increase({whole}[$window]))"
        );
    }

    /// <summary>The share of a counter that a matcher selects; 0 where nothing of it is there.</summary>
    public static WatchTemplate ShareOf(
        string key,
        string name,
        string metric,
        string matcher,
        string by,
        WatchSignal signal,
        string where = ""
    )
    {
        var all = $"sum by ({by}) (rate({Selected(metric, where)}[$window]))";
        var part = $"sum by ({by}) (rate({Selected(metric, where.Length == 0 ? matcher : $"{matcher},{where}")}[$window]))";
        return new(
            key,
            name,
            signal,
            "1",
            signal == WatchSignal.Quality ? AnomalyDirection.Down : AnomalyDirection.Up,
            [metric],
            $"({part} or {all} * 0) / ({all} > 0)",
            VolumePattern: $"sum by ({by}) (increase({Selected(metric, where)}[$window]))"
        );
    }

    /// <summary>Mean of what ended within the window.</summary>
    /// <param name="perUnit">How many of the counter's units are one of the watch's.</param>
    public static WatchTemplate Mean(
        string key,
        string name,
        string sum,
        string count,
        string unit,
        string by = Instance,
        int perUnit = 1
    ) =>
        new(
            key,
            name,
            WatchSignal.Duration,
            unit,
            AnomalyDirection.Up,
            [sum, count],
            $"sum by ({by}) (rate({sum}[$window])) / (sum by ({by}) (rate({count}[$window])) > 0){Scale(perUnit)}",
            VolumePattern: $"sum by ({by}) (increase({count}[$window]))"
        );

    /// <summary>95 % take at most this long, from a classic histogram.</summary>
    /// <param name="perUnit">How many of the histogram's units are a second.</param>
    public static WatchTemplate Quantile(string key, string name, string histogram, string by, int perUnit = 1, string where = "") =>
        new(
            key,
            name,
            WatchSignal.Duration,
            "s",
            AnomalyDirection.Up,
            [$"{histogram}_bucket", $"{histogram}_count"],
            $"histogram_quantile(0.95, sum by (le, {by}) (rate({Selected($"{histogram}_bucket", where)}[$window]))){Scale(perUnit)}",
            VolumePattern: $"sum by ({by}) (increase({Selected($"{histogram}_count", where)}[$window]))"
        );

    private static string Scale(int perUnit) => perUnit == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $" / {perUnit}");

    private static string Selected(string metric, string where) => where.Length == 0 ? metric : $"{metric}{{{where}}}";
}
