using System.Globalization;
using Archon.Analysis.Series;

namespace Archon.Features.Services;

public static class PrometheusLink
{
    /// <summary>Prometheus' own graph of a query over a range; null without an address to lead to.</summary>
    public static string? Graph(Uri? server, string query, TimeRange range)
    {
        if (server is null || !server.IsAbsoluteUri) return null;
        var minutes = Math.Max(1, (long)Math.Ceiling(range.Length.TotalMinutes));
        var end = range.End.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
        return $"{server.AbsoluteUri.TrimEnd('/')}/graph?g0.expr={Uri.EscapeDataString(query)}&g0.tab=0&g0.range_input={minutes}m&g0.end_input={Uri.EscapeDataString(end)}";
    }
}
