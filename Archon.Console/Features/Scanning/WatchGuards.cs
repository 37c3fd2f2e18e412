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
        var window = ScanSettings.WindowOf(watch.VolumeQuery);
        if (window == TimeSpan.Zero)
            window = watch.Step;
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

    [GeneratedRegex(@"histogram_quantile\s*\(\s*([0-9.eE+-]+)\s*,")]
    private static partial Regex Quantile();
}
