using System.Globalization;
using Archon.Analysis.Series;

namespace Archon.Features.Services;

public static class PrometheusLink
{
    /// <summary>Prometheus' own graph of a query over a range; null without an address to lead to.</summary>
    public static string? Graph(Uri? server, string query, TimeRange range) => Graph(server, [query], range);

    /// <summary>Several queries, each in a graph of its own.</summary>
    public static string? Graph(Uri? server, IReadOnlyList<string> queries, TimeRange range)
    {
        if (server is null || !server.IsAbsoluteUri)
            return null;
        var minutes = Math.Max(1, (long)Math.Ceiling(range.Length.TotalMinutes));
        var end = Uri.EscapeDataString(range.End.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture));
        var graphs = queries.Select(
            (query, place) =>
                $"g{place}.expr={Uri.EscapeDataString(query)}&g{place}.tab=0&g{place}.range_input={minutes}m&g{place}.end_input={end}"
        );
        return $"{server.AbsoluteUri.TrimEnd('/')}/graph?{string.Join('&', graphs)}";
    }
}
