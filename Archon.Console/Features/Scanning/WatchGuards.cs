using System.Globalization;
using System.Text.RegularExpressions;
using Archon.Analysis.Detection;
using Archon.Data.Catalogue;

namespace Archon.Features.Scanning;

/// <summary>Which values of a watch are computed from so few requests that they say nothing.</summary>
internal static partial class WatchGuards
{
    /// <returns>Null for what is not computed from requests.</returns>
    public static LowTrafficGuard? For(Watch watch)
    {
        if (watch.VolumeQuery is null)
            return null;
        var window = Window(watch.VolumeQuery) ?? watch.Step;
        return watch.Signal switch
        {
            WatchSignal.Duration
                when Quantile().Match(watch.Query) is { Success: true } match
                    && double.TryParse(match.Groups[1].ValueSpan, NumberStyles.Float, CultureInfo.InvariantCulture, out var quantile)
                    && quantile is > 0 and < 1 => new LowTrafficGuard
            {
                Statistic = RequestStatistic.Quantile,
                Window = window,
                Quantile = quantile,
            },
            WatchSignal.Duration => new LowTrafficGuard { Statistic = RequestStatistic.Mean, Window = window },
            _ => new LowTrafficGuard { Statistic = RequestStatistic.Share, Window = window },
        };
    }

    /// <summary>The stretch that the first range selector of a query looks over; null where it has none.</summary>
    private static TimeSpan? Window(string query)
    {
        if (Range().Match(query) is not { Success: true } match)
            return null;
        var window = TimeSpan.Zero;
        for (var i = 0; i < match.Groups["count"].Captures.Count; i++)
        {
            var count = double.Parse(match.Groups["count"].Captures[i].ValueSpan, CultureInfo.InvariantCulture);
            window += match.Groups["unit"].Captures[i].Value switch
            {
                "ms" => TimeSpan.FromMilliseconds(count),
                "s" => TimeSpan.FromSeconds(count),
                "m" => TimeSpan.FromMinutes(count),
                "h" => TimeSpan.FromHours(count),
                "d" => TimeSpan.FromDays(count),
                "w" => TimeSpan.FromDays(7 * count),
                _ => TimeSpan.FromDays(365 * count),
            };
        }
        return window > TimeSpan.Zero ? window : null;
    }

    [GeneratedRegex(@"histogram_quantile\s*\(\s*([0-9.eE+-]+)\s*,")]
    private static partial Regex Quantile();

    [GeneratedRegex(@"\[(?:(?<count>\d{1,9})(?<unit>ms|[smhdwy]))+\s*[\]:]")]
    private static partial Regex Range();
}
